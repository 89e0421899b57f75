//! What all endpoints of a record depend on moves: no weight leaves any of them for that.

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::id::AlarmArn;

use super::harness::*;
use crate::hosted_zone::observation::{Observation, Read};
use crate::hosted_zone::reasons::{Decision, Hold, Page, PageReason, Trouble};

const DATABASE: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db";

/// The database's alarm may stand for anything of its own Region.
struct Depending {
    scene: Scene,
    database: Read<Option<AlarmReading>>,
}

fn says(state: AlarmState, since: i64) -> AlarmReading {
    let (arn, since, instances) = (DATABASE.parse().unwrap(), at(since), Vec::new());
    let reason = "over the threshold".to_owned();
    AlarmReading { arn, state, since, reason, actions_enabled: false, instances }
}

impl Depending {
    fn new(mode: &str) -> Self {
        let record = format!("proof = [\"health-check\"]\ndepends-on = [\"orders-db\"]\n{mode}");
        let tables =
            format!("[[dependency]]\nname = \"orders-db\"\nalarms = [{DATABASE:?}]\n[[shift-dns.record]]\nhosted-zone");
        let policy =
            POLICY.replace("proof = [\"health-check\"]", &record).replace("[[shift-dns.record]]\nhosted-zone", &tables);
        let scene = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]);
        Depending { scene, database: Ok(Some(says(AlarmState::Alarm, -60))) }
    }

    fn seen(&self) -> Observation {
        let mut seen = self.scene.seen();
        seen.alarms.insert(DATABASE.parse::<AlarmArn>().unwrap(), self.database.clone());
        seen
    }

    fn look(&mut self) -> Decision {
        let seen = self.seen();
        let decision = self.scene.decide_on(&seen);
        self.scene.conclude(&decision);
        decision
    }

    fn is_held(&mut self) -> bool {
        matches!(self.look(), Decision::Hold { because: Hold::Dependency(_), .. })
    }
}

#[test]
fn no_endpoint_is_drained_while_what_all_depend_on_moves_and_then_for_a_while() {
    let mut it = Depending::new("");
    it.scene.break_("blue");
    assert!(it.is_held());
    it.database = Ok(Some(says(AlarmState::Ok, 0)));
    it.scene.now = 299;
    assert!(it.is_held());
    it.scene.has(&[("blue", 70), ("green", 30)]);
    it.scene.now = 300;
    assert!(matches!(it.look(), Decision::Act { .. }));
    it.scene.has(&[("blue", 0), ("green", 30)]);
}

#[test]
fn nor_does_watch_mode_say_that_it_would() {
    let mut it = Depending::new("mode = \"watch\"\n");
    it.scene.break_("blue");
    assert!(it.is_held());
    it.database = Ok(Some(says(AlarmState::Ok, -9000)));
    assert!(matches!(it.look(), Decision::Hold { because: Hold::Watching { .. }, .. }));
}

#[test]
fn weight_that_returns_is_not_held() {
    let mut it = Depending::new("");
    it.database = Ok(Some(says(AlarmState::Ok, -9000)));
    it.scene.break_("blue");
    it.look();
    it.scene.has(&[("blue", 0), ("green", 30)]);
    it.scene.fix("blue");
    it.database = Ok(Some(says(AlarmState::Alarm, 0)));
    while it.scene.now < 3600 && it.scene.weights() != [("blue".to_owned(), 70), ("green".to_owned(), 30)] {
        assert!(!it.is_held());
        it.scene.now = it.scene.wake_at();
    }
    it.scene.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn it_is_held_for_half_an_hour_in_two_and_then_it_is_drained() {
    let mut it = Depending::new("");
    it.scene.break_("blue");
    while it.is_held() {
        it.scene.now += 60;
    }
    assert_eq!(it.scene.now, 30 * 60);
    it.scene.has(&[("blue", 0), ("green", 30)]);
    let remembered = it.scene.around.limits.memory.dependency.keys().collect::<Vec<_>>();
    assert_eq!(remembered, ["www.example.com A"]);
}

#[test]
fn an_alarm_that_can_not_be_read_holds_nothing_by_itself_and_renews_nothing() {
    let mut it = Depending::new("");
    it.scene.break_("blue");
    it.look();
    it.database = Err("the Region does not answer".to_owned());
    it.scene.now = 299;
    assert!(it.is_held());
    it.scene.now = 300;
    assert!(matches!(it.look(), Decision::Act { .. }));
    let mut other = Depending::new("");
    other.database = it.database;
    other.scene.break_("blue");
    assert!(matches!(other.look(), Decision::Act { .. }));
}

#[test]
fn that_nobody_can_take_over_is_a_page_all_the_same() {
    let mut it = Depending::new("");
    it.scene.break_("blue");
    it.scene.break_("green");
    let decision = it.look();
    let Decision::Page(Page::Own(PageReason::Weights { troubles })) = &decision else { panic!("{decision}") };
    assert!(troubles.iter().all(|trouble| matches!(trouble, Trouble::NoTarget { .. })), "{decision}");
}
