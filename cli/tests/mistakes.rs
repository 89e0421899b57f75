//! Mistakes that people make in a policy, and what the built command prints of each, as a person reads it.

use std::process::Command;

use expect_test::{Expect, expect};

const GOOD: &str = r#"schema = 1
mode = "watch"

[[replace-instance.group]]
name = "web"
evidence = ["alarm", "target-health"]
grace = "5m"
budget = "20%"
cooldown = "5m"
breaker = 3
breaker-within = "2h"

[[shift-dns.record]]
hosted-zone = "Z0123456789ABCDEFGHIJ"
name = "www.example.com"
type = "A"
proof = ["health-check"]

[[shift-dns.record.endpoint]]
id = "eu-west-1"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx"]
health-check = "01234567-89ab-cdef-0123-456789abcdef"

[[shift-dns.record.endpoint]]
id = "us-east-1"
alarms = ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-5xx"]
health-check = "89abcdef-0123-4567-89ab-cdef01234567"

[[lifecycle-hook.launch]]
group = "web"
hook = "ready"
evidence = ["tag"]
tag = "app:ready"

[[lifecycle-hook.terminate]]
group = "web"
hook = "drained"
"#;

/// What `homeostat policy check policy.toml` prints.
#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
fn printed(policy: impl AsRef<[u8]>) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeostat"));
    command.current_dir(folder.path()).env_clear().args(["policy", "check", "policy.toml"]);
    let ran = command.output().unwrap();
    assert!(ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
}

/// The good policy with each of these replaced, once.
fn check(slips: &[(&str, &str)], expect: Expect) {
    let policy = slips.iter().fold(GOOD.to_owned(), |policy, (right, wrong)| {
        assert!(policy.contains(right), "nothing to replace: {right}");
        policy.replacen(right, wrong, 1)
    });
    let (code, printed) = printed(&policy);
    assert_eq!(code, Some(1), "{printed}");
    expect.assert_eq(&printed);
}

#[test]
fn none() {
    assert_eq!(printed(GOOD).0, Some(0));
}

