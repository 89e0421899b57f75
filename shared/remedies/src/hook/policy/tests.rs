use expect_test::{Expect, expect};
use homeostat_core::policy::Mode;
use jiff::SignedDuration;

use crate::hook::policy::{HeldBy, OnLimit};
use crate::policy::parse;

const LEAST: &str = "schema = 1\n[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\nevidence = \
                     [\"instance-status\"]\n[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n";

fn check(text: &str, expect: Expect) {
    let said: Vec<String> = parse(text).unwrap_err().iter().map(|mistake| format!("policy.toml:{mistake}")).collect();
    expect.assert_eq(&said.join("\n"));
}

#[test]
fn the_least_policy_is_careful_and_reads_each_hook_by_its_group_and_name() {
    let policy = parse(LEAST).unwrap();
    let hooks = policy.hooks.as_ref().unwrap();
    assert_eq!(policy.instances.groups().count(), 0, "no instance is replaced");
    let of = |group: &str, hook: &str| hooks.of(&group.parse().unwrap(), &hook.parse().unwrap());
    let Some(HeldBy::Launch(launch)) = of("web", "ready") else { panic!() };
    assert_eq!((launch.mode, launch.max_abandoned, launch.on_limit), (Mode::Act, 3, OnLimit::Admit));
    assert_eq!(launch.within, SignedDuration::from_mins(10));
    assert!(matches!(of("web", "drained"), Some(HeldBy::Termination(_))));
    assert!(of("api", "ready").is_none() && of("web", "other").is_none());
}

