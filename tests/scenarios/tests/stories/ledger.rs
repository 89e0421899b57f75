//! What every ledger must hold, whatever it is made of: one suite for the one in memory and the one in DynamoDB.

mod marks;

use anyhow::{Result, ensure};
use futures_util::FutureExt;
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::aws::rates::{Api, Share};
use homeostat_core::aws::source::Source;
use homeostat_core::aws::units::Unit;
use homeostat_core::budget::{Bounds, Purchase, SharedBudget, Thousandths};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, Scope, Subject};
use homeostat_core::incident::{Gone, Month};
use homeostat_core::memory::{News, Remembered};
use homeostat_core::ports::{
    ClosedIncidents, ClosedPage, Control, Due, DueIncidents, DueMarks, Ledger, Mark, NotWritten, Outcome, Pause, Slots,
    Write,
};
use homeostat_core::resync::Resync;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::memory::Act;
use homeostat_remedies::instance::reasons::{Close, Decision, Hold, HoldReason, Incident, Step};
use jiff::{SignedDuration, Timestamp};
use world::{IN_CLOSED_INDEX, MemoryLedger, VirtualClock};

/// Of no fleet that a story runs, so that the suite can share a table with one.
const GROUP: &str = "suite";

/// So late that no deployed sweep finds anything of it due while the suite runs.
fn noon() -> Timestamp {
    "2090-03-01T12:00:00Z".parse().unwrap()
}

fn group() -> GroupName {
    GROUP.parse().unwrap()
}

fn scope() -> Scope {
    Scope::of_group(&group())
}

fn subject(number: u8) -> Subject {
    let id: InstanceId = format!("i-{:017x}", 0x5e1f_0000_u64 + u64::from(number)).parse().unwrap();
    Subject::of_instance("us-east-1".parse().unwrap(), &id)
}

fn incident(number: u8) -> Incident {
    let alarm: AlarmArn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:suite".parse().unwrap();
    Incident::new(
        subject(number),
        InstanceKind::Instance {
            group: group(),
            alarms: [alarm].into_iter().collect(),
            notice: None,
            gone: Gone::default(),
        },
        noon(),
        noon(),
    )
}

fn hold(incident: &Incident, until: Timestamp) -> Incident {
    incident.hold(
        noon(),
        until,
        &Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() }),
    )
}

fn intend(incident: &Incident) -> Incident {
    let instance = incident.subject.instance().unwrap();
    let step = Step::Replace { group: group(), instance };
    incident.intend(noon(), &step, &Decision::Act { step: step.clone(), because: Vec::new() })
}

fn is_conflict<T>(written: &Result<T, NotWritten>) -> bool {
    matches!(written, Err(NotWritten::Conflict))
}

/// Runs once on an empty ledger, or one that knows nothing of [`GROUP`].
pub(crate) async fn suite<L: Ledger + DueIncidents + DueMarks + Control + ClosedIncidents>(ledger: &L) -> Result<()> {
    nothing_is_known_of_a_stranger(ledger).await?;
    a_stale_version_is_refused(ledger).await?;
    marks::suite(ledger).await?;
    one_of_two_gets_the_last_slot(ledger).await?;
    the_budget_of_all_groups_is_bought_of_in_the_same_transaction(ledger).await?;
    the_sweep_moves_wake_at_and_breaks_no_fence(ledger).await?;
    the_sweeps_marks_are_kept_until_the_owner_writes(ledger).await?;
    an_alarms_memory_is_written_only_over_what_was_read(ledger).await?;
    a_group_is_remembered_in_the_same_transaction(ledger).await?;
    a_pause_in_force_refuses_the_intent_and_nothing_else(ledger).await?;
    closing_moves_the_incident_and_frees_its_slot(ledger).await?;
    a_slice_of_a_resync_is_taken_by_one(ledger).await?;
    what_closed_is_listed_by_month_newest_first_and_page_by_page(ledger).await
}

