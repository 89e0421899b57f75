use expect_test::{Expect, expect};
use homeostat_core::policy::{Budget, LeftOut};
use jiff::SignedDuration;

use super::*;

const LEAST: &str = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"target-health\"]\n";

fn check(text: &str, expect: Expect) {
    let said: Vec<String> = parse(text).unwrap_err().iter().map(|mistake| format!("policy.toml:{mistake}")).collect();
    expect.assert_eq(&said.join("\n"));
}

#[test]
fn the_least_policy_is_careful() {
    let policy = parse(LEAST).unwrap();
    let group = policy.instances.group(&"web".parse().unwrap()).unwrap();
    assert_eq!((group.budget, group.grace), (Budget::Percent(20), SignedDuration::from_mins(5)));
}

/// So many groups, each with a line of its own.
fn groups(count: usize, line: &str, all: &str) -> String {
    let group = |number| {
        format!("[[replace-instance.group]]\nname = \"svc-{number}\"\nevidence = [\"target-health\"]\n{line}\n")
    };
    format!("schema = 1\n{}{all}", (0..count).map(group).collect::<String>())
}

#[test]
fn the_limits_of_all_groups_are_right_for_one_and_for_five_hundred() {
    let bounds = |text: &str| {
        let policy = parse(text).unwrap();
        let bounds = policy.instances.groups().next().unwrap().bounds;
        let said =
            |bound: homeostat_core::budget::Bound| format!("{} at once, {} per hour", bound.at_once, bound.per_hour);
        (said(bounds.account), bounds.service.map(said))
    };
    let told = |account: &str, service: Option<&str>| (account.to_owned(), service.map(str::to_owned));
    assert_eq!(bounds(&groups(1, "", "")), told("1 at once, 3 per hour", None));
    assert_eq!(bounds(&groups(2, "", "")), told("1 at once, 3 per hour", Some("1 at once, 1.5 per hour")));
    assert_eq!(bounds(&groups(2, "service = \"shop\"", "")), told("1 at once, 3 per hour", None));
    assert_eq!(bounds(&groups(25, "", "")), told("2.5 at once, 7.5 per hour", Some("1.25 at once, 3.75 per hour")));
    assert_eq!(bounds(&groups(500, "", "")), told("50 at once, 150 per hour", Some("25 at once, 75 per hour")));
    let set = "[replace-instance]\nat-once = 4\nper-hour = \"100%\"\n";
    assert_eq!(bounds(&groups(20, "", set)), told("4 at once, 20 per hour", Some("2 at once, 10 per hour")));
}

