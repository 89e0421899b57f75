use expect_test::{Expect, expect};
use jiff::SignedDuration;

use crate::hosted_zone::policy::*;
use crate::policy::parse;

const LEAST: &str = r#"schema = 1
[[shift-dns.record]]
hosted-zone = "Z0123456789ABCDEFGHIJ"
name = "WWW.example.com."
type = "A"
proof = ["health-check"]
[[shift-dns.record.endpoint]]
id = "blue"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue"]
health-check = "00000000-0000-0000-0000-000000000001"
[[shift-dns.record.endpoint]]
id = "green"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:green"]
health-check = "00000000-0000-0000-0000-000000000002"
"#;

fn check(text: &str, expect: Expect) {
    let said: Vec<String> = parse(text).unwrap_err().iter().map(ToString::to_string).collect();
    expect.assert_eq(&said.join("\n"));
}

#[test]
fn the_least_policy_is_careful() {
    let policy = parse(LEAST).unwrap();
    let record = &policy.dns.as_ref().unwrap().records[0];
    assert_eq!(record.key.to_string(), "www.example.com A");
    assert_eq!((record.min_healthy, record.hold), (1, SignedDuration::from_mins(5)));
    assert_eq!(record.evidence, [Ailment::Alarm, Ailment::Active(Active::HealthCheck)], "two sources");
    assert_eq!(policy.warnings, []);
    assert!(record.endpoints.iter().all(|endpoint| endpoint.drain_to == Share::NONE));
    assert_eq!(policy.instances.groups().count(), 0);
}

#[test]
fn one_alarm_alone_is_allowed_with_a_warning_that_says_where_and_what_to_add() {
    for (evidence, warned) in [
        ("[\"alarm\"]", true),
        ("[\"canary\"]", true),
        ("[\"health-check\"]", false),
        ("[\"alarm\", \"health-check\"]", false),
    ] {
        let canary = "canaries = [\"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:x\"]\nhealth-check =";
        let text = LEAST.replace("proof =", &format!("evidence = {evidence}\nproof ="));
        let text = text.replace("health-check =", canary);
        let policy = parse(&text).unwrap();
        assert_eq!(policy.warnings.len(), usize::from(warned), "{evidence}");
        for warning in &policy.warnings {
            assert_eq!((warning.line, warning.column), (6, 12));
            assert!(warning.message.starts_with("shift-dns.record[0].evidence is ["), "{warning}");
            assert!(warning.message.contains("Add a second source"), "{warning}");
        }
    }
}