#[test]
fn all_mistakes_in_hooks_are_told_at_once_with_their_places() {
    check(
        r#"schema = 1
[lifecycle-hook]
check-every = "5m"
step-interval = "1s"
[[lifecycle-hook.launch]]
group = "a:b"
hook = "not a name"
evidence = ["tag", "target-health", "hunch"]
max-abandoned = 0
on-limit = "retry"
timeout = "0s"
[[lifecycle-hook.launch]]
group = "web"
hook = "ready"
evidence = ["instance-status"]
tag = "app:ready"
target-groups = ["web"]
[[lifecycle-hook.terminate]]
group = "web"
hook = "ready"
busy-tag = ""
busy-metric = { namespace = "App", name = "InFlight", dimensions = { Queue = "jobs" } }
record = { hosted-zone = "Z0123456789ABCDEFGHIJ", name = "www.example.com", type = "TXT" }
"#,
        expect![[r#"
            policy.toml:3:15: lifecycle-hook.check-every is "5m", expected a time from "1s" to "1m", such as "30s"
            policy.toml:4:1: lifecycle-hook.step-interval is not known here, it belongs to [[shift-dns.record]]
            policy.toml:5:1: lifecycle-hook.launch[0].tag is missing, expected since the evidence asks for "tag"
            policy.toml:5:1: lifecycle-hook.launch[0].target-groups is missing, expected since the evidence asks for "target-health"
            policy.toml:6:9: lifecycle-hook.launch[0].group is "a:b", expected the name of an Auto Scaling group
            policy.toml:7:8: lifecycle-hook.launch[0].hook is "not a name", expected the name of one of its lifecycle hooks
            policy.toml:8:37: lifecycle-hook.launch[0].evidence[2] is "hunch", expected "instance-status", "tag" or "target-health"
            policy.toml:9:17: lifecycle-hook.launch[0].max-abandoned is 0, expected a number from 1 to 20
            policy.toml:10:12: lifecycle-hook.launch[0].on-limit is "retry", expected "admit" or "suspend-launch"
            policy.toml:11:11: lifecycle-hook.launch[0].timeout is "0s", expected a time from "1s" to "24h", such as "30s"
            policy.toml:16:7: lifecycle-hook.launch[1].tag is there, but the evidence doesn't ask for "tag"
            policy.toml:17:17: lifecycle-hook.launch[1].target-groups is there, but the evidence doesn't ask for "target-health"
            policy.toml:17:18: lifecycle-hook.launch[1].target-groups[0] is "web", expected a target group's ARN, such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef
            policy.toml:20:8: lifecycle-hook.terminate[0].hook is "ready" of web a second time, expected each hook once
            policy.toml:21:12: lifecycle-hook.terminate[0].busy-tag is "", expected a tag's key, such as "app:busy"
            policy.toml:22:68: lifecycle-hook.terminate[0].busy-metric.dimensions names no {instance}, expected a metric of the instance alone
            policy.toml:23:58: lifecycle-hook.terminate[0].record.name is "www.example.com", expected a name with the instance's id in it, such as {instance}.example.com
            policy.toml:23:84: lifecycle-hook.terminate[0].record.type is "TXT", expected "A", "AAAA" or "CNAME", or a list of them"#]],
    );
}

#[test]
fn a_metric_that_cloudwatch_would_refuse_is_a_mistake() {
    let metric = |period: &str, name: &str| {
        parse(&format!(
            "{LEAST}busy-metric = {{ namespace = \"App\", name = \"{name}\", period = \"{period}\", dimensions = {{ InstanceId = \
             \"{{instance}}\" }} }}\n"
        ))
    };
    for period in ["1s", "30s", "1m", "120s", "1h"] {
        assert!(metric(period, "InFlight").is_ok(), "{period}");
    }
    for (period, name) in [("7s", "InFlight"), ("90s", "InFlight"), ("1s 500ms", "InFlight"), ("1m", "")] {
        assert_eq!(metric(period, name).unwrap_err().len(), 1, "{period} {name}");
    }
}

#[test]
fn a_section_without_a_hook_is_a_mistake() {
    check(
        "schema = 1\n[lifecycle-hook]\ncheck-every = \"5s\"\n",
        expect![
            "policy.toml:2:1: lifecycle-hook.launch is missing, and so is terminate: expected at least one of these tables"
        ],
    );
}

#[test]
fn a_metric_without_dimensions_hides_no_other_mistake() {
    check(
        &format!("{LEAST}busy-metric = {{ namespace = \"App\", name = \"InFlight\", period = \"90s\" }}\n"),
        expect![[r#"
            policy.toml:9:15: lifecycle-hook.terminate[0].busy-metric.dimensions is missing, expected 1 to 30 dimensions in ASCII such as { InstanceId = "{instance}" }: names of up to 255 characters, not beginning with ":", and values of up to 1024
            policy.toml:9:64: lifecycle-hook.terminate[0].busy-metric.period is no metric's period, expected 1, 5, 10, 20 or 30 seconds, or whole minutes"#]],
    );
}

#[test]
fn the_type_of_an_instances_own_record_is_one_or_a_list_as_that_of_a_weighted_record_is() {
    let with = |kinds: &str| {
        let record = format!("record = {{ hosted-zone = \"Z1\", name = \"{{instance}}.example.com\"{kinds} }}\n");
        parse(&format!("{LEAST}{record}"))
    };
    for (kinds, read) in [
        ("", &["A"][..]),
        (", type = \"AAAA\"", &["AAAA"]),
        (", type = [\"AAAA\", \"A\"]", &["A", "AAAA"]),
        (", type = [\"CNAME\"]", &["CNAME"]),
    ] {
        let policy = with(kinds).unwrap();
        let record = policy.hooks.as_ref().unwrap().terminations[0].record.as_ref().unwrap();
        let of: Vec<&str> = record.kinds.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(of, read, "{kinds}");
    }
    for (kinds, said) in [
        (", type = []", "expected \"A\", \"AAAA\" or \"CNAME\", or a list of them"),
        (", type = [\"A\", \"A\"]", "record.type[1] is \"A\", expected each once"),
        (", type = [\"A\", \"MX\"]", "record.type[1] is \"MX\", expected \"A\", \"AAAA\" or \"CNAME\""),
        (", type = [\"A\", \"CNAME\"]", "has \"CNAME\" beside another"),
    ] {
        let mistakes = with(kinds).unwrap_err();
        let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert!(all.len() == 1 && all[0].contains(said), "{kinds}: {all:?}");
    }
}
