//! Several alarms on one instance: what one says never hides what another says.

use super::*;
use crate::instance::reasons::{Evidence, HoldReason};

/// There is none of that name.
pub(super) const NONE: Read<Option<AlarmReading>> = Ok(None);

/// The ways in which a second alarm says less than the one that proves the instance sick.
const SAYS_LESS: [fn(&mut Situation, &str); 6] = [
    |it, name| it.second_alarm(name).state = AlarmState::Ok,
    |it, name| it.second_alarm(name).state = AlarmState::InsufficientData,
    |it, name| it.second_alarm(name).actions_enabled = false,
    |it, name| it.second_alarm(name).instances = vec![instance(2)],
    |it, name| {
        let arn = it.second_alarm(name).arn.clone();
        _ = it.seen.alarms.insert(arn, NONE);
    },
    |it, name| {
        let arn = it.second_alarm(name).arn.clone();
        _ = it.seen.alarms.insert(arn, Err("AccessDenied".to_owned()));
    },
];

impl Situation {
    /// There is none of that name any more.
    pub(super) fn lose_alarm(&mut self) {
        self.seen.alarms.values_mut().for_each(|alarm| *alarm = NONE);
    }

    pub(super) fn lose_the_first(&mut self) {
        let arn = self.alarm().arn.clone();
        self.seen.alarms.insert(arn, NONE);
    }

    /// One more that has spoken of the first instance.
    pub(super) fn second_alarm(&mut self, name: &str) -> &mut AlarmReading {
        let arn: AlarmArn = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap();
        let InstanceKind::Instance { alarms, .. } = &mut self.incident.kind else { panic!() };
        alarms.hear(&arn);
        let read = self.seen.alarms.entry(arn.clone()).or_insert(Ok(None));
        read.as_mut().unwrap().insert(red(arn))
    }

    pub(super) fn policy(&mut self, lines: &str) {
        let text = format!("schema = 1\n[[replace-instance.group]]\nname = \"web\"\n{lines}\n");
        self.policy = policy::parse(&text).unwrap();
    }

    /// With what the loop has it remember before it decides.
    pub(super) fn absorbed(&mut self) {
        let policy = self.policy.instances.group(&"web".parse().unwrap()).unwrap();
        let incident = remembering::absorb(self.now, self.incident.clone(), &self.seen, Some(policy));
        let verdict = decide::verdict(self.now, &incident, &self.seen, policy);
        self.incident = incident.judged(self.now, verdict);
    }
}

#[test]
fn a_second_alarm_should_not_hide_the_one_that_proves_it_whichever_was_heard_first() {
    for evidence in ["evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]", "evidence = [\"alarm\", \"target-health\"]"] {
        for (index, says_less) in SAYS_LESS.iter().enumerate() {
            // By name before the first and after it.
            for name in ["disk", "zzz"] {
                let mut it = situation();
                it.policy(evidence);
                says_less(&mut it, name);
                it.absorbed();
                let Decision::Act { because, .. } = it.decide() else { panic!("{index} {name}: {}", it.decide()) };
                let proves =
                    |proof: &Evidence| matches!(proof, Evidence::Alarm { alarm, .. } if alarm.alarm_name() == "web-1");
                assert!(because.iter().any(proves), "{because:?}");
            }
        }
    }
}

#[test]
fn only_if_none_of_its_alarms_confirms_it_is_it_unconfirmed() {
    for says_less in SAYS_LESS {
        let mut it = situation();
        it.alarm().state = AlarmState::Ok;
        says_less(&mut it, "zzz");
        it.absorbed();
        assert!(!it.is_acting(), "{}", it.decide());
    }
}

#[test]
fn an_alarm_that_is_ok_should_not_speak_for_one_that_is_silent() {
    let mut it = situation();
    it.policy("evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    it.incident = it.incident.hold(it.now, it.now, &Hold::Own(HoldReason::Protected));
    it.alarm().state = AlarmState::InsufficientData;
    it.second_alarm("zzz").state = AlarmState::Ok;
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })), "{}", it.decide());
    it.alarm().state = AlarmState::Ok;
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{}", it.decide());
}

#[test]
fn where_no_alarm_is_evidence_one_that_is_switched_off_keeps_nobody_from_acting() {
    let mut it = situation();
    it.policy("evidence = [\"target-health\"]");
    it.alarm().actions_enabled = false;
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn an_alarm_that_is_no_verdict_should_confirm_nothing() {
    let mut it = situation();
    it.policy("evidence = [\"alarm\", \"target-health\"]\nhealth-alarms = [\"app-*\"]");
    it.absorbed();
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })), "{}", it.decide());
    it.second_alarm("app-1");
    it.absorbed();
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn what_only_an_alarm_says_is_news_once_anything_else_says_it_too() {
    let mut it = situation();
    it.target(1, Some(TargetHealth::Healthy));
    for _ in 0..2 {
        it.absorbed();
        assert_eq!(it.incident.verdict, Verdict::OnlyAlarm);
        it.incident = it.incident.hold(it.now, it.now, &it.held_because());
        assert_eq!(it.incident.notify_seq, 0);
    }
    let closed = it.incident.close(it.now, &Close::NothingWrong { why: "its disk is empty again".into() });
    assert!(!closed.is_told_at_the_end());
    it.target(1, Some(sick()));
    it.around.limits.slots.holders.insert(subject(9), at(1));
    it.absorbed();
    assert_eq!(it.incident.verdict, Verdict::Unhealthy);
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    assert_eq!(it.incident.notify_seq, 1);
    assert!(it.incident.close(it.now, &Close::Recovered).is_told_at_the_end());
}

#[test]
fn each_alarm_is_kept_with_what_it_says() {
    let mut it = situation();
    it.second_alarm("zzz").state = AlarmState::Ok;
    it.absorbed();
    let told: Vec<String> = it.incident.kind.alarms().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("\"web-1\" is in ALARM") && told[1].contains("\"zzz\" is in OK"), "{told:?}");
}
