//! What holds of marks of what is due. They are of a remedy that has none, so that no deployed function serves these.

use anyhow::{Context, Result, ensure};
use homeostat_core::id::Scope;
use homeostat_core::ports::{DueHint, DueMark, DueMarks, DueTrigger, LastServer, MarkList};
use homeostat_remedies::hook::kind::HookKind;
use jiff::SignedDuration;

use super::{change, is_conflict, noon, scope, subject};

fn hint(number: u8, second: i64) -> DueHint {
    DueHint { subject: subject(number), why: DueTrigger::Alarm(change(second)) }
}

pub(super) async fn suite<L: DueMarks>(ledger: &L) -> Result<()> {
    a_mark_is_written_over_what_was_read_and_deleted_as_it_was_read(ledger).await?;
    marks_are_found_by_scope_and_all_together(ledger).await?;
    of_two_that_claim_one_serves(ledger).await
}

async fn of<L: DueMarks>(ledger: &L, scopes: &[Scope]) -> Result<MarkList> {
    Ok(ledger.due_marks_of::<HookKind>(scopes).await?)
}

async fn a_mark_is_written_over_what_was_read_and_deleted_as_it_was_read<L: DueMarks>(ledger: &L) -> Result<()> {
    ensure!(of(ledger, &[scope()]).await? == MarkList::default() && of(ledger, &[]).await? == MarkList::default());
    let first = DueMark::new(scope(), noon()).with(&[hint(1, 1)]).context("a mark")?;
    ledger.mark_due::<HookKind>(&first).await?;
    ensure!(is_conflict(&ledger.mark_due::<HookKind>(&first).await), "marked twice from nothing");
    ensure!(of(ledger, &[scope()]).await?.marks == [first.clone()], "it is read back as written");
    let next = first.with(&[hint(2, 1)]).context("more")?;
    ledger.mark_due::<HookKind>(&next).await?;
    ensure!(is_conflict(&ledger.mark_due::<HookKind>(&next).await), "written twice from one reading");
    ensure!(is_conflict(&ledger.unmark_due::<HookKind>(&first).await), "a hint came since it was read");
    ensure!(of(ledger, &[scope()]).await?.marks == std::slice::from_ref(&next));
    ledger.unmark_due::<HookKind>(&next).await?;
    ensure!(is_conflict(&ledger.unmark_due::<HookKind>(&next).await), "deleted twice");
    ensure!(of(ledger, &[scope()]).await? == MarkList::default());
    Ok(())
}

async fn marks_are_found_by_scope_and_all_together<L: DueMarks>(ledger: &L) -> Result<()> {
    let scopes: Vec<Scope> = (0..3).map(|nth| format!("group#suite {nth}").parse().unwrap()).collect();
    let mut marks = Vec::new();
    for (nth, scope) in scopes.iter().enumerate() {
        let since = noon() + SignedDuration::from_secs(nth.try_into()?);
        let mark = DueMark::new(scope.clone(), since).with(&[hint(1, 1)]).context("a mark")?;
        ledger.mark_due::<HookKind>(&mark).await?;
        marks.push(mark);
    }
    let mut found = of(ledger, &[scopes[2].clone(), scope(), scopes[0].clone()]).await?.marks;
    found.sort_by_key(|mark| mark.turn(LastServer::Done));
    ensure!(found == [marks[0].clone(), marks[2].clone()], "{found:?}");
    let until = noon() + SignedDuration::from_secs(1);
    ledger.claim_due::<HookKind>(noon(), until).await?;
    let mut all = ledger.due_marks::<HookKind>().await?;
    all.marks.sort_by_key(|mark| mark.turn(LastServer::Done));
    ensure!(all.marks == marks && all.unreadable.is_empty(), "the claim is no mark: {all:?}");
    ledger.release_due::<HookKind>(until, None).await?;
    for mark in &marks {
        ledger.unmark_due::<HookKind>(mark).await?;
    }
    Ok(())
}

async fn of_two_that_claim_one_serves<L: DueMarks>(ledger: &L) -> Result<()> {
    let at = |second| noon() + SignedDuration::from_secs(second);
    let claim = async |from, until| ledger.claim_due::<HookKind>(at(from), at(until)).await;
    ensure!(claim(1, 41).await? == LastServer::Done, "nobody served");
    ensure!(is_conflict(&claim(40, 80).await), "somebody serves until then");
    ensure!(claim(41, 81).await? == LastServer::Died, "it never gave its claim back");
    ensure!(is_conflict(&ledger.release_due::<HookKind>(at(41), None).await), "it is another's by now");
    ledger.release_due::<HookKind>(at(81), None).await?;
    ensure!(claim(42, 82).await? == LastServer::Done);
    ledger.release_due::<HookKind>(at(82), Some(at(50))).await?;
    ensure!(is_conflict(&claim(49, 89).await), "whoever served rests until then");
    ensure!(claim(50, 90).await? == LastServer::Done, "it rested");
    ledger.release_due::<HookKind>(at(90), None).await?;
    Ok(())
}