async fn a_slice_of_a_resync_is_taken_by_one<L: Ledger>(ledger: &L) -> Result<()> {
    let nothing = ledger.resync(GROUP).await?;
    ensure!(nothing == Resync::default(), "{nothing:?}");
    let names = ["a".to_owned(), "b".to_owned()];
    let (winner, loser) = (nothing.claimed(noon(), false)?, nothing.claimed(noon(), false)?);
    ledger.write_resync(GROUP, &winner).await?;
    ensure!(is_conflict(&ledger.write_resync(GROUP, &loser).await), "both took the first slice");
    let mut next = winner.advanced(noon(), &names, &names, &names[..1]);
    next.pacer.spend(noon(), Share::Resync, &Api::ALL.map(|api| (api, 3)));
    ledger.write_resync(GROUP, &next).await?;
    ensure!(ledger.resync(GROUP).await? == next, "it is read back as written");
    ensure!(is_conflict(&ledger.write_resync(GROUP, &next).await), "written twice from one reading");
    ensure!(ledger.resync("another").await? == nothing, "each remedy has its own");
    Ok(())
}

async fn nothing_is_known_of_a_stranger<L: Ledger>(ledger: &L) -> Result<()> {
    let history = ledger.history::<InstanceKind>(&subject(9), None).await?;
    ensure!(history.open.is_none() && history.last_closed_at.is_none());
    let limits = ledger.limits::<InstanceKind>(&subject(9), &scope()).await?;
    ensure!(limits.pauses.is_empty() && limits.slots == Slots::default(), "{limits:?}");
    ensure!(ledger.open_among(&[subject(9)]).await?.is_empty());
    ensure!(ledger.open_among(&[]).await?.is_empty(), "nobody asked for is nobody found");
    Ok(())
}

async fn a_stale_version_is_refused<L: Ledger>(ledger: &L) -> Result<()> {
    let opened = hold(&incident(1), noon() + SignedDuration::from_mins(1));
    ledger.write(Write::of(&opened)).await?;
    let read = ledger.history::<InstanceKind>(&subject(1), None).await?.open;
    ensure!(read.as_ref() == Some(&opened), "it is read back as written: {read:?}");
    ensure!(is_conflict(&ledger.write(Write::of(&opened)).await), "opened twice");
    let next = hold(&opened, noon() + SignedDuration::from_mins(2));
    ledger.write(Write::of(&next)).await?;
    ensure!(is_conflict(&ledger.write(Write::of(&next)).await), "written twice from one reading");
    ensure!(ledger.history::<InstanceKind>(&subject(1), None).await?.open == Some(next));
    Ok(())
}

async fn one_of_two_gets_the_last_slot<L: Ledger>(ledger: &L) -> Result<()> {
    let claim = |number| Slots { version: 1, holders: [(subject(number), noon())].into() };
    let (winner, loser) = (intend(&incident(2)), intend(&incident(3)));
    ledger.write(Write { slots: Some(&claim(2)), unpaused_at: Some(noon()), ..Write::of(&winner) }).await?;
    let lost = ledger.write(Write { slots: Some(&claim(3)), unpaused_at: Some(noon()), ..Write::of(&loser) }).await;
    ensure!(is_conflict(&lost), "both read the slots of version 0");
    ensure!(
        ledger.history::<InstanceKind>(&subject(3), None).await?.open.is_none(),
        "of a lost transaction, nothing is written"
    );
    ensure!(ledger.limits::<InstanceKind>(&subject(3), &scope()).await?.slots == claim(2));
    let open = ledger.open_among(&[subject(1), subject(2), subject(3)]).await?;
    ensure!(open.len() == 2 && open.contains(&subject(1)) && open.contains(&subject(2)), "{open:?}");
    Ok(())
}

