//! Whoever takes over falls over: by the world's own account no less is answered than if nobody had acted, and in the end the healthy
//! serve, without a person.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::Weight;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use jiff::{SignedDuration, Timestamp};
use scenarios::DnsStory;

use super::site::*;

const FOUR: [(&str, Weight); 4] = [("east1", 25), ("east2", 25), ("west1", 25), ("west2", 25)];
const EAST: [&str; 2] = ["east1", "east2"];
const WEST: [&str; 2] = ["west1", "west2"];

/// How long one stays down that had to bear too much, from when it has to bear that no longer.
const RECOVERS_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// Four alike that fail above a load.
struct Play {
    story: DnsStory,
    /// In thousandths of the traffic.
    bears: u16,
    down: BTreeSet<&'static str>,
    overloaded: BTreeMap<&'static str, Timestamp>,
    /// Thousandths of the traffic times the seconds for which they were answered.
    answered: u64,
}

impl Play {
    fn new(bears: u16, is_on: bool) -> Self {
        let mut story = one_record(&FOUR, USUAL);
        story.is_on = is_on;
        Play { story, bears, down: BTreeSet::new(), overloaded: BTreeMap::new(), answered: 0 }
    }

    fn share(&self, name: &str) -> u16 {
        self.story.cloud.with(|world| world.endpoint(name).unwrap().share)
    }

    fn is_up(&self, name: &str) -> bool {
        !self.down.contains(name) && !self.overloaded.contains_key(name)
    }

    /// What is answered now, in thousandths.
    fn answers(&self) -> u16 {
        FOUR.iter().filter(|(name, _)| self.is_up(name)).map(|(name, _)| self.share(name)).sum()
    }

    fn pass(&mut self, minutes: i64) {
        let end = self.story.now() + SignedDuration::from_mins(minutes);
        while self.story.now() < end {
            self.feel();
            let before = self.story.now();
            self.story.pass(SignedDuration::from_secs(10));
            let seconds = u64::try_from(self.story.now().duration_since(before).as_secs()).unwrap();
            self.answered += u64::from(self.answers()) * seconds;
        }
    }

    fn feel(&mut self) {
        let now = self.story.now();
        for (name, _) in FOUR {
            if self.share(name) > self.bears {
                self.overloaded.insert(name, now);
            } else if self.overloaded.get(name).is_some_and(|since| *since + RECOVERS_AFTER <= now) {
                self.overloaded.remove(name);
            }
            if self.is_up(name) { mend(&self.story, name) } else { fail(&self.story, name) }
        }
    }

    fn told(&self) -> String {
        let open = self.story.ledger.open::<HostedZoneKind>();
        let says: Vec<String> = open.iter().map(said).collect();
        format!("{:?}; open: {says:?}", table(&self.story, &www()))
    }
}

/// The same hours with Homeostat and without.
fn both(bears: u16, script: impl Fn(&mut Play)) -> (Play, Play) {
    let (mut with, mut without) = (Play::new(bears, true), Play::new(bears, false));
    script(&mut with);
    script(&mut without);
    assert!(shifts(&without.story, &zone()).is_empty());
    (with, without)
}

#[test]
fn what_cannot_be_borne_is_given_back_and_no_less_is_answered_than_if_nobody_had_acted() {
    let (with, without) = both(400, |play| {
        play.pass(5);
        play.down.extend(EAST);
        play.pass(120);
    });
    assert!(with.answered >= without.answered, "{} of {}: {}", with.answered, without.answered, with.told());
    let mut with = with;
    let told = with.told();
    assert!(
        told.contains("can't take") || told.contains("became unhealthy") || told.contains("had taken over"),
        "{told}"
    );
    with.down.clear();
    with.pass(120);
    has(&with.story, &www(), &[25, 25, 25, 25]);
    assert!(with.answers() >= 990, "{}", with.told());
}

#[test]
fn the_healthy_serve_in_the_end_however_often_the_sides_fail_in_turn() {
    let (with, without) = both(1000, |play| {
        for round in 0..6 {
            let (fails, comes) = if round % 2 == 0 { (EAST, WEST) } else { (WEST, EAST) };
            play.down.retain(|name| !comes.contains(name));
            play.pass(3);
            play.down.extend(fails);
            play.pass(10);
        }
        play.pass(60);
    });
    let on_the_healthy = with.share("east1") + with.share("east2");
    assert!(with.is_up("east1") && !with.is_up("west1"));
    assert!(on_the_healthy >= 990, "{on_the_healthy} thousandths: {}", with.told());
    assert!(with.answered >= without.answered, "{} of {}: {}", with.answered, without.answered, with.told());
    let sides = steps(&with.story, &www());
    let serves = |weights: &[Weight], side: std::ops::Range<usize>| weights[side].iter().any(|weight| *weight > 0);
    let is_swap = |before: &[Weight], after: &[Weight]| {
        (!serves(before, 2..4) && !serves(after, 0..2)) || (!serves(before, 0..2) && !serves(after, 2..4))
    };
    assert!(!sides.windows(2).any(|pair| is_swap(&pair[0], &pair[1])), "{sides:?}");
}
