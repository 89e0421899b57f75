//! What is printed of an event, without an account.

use expect_test::{Expect, expect};

use super::*;

/// What `homeostat explain --offline` prints of this file's text.
fn printed(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    std::fs::write(&file, text).unwrap();
    match event(&file) {
        Err(failed) => failed.why().replace(&folder.path().display().to_string(), ""),
        Ok(event) => {
            let read = signal::read(&event, Timestamp::constant(1_800_000_000, 0));
            let records = read.iter().map(|parsed| Record { read: Read::of(parsed), looks: Vec::new() });
            let mut page = crate::page::Page::default();
            crate::report::Report::print(&Explained { place: None, records: records.collect() }, &mut page);
            page.finish()
        }
    }
}

fn sample(name: &str) -> String {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The sample with one text in place of another.
fn with(name: &str, from: &str, to: &str) -> String {
    let text = sample(name);
    assert!(text.contains(from), "{name} has no {from}");
    text.replace(from, to)
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&printed(text));
}

#[test]
fn a_signal_is_told_with_all_that_it_carries() {
    check(
        &sample("alarm-composite"),
        &expect![[r#"
        a signal: a composite alarm is in ALARM
        key      alarm arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-sick ALARM
                 2026-03-01T02:03:04.567Z
        at       2026-03-01T02:03:04.567Z
        account  123456789012
        Region   us-east-1
        it says  arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-i-
                 0a1b2c3d4e5f60718-failing transitioned to ALARM at Sunday 01 March,
                 2026 02:03:01 UTC
        it says  alarm "web-i-0a1b2c3d4e5f60718-failing" set it off
        it says  alarm "web-5xx" set it off
        about    alarm "web-sick", set off by "web-i-0a1b2c3d4e5f60718-failing", "web-
                 5xx"

        no account was asked
    "#]],
    );
}

#[test]
fn each_of_ten_broken_inputs_is_answered_with_the_place_and_what_would_be_right() {
    for (text, expected) in [
        (String::new(), expect!["/event.json is no JSON: EOF while parsing a value at line 1 column 0"]),
        ("{\"source\": ".to_owned(), expect!["/event.json is no JSON: EOF while parsing a value at line 1 column 11"]),
        (
            "[]".to_owned(),
            expect![[r#"
            malformed: $ is a list, expected an object

            no account was asked
        "#]],
        ),
        (
            "{}".to_owned(),
            expect![[r#"
            malformed: $.source is missing, expected a text

            no account was asked
        "#]],
        ),
        (
            with("alarm-instance", "\"value\": \"ALARM\"", "\"value\": \"alarm\""),
            expect![[r#"
            malformed: $.detail.state.value is "alarm", expected ALARM, OK or
            INSUFFICIENT_DATA

            no account was asked
        "#]],
        ),
        (
            with("alarm-instance", "2026-03-01T02:03:04.567+0000", "yesterday"),
            expect![[r#"
            malformed: $.detail.state.timestamp is "yesterday", expected a time, such as
            2026-03-01T02:03:04.567+0000

            no account was asked
        "#]],
        ),
        (
            with("alarm-instance", ":alarm:web-i-0a1b2c3d4e5f60718-failing\"", ":topic:web\""),
            expect![[r#"
            malformed: $.resources[0] is
            "arn:aws:cloudwatch:us-east-1:123456789012:topic:web", expected an alarm's ARN,
            arn:aws:cloudwatch:<Region>:<account>:alarm:<name>

            no account was asked
        "#]],
        ),
        (
            with("hook-launch", "EC2_INSTANCE_LAUNCHING", "EC2_INSTANCE_DANCING"),
            expect![[r#"
            malformed: $.detail.LifecycleTransition is "autoscaling:EC2_INSTANCE_DANCING",
            expected autoscaling:EC2_INSTANCE_LAUNCHING or
            autoscaling:EC2_INSTANCE_TERMINATING

            no account was asked
        "#]],
        ),
        (
            with("health-retirement", "Sun, 15 Mar 2026 02:00:00 GMT", "2026-03-15"),
            expect![[r#"
            malformed: $.detail.startTime is "2026-03-15", expected a time, such as Thu, 27
            Aug 2026 13:19:03 GMT

            no account was asked
        "#]],
        ),
        (
            with("alarm-topic-instance", "\\\"NewStateValue\\\":\\\"ALARM\\\"", "\\\"NewStateValue\\\":7"),
            expect![[r#"
                malformed: $.Records[0].Sns.Message.NewStateValue is 7, expected ALARM, OK or
                INSUFFICIENT_DATA

                no account was asked
            "#]],
        ),
        (
            with("wake", "us-east-1#instance#", "instance "),
            expect![[r#"
            malformed: $.subject is "instance i-0a1b2c3d4e5f60718", expected a subject, such
            as eu-west-1#instance#i-0123456789abcdef0

            no account was asked
        "#]],
        ),
    ] {
        check(&text, &expected);
    }
}

#[test]
fn what_a_terminal_would_obey_is_shown_and_not_sent() {
    let hostile = with("alarm-instance", "\"reason\": \"Threshold", "\"reason\": \"\\u001b[2J\\u202eThreshold");
    let said = printed(&hostile);
    assert!(!said.contains(['\u{1b}', '\u{202e}']) && said.contains(r"\u{1b}[2J"), "{said}");
}

#[test]
fn every_sample_fits_a_terminal() {
    let folder = format!("{}/../events", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let said = printed(&std::fs::read_to_string(&path).unwrap());
            // A key or an ARN is not broken.
            let fits = |line: &str| line.chars().count() <= 80 || line.split(' ').any(|word| word.len() > 40);
            assert!(said.lines().all(fits), "{}: {said}", path.display());
        }
    }
}