#[test]
fn a_wrong_limit_of_all_groups_is_a_mistake_that_says_what_would_be_right() {
    check(
        &groups(1, "service = \" shop\"", "[replace-instance]\nat-once = 0\nper-hour = \"101%\"\nbudget = 1\n"),
        expect![[r#"
            policy.toml:5:11: replace-instance.group[0].service is " shop", expected a service's name
            policy.toml:7:11: replace-instance.at-once is 0, expected a share from "1%" to "100%", or a number of groups from 1
            policy.toml:8:12: replace-instance.per-hour is "101%", expected a share from "1%" to "100%", or a number of groups from 1
            policy.toml:9:1: replace-instance.budget is not known here, it belongs to [[replace-instance.group]]"#]],
    );
    check(
        &groups(20, "", "[replace-instance]\nat-once = 7\n"),
        expect![[
            r#"policy.toml:83:11: replace-instance.at-once is 7, more than per-hour, which is "30%" by default: expected at most that"#
        ]],
    );
}

#[test]
fn a_share_is_at_least_one_and_never_more_than_there_are() {
    for (budget, desired, slots) in [
        (Budget::Percent(20), 4, 1),
        (Budget::Percent(20), 10, 2),
        (Budget::Percent(20), 14, 2),
        (Budget::Percent(100), 3, 3),
        (Budget::Percent(20), 1, 1),
        (Budget::Percent(20), 0, 0),
        (Budget::Instances(5), 3, 3),
    ] {
        assert_eq!(budget.slots(desired), slots, "{budget:?} of {desired}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    check(
        "schema = 2\ncolour = 1\n[[replace-instance.group]]\nname = \"a:b\"\nevidence = []\nbudget = \"200%\"\n\
         stable-for = \"soon\"\ngrace = 5\ncheck-every = \"0s\"\nrecover-within = \"9d\"\nhue = \"red\"\nmode = \"sleep\"\nbreaker = 0\nalarms = [\"a\", \"a\"]\n",
        expect![[r#"
            policy.toml:1:10: schema is 2, expected 1
            policy.toml:2:1: colour is not known, expected one of schema, mode, dependency, replace-instance, shift-dns, lifecycle-hook
            policy.toml:4:8: replace-instance.group[0].name is "a:b", expected the name of an Auto Scaling group
            policy.toml:5:12: replace-instance.group[0].evidence is [], expected a list of "alarm", "instance-status" and "target-health", at least one
            policy.toml:6:10: replace-instance.group[0].budget is "200%", expected a share from "1%" to "100%", or a number of instances from 1
            policy.toml:7:14: replace-instance.group[0].stable-for is "soon", expected a time from "0s" to "24h", such as "30s"
            policy.toml:8:9: replace-instance.group[0].grace is 5, expected a time from "0s" to "24h", such as "30s"
            policy.toml:9:15: replace-instance.group[0].check-every is "0s", expected a time from "1s" to "24h", such as "30s"
            policy.toml:10:18: replace-instance.group[0].recover-within is "9d", expected a time from "1s" to "24h", such as "30s"
            policy.toml:11:1: replace-instance.group[0].hue is not known, expected one of name, service, mode, evidence, health-alarms, alarms, grace, budget, max-unhealthy, cooldown, breaker, breaker-within, check-every, stable-for, recover-within, max-wait, remind-every, plan-first, depends-on
            policy.toml:12:8: replace-instance.group[0].mode is "sleep", expected "act" or "watch"
            policy.toml:13:11: replace-instance.group[0].breaker is 0, expected a number from 1 to 20
            policy.toml:14:16: replace-instance.group[0].alarms[1] is "a", expected each once"#]],
    );
}

#[test]
fn what_is_missing_is_told_where_it_should_be() {
    check(
        "schema = 1\n\n[[replace-instance.group]]\nevidence = [\"target-health\", \"hunch\"]\n",
        expect![[r#"
            policy.toml:3:1: replace-instance.group[0].name is missing, expected the name of an Auto Scaling group
            policy.toml:4:30: replace-instance.group[0].evidence[1] is "hunch", expected "alarm", "instance-status" or "target-health""#]],
    );
    check(
        "",
        expect![[r#"
            policy.toml:1:1: schema is missing, expected 1
            policy.toml:1:1: replace-instance is missing, and so is every other table: expected at least one of replace-instance, shift-dns, lifecycle-hook"#]],
    );
}

#[test]
fn what_can_be_read_but_makes_no_sense_is_a_mistake() {
    check(
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"target-health\", \"alarm\"]\nbudget = 0\n\
         check-every = \"24h\"\nstable-for = \"1h\"\n",
        expect![[r#"
            policy.toml:4:39: replace-instance.group[0].evidence[2] is "alarm", expected each once
            policy.toml:5:10: replace-instance.group[0].budget is 0, expected a share from "1%" to "100%", or a number of instances from 1
            policy.toml:6:15: replace-instance.group[0].check-every is "24h", longer than recover-within, which is "15m" by default: expected at most that
            policy.toml:7:14: replace-instance.group[0].stable-for is "1h", longer than recover-within, which is "15m" by default: expected at most that"#]],
    );
}

#[test]
fn broken_toml_names_the_line() {
    check(
        "schema = 1\n[[replace-instance.group\n",
        expect![[r#"policy.toml:2:25: unclosed array table, expected `]]`"#]],
    );
}

#[test]
fn a_mistake_is_one_line_however_long_and_whatever_stands_there() {
    let escape = format!("{LEAST}\"\\u001b[2J\" = 1\ngrace = \"\"\"\n\u{202e}{}\"\"\"\n", "a".repeat(5_000));
    let mistakes = parse(&escape).unwrap_err();
    assert_eq!(mistakes.len(), 2);
    for Mistake { message, .. } in mistakes {
        assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{message}");
        assert!(message.len() < 400, "{message}");
    }
}

#[test]
fn broken_toml_is_told_in_the_order_of_the_text() {
    let mistakes = parse("schema = \n[[a\nb = 1 2\n]\n").unwrap_err();
    assert!(mistakes.is_sorted_by_key(|mistake| (mistake.line, mistake.column)), "{mistakes:?}");
}

#[test]
fn a_group_named_twice_is_a_mistake() {
    let twice = format!("{LEAST}{}", LEAST.trim_start_matches("schema = 1\n"));
    check(
        &twice,
        expect![[
            r#"policy.toml:6:8: replace-instance.group[1].name is "web" a second time, expected each group once"#
        ]],
    );
}

#[test]
fn a_name_that_stands_twice_is_told_whatever_else_is_wrong_there() {
    check(
        r#"schema = 1
[[replace-instance.group]]
name = "web"
evidence = []
[[replace-instance.group]]
name = "web"
evidence = ["hunch"]
[[lifecycle-hook.launch]]
group = "web"
hook = "ready"
evidence = []
[[lifecycle-hook.launch]]
group = "web"
hook = "ready"
"#,
        expect![[r#"
            policy.toml:4:12: replace-instance.group[0].evidence is [], expected a list of "alarm", "instance-status" and "target-health", at least one
            policy.toml:6:8: replace-instance.group[1].name is "web" a second time, expected each group once
            policy.toml:7:13: replace-instance.group[1].evidence[0] is "hunch", expected "alarm", "instance-status" or "target-health"
            policy.toml:11:12: lifecycle-hook.launch[0].evidence is [], expected a list of "instance-status", "tag" and "target-health", at least one
            policy.toml:12:1: lifecycle-hook.launch[1].evidence is missing, expected a list of "instance-status", "tag" and "target-health", at least one
            policy.toml:14:8: lifecycle-hook.launch[1].hook is "ready" of web a second time, expected each hook once"#]],
    );
}

#[test]
fn of_what_is_no_table_nothing_is_missing() {
    let hook = "[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n";
    check(
        &format!("schema = 1\nreplace-instance = 3\nshift-dns = []\n{hook}busy-metric = \"x\"\nrecord = 3\n"),
        expect![[r#"
            policy.toml:2:20: replace-instance is 3, expected a table
            policy.toml:3:13: shift-dns is [], expected a table
            policy.toml:7:15: lifecycle-hook.terminate[0].busy-metric is "x", expected a table
            policy.toml:8:10: lifecycle-hook.terminate[0].record is 3, expected a table"#]],
    );
    check("schema = 1\nlifecycle-hook = 3\n", expect!["policy.toml:2:18: lifecycle-hook is 3, expected a table"]);
}

#[test]
fn a_key_that_may_not_stand_bare_is_quoted() {
    check(
        &format!("{LEAST}\"\" = 1\n\"a b\" = 1\n"),
        expect![[r#"
            policy.toml:5:1: replace-instance.group[0]."" is not known, expected one of name, service, mode, evidence, health-alarms, alarms, grace, budget, max-unhealthy, cooldown, breaker, breaker-within, check-every, stable-for, recover-within, max-wait, remind-every, plan-first, depends-on
            policy.toml:6:1: replace-instance.group[0]."a b" is not known, expected one of name, service, mode, evidence, health-alarms, alarms, grace, budget, max-unhealthy, cooldown, breaker, breaker-within, check-every, stable-for, recover-within, max-wait, remind-every, plan-first, depends-on"#]],
    );
}

const DATABASE: &str =
    "[[dependency]]\nname = \"orders-db\"\nalarms = [\"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db\"]\n";

#[test]
fn what_depends_on_something_names_it() {
    let policy = parse(&format!("{LEAST}depends-on = [\"orders-db\"]\n{DATABASE}")).unwrap();
    let group = policy.instances.groups().next().unwrap();
    assert_eq!((&group.depends_on, policy.warnings.len()), (&policy.dependencies, 0));
    assert_eq!(group.depends_on[0].settle, SignedDuration::from_mins(5));
    let unused = parse(&format!("{LEAST}{DATABASE}")).unwrap();
    let said: Vec<String> = unused.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["6:8: dependency[0].name is \"orders-db\", and no depends-on names it: it holds nobody"]);
}

#[test]
fn what_no_dependency_is_called_is_a_mistake_that_names_the_nearest() {
    check(
        &format!("{LEAST}depends-on = [\"order-db\", \"cache\"]\n{DATABASE}"),
        expect![[r#"
            policy.toml:5:14: replace-instance.group[0].depends-on names "cache", and no [[dependency]] is called so
            policy.toml:5:14: replace-instance.group[0].depends-on names "order-db", and no [[dependency]] is called so, did you mean "orders-db"?"#]],
    );
    check(
        &format!("{LEAST}depends-on = [\"cache\", \"cache\", 3]\n"),
        expect![[r#"
            policy.toml:5:14: replace-instance.group[0].depends-on names "cache", and no [[dependency]] is called so
            policy.toml:5:24: replace-instance.group[0].depends-on[1] is "cache", expected each once
            policy.toml:5:33: replace-instance.group[0].depends-on[2] is 3, expected the name of a `[[dependency]]`"#]],
    );
    check(
        &format!(
            "{LEAST}{DATABASE}settle = \"2d\"\nhue = 1\n{DATABASE}[[dependency]]\nname = \" x\"\nalarms = [\"db\"]\n"
        ),
        expect![[r#"
            policy.toml:8:10: dependency[0].settle is "2d", expected a time from "0s" to "24h", such as "30s"
            policy.toml:9:1: dependency[0].hue is not known, expected one of name, alarms, settle
            policy.toml:11:8: dependency[1].name is "orders-db" a second time, expected each dependency once
            policy.toml:14:8: dependency[2].name is " x", expected a dependency's name
            policy.toml:15:11: dependency[2].alarms[0] is "db", expected an alarm's ARN"#]],
    );
}

#[test]
fn a_wrong_breaker_contradicts_nothing() {
    check(
        &format!("{LEAST}breaker = 999\ncooldown = \"3h\"\n"),
        expect!["policy.toml:5:11: replace-instance.group[0].breaker is 999, expected a number from 1 to 20"],
    );
}

#[test]
fn bytes_that_are_no_text_have_their_place() {
    assert_eq!(parse_bytes(LEAST.as_bytes()), parse(LEAST));
    let mistakes = parse_bytes(
        "schema = 1\n# ü".as_bytes().iter().copied().chain(*b"\xff = 1\n\xfe").collect::<Vec<_>>().as_slice(),
    );
    let said: Vec<String> = mistakes.unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["2:4: what stands here is no UTF-8, expected a text in UTF-8"]);
}

#[test]
fn which_alarms_are_verdicts_must_be_said_where_nothing_else_is_asked() {
    let text = LEAST.replace("target-health", "alarm");
    check(
        &text,
        expect![[
            r#"policy.toml:2:1: replace-instance.group[0].health-alarms is missing, expected the names of the alarms that prove an instance unhealthy, such as ["web-*-failing"], since "alarm" is the only evidence"#
        ]],
    );
    let policy = parse(&format!("{text}health-alarms = [\"web-*-failing\", \"app\"]\n")).unwrap();
    let group = policy.instances.group(&"web".parse().unwrap()).unwrap();
    let said = |name: &str| {
        group.is_verdict(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap())
    };
    assert!(said("web-1-failing") && said("app") && !said("app-1") && !said("web-1-disk"));
    let policy = parse(&text.replace("[\"alarm\"]", "[\"alarm\", \"target-health\"]")).unwrap();
    assert!(policy.instances.group(&"web".parse().unwrap()).unwrap().health_alarms.is_empty(), "and then every one is");
}

/// These three are as old as the file's own `mode`. Whoever upgrades must not find that a remedy of a later version acts because the file
/// says "act" for those.
const TAKE_THE_MODE_OF_THE_FILE: [&str; 4] =
    ["[[replace-instance.group]]", "[[shift-dns.record]]", "[[lifecycle-hook.launch]]", "[[lifecycle-hook.terminate]]"];

#[test]
fn a_later_remedy_only_watches_until_its_own_table_says_otherwise() {
    let mut inheriting = Vec::new();
    for section in sections().into_iter().filter(|section| !section.table.is_empty()) {
        for row in section.rows().filter(|row| row.key == "mode") {
            match row.left_out {
                LeftOut::Means("the file's `mode`") => inheriting.push(section.table),
                LeftOut::Is(usual) => assert_eq!(usual, "\"watch\"", "{}", section.table),
                other => panic!("{}: a mode that is left out is {other:?}", section.table),
            }
        }
    }
    assert_eq!(inheriting, TAKE_THE_MODE_OF_THE_FILE);
}

/// The test above goes by what the sections say; what is in none of them would pass.
#[test]
fn each_table_has_its_sections() {
    for (table, sections) in TABLES {
        let named = |section: &&Section| {
            let name = section.table.trim_matches(['[', ']']);
            name == table.key || name.starts_with(&format!("{}.", table.key))
        };
        assert!(sections.iter().any(named), "{}", table.key);
    }
    let kinds: BTreeSet<&str> = COUNTED.into_iter().collect();
    assert_eq!(kinds.len(), COUNTED.len());
}
