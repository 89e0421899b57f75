//! Storms in short: what must hold when many groups are read and much fails at once, under AWS's rates. `make storm` measures them all.

use scenarios::storm::{Report, Scene, Source};
use serde_json::Value;

fn play(name: &str) -> Report {
    let scene: Scene = name.parse().unwrap();
    scene.play().unwrap()
}

/// Nothing was throttled, nothing failed, nothing is a dead letter.
fn is_quiet(report: &Report) {
    assert_eq!((report.of_aws.throttled, report.failed(), report.dead_letters()), (0, 0, 0), "{report}");
}

fn number(report: &Report, path: &str) -> f64 {
    let mut parts = path.split('/');
    let first = report.more.get(parts.next().unwrap());
    let found = parts.try_fold(first.unwrap_or(&Value::Null), |value, part| value.get(part));
    found.and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {report}"))
}

fn all_are_read(report: &Report, within: f64) {
    assert_eq!(number(report, "read/done"), number(report, "read/of"), "{report}");
    assert!(number(report, "read/last_s") <= within, "{report}");
}

/// From the beginning to the first resync, and its own five minutes.
const ONE_ROUND: f64 = 137.0 + 300.0;

#[test]
fn a_healthy_fleet_is_read_whole_in_five_minutes_and_nothing_is_throttled() {
    for name in ["resync-1x1-limited", "resync-10x2-limited", "resync-100x1-limited", "resync-50x2-unlimited"] {
        let report = play(name);
        is_quiet(&report);
        all_are_read(&report, ONE_ROUND);
        assert!(number(&report, "lost_event_found_after_s") <= 300.0 + 30.0, "{report}");
        assert_eq!((report.terminated, report.writes), (0, 0), "nothing is wrong: {report}");
    }
}

#[test]
fn a_single_event_leads_to_one_act_after_four_calls() {
    let report = play("single-1-limited");
    is_quiet(&report);
    assert_eq!(report.terminated, 1, "{report}");
    assert!(report.whole_since.is_some(), "{report}");
    assert!(number(&report, "one_after_another_to_the_effect") <= 4.0, "{report}");
    assert_eq!(number(&report, "calls_for_an_alarm_of_nobody"), 0.0, "{report}");
}

#[test]
fn a_group_that_fails_as_a_whole_loses_nobody_and_a_person_is_asked() {
    let report = play("whole-group-30-limited");
    is_quiet(&report);
    assert_eq!(report.terminated, 0, "{report}");
    // Sixty events: what many say of one group is one look.
    assert!(report.invocations[&Source::Event].begun < 10, "{report}");
    assert_eq!(number(&report, "decided/done"), 1.0, "{report}");
    assert!(report.messages.get("critical").is_some_and(|asked| *asked >= 1), "{report}");
}

#[test]
fn a_scene_repeats_to_the_call() {
    let (once, again) = (play("whole-group-30-limited"), play("whole-group-30-limited"));
    assert!(once.invocations[&Source::Event].begun > 0, "{once}");
    assert_eq!(once.json(), again.json());
}

#[test]
fn a_deploy_in_the_middle_of_a_storm_and_its_rollback_lose_nothing() {
    let report = play("deploy-50-limited");
    assert_eq!((report.failed(), report.dead_letters()), (0, 0), "{report}");
    assert_eq!(number(&report, "unhealthy_decided"), number(&report, "unhealthy"), "{report}");
    assert!(number(&report, "terminated_before_deploy") > 0.0, "else the deploy came before the storm: {report}");
    assert_eq!(number(&report, "terminated_while_watched"), 0.0, "{report}");
    assert_eq!(report.terminated as f64, number(&report, "unhealthy"), "each once, and nobody else: {report}");
    assert!(report.whole_since.is_some(), "{report}");
}