async fn the_budget_of_all_groups_is_bought_of_in_the_same_transaction<L: Ledger + Control>(ledger: &L) -> Result<()> {
    // A fleet's stories may have used it.
    let read = |shared: Result<SharedBudget, String>| shared.map_err(anyhow::Error::msg);
    let before = read(ledger.limits::<InstanceKind>(&subject(20), &scope()).await?.shared)?;
    let purchase = Purchase {
        scope: scope(),
        service: "suite".to_owned(),
        cost: Thousandths::of_group(1, 3),
        bounds: Bounds::default(),
    };
    let taken = |number| before.taken_by(noon(), &subject(number), &purchase);
    let (winner, loser) = (intend(&incident(20)), intend(&incident(21)));
    ledger.write(Write { shared: Some(&taken(20)), ..Write::of(&winner) }).await?;
    let lost = ledger.write(Write { shared: Some(&taken(21)), ..Write::of(&loser) }).await;
    ensure!(is_conflict(&lost), "both bought of the same version");
    ensure!(ledger.history::<InstanceKind>(&subject(21), None).await?.open.is_none(), "all or nothing");
    let limits = ledger.limits::<InstanceKind>(&subject(21), &scope()).await?;
    ensure!(limits.shared == Ok(taken(20)) && ledger.shared_budget().await? == taken(20), "{limits:?}");
    let others = ledger.limits::<HostedZoneKind>(&subject(21), &scope()).await?;
    ensure!(others.shared == Ok(SharedBudget::default()), "who buys nothing of it does not read it");
    let closed = winner.settle(noon(), Outcome::Done);
    ledger.write(Write::of(&closed)).await?;
    let closed = closed.close(noon() + SignedDuration::from_mins(3), &Close::Recovered);
    let freed = taken(20).freed_by(noon(), &subject(20)).ok_or_else(|| anyhow::anyhow!("it holds nothing"))?;
    ensure!(is_conflict(&ledger.write(Write { shared: Some(&taken(20)), ..Write::of(&closed) }).await), "stale");
    ledger.write(Write { shared: Some(&freed), ..Write::of(&closed) }).await?;
    ensure!(ledger.shared_budget().await? == freed);
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
    ledger.postpone(&due, later, &[], at_two).await?;
    ensure!(due_of(ledger, 1, at_two).await?.is_none(), "its wake_at was moved");
    ensure!(is_conflict(&ledger.postpone(&due, later, &[], at_two).await), "a second sweep from the same list");
    let Some(read) = ledger.history::<InstanceKind>(&subject(1), None).await?.open else { anyhow::bail!("it is gone") };
    ensure!((read.version, read.wakes, read.wake_at) == (due.version, 1, Some(later)), "{read:?}");
    let owners = hold(&read, later);
    ledger.write(Write::of(&owners)).await?;
    ensure!(
        ledger.history::<InstanceKind>(&subject(1), None).await?.open.is_some_and(|open| open.wakes == 0),
        "the owner wrote"
    );
    Ok(())
}

async fn the_sweeps_marks_are_kept_until_the_owner_writes<L: Ledger + DueIncidents>(ledger: &L) -> Result<()> {
    let at_nine = noon() + SignedDuration::from_mins(9);
    let acting = intend(&incident(4)).due_within(SignedDuration::from_mins(15));
    ledger.write(Write::of(&acting)).await?;
    let Some(due) = due_of(ledger, 4, at_nine).await? else { anyhow::bail!("what is due is not listed") };
    ensure!(due.deadline == acting.deadline && due.wakes == 0 && due.stuck.is_none(), "{due:?}");
    ledger.postpone(&due, at_nine, &[Mark::Stuck, Mark::Overdue], noon()).await?;
    let Some(due) = due_of(ledger, 4, at_nine).await? else { anyhow::bail!("what is due is not listed") };
    ensure!((due.wakes, due.stuck, due.overdue) == (1, Some(noon()), Some(noon())), "{due:?}");
    let Some(read) = ledger.history::<InstanceKind>(&subject(4), None).await?.open else { anyhow::bail!("it is gone") };
    ensure!((read.stuck, read.overdue, read.notify_seq) == (Some(noon()), Some(noon()), acting.notify_seq), "{read:?}");
    ledger.write(Write::of(&hold(&read, at_nine))).await?;
    let Some(read) = ledger.history::<InstanceKind>(&subject(4), None).await?.open else { anyhow::bail!("it is gone") };
    ensure!((read.stuck, read.wakes) == (None, 0), "its owner answered: {read:?}");
    Ok(())
}

fn change(second: i64) -> AlarmChange {
    let alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:suite".parse().unwrap();
    AlarmChange { alarm, contributor: None, changed_at: noon() + SignedDuration::from_secs(second) }
}

