//! Outages that automation made worse, each in short as it was told by those who had it, and played three times: with nobody but AWS
//! itself, with a remediator that terminates whatever is unhealthy, and with Homeostat. Homeostat must never come off worse than nobody.
//!
//! What was answered is counted by the applications themselves, never by a load balancer's verdict.

mod accounts;
mod page;

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use scenarios::simulator::service::{Difference, Service};
use world::{LifecycleState, World};

use super::fleet::{fleet, minutes, terminated, web};

const USUAL: &str = "evidence = [\"alarm\", \"target-health\"]";
const STEP: SignedDuration = SignedDuration::from_secs(15);

/// Group-seconds: the calls of an invocation take their time, too.
const UNSEEN: f64 = 2.0;

/// What happened to somebody, and how it is set up here.
struct Account {
    name: &'static str,
    /// Who told it, and where.
    source: &'static str,
    happened: &'static str,
    here: &'static str,
    /// Why Homeostat may lose more than nobody.
    exception: Option<&'static str>,
    size: u32,
    /// Minutes.
    lasts: i64,
    /// What happens at each quarter of a minute, by the time since the beginning.
    script: fn(&mut World, SignedDuration),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Remediator {
    Nobody,
    Naive,
    Homeostat,
}

#[derive(Debug)]
struct Played {
    service: Service,
    terminated: usize,
    /// Minutes until all was answered again for good, if it was.
    whole_after: Option<i64>,
}

impl Account {
    fn play(&self, by: Remediator) -> Played {
        let mut story = fleet(self.size, USUAL);
        story.is_on = by == Remediator::Homeostat;
        let began = story.now();
        let (mut service, mut whole_since) = (Service::default(), None);
        let mut since = SignedDuration::ZERO;
        while since < minutes(self.lasts) {
            story.cloud.with(|world| (self.script)(world, since));
            if by == Remediator::Naive && since.as_secs() % 60 == 0 {
                story.cloud.with(terminate_all_that_do_not_answer);
            }
            story.cloud.see(|world| service.note(world));
            whole_since = service.is_whole().then(|| whole_since.unwrap_or(since));
            since += STEP;
            // Calls take their time, too.
            story.pass((began + since).duration_since(story.now()));
        }
        let gone = terminated(&story).len();
        Played { service, terminated: gone, whole_after: whole_since.map(|since: SignedDuration| since.as_mins()) }
    }

    fn outage(&self) -> Outage {
        let [nobody, naive, homeostat] =
            [Remediator::Nobody, Remediator::Naive, Remediator::Homeostat].map(|by| self.play(by));
        Outage { nobody, naive, homeostat }
    }
}

fn terminate_all_that_do_not_answer(world: &mut World) {
    let (group, now) = (web(), world.now());
    let dead = world.members(&group).filter(|it| it.lifecycle == LifecycleState::InService && !it.answers(now));
    let dead: Vec<InstanceId> = dead.map(|it| it.id.clone()).collect();
    for id in dead {
        world.terminate_instance(&id, false).unwrap();
    }
}

/// What it came to with nobody, with the naive one and with Homeostat.
struct Outage {
    nobody: Played,
    naive: Played,
    homeostat: Played,
}

impl Outage {
    fn against_nobody(&self) -> Difference {
        self.homeostat.service.against(&self.nobody.service)
    }

    /// Neither in all, nor at its worst minute by more than so many instances of so many, nor in the end.
    fn is_never_worse(&self, instances: f64, of: f64) {
        let Difference { lost_by_nobody, lost, worst_minute, worse_end } = self.against_nobody();
        assert!(lost <= lost_by_nobody + UNSEEN, "lost {lost} group-seconds, and nobody {lost_by_nobody}");
        assert!(worst_minute <= instances / of + UNSEEN / 60.0, "{worst_minute} of the group below nobody");
        assert!(worse_end <= 1e-9, "it ends {worse_end} of the group worse than with nobody");
    }
}

#[test]
fn slack_2021_a_dependency_fails_and_nobody_is_replaced_for_it() {
    let outage = accounts::SLACK_2021.outage();
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
    assert!(outage.naive.terminated > 12, "else it proves nothing: {:?}", outage.naive.terminated);
}

/// The same where exactly half can't reach it: no few of them either.
#[test]
fn half_of_a_group_that_can_not_reach_its_dependency_is_not_replaced() {
    let outage = accounts::HALF_OF_A_GROUP.outage();
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
}

#[test]
fn azure_2012_what_is_launched_fails_in_the_same_way_and_replacing_stops() {
    let outage = accounts::AZURE_2012.outage();
    outage.is_never_worse(0.0, 20.0);
    assert!(outage.homeostat.terminated <= 4, "{}", outage.homeostat.terminated);
    assert!(outage.naive.terminated > 40, "else it proves nothing: {}", outage.naive.terminated);
}

#[test]
fn aws_2025_launches_fail_and_no_capacity_is_given_away() {
    let outage = accounts::AWS_2025.outage();
    // Whether a launch succeeds is known once one was tried.
    assert_eq!(outage.homeostat.terminated, 1);
    assert!(outage.naive.terminated >= 4, "else it proves nothing: {}", outage.naive.terminated);
    let Difference { worst_minute, worse_end, .. } = outage.against_nobody();
    assert!(worst_minute <= 1.0 / 20.0 + UNSEEN / 60.0 && worse_end <= 1e-9, "{:?}", outage.against_nobody());
}

#[test]
fn github_2018_a_blip_of_43_seconds_changes_nothing() {
    let outage = accounts::GITHUB_2018.outage();
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
    assert!(outage.naive.terminated >= 20, "else it proves nothing: {}", outage.naive.terminated);
}

#[test]
fn google_2019_zones_fail_one_after_the_other_and_what_stays_is_not_taken_away() {
    let outage = accounts::GOOGLE_2019.outage();
    // A third of the group, of which the budget takes a fifth.
    outage.is_never_worse(4.0, 21.0);
    assert!(outage.homeostat.terminated <= outage.naive.terminated, "{}", outage.homeostat.terminated);
}

#[test]
fn reddit_2016_a_list_that_suddenly_is_short_has_nothing_terminated() {
    let outage = accounts::REDDIT_2016.outage();
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
}

#[test]
fn google_diskerase_an_empty_list_is_not_all_of_them() {
    let outage = accounts::DISKERASE.outage();
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
}