#[test]
fn a_mode_that_is_left_out_acts_and_a_good_policy_says_so() {
    let told = |policy: &str| {
        let (code, printed) = printed(policy);
        assert_eq!(code, Some(0), "{printed}");
        printed.lines().filter(|line| !line.contains('=')).map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[r#"
        policy.toml: only watches web, www.example.com A, ready of web, drained of web
        policy.toml: no mistakes (groups: 1, hooks: 2, records: 1)
        its records can be changed only with these lines in parameter_overrides of
        samconfig.toml:
    "#]]
    .assert_eq(&told(GOOD));
    expect![[r#"
        policy.toml: acts on web, www.example.com A, ready of web
        policy.toml: only watches drained of web
        policy.toml: no mistakes (groups: 1, hooks: 2, records: 1)
        its records can be changed only with these lines in parameter_overrides of
        samconfig.toml:
    "#]]
    .assert_eq(&told(
        &GOOD.replace("mode = \"watch\"\n", "").replace("hook = \"drained\"", "hook = \"drained\"\nmode = \"watch\""),
    ));
}

#[test]
fn a_file_that_is_no_text() {
    let latin_1: Vec<u8> =
        GOOD.replace("name = \"web\"", "name = \"w\u{0}b\"").bytes().map(|b| if b == 0 { 0xe9 } else { b }).collect();
    let (code, printed) = printed(latin_1);
    assert_eq!(code, Some(1), "{printed}");
    expect![[r#"
        policy.toml:5:10: what stands here is no UTF-8, expected a text in UTF-8
    "#]]
    .assert_eq(&printed);
}

#[test]
fn a_number_where_a_time_belongs() {
    check(
        &[("grace = \"5m\"", "grace = 300")],
        expect![[r#"
        policy.toml:7:9: replace-instance.group[0].grace is 300, expected a time from "0s" to "24h", such as "30s"
    "#]],
    );
}

#[test]
fn a_key_with_a_slip_in_it_or_in_the_wrong_table() {
    check(
        &[("cooldown =", "cool-down ="), ("proof =", "stable-for = \"5m\"\nproof =")],
        expect![[r#"
            policy.toml:9:1: replace-instance.group[0].cool-down is not known, did you mean cooldown?
            policy.toml:17:1: shift-dns.record[0].stable-for is not known here, it belongs to [[replace-instance.group]] or [shift-dns]
        "#]],
    );
}

#[test]
fn a_share_and_a_count_out_of_range() {
    check(
        &[("\"20%\"", "\"0%\""), ("breaker = 3", "breaker = 0")],
        expect![[r#"
        policy.toml:8:10: replace-instance.group[0].budget is "0%", expected a share from "1%" to "100%", or a number of instances from 1
        policy.toml:10:11: replace-instance.group[0].breaker is 0, expected a number from 1 to 20
    "#]],
    );
}

#[test]
fn a_group_and_a_hook_that_stand_twice() {
    check(
        &[
            (
                "[[shift-dns.record]]",
                "[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n\n[[shift-dns.record]]",
            ),
            ("hook = \"drained\"", "hook = \"ready\""),
        ],
        expect![[r#"
            policy.toml:14:8: replace-instance.group[1].name is "web" a second time, expected each group once
            policy.toml:42:8: lifecycle-hook.terminate[0].hook is "ready" of web a second time, expected each hook once
        "#]],
    );
}

#[test]
fn a_group_without_a_name() {
    check(
        &[("name = \"web\"\n", "")],
        expect![[r#"
        policy.toml:4:1: replace-instance.group[0].name is missing, expected the name of an Auto Scaling group
    "#]],
    );
}

#[test]
fn a_time_that_is_none() {
    check(
        &[("grace = \"5m\"", "grace = \"5 mins later\""), ("\"2h\"", "\"2 days\"")],
        expect![[r#"
        policy.toml:7:9: replace-instance.group[0].grace is "5 mins later", expected a time from "0s" to "24h", such as "30s"
        policy.toml:11:18: replace-instance.group[0].breaker-within is "2 days", expected a time from "1s" to "24h", such as "30s"
    "#]],
    );
}

#[test]
fn toml_that_is_broken() {
    check(
        &[("name = \"web\"", "name = \"web"), ("grace = \"5m\"", "grace = 5m")],
        expect![[r#"
            policy.toml:5:12: invalid basic string, expected `"`
            policy.toml:7:9: 5m: string values must be quoted, expected literal string
        "#]],
    );
}

#[test]
fn settings_that_contradict_each_other() {
    check(
        &[("cooldown = \"5m\"", "cooldown = \"3h\"\nstable-for = \"20m\"")],
        expect![[r#"
            policy.toml:9:12: replace-instance.group[0].cooldown is "3h", longer than breaker-within, which is "2h": expected at most that
            policy.toml:10:14: replace-instance.group[0].stable-for is "20m", longer than recover-within, which is "15m" by default: expected at most that
        "#]],
    );
}

#[test]
fn evidence_that_nothing_gives() {
    check(
        &[
            ("\"target-health\"]", "\"cpu\"]"),
            ("proof = [\"health-check\"]", "proof = [\"canary\"]"),
            ("tag = \"app:ready\"\n", ""),
        ],
        expect![[r#"
            policy.toml:6:22: replace-instance.group[0].evidence[1] is "cpu", expected "alarm", "instance-status" or "target-health"
            policy.toml:19:1: shift-dns.record[0].endpoint[0].canaries is missing, and the record's evidence or proof wants it
            policy.toml:24:1: shift-dns.record[0].endpoint[1].canaries is missing, and the record's evidence or proof wants it
            policy.toml:29:1: lifecycle-hook.launch[0].tag is missing, expected since the evidence asks for "tag"
        "#]],
    );
}

#[test]
fn an_alarm_by_its_name_where_its_arn_belongs_and_one_endpoint_alone() {
    check(
        &[
            ("alarms = [\"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx\"]", "alarms = [\"web-5xx\"]"),
            ("mode = \"watch\"", "mode = \"dry-run\""),
        ],
        expect![[r#"
            policy.toml:2:8: mode is "dry-run", expected "act" or "watch"
            policy.toml:21:11: shift-dns.record[0].endpoint[0].alarms[0] is "web-5xx", expected an alarm's ARN, such as arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx
        "#]],
    );
}
