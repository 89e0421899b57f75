//! How much of what was asked of a fleet it answered, second by second, by the world's own account: what Homeostat is measured by
//! against nobody acting.
//!
//! This module never asks a load balancer, an alarm or Auto Scaling how anybody is.

use std::collections::BTreeMap;

use homeostat_core::id::GroupName;
use jiff::Timestamp;
use world::{LifecycleState, Process, World};

/// Suspended, all of them, nothing of a group is kept running.
const PARKED: [Process; 4] = [Process::Launch, Process::Terminate, Process::ReplaceUnhealthy, Process::HealthCheck];

/// Of one history. Each group is asked for as much as all of its desired capacity answers, whatever that is counted in.
#[derive(Debug, Clone, Default)]
pub struct Service {
    last: Option<(Timestamp, BTreeMap<GroupName, Share>)>,
    /// The least that all groups together answered of what they were asked.
    lowest: Option<f64>,
    /// Group-seconds by the minute since 1970.
    minutes: BTreeMap<i64, Total>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Share {
    asked: f64,
    answered: f64,
}

/// Group-seconds: 1 is all of a group's desired capacity, for a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Total {
    pub asked: f64,
    pub answered: f64,
}

impl Total {
    pub fn lost(&self) -> f64 {
        self.asked - self.answered
    }
}

/// What one history lost more, or less, than the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Group-seconds that nobody's history lost.
    pub lost_by_nobody: f64,
    /// And that of Homeostat.
    pub lost: f64,
    /// The most groups' worth that was missing at any minute and was there in nobody's history.
    pub worst_minute: f64,
    /// Groups' worth missing in the last minute, less what is missing in nobody's.
    pub worse_end: f64,
}

impl Service {
    pub fn note(&mut self, world: &World) {
        let now = world.now();
        if let Some((at, shares)) = &self.last {
            let seconds = now.duration_since(*at).as_secs_f64();
            let minute = self.minutes.entry(at.as_second() / 60).or_default();
            for share in shares.values() {
                minute.asked += share.asked * seconds;
                minute.answered += share.answered * seconds;
            }
        }
        let shares = shares(world);
        let sum = |of: fn(&Share) -> f64| shares.values().map(of).sum::<f64>();
        let (asked, answered) = (sum(|share| share.asked), sum(|share| share.answered));
        if asked > 0.0 {
            self.lowest = Some(self.lowest.unwrap_or(1.0).min(answered / asked));
        }
        self.last = Some((now, shares));
    }

    /// Of all that was asked; 1 where nothing was.
    pub fn lowest(&self) -> f64 {
        self.lowest.unwrap_or(1.0)
    }

    /// Whether all is answered now.
    pub fn is_whole(&self) -> bool {
        self.last.as_ref().is_some_and(|(_, shares)| shares.values().all(|share| share.answered >= share.asked))
    }

    pub fn total(&self) -> Total {
        self.minutes.values().fold(Total::default(), |sum, minute| Total {
            asked: sum.asked + minute.asked,
            answered: sum.answered + minute.answered,
        })
    }

    /// Which share of all was answered, for each so many minutes from the first on.
    pub fn curve(&self, minutes: i64) -> Vec<f64> {
        let first = self.minutes.keys().next().copied().unwrap_or_default();
        let mut parts: BTreeMap<i64, Total> = BTreeMap::new();
        for (minute, of) in &self.minutes {
            let part = parts.entry((minute - first) / minutes.max(1)).or_default();
            part.asked += of.asked;
            part.answered += of.answered;
        }
        parts.values().map(|part| if part.asked > 0.0 { part.answered / part.asked } else { 1.0 }).collect()
    }

    /// Against the same seed without Homeostat.
    pub fn against(&self, nobody: &Service) -> Difference {
        let missing = |of: &Service, minute: &i64| of.minutes.get(minute).map_or(0.0, Total::lost) / 60.0;
        let more = |minute: &i64| missing(self, minute) - missing(nobody, minute);
        // The last minute of either may be cut short.
        let last = self.minutes.keys().rev().nth(1).or(self.minutes.keys().last());
        Difference {
            lost_by_nobody: nobody.total().lost(),
            lost: self.total().lost(),
            worst_minute: self.minutes.keys().map(more).fold(0.0, f64::max),
            worse_end: last.map_or(0.0, more),
        }
    }
}

/// Surplus of one group answers for no other, and of one that people have parked nothing is asked.
fn shares(world: &World) -> BTreeMap<GroupName, Share> {
    let now = world.now();
    let share = |name: &GroupName, desired: u32| {
        let is_parked =
            world.group(name).is_some_and(|group| PARKED.iter().all(|process| group.is_suspended(*process)));
        if is_parked {
            return Share::default();
        }
        let members = world.members(name).filter(|it| it.lifecycle == LifecycleState::InService && it.answers(now));
        let answering: u32 = members.map(|member| member.launched_as.units()).sum();
        match desired {
            0 => Share::default(),
            desired => Share { asked: 1.0, answered: f64::from(answering.min(desired)) / f64::from(desired) },
        }
    };
    let groups = world.groups().map(|group| (group.settings.name.clone(), group.settings.desired));
    groups.map(|(name, desired)| (name.clone(), share(&name, desired))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minutes: &[(f64, f64)]) -> Service {
        let minute =
            |(nth, (asked, answered)): (usize, &(f64, f64))| (nth as i64, Total { asked: *asked, answered: *answered });
        Service { last: None, lowest: None, minutes: minutes.iter().enumerate().map(minute).collect() }
    }

    #[test]
    fn a_curve_has_the_share_of_each_part_and_of_what_is_left_over() {
        let service = of(&[(60.0, 60.0), (60.0, 30.0), (60.0, 0.0), (60.0, 60.0), (60.0, 15.0)]);
        assert_eq!(service.curve(2), [0.75, 0.5, 0.25]);
        assert!(Service::default().curve(2).is_empty());
    }

    #[test]
    fn a_history_is_held_against_nobodys_in_all_by_the_minute_and_at_its_end() {
        let nobody = of(&[(600.0, 600.0), (600.0, 540.0), (600.0, 540.0), (600.0, 540.0)]);
        let ours = of(&[(600.0, 600.0), (600.0, 480.0), (600.0, 600.0), (600.0, 600.0)]);
        let difference = ours.against(&nobody);
        let Difference { lost_by_nobody, lost, worst_minute, worse_end } = difference;
        assert_eq!((lost_by_nobody, lost, worst_minute, worse_end), (180.0, 120.0, 1.0, -1.0), "{difference:?}");
    }
}