async fn an_alarms_memory_is_written_only_over_what_was_read<L: Ledger>(ledger: &L) -> Result<()> {
    let known = change(5);
    let opened = hold(&incident(5), noon());
    ensure!(ledger.history::<InstanceKind>(&subject(5), Some(&known)).await?.alarm.is_none(), "nobody spoke of it yet");
    let news = |change: &AlarmChange, over: Option<&AlarmChange>| News {
        change: change.clone(),
        over: over.map(|read| read.changed_at),
    };
    ledger.write(Write { alarm: Some(&news(&known, None)), ..Write::of(&opened) }).await?;
    ensure!(ledger.history::<InstanceKind>(&subject(9), Some(&known)).await?.alarm.as_ref() == Some(&known));
    let next = hold(&opened, noon());
    for unread in [None, Some(&change(4)), Some(&change(6))] {
        let refused = ledger.write(Write { alarm: Some(&news(&change(7), unread)), ..Write::of(&next) }).await;
        ensure!(is_conflict(&refused), "over {unread:?}, and there is {:?}", known.changed_at);
    }
    ensure!(ledger.history::<InstanceKind>(&subject(5), None).await?.open.as_ref() == Some(&opened), "all or nothing");
    ledger.write(Write { alarm: Some(&news(&change(6), Some(&known))), ..Write::of(&next) }).await?;
    ensure!(ledger.history::<InstanceKind>(&subject(5), Some(&known)).await?.alarm == Some(change(6)));
    // As where the one that was read lies in the future.
    let healed = hold(&next, noon());
    ledger.write(Write { alarm: Some(&news(&change(5), Some(&change(6)))), ..Write::of(&healed) }).await?;
    ensure!(ledger.history::<InstanceKind>(&subject(5), Some(&known)).await?.alarm == Some(change(5)));
    Ok(())
}

async fn a_group_is_remembered_in_the_same_transaction<L: Ledger + Control>(ledger: &L) -> Result<()> {
    let read = ledger.limits::<InstanceKind>(&subject(6), &scope()).await?.memory;
    let memory = read
        .acted(Act::on_the_sick(noon(), subject(6)))
        .failed(noon(), &subject(6), &Source::of(["lt-1:7"]))
        .over(&read);
    let acting = intend(&incident(6));
    ledger.write(Write { memory: Some(&memory), ..Write::of(&acting) }).await?;
    ensure!(ledger.limits::<InstanceKind>(&subject(6), &scope()).await?.memory == memory);
    let next = hold(&acting, noon());
    let refused = ledger.write(Write { memory: Some(&memory), ..Write::of(&next) }).await;
    ensure!(is_conflict(&refused), "somebody else remembered something in between");
    ensure!(ledger.history::<InstanceKind>(&subject(6), None).await?.open.as_ref() == Some(&acting), "all or nothing");
    let forgiven = memory.acknowledged().over(&memory);
    ledger.remember::<InstanceKind>(&scope(), &forgiven).await?;
    ensure!(
        is_conflict(&ledger.remember::<InstanceKind>(&scope(), &forgiven).await),
        "acknowledged twice from one reading"
    );
    ensure!(Control::memory::<InstanceKind>(ledger, &scope()).await? == forgiven);
    Ok(())
}

async fn a_pause_in_force_refuses_the_intent_and_nothing_else<L: Ledger + Control>(ledger: &L) -> Result<()> {
    let until = noon() + SignedDuration::from_mins(1);
    let scope = format!("instance#{}", subject(7).name());
    ledger.pause(&Pause { scope: scope.clone(), by: "ana".into(), reason: "suite".into(), until }).await?;
    ensure!(ledger.pauses().await?.iter().any(|pause| pause.scope == scope && pause.until == until));
    let acting = intend(&incident(7));
    let at = |now| Write { unpaused_at: Some(now), ..Write::of(&acting) };
    ensure!(is_conflict(&ledger.write(at(noon())).await), "an intent under a pause");
    let held = hold(&incident(7), noon());
    ledger.write(Write::of(&held)).await?;
    let next = intend(&held);
    let at = |now| Write { unpaused_at: Some(now), ..Write::of(&next) };
    ensure!(is_conflict(&ledger.write(at(noon())).await), "an intent under a pause");
    ledger.write(at(until)).await?;
    ensure!(ledger.resume(&scope).await? && !ledger.resume(&scope).await?, "it is lifted once");
    Ok(())
}

