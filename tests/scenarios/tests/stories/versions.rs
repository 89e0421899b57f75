//! A deploy in the middle of an open incident, and its rollback: what another version stored is gone on with.
//!
//! The other version is this one, with what it writes changed to what that one would write: an older one knows none of the fields that
//! came later, and so loses them; a later one adds some that nobody here knows.

use futures_util::FutureExt;
use homeostat_core::id::InstanceId;
use homeostat_core::incident::{Actor, HoldEnd, Incident, Kind, Month, State, Timeline};
use homeostat_core::ports::{ClosedIncidents, ClosedPage, Pause};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Decision;
use homeostat_remedies::registry::AnyIncident;
use jiff::SignedDuration;
use scenarios::{FleetStory, Owner, Story};
use serde_json::{Value, json};

use super::fleet::{break_some, fleet_with_budget, is_whole, minutes, terminated, the_open_one, web_scope};

/// All that the first version stored of an incident. What came later is not in this list, ever.
const FIRST_VERSION: [&str; 31] = [
    "schema",
    "subject",
    "kind",
    "state",
    "version",
    "wakes",
    "notify_seq",
    "policy",
    "verdict",
    "signalled_at",
    "opened_at",
    "acted_at",
    "followed_at",
    "unhealthy_since",
    "unhealthy_at",
    "mitigated_at",
    "recovered_at",
    "closed_at",
    "wake_at",
    "deadline",
    "stuck",
    "overdue",
    "paged_at",
    "reminders",
    "paged_because",
    "announced",
    "doubt",
    "acknowledged",
    "intent",
    "decision",
    "notes",
];

pub(crate) fn as_the_first_version(mut item: Value) -> Value {
    if let Value::Object(fields) = &mut item {
        fields.retain(|name, _| FIRST_VERSION.contains(&name.as_str()));
    }
    item
}

pub(crate) fn as_a_later_version(mut item: Value) -> Value {
    let added = || json!({ "since": "2031-01-01T00:00:00Z", "zones": ["a", "b"] });
    item["added_later"] = added();
    for held in item["kind"].as_object_mut().into_iter().flat_map(|kind| kind.values_mut()) {
        held["added_later"] = added();
    }
    item
}

pub(crate) fn as_this_version(item: Value) -> Value {
    item
}

/// Everything that was answered was done: nothing was unreadable.
pub(crate) fn nothing_failed<O: Owner>(story: &Story<O>) {
    let failed: Vec<_> = story.answers.iter().filter(|answer| answer.is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

pub(crate) fn the_closed_one<K: Kind, O>(story: &Story<O>) -> Incident<K> {
    match &story.ledger.closed()[..] {
        [closed] => closed.clone(),
        several => panic!("{} closed: {several:?}", several.len()),
    }
}

/// One sick instance of four, and nobody acts for the first eight minutes.
fn sick_under_a_pause() -> FleetStory {
    let story = fleet_with_budget(4, 1);
    let until = story.now() + minutes(8);
    story.ledger.add_pause(Pause { scope: "group#web".into(), by: "ana".into(), reason: "a deploy".into(), until });
    break_some(&story, 1);
    story
}

/// How it ended, as far as every version stores it.
#[derive(Debug, PartialEq)]
struct End {
    terminated: Vec<InstanceId>,
    decision: Option<Decision>,
    tell: u32,
    acts: usize,
}

fn end_of(story: &FleetStory) -> End {
    is_whole(story, 4);
    nothing_failed(story);
    let Incident { decision, notify_seq: tell, .. } = the_closed_one::<InstanceKind, _>(story);
    let acts = story.ledger.memory_of::<InstanceKind>(&web_scope()).acts.len();
    End { terminated: terminated(story), decision, tell, acts }
}

fn undisturbed() -> End {
    let mut story = sick_under_a_pause();
    story.pass(minutes(60));
    let end = end_of(&story);
    assert!(end.terminated.len() == 1 && end.acts == 1, "{end:?}");
    end
}

fn listed(story: &FleetStory, closed: &Incident<InstanceKind>) -> ClosedPage<AnyIncident> {
    let month = Month::of(closed.closed_at.unwrap());
    story.ledger.closed_in(month, 100, None).now_or_never().unwrap().unwrap()
}

fn until(story: &mut FleetStory, is_so: impl Fn(&Incident<InstanceKind>) -> bool) {
    for _ in 0..240 {
        if story.ledger.open::<InstanceKind>().iter().any(&is_so) {
            return;
        }
        story.pass(SignedDuration::from_secs(10));
    }
    panic!("never: {:?}", story.ledger.open::<InstanceKind>());
}

#[test]
fn deployed_in_the_middle_of_an_open_incident_then_rolled_back_it_is_healed_once_and_told_once() {
    let mut story = sick_under_a_pause();
    story.ledger.write_as(as_the_first_version);
    until(&mut story, |open| open.unhealthy_since.is_some());
    assert!(the_open_one(&story).timeline.is_empty());

    story.ledger.write_as(as_this_version);
    until(&mut story, |open| !open.timeline.holds.is_empty());
    let held = the_open_one(&story).timeline;
    assert!(held.detected_at.is_some() && held.holds[0].reason == "paused", "{held:?}");

    story.ledger.write_as(as_the_first_version);
    until(&mut story, |open| open.state == State::Verifying);
    let rolled_back = the_open_one(&story);
    assert!(rolled_back.timeline.is_empty() && rolled_back.mitigated_at.is_some(), "{rolled_back:?}");

    story.ledger.write_as(as_this_version);
    story.pass(minutes(60));
    assert_eq!(end_of(&story), undisturbed());
    let closed = the_closed_one::<InstanceKind, _>(&story);
    let Timeline { detected_at, mitigated_by, holds, .. } = &closed.timeline;
    assert_eq!((*detected_at, *mitigated_by), (rolled_back.acted_at, None), "the latest that proves it, and no guess");
    let ended = holds.last().unwrap().ended.clone();
    assert_eq!(ended, Some(HoldEnd::Closed { close: "recovered".into(), by: Actor::Unknown }), "no guess either");
    let listed = listed(&story, &closed).read;
    let projected = Incident { notes: Vec::new(), policy: String::new(), unhealthy_since: None, ..closed };
    assert_eq!(listed, [projected.into()]);
}

/// Whatever is deployed when.
#[test]
fn however_often_versions_take_turns_it_ends_as_undisturbed() {
    let expected = undisturbed();
    for others in [as_the_first_version, as_a_later_version] {
        for turn in [20, 45, 70, 130, 300, 3_600] {
            let (mut story, mut is_others) = (sick_under_a_pause(), true);
            let end = story.now() + minutes(60);
            while story.now() < end {
                story.ledger.write_as(if is_others { others } else { as_this_version });
                story.pass(SignedDuration::from_secs(turn));
                is_others = !is_others;
            }
            assert_eq!(end_of(&story), expected, "each for {turn} s");
        }
    }
}

/// What an older version closed is in the history of its subject, and not in the index.
#[test]
fn what_the_first_version_closed_is_found_as_its_subjects_last_and_in_no_month() {
    let mut story = sick_under_a_pause();
    story.ledger.write_as(as_the_first_version);
    story.pass(minutes(60));
    let closed = the_closed_one::<InstanceKind, _>(&story);
    assert!(story.ledger.last_closed::<InstanceKind>(&closed.subject).is_some());
    let listed = listed(&story, &closed);
    assert!(listed.read.is_empty() && listed.next.is_none(), "{listed:?}");
}
