//! What every ledger must hold, whatever it is made of: one suite for the one in memory and the one in DynamoDB.

use anyhow::{Result, ensure};
use futures_util::FutureExt;
use homeostat_core::decision::{Close, Decision, Hold, Step};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::ports::{Due, DueIncidents, Ledger, NotWritten, Outcome, Slots, Write};
use jiff::{SignedDuration, Timestamp};
use world::{MemoryLedger, VirtualClock};

/// Of no fleet that a story runs, so that the suite can share a table with one.
const GROUP: &str = "suite";

/// So late that no deployed sweep finds anything of it due while the suite runs.
fn noon() -> Timestamp {
    "2090-03-01T12:00:00Z".parse().unwrap()
}

fn group() -> GroupName {
    GROUP.parse().unwrap()
}

fn subject(number: u8) -> Subject {
    let id: InstanceId = format!("i-{:017x}", 0x5e1f_0000_u64 + u64::from(number)).parse().unwrap();
    Subject::Instance { region: "us-east-1".parse().unwrap(), id }
}

fn incident(number: u8) -> Incident {
    let alarm: AlarmArn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:suite".parse().unwrap();
    Incident::new(subject(number), Kind::Instance { group: group(), alarm }, noon(), noon())
}

fn hold(incident: &Incident, until: Timestamp) -> Incident {
    incident.hold(noon(), until, &Hold::Recovering { healthy: 3, needed: 4 })
}

fn intend(incident: &Incident) -> Incident {
    let Subject::Instance { id, .. } = &incident.subject;
    let step = Step::Replace { group: group(), instance: id.clone() };
    incident.intend(noon(), &step, &Decision::Act { step: step.clone(), because: Vec::new() })
}

fn is_conflict(written: &Result<(), NotWritten>) -> bool {
    matches!(written, Err(NotWritten::Conflict))
}

/// Runs once on an empty ledger, or one that knows nothing of [`GROUP`].
pub(crate) async fn suite<L: Ledger + DueIncidents>(ledger: &L) -> Result<()> {
    nothing_is_known_of_a_stranger(ledger).await?;
    a_stale_version_is_refused(ledger).await?;
    one_of_two_gets_the_last_slot(ledger).await?;
    the_sweep_moves_wake_at_and_breaks_no_fence(ledger).await?;
    closing_moves_the_incident_and_frees_its_slot(ledger).await
}

async fn nothing_is_known_of_a_stranger<L: Ledger>(ledger: &L) -> Result<()> {
    let history = ledger.history(&subject(9)).await?;
    ensure!(history.open.is_none() && history.last_closed.is_none());
    let limits = ledger.limits(&subject(9), &group()).await?;
    ensure!(limits.pauses.is_empty() && limits.slots == Slots::default(), "{limits:?}");
    ensure!(ledger.open_among(&[subject(9)]).await?.is_empty());
    ensure!(ledger.open_among(&[]).await?.is_empty(), "nobody asked for is nobody found");
    Ok(())
}

async fn a_stale_version_is_refused<L: Ledger>(ledger: &L) -> Result<()> {
    let opened = hold(&incident(1), noon() + SignedDuration::from_mins(1));
    ledger.write(Write::Update { incident: &opened }).await?;
    let read = ledger.history(&subject(1)).await?.open;
    ensure!(read.as_ref() == Some(&opened), "it is read back as written: {read:?}");
    ensure!(is_conflict(&ledger.write(Write::Update { incident: &opened }).await), "opened twice");
    let next = hold(&opened, noon() + SignedDuration::from_mins(2));
    ledger.write(Write::Update { incident: &next }).await?;
    ensure!(is_conflict(&ledger.write(Write::Update { incident: &next }).await), "written twice from one reading");
    ensure!(ledger.history(&subject(1)).await?.open == Some(next));
    Ok(())
}

