//! What the parts must bear: a thousand incidents at once, races, and an owner that always fails.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Alarms, Gone};
use homeostat_core::ports::{Ledger, NotWritten, Slots, Write};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::HoldReason;
use homeostat_remedies::instance::reasons::{Decision, Hold, Incident, Step};
use jiff::{SignedDuration, Timestamp};
use sandbox::Stack;
use sandbox::proxy::faults::{Fault, Kind as FaultKind, Matcher};
use sandbox::stage::{Inbox, PATIENCE, Stage};

use super::parts::{break_first, break_first_but, function, homeostat_says, root, run_dir};

/// Longer than three wake-ups take, each of a minute of real time, also here.
const UNTIL_STUCK: Duration = Duration::from_secs(330);

#[tokio::test(flavor = "multi_thread")]
async fn what_burdens_the_parts_is_borne_or_told() {
    let run_dir = run_dir();
    let stage = Stage::set(&root(), run_dir.path(), 0, Stage::fleet().unwrap()).await.unwrap();
    let stack = stage.deploy(&stage.policy(), &mut |_| {}).await.unwrap();
    let (broken, races) = tokio::join!(
        an_owner_that_always_fails_is_told_of(&stage, &stack),
        of_two_that_race_for_a_slot_one_gets_it(&stage, &stack)
    );
    // Last, since what it leaves open keeps everybody busy.
    let thousand = a_thousand_due_incidents_are_swept_at_once(&stage, &stack).await;
    stage.stop().await.unwrap();
    for outcome in [broken, races, thousand] {
        outcome.unwrap();
    }
}

fn subject(number: u64) -> Subject {
    format!("us-east-1#instance#i-{number:017x}").parse().unwrap()
}

/// Of a group that no policy names, so that nobody acts.
fn incident(number: u64, now: Timestamp) -> Incident {
    Incident::new(
        subject(number),
        InstanceKind::Instance {
            group: "nobody".parse().unwrap(),
            alarms: Alarms::default(),
            notice: None,
            gone: Gone::default(),
        },
        now,
        now,
    )
}

/// Against the deployed table: 1,000 times, two write an intent that takes the last slot, at the same time.
async fn of_two_that_race_for_a_slot_one_gets_it(stage: &Stage, stack: &Stack) -> Result<()> {
    let ledger = stage.ledger(stack)?;
    // So late that no deployed sweep finds anything of it due.
    let now: Timestamp = "2095-03-01T12:00:00Z".parse()?;
    let intent = |number: u64, group: &str| {
        let step = Step::Replace { group: group.parse().unwrap(), instance: subject(number).instance().unwrap() };
        let opened = Incident::new(
            subject(number),
            InstanceKind::Instance {
                group: group.parse().unwrap(),
                alarms: Alarms::default(),
                notice: None,
                gone: Gone::default(),
            },
            now,
            now,
        );
        opened.intend(now, &step, &Decision::Act { step: step.clone(), because: Vec::new() })
    };
    let claim = |number: u64| Slots { version: 1, holders: [(subject(number), now)].into() };
    for race in 0..1000_u64 {
        let group = format!("race-{race}");
        let (one, other) = (0x7ace_0000 + 2 * race, 0x7ace_0001 + 2 * race);
        let write = |number: u64| {
            let (ledger, incident, slots) = (ledger.clone(), intent(number, &group), claim(number));
            async move { ledger.write(Write { slots: Some(&slots), unpaused_at: Some(now), ..Write::of(&incident) }).await }
        };
        let (first, second) = tokio::join!(tokio::spawn(write(one)), tokio::spawn(write(other)));
        let (first, second) = (first?, second?);
        let won = [&first, &second].iter().filter(|written| written.is_ok()).count();
        let lost = [&first, &second].iter().filter(|written| matches!(written, Err(NotWritten::Conflict))).count();
        // Two transactions on one item may also cancel each other: then both look again.
        ensure!(won <= 1 && won + lost == 2, "race {race}: {first:?}, {second:?}");
        let holders =
            ledger.limits::<InstanceKind>(&subject(one), &Scope::of_group(&group.parse()?)).await?.slots.holders;
        ensure!(holders.len() == won, "race {race}: {won} won, and {holders:?} hold it");
        ensure!(ledger.open_among(&[subject(one), subject(other)]).await?.len() == won, "race {race}");
    }
    Ok(())
}

async fn a_thousand_due_incidents_are_swept_at_once(stage: &Stage, stack: &Stack) -> Result<()> {
    let (ledger, now) = (stage.ledger(stack)?, Timestamp::now());
    // All due at the same time, soon; the sweep looks a minute ahead.
    let due = now + SignedDuration::from_secs(75);
    let open = |number: u64| {
        let ledger = ledger.clone();
        async move {
            let because = Hold::Own(HoldReason::GroupMissing { group: "nobody".parse().unwrap(), since: now });
            ledger.write(Write::of(&incident(number, now).hold(now, due, &because))).await
        }
    };
    let numbers: Vec<u64> = (0x1000_0000..0x1000_0000 + 1000).collect();
    for some in numbers.chunks(50) {
        try_join_all(some.iter().map(|number| open(*number))).await.context("writing what is due")?;
    }
    let sweep = function(stack, "Sweep")?;
    let is_wake = |call: &&sandbox::journal::Call| call.who.function() == Some(&sweep) && call.action == "SendMessage";
    let woken = |calls: &[sandbox::journal::Call]| {
        let ours = calls.iter().filter(is_wake).filter(|call| call.succeeded());
        (ours.count() >= 1000).then_some(())
    };
    stage.sandbox().journal().wait_until("a thousand wake-ups", PATIENCE, woken).await?;
    let log = stage.log_of("sweep").await?;
    ensure!(!log.iter().any(|line| line.contains("timed out")), "a sweep timed out");
    Ok(())
}

/// Every call of the owner to Auto Scaling fails. Its incident is open already, so the sweep finds that nobody answers.
async fn an_owner_that_always_fails_is_told_of(stage: &Stage, stack: &Stack) -> Result<()> {
    homeostat_says(stage, &["pause", "group#web", "--reason", "to keep it open", "--by", "ana"]).await?;
    let victim = break_first(stage, "web").await?;
    let opened = format!("{victim}/OPEN");
    stage.sandbox().journal().wait_for("the opening", PATIENCE, |call| call.subject.contains(&opened)).await?;
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let matcher = Matcher::any().of_function(function(stack, "ReplaceInstance")?).service("autoscaling");
    let broken = stage.sandbox().faults().add(Fault::always(FaultKind::ErrorBefore, matcher));
    let stuck = format!("NEEDS YOU: stuck on {victim}");
    let told = inbox.receive_until(UNTIL_STUCK, |message| message.subject.contains(&stuck)).await?;
    let body = &told.last().context("no message")?.body;
    ensure!(body.contains("wake-ups were sent, and the function") && body.contains("dead-letter queue"), "{body}");
    // What is told meanwhile waits in a mark, and is no dead letter.
    let other = break_first_but(stage, "web", &victim).await?;
    let is_marked = |call: &sandbox::journal::Call| call.action == "PutItem" && call.subject.contains("DUE#");
    stage.sandbox().journal().wait_for("a mark", PATIENCE, is_marked).await?;
    stage.sandbox().faults().remove(broken);
    let status = homeostat_says(stage, &["status"]).await?;
    ensure!(status.contains(victim.as_str()), "{status}");
    homeostat_says(stage, &["resume", "group#web"]).await?;
    stage.wait_for_close_within(&victim, PATIENCE * 3).await?;
    stage.wait_for_close_within(&other, PATIENCE * 3).await
}