#[test]
fn the_sample_that_ships_is_read_once_its_comments_are_taken_off() {
    let sample = include_str!("../../../../../policy.toml");
    let uncommented: Vec<&str> = sample
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line))
        .collect();
    let policy = parse(&uncommented.join("\n")).unwrap();
    let record = &policy.dns.as_ref().unwrap().records[0];
    assert_eq!((record.steps.len(), record.endpoints.len(), policy.instances.groups().count()), (2, 2, 1));
    assert!(record.evidence.len() > 1 && !policy.warnings.iter().any(|it| it.message.contains("shift-dns")));
    let hooks = policy.hooks.as_ref().unwrap();
    assert_eq!((hooks.launches.len(), hooks.terminations.len()), (1, 1));
    let ships = parse(sample).unwrap();
    assert!(ships.dns.is_none() && ships.hooks.is_none(), "as it ships it moves no weights and completes no hook");
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    check(
        r#"schema = 1
[shift-dns]
stable-for = "soon"
hue = 1
[[shift-dns.record]]
hosted-zone = "/hostedzone/Z1"
name = "www..example.com"
type = "MX"
evidence = ["hunch"]
proof = []
drain-to = "120%"
steps = ["10%", "10%"]
min-healthy = 0
[[shift-dns.record.endpoint]]
id = ""
max-share = 50
alarms = ["web-5xx"]
health-check = "abc"
"#,
        expect![[r#"
            3:14: shift-dns.stable-for is "soon", expected a time from "0s" to "24h", such as "30s"
            4:1: shift-dns.hue is not known, expected one of record, check-every, in-sync-within, stable-for, max-wait, remind-every
            6:15: shift-dns.record[0].hosted-zone is "/hostedzone/Z1", expected a hosted zone's id, such as Z0123456789ABCDEFGHIJ
            7:8: shift-dns.record[0].name is "www..example.com", expected a record's name, such as www.example.com
            8:8: shift-dns.record[0].type is "MX", expected "A", "AAAA" or "CNAME", or a list of them
            9:13: shift-dns.record[0].evidence[0] is "hunch", expected "alarm", "health-check", "target-health" or "canary"
            10:9: shift-dns.record[0].proof is [], expected a list of "health-check", "target-health" and "canary", at least one
            11:12: shift-dns.record[0].drain-to is "120%", expected a share from "0%" to "100%"
            12:17: shift-dns.record[0].steps[1] is "10%", expected each once
            13:15: shift-dns.record[0].min-healthy is 0, expected a number from 1 to 15
            14:1: shift-dns.record[0].endpoint stands once, expected at least two: one alone has nowhere to move its weight
            15:6: shift-dns.record[0].endpoint[0].id is "", expected the set identifier of a weighted record
            16:13: shift-dns.record[0].endpoint[0].max-share is 50, expected a share from "0%" to "100%"
            17:11: shift-dns.record[0].endpoint[0].alarms[0] is "web-5xx", expected an alarm's ARN, such as arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx
            18:16: shift-dns.record[0].endpoint[0].health-check is "abc", expected a Route 53 health check's id, such as 01234567-89ab-cdef-0123-456789abcdef"#]],
    );
}

#[test]
fn what_evidence_and_proof_ask_for_must_be_named() {
    let text = LEAST.replace("proof = [\"health-check\"]", "evidence = [\"canary\"]\nproof = [\"target-health\"]");
    check(
        &text,
        expect![[r#"
            8:1: shift-dns.record[0].endpoint[0].target-groups is missing, and the record's evidence or proof wants it
            8:1: shift-dns.record[0].endpoint[0].canaries is missing, and the record's evidence or proof wants it
            12:1: shift-dns.record[0].endpoint[1].target-groups is missing, and the record's evidence or proof wants it
            12:1: shift-dns.record[0].endpoint[1].canaries is missing, and the record's evidence or proof wants it"#]],
    );
}

#[test]
fn what_stands_twice_is_a_mistake() {
    let twice = format!("{LEAST}{}", LEAST.trim_start_matches("schema = 1\n"));
    check(
        &twice.replacen("id = \"green\"", "id = \"blue\"", 1),
        expect![[r#"
            12:6: shift-dns.record[0].endpoint[1].id is "blue" a second time, expected each endpoint once
            17:8: shift-dns.record[1].name is "www.example.com" a second time with this zone and type, expected each record once"#]],
    );
}

#[test]
fn a_name_that_leaves_no_room_for_its_generation_is_a_mistake() {
    let long = ["abcdefghi"; 25].join(".");
    check(
        &LEAST.replace("WWW.example.com.", &long),
        expect![[
            r#"4:8: shift-dns.record[0].name is so long that _homeostat can't stand under it, where its generation is kept"#
        ]],
    );
}

#[test]
fn settings_of_a_record_that_contradict_each_other_are_mistakes() {
    let text = LEAST
        .replace("proof =", "hold = \"3h\"\nmin-healthy = 2\nproof =")
        .replace("id = \"blue\"", "id = \"blue\"\ndrain-to = \"50%\"\nmax-share = \"20%\"");
    check(
        &text,
        expect![[r#"
        6:8: shift-dns.record[0].hold is "3h", longer than flaps-within, which is "2h" by default: expected at most that
        7:15: shift-dns.record[0].min-healthy is 2, expected fewer than its 2 endpoints
        12:13: shift-dns.record[0].endpoint[0].max-share is "20%", expected at least the "50%" that drain-to leaves it"#]],
    );
    let once = text.replace("hold =", "max-flaps = 1\nhold =");
    assert_eq!(
        parse(&once).unwrap_err().len(),
        2,
        "where one drain latches, none has to come before another is forgotten"
    );
}

#[test]
fn a_contradiction_with_what_is_wrong_itself_is_none() {
    let text = LEAST.replace("proof =", "hold = \"3h\"\nflaps-within = \"long\"\nevidence = \"canary\"\nproof =");
    check(
        &text,
        expect![[r#"
        7:16: shift-dns.record[0].flaps-within is "long", expected a time from "1s" to "24h", such as "30s"
        8:12: shift-dns.record[0].evidence is "canary", expected a list of "alarm", "health-check", "target-health" and "canary", at least one"#]],
    );
}

#[test]
fn a_record_and_an_endpoint_that_stand_twice_are_told_whatever_else_is_wrong_there() {
    let record = LEAST.trim_start_matches("schema = 1\n").replace("[\"health-check\"]", "[]").replace("green", "blue");
    check(
        &format!("schema = 1\n{record}{record}"),
        expect![[r#"
        6:9: shift-dns.record[0].proof is [], expected a list of "health-check", "target-health" and "canary", at least one
        12:6: shift-dns.record[0].endpoint[1].id is "blue" a second time, expected each endpoint once
        17:8: shift-dns.record[1].name is "www.example.com" a second time with this zone and type, expected each record once
        19:9: shift-dns.record[1].proof is [], expected a list of "health-check", "target-health" and "canary", at least one
        25:6: shift-dns.record[1].endpoint[1].id is "blue" a second time, expected each endpoint once"#]],
    );
}

#[test]
fn a_name_without_room_for_its_fence_is_told_though_the_zone_is_wrong() {
    let long = format!("{0}.{0}.{0}.{1}.example.com", "a".repeat(63), "a".repeat(45));
    let text = LEAST.replace("WWW.example.com.", &long).replace("Z0123456789ABCDEFGHIJ", "z");
    assert_eq!(parse(&text).unwrap_err().len(), 2, "{text}");
}

#[test]
fn a_wrong_share_or_count_contradicts_nothing() {
    check(
        &LEAST
            .replace("type = \"A\"", "type = \"A\"\ndrain-to = \"50%\"\nmax-flaps = 999\nhold = \"3h\"")
            .replace("id = \"blue\"", "id = \"blue\"\ndrain-to = \"x%\"\nmax-share = \"20%\""),
        expect![[r#"
            7:13: shift-dns.record[0].max-flaps is 999, expected a number from 1 to 20
            12:12: shift-dns.record[0].endpoint[0].drain-to is "x%", expected a share from "0%" to "100%""#]],
    );
}

#[test]
fn a_list_of_types_is_as_many_records_of_one_name_with_the_same_evidence() {
    let policy = parse(&LEAST.replace("\"A\"", "[\"AAAA\", \"A\"]")).unwrap();
    let records = &policy.dns.as_ref().unwrap().records;
    let keys: Vec<String> = records.iter().map(|record| record.key.to_string()).collect();
    assert_eq!(keys, ["www.example.com A", "www.example.com AAAA"]);
    assert_eq!(records[0].endpoints, records[1].endpoints);
}

#[test]
fn a_list_of_types_that_cannot_be_is_a_mistake() {
    let with = |types: &str| LEAST.replace("type = \"A\"", &format!("type = {types}"));
    check(
        &with("[\"A\", \"CNAME\"]"),
        expect![[
            r#"5:8: shift-dns.record[0].type has "CNAME" beside another: a name with a CNAME has no other records"#
        ]],
    );
    check(
        &with("[]"),
        expect![[r#"5:8: shift-dns.record[0].type is [], expected "A", "AAAA" or "CNAME", or a list of them"#]],
    );
    check(&with("[\"A\", \"A\"]"), expect![[r#"5:14: shift-dns.record[0].type[1] is "A", expected each once"#]]);
    let other = LEAST.trim_start_matches("schema = 1\n");
    check(
        &format!("{}{other}", with("[\"A\", \"AAAA\"]")),
        expect![[
            r#"17:8: shift-dns.record[1].name is "www.example.com" a second time with this zone and type, expected each record once"#
        ]],
    );
}
