use super::*;
use crate::policy;

fn terminate(hook: &str, more: &str) -> String {
    format!("[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"{hook}\"\n{more}\n")
}

fn record(zone: &str, name: &str) -> String {
    format!("record = {{ hosted-zone = \"{zone}\", name = \"{name}\" }}")
}

fn parameters_of(tables: &[String]) -> Vec<String> {
    let policy = policy::parse(&format!("schema = 1\n{}", tables.concat())).unwrap();
    parameters(policy.hooks.as_ref().unwrap()).iter().map(ToString::to_string).collect()
}

#[test]
fn each_zone_and_pattern_is_named_once_and_in_iams_own_form() {
    let tables = [
        terminate("a", &record("Z2", "{instance}.Example.com.")),
        terminate("b", &record("Z1", "{instance}.example.com")),
        terminate("c", &record("Z1", "*.app-{instance}.example.com")),
    ];
    assert_eq!(
        parameters_of(&tables),
        [
            "HookZoneArns=arn:aws:route53:::hostedzone/Z1,arn:aws:route53:::hostedzone/Z2",
            r"HookRecordNames=\052.app-i-*.example.com,i-*.example.com",
        ]
    );
}

#[test]
fn a_pattern_never_covers_more_than_the_ids_of_instances() {
    for name in ["*.{instance}.example.com", "?{instance}.example.com", "{instance}.example.com"] {
        let [_, names] = parameters_of(&[terminate("a", &record("Z1", name))]).try_into().unwrap();
        let rest = names.replace("i-*", "");
        assert!(names.contains("i-*") && !rest.contains(['*', '?']), "{names}");
    }
}

#[test]
fn without_a_record_of_an_instance_there_is_nothing_to_allow() {
    assert!(parameters_of(&[terminate("a", "busy-tag = \"app:busy\"")]).is_empty());
}

#[test]
fn zones_are_in_the_partition_of_the_policys_target_groups() {
    let arn = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:targetgroup/jobs/1";
    let named = format!("target-groups = [\"{arn}\"]\n{}", record("Z1", "{instance}.example.com"));
    assert_eq!(parameters_of(&[terminate("a", &named)])[0], "HookZoneArns=arn:aws-cn:route53:::hostedzone/Z1");
}
