use homeostat_core::policy::names::*;

use crate::policy::parse;

#[test]
fn a_target_group_s_arn_has_all_its_parts() {
    for arn in [
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef",
        "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/web-2/0123456789abcdef",
    ] {
        assert!(is_target_group_arn(arn), "{arn}");
    }
    for no_arn in [
        "arn:x:targetgroup/",
        "arn:aws:elasticloadbalancing:eu-west-1:1234:targetgroup/web/0123456789abcdef",
        "arn:aws:elasticloadbalancing::123456789012:targetgroup/web/0123456789abcdef",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/green",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef/2",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef",
        "arn:gcp:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef",
    ] {
        assert!(!is_target_group_arn(no_arn), "{no_arn}");
    }
}

#[test]
fn a_group_s_name_is_what_it_looks_like() {
    for name in ["web", "web tier, blue (2)", "Überwachung"] {
        assert!(is_plain(name), "{name}");
    }
    for name in [" web", "web ", "web\u{202e}", "web\u{2066}", "we\u{200b}b", "web\n"] {
        assert!(!is_plain(name), "{name:?}");
    }
    for table in [
        "replace-instance.group]]\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nname",
        "lifecycle-hook.terminate]]\nhook = \"a\"\ngroup",
    ] {
        let policy = |name: &str| parse(&format!("schema = 1\n[[{table} = \"{name}\"\n"));
        assert!(policy("web").is_ok(), "{table}");
        assert_eq!(policy("web ").unwrap_err().len(), 1, "{table}");
    }
}

#[test]
fn an_arn_is_no_name_of_an_alarm() {
    let policy = |alarm: &str| {
        let group =
            "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n";
        parse(&format!("{group}alarms = [\"{alarm}\"]\n"))
    };
    assert!(policy("web: 5xx").is_ok());
    let mistakes = policy("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx").unwrap_err();
    let said: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
    let expected = "replace-instance.group[0].alarms[0] is \"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx\", expected an \
                    alarm's name, not its ARN";
    assert_eq!(said, [expected]);
}

fn metric(namespace: &str, dimensions: &str) -> usize {
    let hook = "schema = 1\n[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n";
    let metric =
        format!("busy-metric = {{ namespace = \"{namespace}\", name = \"Jobs\", dimensions = {{ {dimensions} }} }}");
    parse(&format!("{hook}{metric}\n")).map_or_else(|mistakes| mistakes.len(), |_| 0)
}

#[test]
fn a_metric_has_a_namespace_and_dimensions_that_cloudwatch_takes() {
    let instance = "Instance = \"{instance}\"";
    let many = |count: usize| (0..count).map(|n| format!(", d{n} = \"x\"")).collect::<String>();
    let named = |name: &str| format!("{instance}, \"{name}\" = \"x\"");
    let valued = |value: &str| format!("d = \"{{instance}}{value}\"");
    let longest = 1024 - "i-0123456789abcdef0".len();
    assert_eq!(metric("App/Jobs", instance), 0);
    assert_eq!(metric("App", &format!("{instance}{}", many(29))), 0);
    assert_eq!(metric("App", &named(&"n".repeat(255))), 0);
    assert_eq!(metric("App", &valued(&"v".repeat(longest))), 0);
    for namespace in [":App", "", " ", "Äpp", &"n".repeat(256)] {
        assert_eq!(metric(namespace, instance), 1, "{namespace:?}");
    }
    for dimensions in [
        String::new(),
        format!("{instance}{}", many(30)),
        named(""),
        named(" "),
        named(":d"),
        named("Größe"),
        named("a\\tb"),
        named(&"n".repeat(256)),
        valued(&"v".repeat(longest + 1)),
        valued("ü"),
        format!("{instance}, d = \"\""),
        format!("{instance}, d = 3"),
    ] {
        assert_eq!(metric("App", &dimensions), 1, "{dimensions}");
    }
}
