//! AWS, 19 and 20 October 2025 (aws.amazon.com/message/101925): automation planned what a name should answer with, and others carried the
//! plans out. One of them was late, and put an old plan over a newer one, since it had checked only once, at its start, that its plan was the
//! newest. The clean-up then deleted that plan for its age, so the name answered with nothing, which no automation could repair.
//!
//! Here it is played with nobody, with an automation like that, and with Homeostat, whose own batch is just as late. What is lost is
//! counted by the endpoints themselves: requests that went to one that was dead, or to none.

use std::sync::atomic::Ordering;

use homeostat_core::aws::record::{RecordSet, Weight, weights};
use homeostat_core::incident::State;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use jiff::SignedDuration;
use scenarios::{DnsStory, Handling, Owner};
use world::{Author, EndpointState, World};

use super::site::*;
use crate::gates::{StopsBeforeTheEffect, go_on};

const STEP: SignedDuration = SignedDuration::from_secs(10);
const STEPS_A_MINUTE: i64 = 6;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Automation {
    Nobody,
    Naive,
    Homeostat,
}

/// Puts what it plans there, whatever is there, and once.
#[derive(Default)]
struct Naive {
    planned: Vec<Vec<RecordSet>>,
}

impl Naive {
    /// All of the weight to those that are well.
    fn plan(&mut self, world: &mut World, template: &[RecordSet]) {
        let is_well = |id: &str| world.endpoint(id).unwrap().state == EndpointState::Well;
        let plan = |set: &RecordSet| {
            let (id, weight) = set.weighted().unwrap();
            set.with_weight(if is_well(id.as_str()) { weight } else { 0 })
        };
        let plan: Vec<RecordSet> = template.iter().map(plan).collect();
        if self.planned.last().map_or(template, Vec::as_slice) != plan {
            self.planned.push(plan.clone());
            put(world, &plan);
        }
    }
}

fn put(world: &mut World, sets: &[RecordSet]) {
    let edit = |there: &mut Vec<RecordSet>| {
        there.retain(|set| !set.is_of(&www()));
        there.extend(sets.iter().cloned());
    };
    world.edit_records(&zone(), Author::Somebody, edit).unwrap();
}

struct Played {
    story: DnsStory,
    /// The parts of the traffic that were lost, one for each step.
    lost: Vec<f64>,
}

impl Played {
    fn of(by: Automation) -> Self {
        let mut story = two(USUAL);
        story.is_on = by == Automation::Homeostat;
        Played { story, lost: Vec::new() }
    }

    /// For one minute, in which Homeostat hears of events only if it is told.
    fn pass_minute(&mut self, is_told: bool) {
        for _ in 0..STEPS_A_MINUTE {
            if is_told {
                self.story.pass(STEP)
            } else {
                self.story.cloud.pass(STEP)
            }
            let answered = self.story.cloud.with(|world| {
                let well = world.endpoints().filter(|it| it.state == EndpointState::Well);
                well.map(|it| it.share).sum::<u16>()
            });
            self.lost.push((1.0 - f64::from(answered) / 1000.0).max(0.0));
        }
    }

    /// In minutes of all the traffic.
    fn lost(&self) -> f64 {
        self.lost.iter().sum::<f64>() / 6.0
    }

    fn weights(&self) -> Vec<Weight> {
        self.story.weights(&zone(), &www()).into_values().collect()
    }

    #[expect(clippy::print_stdout, reason = "the figures, for who asks for them with --nocapture")]
    fn told(&self, name: &str) {
        let worst = self.lost.iter().copied().fold(0.0, f64::max) * 100.0;
        println!(
            "{name:>9}: {:.1} minutes of all the traffic lost, {worst:.0} % at worst, in the end {:?}",
            self.lost(),
            self.weights()
        );
    }

    /// Neither in all, nor at any moment, nor in the end.
    fn is_never_worse_than(&self, nobody: &Played) {
        let pairs = || self.lost.iter().zip(&nobody.lost);
        let worse = pairs().map(|(lost, by_nobody)| lost - by_nobody).fold(0.0, f64::max);
        assert!(worse < 0.005, "at one moment {worse} more of the traffic was lost than with nobody");
        assert!(self.lost() <= nobody.lost(), "{} and {}", self.lost(), nobody.lost());
        assert_eq!(self.weights(), nobody.weights());
    }

    fn never_answered_with_nothing(&self) {
        self.story.cloud.with(|world| {
            for change in world.zone(&zone()).unwrap().shifts() {
                let sets: Vec<_> = change.after.iter().filter(|set| set.is_of(&www())).cloned().collect();
                assert!(weights(&sets).values().any(|weight| *weight > 0), "{change:?}");
            }
        });
    }
}

