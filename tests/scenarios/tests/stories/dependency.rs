//! A database fails over, and what depends on it recovers with it: nothing is replaced for that which replacing can't help.

use std::fmt::Write;

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::{Hold, State};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Page};
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{FleetStory, Owner, Story};
use world::{
    ActivityKind, AlarmRule, Another, App, Comparison, Demo, Machine, Metric, Process, Statistic, TreatMissingData,
    World, alarm_name,
};

use super::fleet::{minutes, noon};
use super::gates::turn_of_the_effect;

const ALARM: &str = "orders-db-failover";
const STEP: SignedDuration = SignedDuration::from_secs(15);

/// The database's table of a policy.
pub(crate) fn table() -> String {
    format!(
        "\n[[dependency]]\nname = \"orders-db\"\nalarms = [\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{ALARM}\"]\n"
    )
}

pub(crate) const DEPENDS: &str = "depends-on = [\"orders-db\"]";

fn metric() -> Metric {
    let dimensions = [("DBClusterIdentifier".to_owned(), "orders".to_owned())].into();
    Metric { namespace: "AWS/RDS".to_owned(), name: "Failover".to_owned(), dimensions }
}

pub(crate) fn add_database(world: &mut World) {
    let rule = AlarmRule {
        statistic: Statistic::Maximum,
        period: minutes(1),
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        missing: TreatMissingData::Ignore,
    };
    world.put_alarm(ALARM, metric(), rule).unwrap();
    // Who moves a database on purpose switches off what its alarm does.
    world.enable_alarm_actions(ALARM, false);
}

/// Lets so many minutes pass, in each of which the database moves or doesn't, by the minutes since the beginning.
pub(crate) fn pass<O: Owner>(story: &mut Story<O>, lasts: i64, moves: impl Fn(i64) -> bool) {
    let began = story.now();
    while story.now() < began + minutes(lasts) {
        let minute = story.now().duration_since(began).as_mins();
        story.cloud.with(|world| world.put_metric(metric(), if moves(minute) { 1.0 } else { 0.0 }));
        story.pass(STEP);
    }
}

fn name(nth: usize) -> GroupName {
    format!("svc-{nth}").parse().unwrap()
}

/// Groups of these sizes, whose members all need the one database.
fn groups(sizes: &[u32], evidence: &str, depends: &str) -> FleetStory {
    let more = sizes.iter().enumerate().skip(1);
    let more = more.map(|(nth, size)| Another { name: name(nth), instances: *size, maintenance: None }).collect();
    let demo =
        Demo { group: name(0), target_group: "svc-0".to_owned(), instances: sizes[0], more, ..Demo::new().unwrap() };
    let mut text = "schema = 1\n".to_owned();
    for nth in 0..sizes.len() {
        writeln!(text, "[[replace-instance.group]]\nname = \"{}\"\nevidence = {evidence}\n{depends}", name(nth))
            .unwrap();
    }
    text += &table();
    let story = FleetStory::of_demo(demo, policy::parse(&text).unwrap(), noon()).unwrap();
    story.cloud.with(add_database);
    story
}

const BOTH: &str = "[\"alarm\", \"target-health\"]";
const TARGETS: &str = "[\"target-health\"]";

fn become_(story: &FleetStory, sizes: &[u32], app: App) {
    let all: Vec<InstanceId> = (0..sizes.len()).flat_map(|nth| story.in_service(&name(nth))).collect();
    all.iter().for_each(|id| story.cloud.with(|world| world.break_app(id, app)).unwrap());
}

fn terminated(story: &FleetStory, sizes: &[u32]) -> Vec<(InstanceId, Timestamp)> {
    let of = |nth| {
        let group = name(nth);
        story.cloud.with(|world| {
            let ended = world.activities(&group).filter(|it| it.kind == ActivityKind::Terminate);
            ended.map(|it| (it.instance.clone(), it.started_at)).collect::<Vec<_>>()
        })
    };
    (0..sizes.len()).flat_map(of).collect()
}

/// The names of what the open incidents are held for, and whether a person was asked.
fn holds(story: &FleetStory) -> Vec<(String, bool)> {
    let open = story.ledger.open::<InstanceKind>();
    let of_one = open.iter().filter_map(|open| match &open.decision {
        Some(Decision::Hold { because, .. }) => Some((because.name().to_owned(), open.state == State::Escalated)),
        _ => None,
    });
    of_one.collect()
}

/// Each of the three has one, two or three of its own; all of them can't reach the database for four minutes.
const SIZES: [u32; 3] = [1, 2, 3];

/// The database fails over for four minutes, and all that need it answer nothing until then.
fn fails_over(story: &mut FleetStory) {
    pass(story, 5, |_| false);
    become_(story, &SIZES, App::Dead);
    pass(story, 4, |_| true);
    become_(story, &SIZES, App::Well);
    pass(story, 40, |_| false);
}

#[test]
fn a_failover_of_four_minutes_replaces_nobody_where_the_policy_says_what_depends_on_what() {
    let mut story = groups(&SIZES, BOTH, DEPENDS);
    fails_over(&mut story);
    assert_eq!(terminated(&story, &SIZES), []);
    assert_eq!(story.ledger.open::<InstanceKind>(), [], "all recovered by themselves");
    let mut story = groups(&SIZES, BOTH, "");
    fails_over(&mut story);
    assert!(!terminated(&story, &SIZES).is_empty(), "else it proves nothing");
}