async fn closing_moves_the_incident_and_frees_its_slot<L: Ledger + DueIncidents>(ledger: &L) -> Result<()> {
    let Some(open) = ledger.history::<InstanceKind>(&subject(2), None).await?.open else {
        anyhow::bail!("nothing to close")
    };
    let settled = open.settle(noon(), Outcome::Done);
    ledger.write(Write::of(&settled)).await?;
    let closed = settled.close(noon() + SignedDuration::from_mins(3), &Close::Recovered);
    let freed = Slots { version: 2, ..Slots::default() };
    let stale = Slots { version: 1, ..Slots::default() };
    let refused = ledger.write(Write { slots: Some(&stale), ..Write::of(&closed) }).await;
    ensure!(is_conflict(&refused), "the slots were written since");
    ensure!(
        ledger.history::<InstanceKind>(&subject(2), None).await?.open.is_some(),
        "a close that was refused closes nothing"
    );
    ledger.write(Write { slots: Some(&freed), ..Write::of(&closed) }).await?;
    let history = ledger.history::<InstanceKind>(&subject(2), None).await?;
    ensure!(history.open.is_none() && history.last_closed_at == closed.closed_at, "{history:?}");
    ensure!(ledger.limits::<InstanceKind>(&subject(2), &scope()).await?.slots == freed);
    ensure!(is_conflict(&ledger.write(Write { slots: None, ..Write::of(&closed) }).await), "closed twice");
    ensure!(due_of(ledger, 2, Timestamp::MAX).await?.is_none(), "nobody wakes what is closed");
    Ok(())
}

async fn what_closed_is_listed_by_month_newest_first_and_page_by_page<L: Ledger + ClosedIncidents>(
    ledger: &L,
) -> Result<()> {
    let mut expected = Vec::new();
    for (number, closed_at) in
        [(10, "05-03T12:00:00.5Z"), (11, "05-31T23:59:59.999Z"), (12, "06-01T00:00:00Z"), (13, "05-01T00:00:00Z")]
    {
        let open = hold(&incident(number), noon());
        ledger.write(Write::of(&open)).await?;
        let closed = open.close(format!("2090-{closed_at}").parse()?, &Close::Recovered);
        ledger.write(Write::of(&closed)).await?;
        expected.push(Incident { notes: Vec::new(), ..closed });
    }
    let still_open = hold(&incident(14), noon());
    ledger.write(Write::of(&still_open)).await?;
    let [third, thirty_first, june, first] = &expected[..] else { anyhow::bail!("four were closed") };
    let (mut listed, mut pages, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page: ClosedPage<Incident> = ledger.closed_in("2090-05".parse()?, 2, after.as_ref()).await?;
        ensure!(page.unreadable.is_empty(), "{:?}", page.unreadable);
        pages.push(page.read.len());
        listed.extend(page.read);
        ensure!(pages.len() < 9, "it never ends: {pages:?}");
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    ensure!(listed == [thirty_first.clone(), third.clone(), first.clone()], "{listed:?}");
    ensure!(pages.iter().all(|read| *read <= 2), "{pages:?}");
    let in_june: ClosedPage<Incident> =
        ledger.closed_in(Month::of(june.closed_at.unwrap_or_default()), 9, None).await?;
    ensure!(in_june.read == [june.clone()] && in_june.next.is_none(), "{in_june:?}");
    let in_july: ClosedPage<Incident> = ledger.closed_in("2090-07".parse()?, 9, None).await?;
    ensure!(in_july.read.is_empty() && in_july.next.is_none(), "{in_july:?}");
    Ok(())
}

/// The index holds what the ledger in memory gives back, and 20 are the most that it may.
#[test]
fn the_template_projects_what_is_read_of_a_closed_incident() {
    let template = include_str!("../../../../template.yaml");
    let index =
        template.split("- IndexName: closed\n").nth(1).and_then(|rest| rest.split("StreamSpecification").next());
    let projected = index.and_then(|index| index.split("NonKeyAttributes:\n").nth(1)).unwrap();
    let projected: Vec<&str> = projected.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    assert_eq!(projected, IN_CLOSED_INDEX);
}

#[test]
fn the_ledger_in_memory_holds_what_every_ledger_must() {
    let ledger = MemoryLedger::new(VirtualClock::starting_at(noon(), SignedDuration::ZERO));
    suite(&ledger).now_or_never().unwrap().unwrap();
}
