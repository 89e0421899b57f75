//! Outages that automation made worse, each in short as it was told by those who had it, and played three times: with nobody but AWS
//! itself, with a remediator that terminates whatever is unhealthy, and with Homeostat. Homeostat must never come off worse than nobody.
//!
//! What was answered is counted by the applications themselves, never by a load balancer's verdict.

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use scenarios::simulator::service::{Difference, Service};
use world::{App, Flaw, LifecycleState, World};

use super::fleet::{fleet, minutes, terminated, web};

const USUAL: &str = "evidence = [\"alarm\", \"target-health\"]";
const STEP: SignedDuration = SignedDuration::from_secs(15);

/// Group-seconds: the calls of an invocation take their time, too.
const UNSEEN: f64 = 1.0;

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

/// `script`: what happens at each quarter of a minute, with the time since the beginning.
fn play(by: Remediator, size: u32, lasts: i64, script: &dyn Fn(&mut World, SignedDuration)) -> Played {
    let mut story = fleet(size, USUAL);
    story.is_on = by == Remediator::Homeostat;
    let began = story.now();
    let (mut service, mut whole_since) = (Service::default(), None);
    let mut since = SignedDuration::ZERO;
    while since < minutes(lasts) {
        story.cloud.with(|world| script(world, since));
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
    #[expect(clippy::print_stdout, reason = "the figures, for who asks for them with --nocapture")]
    fn of(size: u32, lasts: i64, script: &dyn Fn(&mut World, SignedDuration)) -> Outage {
        let by = |remediator| play(remediator, size, lasts, script);
        let outage = Outage {
            nobody: by(Remediator::Nobody),
            naive: by(Remediator::Naive),
            homeostat: by(Remediator::Homeostat),
        };
        for (name, played) in [("nobody", &outage.nobody), ("naive", &outage.naive), ("homeostat", &outage.homeostat)] {
            println!(
                "{name:>9}: {} terminated, at least {:.0} % answered, {:.2} group-hours lost, whole after {:?} min",
                played.terminated,
                played.service.lowest() * 100.0,
                played.service.total().lost() / 3600.0,
                played.whole_after
            );
        }
        outage
    }

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

fn first(world: &World, count: usize) -> Vec<InstanceId> {
    let group = web();
    let members = world.members(&group).filter(|it| it.lifecycle == LifecycleState::InService);
    members.take(count).map(|it| it.id.clone()).collect()
}

/// Whoever is there at that time is given this application.
fn all_become(world: &mut World, app: App) {
    let all: Vec<InstanceId> = world.members(&web()).map(|it| it.id.clone()).collect();
    all.iter().for_each(|id| _ = world.break_app(id, app));
}

fn at(since: SignedDuration, minute: i64) -> bool {
    since == minutes(minute)
}

/// Slack, 4 January 2021 (slack.engineering): web servers that could not reach their backends were called unhealthy and replaced, and
/// what was launched in their place overloaded the provisioning service. Here 12 of 20 can't reach their backend for half an hour.
#[test]
fn slack_2021_a_dependency_fails_and_nobody_is_replaced_for_it() {
    let outage = Outage::of(20, 120, &|world, since| {
        if at(since, 10) {
            first(world, 12).iter().for_each(|id| world.break_app(id, App::Dead).unwrap());
        }
        // What is launched meanwhile can't reach it either.
        if since > minutes(10) && since < minutes(40) {
            let young = |it: &&world::Instance| it.launched_at > world.now() - minutes(30) && it.app == App::Well;
            let young: Vec<InstanceId> = world.members(&web()).filter(young).map(|it| it.id.clone()).collect();
            if world.activities(&web()).count() > 20 {
                young.iter().for_each(|id| _ = world.break_app(id, App::Dead));
            }
        }
        if at(since, 40) {
            all_become(world, App::Well);
        }
    });
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
    assert!(outage.naive.terminated > 12, "else it proves nothing: {:?}", outage.naive.terminated);
}

/// The same where exactly half can't reach it: no few of them either.
#[test]
fn half_of_a_group_that_can_not_reach_its_dependency_is_not_replaced() {
    let outage = Outage::of(20, 120, &|world, since| {
        if at(since, 10) {
            first(world, 10).iter().for_each(|id| world.break_app(id, App::Dead).unwrap());
        }
        if at(since, 40) {
            all_become(world, App::Well);
        }
    });
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
}

/// Azure, 29 February 2012 (azure.microsoft.com): each new virtual machine failed in the same way, and what was judged bad was healed onto
/// healthy hosts, which it made fail, too. Here the version that is launched never answers, and a few of the old one die.
#[test]
fn azure_2012_what_is_launched_fails_in_the_same_way_and_replacing_stops() {
    let outage = Outage::of(20, 240, &|world, since| {
        if at(since, 5) {
            world.roll_out(&web(), 2).unwrap();
            world.break_version(&web(), 2, Flaw::NeverAnswers);
        }
        for (nth, minute) in [10, 30, 50, 70, 90, 110].into_iter().enumerate() {
            if at(since, minute) {
                let id = first(world, 20).get(19 - nth).cloned();
                _ = id.map(|id| world.break_app(&id, App::Dead));
            }
        }
    });
    outage.is_never_worse(0.0, 20.0);
    assert!(outage.homeostat.terminated <= 4, "{}", outage.homeostat.terminated);
    assert!(outage.naive.terminated > 40, "else it proves nothing: {}", outage.naive.terminated);
}

/// AWS, 19 and 20 October 2025 (aws.amazon.com/message/101925): after the control plane was back, launches failed for hours. Here none
/// succeeds for three, four applications fail one after the other, and each comes back by itself after an hour.
#[test]
fn aws_2025_launches_fail_and_no_capacity_is_given_away() {
    let outage = Outage::of(20, 300, &|world, since| {
        if at(since, 5) {
            world.lack_capacity_for_group(&web(), true);
        }
        for (nth, minute) in [10, 25, 40, 55].into_iter().enumerate() {
            let id = first(world, 20).get(nth * 4).cloned();
            if at(since, minute) {
                _ = id.map(|id| world.break_app(&id, App::Dead));
            }
        }
        if at(since, 70) {
            all_become(world, App::Well);
        }
        if at(since, 185) {
            world.lack_capacity_for_group(&web(), false);
        }
    });
    // Whether a launch succeeds is known once one was tried.
    assert_eq!(outage.homeostat.terminated, 1);
    assert!(outage.naive.terminated >= 4, "else it proves nothing: {}", outage.naive.terminated);
    let Difference { worst_minute, worse_end, .. } = outage.against_nobody();
    assert!(worst_minute <= 1.0 / 20.0 + UNSEEN / 60.0 && worse_end <= 1e-9, "{:?}", outage.against_nobody());
}

/// GitHub, 21 October 2018 (github.blog): 43 seconds without a network led to a failover that took a day to undo.
#[test]
fn github_2018_a_blip_of_43_seconds_changes_nothing() {
    let outage = Outage::of(20, 60, &|world, since| {
        if at(since, 10) {
            all_become(world, App::Dead);
        }
        if since == minutes(10) + SignedDuration::from_secs(45) {
            all_become(world, App::Well);
        }
    });
    outage.is_never_worse(0.0, 20.0);
    assert_eq!(outage.homeostat.terminated, 0);
    assert!(outage.naive.terminated >= 20, "else it proves nothing: {}", outage.naive.terminated);
}

/// Google Cloud, 2 June 2019 (status.cloud.google.com, incident 19009): automation took away jobs of several locations at once. Here the
/// three zones of a group fail one after the other, and what is launched there meanwhile is dead, too.
#[test]
fn google_2019_zones_fail_one_after_the_other_and_what_stays_is_not_taken_away() {
    let outage = Outage::of(21, 240, &|world, since| {
        for (letter, minute) in [('a', 10), ('b', 30), ('c', 50)] {
            let zone = world.place().zone(letter);
            if at(since, minute) {
                world.fail_zone(&zone);
            }
            if at(since, minute + 15) {
                world.restore_zone(&zone);
            }
        }
    });
    // A third of the group, of which the budget takes a fifth.
    outage.is_never_worse(4.0, 21.0);
    assert!(outage.homeostat.terminated <= outage.naive.terminated, "{}", outage.homeostat.terminated);
}
