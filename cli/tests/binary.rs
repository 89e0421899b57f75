//! The built command, as a shell sees it: what it prints where, and its exit codes. None of these runs asks AWS.

use std::process::{Command, Output};

use serde_json::{Value, json};

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn homeostat(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeostat"));
    // Nobody's account, and no way to one.
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").args(arguments);
    #[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn checked(policy: &str, more: &[&str]) -> Ran {
    #[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    #[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
    std::fs::write(&file, policy).unwrap();
    let file = file.display().to_string();
    homeostat(&[&["policy", "check", &file], more].concat())
}

const GOOD: &str =
    "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n";
const BAD: &str =
    "schema = 1\n[[replace-instance.group]]\nname = \"a:\\u001b\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n";

#[test]
fn a_good_policy_is_fine() {
    let ran = checked(GOOD, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.ends_with("policy.toml: no mistakes (groups: 1)\n"), "{}", ran.stdout);
}

#[test]
fn a_policy_of_records_says_what_to_deploy_with() {
    let endpoint = |id| {
        let check = "00000000-0000-0000-0000-000000000001";
        format!("[[shift-dns.record.endpoint]]\nid = \"{id}\"\nhealth-check = \"{check}\"\n")
    };
    let record = "schema = 1\n[[shift-dns.record]]\nhosted-zone = \"Z1\"\nname = \"www.example.com\"\ntype = \"A\"\n\
                  evidence = [\"health-check\"]\nproof = [\"health-check\"]\n";
    let policy = format!("{record}{}{}", endpoint("blue"), endpoint("green"));
    let ran = checked(&policy, &[]);
    let parameters = "samconfig.toml:\n    \"DnsRecordNames=_homeostat.www.example.com,www.example.com\",\n    \
                      \"DnsRecordTypes=A,TXT\",\n    \"DnsZoneArns=arn:aws:route53:::hostedzone/Z1\",\n";
    assert!(ran.code == Some(0) && ran.stdout.contains("no mistakes (records: 1)\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with(parameters), "{}", ran.stdout);
    let json: Value = serde_json::from_str(&checked(&policy, &["--json"]).stdout).unwrap();
    assert_eq!(json["parameters"]["DnsRecordTypes"], "A,TXT");
}

#[test]
fn a_policy_of_instances_records_says_what_to_deploy_with() {
    let policy = "schema = 1\n[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n\
                  record = { hosted-zone = \"Z1\", name = \"{instance}.example.com\" }\n";
    let ran = checked(policy, &[]);
    let parameters = "samconfig.toml:\n    \"HookRecordNames=i-*.example.com\",\n    \
                      \"HookZoneArns=arn:aws:route53:::hostedzone/Z1\",\n";
    assert!(ran.code == Some(0) && ran.stdout.contains("no mistakes (hooks: 1)\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with(parameters) && !ran.stdout.contains("DnsZoneArns"), "{}", ran.stdout);
    let json: Value = serde_json::from_str(&checked(policy, &["--json"]).stdout).unwrap();
    assert_eq!(json["parameters"]["HookRecordNames"], "i-*.example.com");
    assert_eq!(
        (&json["parameters"]["DnsZoneArns"], &json["groups"], &json["hooks"]),
        (&Value::Null, &json!(0), &json!(1))
    );
}

/// The name of a wildcard has a backslash, which a basic string of TOML takes for an escape.
#[test]
fn what_belongs_in_samconfig_is_valid_there_and_means_the_same() {
    let policy = "schema = 1\n[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n\
                  record = { hosted-zone = \"Z1\", name = \"*.{instance}.example.com\" }\n";
    let shown = checked(policy, &[]).stdout;
    let lines: String = shown.lines().filter(|line| line.starts_with("    ")).collect();
    let read: toml::Table = toml::from_str(&format!("parameter_overrides = [{lines}]")).unwrap();
    let read: Vec<&str> = read["parameter_overrides"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert_eq!(
        read,
        [r"HookRecordNames=\052.i-*.example.com", "HookZoneArns=arn:aws:route53:::hostedzone/Z1"],
        "{shown}"
    );
}

#[test]
fn mistakes_are_a_result_with_their_places() {
    let ran = checked(BAD, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert!(ran.stdout.contains("policy.toml:3:8: ") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let json: Value = serde_json::from_str(&checked(BAD, &["--json"]).stdout).unwrap();
    assert_eq!((&json["mistakes"][0]["line"], &json["mistakes"][0]["column"]), (&3.into(), &8.into()));
}

#[test]
fn a_policy_that_is_not_there_is_no_mistake_in_it() {
    let ran = homeostat(&["policy", "check", "/nowhere/policy.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("can't read the policy /nowhere/policy.toml"), "{}", ran.stderr);
}

#[cfg(feature = "account")]
#[test]
fn a_wrong_command_line_asks_nobody() {
    for (arguments, said) in [
        (&["pause", "web", "--reason", "x"][..], "did you mean group#web?"),
        (&["pause", "all"][..], "--reason"),
        (&["pause", "all", "--reason", " "][..], "in a few words"),
        (&["pause", "all", "--reason", "x", "--for", "9d"][..], "at most 7 days"),
        (&["pause", "all", "--reason", "x", "--until", "2020-01-01T00:00Z"][..], "is over"),
        (&["pause", "all", "--reason", "x", "--for", "2h", "--until", "2040-01-01T00:00Z"][..], "cannot be used with"),
        (&["ack", "all", "--reason", "x"][..], "name one incident"),
        (&["pause", "hosted-zone#www.example.com", "--reason", "x"][..], "a hosted zone's id"),
        (
            &["pause", "hook#web:ready:i-0123456789abcdef0", "--reason", "x"][..],
            "can't be paused by itself: name group#web or",
        ),
        (&["ack", "hook#web:i-0123456789abcdef0", "--reason", "x"][..], "hook#<group>:<hook>:<instance id>"),
        (&["status", "--stack", "x", "--table", "y"][..], "cannot be used with"),
        (&["doctor", "--policy", "/nowhere/policy.toml"][..], "can't read the policy"),
        (&["resume", "all"][..], "no Region"),
    ] {
        let ran = homeostat(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_wrong_month_is_refused_in_one_sentence_before_anything_is_asked() {
    for month in ["2026-13", "november", "2026-11-30"] {
        let ran = homeostat(&["status", "--month", month]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{month}");
        assert!(ran.stderr.contains("expected a year and a month from 01 to 12, such as 2026-11"), "{}", ran.stderr);
    }
    let ran = homeostat(&["status", "--month", "2026-11", "--policy", "policy.toml"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
}