async fn one_of_two_gets_the_last_slot<L: Ledger>(ledger: &L) -> Result<()> {
    let claim = |number| Slots { version: 1, holders: [(subject(number), noon())].into() };
    let (winner, loser) = (intend(&incident(2)), intend(&incident(3)));
    ledger.write(Write::Intent { incident: &winner, slots: &claim(2), now: noon() }).await?;
    let lost = ledger.write(Write::Intent { incident: &loser, slots: &claim(3), now: noon() }).await;
    ensure!(is_conflict(&lost), "both read the slots of version 0");
    ensure!(ledger.history(&subject(3)).await?.open.is_none(), "of a lost transaction, nothing is written");
    ensure!(ledger.limits(&subject(3), &group()).await?.slots == claim(2));
    let open = ledger.open_among(&[subject(1), subject(2), subject(3)]).await?;
    ensure!(open.len() == 2 && open.contains(&subject(1)) && open.contains(&subject(2)), "{open:?}");
    Ok(())
}

async fn due_of<L: DueIncidents>(ledger: &L, number: u8, until: Timestamp) -> Result<Option<Due>> {
    Ok(ledger.due(until).await?.due.into_iter().find(|due| due.subject == subject(number)))
}

async fn the_sweep_moves_wake_at_and_breaks_no_fence<L: Ledger + DueIncidents>(ledger: &L) -> Result<()> {
    let (at_one, at_two) = (noon() + SignedDuration::from_mins(1), noon() + SignedDuration::from_mins(2));
    ensure!(due_of(ledger, 1, at_one).await?.is_none(), "it is due at two minutes past noon");
    let Some(due) = due_of(ledger, 1, at_two).await? else { anyhow::bail!("what is due is not listed") };
    let later = at_two + SignedDuration::from_mins(1);
    ledger.postpone(&due, later).await?;
    ensure!(due_of(ledger, 1, at_two).await?.is_none(), "its wake_at was moved");
    ensure!(is_conflict(&ledger.postpone(&due, later).await), "a second sweep from the same list");
    let Some(read) = ledger.history(&subject(1)).await?.open else { anyhow::bail!("it is gone") };
    ensure!((read.version, read.wakes, read.wake_at) == (due.version, 1, Some(later)), "{read:?}");
    let owners = hold(&read, later);
    ledger.write(Write::Update { incident: &owners }).await?;
    ensure!(ledger.history(&subject(1)).await?.open.is_some_and(|open| open.wakes == 0), "the owner wrote");
    Ok(())
}

async fn closing_moves_the_incident_and_frees_its_slot<L: Ledger + DueIncidents>(ledger: &L) -> Result<()> {
    let Some(open) = ledger.history(&subject(2)).await?.open else { anyhow::bail!("nothing to close") };
    let settled = open.settle(noon(), Outcome::Done);
    ledger.write(Write::Update { incident: &settled }).await?;
    let closed = settled.close(noon() + SignedDuration::from_mins(3), &Close::Recovered);
    let freed = Slots { version: 2, ..Slots::default() };
    let stale = Slots { version: 1, ..Slots::default() };
    let refused = ledger.write(Write::Close { incident: &closed, slots: Some(&stale) }).await;
    ensure!(is_conflict(&refused), "the slots were written since");
    ensure!(ledger.history(&subject(2)).await?.open.is_some(), "a close that was refused closes nothing");
    ledger.write(Write::Close { incident: &closed, slots: Some(&freed) }).await?;
    let history = ledger.history(&subject(2)).await?;
    ensure!(history.open.is_none() && history.last_closed.as_ref() == Some(&closed), "{history:?}");
    ensure!(ledger.limits(&subject(2), &group()).await?.slots == freed);
    ensure!(is_conflict(&ledger.write(Write::Close { incident: &closed, slots: None }).await), "closed twice");
    ensure!(due_of(ledger, 2, Timestamp::MAX).await?.is_none(), "nobody wakes what is closed");
    Ok(())
}

#[test]
fn the_ledger_in_memory_holds_what_every_ledger_must() {
    let ledger = MemoryLedger::new(VirtualClock::starting_at(noon(), SignedDuration::ZERO));
    suite(&ledger).now_or_never().unwrap().unwrap();
}