/// The owner that is about to drain blue, and stalls right before it sends the change.
fn stalls(story: &DnsStory, gate: &StopsBeforeTheEffect) -> Handling {
    let event = story.cloud.with(World::take_events).remove(0);
    let mut stalled = story.owner.behind(gate, event);
    assert!(go_on(&mut stalled).is_pending());
    assert!(the_open_one(story).intent.is_some());
    stalled
}

/// Blue is dead for a quarter of an hour, and green later for two hours. Who drained blue is late by an hour and more.
fn late(by: Automation) -> Played {
    let mut played = Played::of(by);
    let template = played.story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www()));
    let (mut naive, gate, mut stalled) = (Naive::default(), StopsBeforeTheEffect::default(), None);
    let is_homeostat = by == Automation::Homeostat;
    for minute in 0..240 {
        match minute {
            10 => fail(&played.story, "blue"),
            13 if is_homeostat => stalled = Some(stalls(&played.story, &gate)),
            25 => mend(&played.story, "blue"),
            60 => fail(&played.story, "green"),
            90 => gate.released.store(true, Ordering::Relaxed),
            180 => mend(&played.story, "green"),
            _ => {}
        }
        if minute == 90
            && let Some(stalled) = &mut stalled
        {
            assert!(go_on(stalled).is_ready());
        }
        if by == Automation::Naive {
            played.story.cloud.with(|world| match minute {
                90 => put(world, &naive.planned[0]),
                // The clean-up of what is old.
                95 => put(world, &[]),
                // By hand.
                150 => put(world, &template),
                _ => naive.plan(world, &template),
            });
        }
        played.pass_minute(!(is_homeostat && (10..13).contains(&minute)));
    }
    played
}

#[test]
fn aws_2025_a_plan_that_comes_late_never_undoes_a_newer_one() {
    let [nobody, naive, homeostat] = [Automation::Nobody, Automation::Naive, Automation::Homeostat].map(late);
    for (name, played) in [("nobody", &nobody), ("naive", &naive), ("homeostat", &homeostat)] {
        played.told(name);
    }
    homeostat.is_never_worse_than(&nobody);
    homeostat.never_answered_with_nothing();
    assert!(homeostat.lost() < 8.0 && nobody.lost() > 40.0, "{} and {}", homeostat.lost(), nobody.lost());
    assert!(naive.lost() > nobody.lost(), "else it proves nothing: {} and {}", naive.lost(), nobody.lost());
    assert_eq!(homeostat.weights(), [70, 30]);
    assert_eq!(homeostat.story.ledger.open::<HostedZoneKind>(), []);
    homeostat.story.cloud.with(|world| {
        let [refused] = world.zone(&zone()).unwrap().refused() else { panic!("the late batch, and no other") };
        assert!(
            refused.by == Author::Homeostat && refused.why.contains("_homeostat.www.example.com"),
            "{}",
            refused.why
        );
    });
}

/// Somebody else's clean-up deletes the record while Homeostat holds it, and people put it back 40 minutes later.
fn emptied(by: Automation) -> Played {
    let mut played = Played::of(by);
    let template = played.story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www()));
    for minute in 0..180 {
        match minute {
            10 => fail(&played.story, "blue"),
            20 => played.story.cloud.with(|world| put(world, &[])),
            55 if by == Automation::Homeostat => {
                let open = the_open_one(&played.story);
                assert_eq!(open.state, State::Escalated);
                assert!(said(&open).contains("www.example.com A was changed by somebody else"), "{}", said(&open));
                assert_eq!(shifts(&played.story, &zone()).len(), 1, "it puts nothing in the place of what is gone");
            }
            60 => played.story.cloud.with(|world| put(world, &template)),
            75 => played.story.acknowledge("ana").unwrap(),
            120 => mend(&played.story, "blue"),
            _ => {}
        }
        played.pass_minute(true);
    }
    played
}

#[test]
fn aws_2025_a_record_that_somebody_emptied_is_theirs_until_they_say_otherwise() {
    let [nobody, homeostat] = [Automation::Nobody, Automation::Homeostat].map(emptied);
    nobody.told("nobody");
    homeostat.told("homeostat");
    homeostat.is_never_worse_than(&nobody);
    homeostat.never_answered_with_nothing();
    assert!(homeostat.lost() + 25.0 < nobody.lost(), "{} and {}", homeostat.lost(), nobody.lost());
    assert_eq!(homeostat.weights(), [70, 30]);
}
