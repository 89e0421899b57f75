//! An alarm that speaks no longer: deleted, no verdict under a new policy, or silent for good. It keeps no incident open for ever.

use super::alarms::NONE;
use super::*;

const ALONE: &str = "evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nstable-for = \"2m\"\nmax-wait = \"1h\"";
const BOTH: &str = "evidence = [\"alarm\", \"target-health\"]\nstable-for = \"2m\"\nmax-wait = \"1h\"";

impl Situation {
    /// One look, as the loop writes it down.
    pub(super) fn look_at(&mut self, second: i64) -> Decision {
        self.now = at(second);
        self.absorbed();
        let decision = self.decide();
        let next = match &decision {
            Decision::Hold { until, because } => self.incident.hold(self.now, *until, because),
            Decision::Page(page) => self.incident.page(self.now, self.now, page),
            Decision::Close(close) => self.incident.close(self.now, close),
            Decision::Act { .. } => panic!("{decision}"),
        };
        self.incident = next;
        decision
    }

    fn names(&self) -> Vec<String> {
        self.incident.kind.alarms().unwrap().arns().map(|arn| arn.alarm_name().to_owned()).collect()
    }

    fn acknowledged(&mut self, second: i64) {
        let by = Acknowledgement { by: "ana".into(), at: at(second), reason: "looking".into() };
        self.incident = self.incident.acknowledge(by);
    }
}

/// Proven by its alarm, and held back.
fn held(lines: &str) -> Situation {
    let mut it = situation();
    it.policy(lines);
    it.group().members[0].protected = true;
    assert!(matches!(it.look_at(1000), Decision::Hold { .. }));
    assert!(it.incident.unhealthy_since.is_some());
    it
}

fn is_closed(decision: &Decision) -> bool {
    matches!(decision, Decision::Close(Close::NothingWrong { .. }))
}

#[test]
fn an_alarm_that_was_deleted_should_not_keep_the_incident_open_beside_one_that_is_ok() {
    let mut it = held(ALONE);
    it.second_alarm("zzz").state = AlarmState::Ok;
    it.lose_the_first();
    for second in [1060, 1179] {
        assert!(!is_closed(&it.look_at(second)), "one look is no proof: {}", it.decide());
    }
    assert!(is_closed(&it.look_at(1180)), "{:?}", it.incident.decision);
    assert_eq!(it.names(), ["zzz"]);
    let told = it.incident.notes.iter().filter(|note| note.what.contains("\"web-1\" was deleted")).count();
    assert_eq!(told, 1, "{:?}", it.incident.notes);
}

#[test]
fn where_none_is_left_and_nothing_else_calls_it_unhealthy_the_incident_ends() {
    let healths = [TargetHealth::Healthy, TargetHealth::Initial, TargetHealth::Other { state: "unused".into() }];
    for (lines, health) in [(ALONE, sick())].into_iter().chain(healths.map(|health| (BOTH, health))) {
        let mut it = held(lines);
        it.lose_the_first();
        it.target(1, Some(health.clone()));
        assert!(!is_closed(&it.look_at(1060)));
        assert!(is_closed(&it.look_at(1180)), "{health:?}: {:?}", it.incident.decision);
    }
    let mut it = held(BOTH);
    it.lose_the_first();
    for second in [1060, 1180, 1240] {
        assert!(!is_closed(&it.look_at(second)), "its target is unhealthy still");
    }
    assert!(matches!(it.look_at(1000 + 3600), Decision::Page(Page::Waited { .. })), "{:?}", it.incident.decision);
}

#[test]
fn an_alarm_that_was_missing_for_one_look_is_kept() {
    let mut it = held(ALONE);
    let (arn, read) = it.seen.alarms.pop_first().unwrap();
    it.seen.alarms.insert(arn.clone(), NONE);
    it.look_at(1060);
    it.seen.alarms.insert(arn.clone(), read);
    it.look_at(1120);
    it.seen.alarms.insert(arn, NONE);
    it.look_at(1180);
    assert_eq!(it.names(), ["web-1"], "its two minutes began anew");
    it.look_at(1300);
    assert_eq!(it.names(), Vec::<String>::new());
}

#[test]
fn an_alarm_that_is_no_verdict_any_more_is_dropped_at_the_next_look() {
    for (lines, health) in [(ALONE, sick()), (BOTH, TargetHealth::Healthy)] {
        let mut it = held(lines);
        it.policy(
            &lines
                .replace("health-alarms = [\"*\"]\n", "")
                .replace("stable-for", "health-alarms = [\"app-*\"]\nstable-for"),
        );
        it.target(1, Some(health));
        assert!(is_closed(&it.look_at(1060)), "{:?}", it.incident.decision);
        assert_eq!(it.incident.unhealthy_since, None);
    }
}

#[test]
fn what_was_proven_by_an_alarm_that_is_no_verdict_any_more_is_not_counted() {
    let mut it = held(BOTH);
    it.policy(&format!("{BOTH}\nhealth-alarms = [\"app-*\"]"));
    for second in [1060, 1000 + 3600, 1060 + 3599] {
        assert!(matches!(it.look_at(second), Decision::Hold { .. }), "{:?}", it.incident.decision);
    }
    assert!(matches!(it.look_at(1060 + 3600), Decision::Page(_)), "its target has been unhealthy for an hour since");
    // Where another verdict calls it unhealthy still, the count goes on.
    let mut it = held(BOTH);
    it.second_alarm("app-1");
    it.look_at(1030);
    it.policy(&format!("{BOTH}\nhealth-alarms = [\"app-*\"]"));
    it.look_at(1060);
    assert_eq!(it.incident.unhealthy_since, Some(at(1000)));
}

#[test]
fn what_was_never_proven_ends_once_nothing_has_called_it_unhealthy_for_long() {
    let mut it = situation();
    it.policy(ALONE);
    it.incident.unhealthy_since = None;
    it.group().grace = SignedDuration::from_mins(30);
    it.look_at(1000);
    it.alarm().state = AlarmState::InsufficientData;
    for second in [1060, 1000 + 1800, 1000 + 3599] {
        assert!(matches!(it.look_at(second), Decision::Hold { .. }), "{:?}", it.incident.decision);
    }
    assert!(is_closed(&it.look_at(1000 + 3600)), "{:?}", it.incident.decision);
}

#[test]
fn what_was_proven_and_fell_silent_is_paged_and_ends_by_a_persons_word() {
    let mut it = held(ALONE);
    it.second_alarm("zzz").state = AlarmState::Ok;
    it.alarm().state = AlarmState::InsufficientData;
    it.look_at(1060);
    assert!(matches!(it.look_at(1000 + 3600), Decision::Page(Page::Waited { .. })), "{:?}", it.incident.decision);
    assert!(!is_closed(&it.look_at(1000 + 7200)), "nobody has answered");
    it.acknowledged(1000 + 7300);
    assert!(is_closed(&it.look_at(1000 + 7300)), "{:?}", it.incident.decision);
}