#[test]
fn whose_machine_fails_meanwhile_is_replaced_all_the_same() {
    let sizes = [3, 3];
    let mut story = groups(&sizes, TARGETS, DEPENDS);
    pass(&mut story, 5, |_| false);
    let [lost, impaired] = [0, 1].map(|nth| story.in_service(&name(nth)).remove(0));
    for id in [&lost, &impaired] {
        story.cloud.with(|world| world.break_app(id, App::Dead)).unwrap();
    }
    // Else its group replaces it by itself.
    story.cloud.with(|world| world.suspend_processes(&name(1), &[Process::HealthCheck])).unwrap();
    story.cloud.with(|world| world.break_machine(&impaired, Machine::InstanceImpaired)).unwrap();
    pass(&mut story, 15, |_| true);
    let gone: Vec<InstanceId> = terminated(&story, &sizes).into_iter().map(|(id, _)| id).collect();
    assert_eq!(gone, [impaired]);
    assert_eq!(holds(&story), [("dependency".to_owned(), false)]);
}

/// One of four is dead for good, and the database's alarm does this from then on: after how many minutes it is replaced.
fn replaced_after(moves: impl Fn(i64) -> bool) -> i64 {
    let sizes = [4];
    let mut story = groups(&sizes, BOTH, DEPENDS);
    pass(&mut story, 5, |_| false);
    let (broken_at, victim) = (story.now(), story.in_service(&name(0)).remove(0));
    story.cloud.with(|world| world.break_app(&victim, App::Dead)).unwrap();
    pass(&mut story, 150, moves);
    let gone = terminated(&story, &sizes);
    let [(first, at)] = gone.as_slice() else { panic!("{gone:?}") };
    assert_eq!(*first, victim);
    at.duration_since(broken_at).as_mins()
}

#[test]
fn after_half_an_hour_the_other_guards_decide_however_the_alarm_flaps() {
    let at_once = replaced_after(|_| false);
    assert!(at_once < 6, "{at_once}");
    let stuck = replaced_after(|_| true);
    assert!((30..38).contains(&stuck), "{stuck}");
    for flapping in [replaced_after(|minute| minute % 2 == 0), replaced_after(|minute| minute % 6 < 2)] {
        assert!((30..45).contains(&flapping), "{flapping}");
    }
}

#[test]
fn who_is_held_for_longer_than_the_policy_allows_has_a_person_asked() {
    let sizes = [4];
    let mut story = groups(&sizes, BOTH, &format!("{DEPENDS}\nmax-wait = \"10m\""));
    pass(&mut story, 5, |_| false);
    let victim = story.in_service(&name(0)).remove(0);
    story.cloud.with(|world| world.break_app(&victim, App::Dead)).unwrap();
    pass(&mut story, 20, |_| true);
    let open = story.ledger.open::<InstanceKind>();
    let asked = open.iter().filter_map(|open| open.paged_because.as_ref());
    let asked: Vec<&Page> = asked.collect();
    assert!(matches!(asked[..], [Page::Waited { holds, .. }] if holds == &["dependency"]), "{asked:?}");
    assert!(matches!(&open[0].decision, Some(Decision::Hold { because: Hold::Dependency(_), .. })), "{open:?}");
}

/// CloudWatch answers nobody who asks for an alarm by its name.
#[derive(Debug, Clone, Copy)]
struct NoAlarms;

impl Gate for NoAlarms {
    async fn before(&self, call: Call<'_>) -> Passage {
        match call {
            Call::Read { what: "read alarms by name" } => Passage::Throttled,
            _ => Passage::Open,
        }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[test]
fn an_alarm_that_nobody_can_read_keeps_nobody_unhealthy() {
    let sizes = [4];
    for behind in [true, false] {
        let mut story = groups(&sizes, TARGETS, DEPENDS);
        // Without alarms of their own: nothing but the database's is asked for by its name.
        for id in story.in_service(&name(0)) {
            story.cloud.with(|world| world.delete_alarm(&alarm_name(&name(0), &id)));
        }
        pass(&mut story, 5, |_| false);
        if behind {
            story.put_behind(NoAlarms);
        }
        let victim = story.in_service(&name(0)).remove(0);
        story.cloud.with(|world| world.break_app(&victim, App::Dead)).unwrap();
        pass(&mut story, 15, |_| true);
        assert_eq!(terminated(&story, &sizes).len(), usize::from(behind), "{:?}", holds(&story));
    }
}

#[test]
fn what_it_depends_on_is_read_beside_the_rest() {
    for evidence in [BOTH, TARGETS] {
        let story = groups(&[4], evidence, DEPENDS);
        let victim = story.in_service(&name(0)).remove(0);
        story.break_app(&victim).unwrap();
        story.cloud.pass(minutes(3));
        let event = story.cloud.with(|world| world.take_events()).remove(0);
        assert_eq!(turn_of_the_effect(&story.owner, event), 4, "{evidence}");
    }
}
