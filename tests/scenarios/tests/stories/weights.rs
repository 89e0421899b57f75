//! Weights on real parts: what goes wrong with a change of records, and what must not come of it. Each story has a zone of its own.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use homeostat_core::incident::State;
use homeostat_remedies::hosted_zone::reasons::CloseReason;
use homeostat_remedies::hosted_zone::reasons::{Close, Decision, Incident};
use sandbox::Stack;
use sandbox::account::{ACCOUNT_ID, REGION};
use sandbox::journal::Call;
use sandbox::proxy::faults::{Fault, Kind, Matcher};
use sandbox::stage::balance::{KIND, SETTINGS};
use sandbox::stage::{Balance, Inbox, PATIENCE, Stage};
use world::EndpointState;

use super::odd_checks::{Odd, Refused};
use super::parts::{function, homeostat_says, on_a_stage};

pub(crate) const CHANGE: (&str, &str) = ("route53", "ChangeResourceRecordSets");

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_goes_wrong_makes_nothing_worse() {
    on_a_stage(play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let [race, drift, tool, busy, away] = futures_util::future::try_join_all(
        ["-race", "-drift", "-tool", "-busy", "-away"].map(|name| Balance::make(stage, name)),
    )
    .await?
    .try_into()
    .map_err(|_| anyhow::anyhow!("five were asked for"))?;
    let denied = Balance::make(stage, "-denied").await?.outside_the_role();
    let targets = Balance::make(stage, "-targets").await?.with_targets(&target_group(stage)?);
    let targets = targets.with_settings(&SETTINGS.replace("\"canary\"", "\"canary\", \"target-health\""));
    let (refused, odd) = (Refused::make(stage).await?, Odd::make(stage).await?);
    let all = [&race, &drift, &tool, &busy, &away, &denied, &targets];
    let all = [&all[..], &refused.balances(), &odd.balances()].concat();
    let stack = stage.deploy_for(&all, &stage.policy(), &mut |_| {}).await?;
    // Each alarm also calls the function itself, which puts that on its intake queue.
    let owner = function(&stack, "ShiftDns")?;
    stage.set_alarm_actions(vec![format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{owner}")]);
    let stories = (
        a_stalled_change_never_applies_over_a_newer_one(stage, &stack, &race),
        what_a_person_changed_is_left_to_them(stage, &stack, &drift),
        what_a_tool_put_back_is_left_until_a_person_says_so(stage, &stack, &tool),
        a_busy_zone_is_waited_for(stage, &busy),
        a_control_plane_that_is_away_is_waited_out(stage, &stack, &away),
        a_name_outside_the_role_is_paged_and_not_tried_again(stage, &stack, &denied),
        the_targets_behind_an_alias_are_proof_too(stage, &stack, &targets),
    );
    let checks = (
        refused.what_is_refused_keeps_no_other_record_where_it_was(stage, &stack),
        odd.are_read_as_route_53_reads_them(stage, &stack),
    );
    tokio::try_join!(stories.0, stories.1, stories.2, stories.3, stories.4, stories.5, stories.6, checks.0, checks.1)
        .map(drop)
}

fn target_group(stage: &Stage) -> Result<String> {
    let arn = stage.face().with(|world| world.target_groups().next().map(|group| group.arn.to_string()));
    arn.context("the world has no target group")
}

/// Changes by a function, tried or done, of this zone.
pub(crate) fn changes(stage: &Stage, balance: &Balance) -> Vec<Call> {
    let of_zone = |call: &Call| {
        call.is(CHANGE.0, CHANGE.1) && call.who.function().is_some() && call.subject.contains(balance.zone.id())
    };
    stage.sandbox().journal().select(of_zone)
}

fn expected(balance: &Balance, blue: u8, green: u8) -> BTreeMap<String, u8> {
    BTreeMap::from([(balance.endpoint("blue"), blue), (balance.endpoint("green"), green)])
}

pub(crate) async fn has(balance: &Balance, blue: u8, green: u8) -> Result<()> {
    let weights = balance.weights().await?;
    ensure!(weights == expected(balance, blue, green), "{}: {weights:?}, expected {blue} and {green}", balance.name);
    Ok(())
}

/// Blue gets slow, and its weight is gone.
async fn drained(stage: &Stage, balance: &Balance) -> Result<()> {
    balance.set_state(stage, "blue", EndpointState::Slow)?;
    stage.wait_for_alarm(&balance.slow_alarm("blue"), "ALARM").await?;
    let zone = balance.zone.id().to_owned();
    let accepted = move |call: &Call| {
        call.is(CHANGE.0, CHANGE.1) && call.who.function().is_some() && call.succeeded() && call.subject.contains(&zone)
    };
    stage.sandbox().journal().wait_for("the change of weights", PATIENCE, accepted).await?;
    has(balance, 0, 30).await
}

pub(crate) async fn newest(stage: &Stage, stack: &Stack, balance: &Balance) -> Result<Incident> {
    stage.ledger(stack)?.newest(&balance.subject()?).await?.context("no incident of the zone")
}

pub(crate) async fn recovers(stage: &Stage, stack: &Stack, balance: &Balance) -> Result<()> {
    balance.set_state(stage, "blue", EndpointState::Well)?;
    stage.wait_for_close_of(&balance.subject()?).await?;
    let closed = newest(stage, stack, balance).await?;
    ensure!(closed.decision == Some(Decision::Close(Close::Recovered)), "{:?}", closed.decision);
    has(balance, 70, 30).await
}

/// Waits for a page about this zone whose body holds the text.
pub(crate) async fn paged(stage: &Stage, stack: &Stack, balance: &Balance, text: &str) -> Result<String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut looks = stage.sandbox().journal().mark();
    loop {
        // Its first look may be still to come.
        let incident: Option<Incident> = stage.ledger(stack)?.newest(&balance.subject()?).await?;
        let paged = incident.as_ref().and_then(|incident| incident.paged_because.as_ref());
        let said = paged.map(ToString::to_string).unwrap_or_default();
        if let Some(incident) = incident.filter(|_| said.contains(text)) {
            ensure!(incident.state == State::Escalated, "{:?}", incident.state);
            return Ok(said);
        }
        ensure!(tokio::time::Instant::now() < deadline, "{}: {text:?} was never said, but {said:?}", balance.name);
        let next = looks;
        let written =
            |call: &Call| call.sequence >= next && call.subject.contains(balance.zone.id()) && call.action == "PutItem";
        stage.sandbox().journal().wait_for("the next look", PATIENCE, written).await?;
        looks = stage.sandbox().journal().mark();
    }
}

/// As in the outage of October 2025: a change is stalled on its way, newer ones are applied, and then it arrives. The weights are
/// by then the very ones that it was made for.
async fn a_stalled_change_never_applies_over_a_newer_one(
    stage: &Stage,
    stack: &Stack,
    balance: &Balance,
) -> Result<()> {
    let stalled = Matcher::any().action(CHANGE.0, CHANGE.1).about(balance.zone.id());
    let faults = stage.sandbox().faults();
    let held = faults.add(Fault::once(Kind::Hold, stalled));
    drained(stage, balance).await?;
    ensure!(faults.wait_until_held(held, PATIENCE).await, "no change was stalled");
    recovers(stage, stack, balance).await?;
    let generation = generation(balance).await?;
    faults.release(held);
    let zone = balance.zone.id().to_owned();
    let arrived =
        move |call: &Call| call.is(CHANGE.0, CHANGE.1) && call.error.is_some() && call.subject.contains(&zone);
    let late = stage.sandbox().journal().wait_for("the stalled change", PATIENCE, arrived).await?;
    ensure!(late.error.as_deref() == Some("InvalidChangeBatch"), "{late}");
    has(balance, 70, 30).await?;
    ensure!(self::generation(balance).await? == generation, "the generation was touched");
    Ok(())
}

async fn generation(balance: &Balance) -> Result<Option<String>> {
    balance.zone.text(&format!("_homeostat.{}", balance.name)).await
}

async fn what_a_person_changed_is_left_to_them(stage: &Stage, stack: &Stack, balance: &Balance) -> Result<()> {
    drained(stage, balance).await?;
    let green = balance.endpoint("green");
    balance.zone.set_weight(&balance.name, &KIND, &green, 100).await?;
    let said = paged(stage, stack, balance, "was changed by somebody else").await?;
    ensure!(said.contains(&format!("{green} has weight 100, and Homeostat left 30")), "{said}");
    has(balance, 0, 100).await?;
    balance.set_state(stage, "blue", EndpointState::Well)?;
    stage.wait_for_close_of(&balance.subject()?).await?;
    let closed = newest(stage, stack, balance).await?;
    ensure!(
        matches!(closed.decision, Some(Decision::Close(Close::Own(CloseReason::TakenOver { .. })))),
        "{:?}",
        closed.decision
    );
    has(balance, 0, 100).await
}

async fn what_a_tool_put_back_is_left_until_a_person_says_so(
    stage: &Stage,
    stack: &Stack,
    balance: &Balance,
) -> Result<()> {
    drained(stage, balance).await?;
    balance.zone.set_weight(&balance.name, &KIND, &balance.endpoint("blue"), 70).await?;
    let said = paged(stage, stack, balance, "was changed by somebody else").await?;
    ensure!(said.contains("has weight 70, and Homeostat left 0"), "{said}");
    let tries = changes(stage, balance).len();
    let looks = newest(stage, stack, balance).await?.version + 2;
    stage.wait_for_version(stack, &balance.subject()?, looks).await?;
    ensure!(changes(stage, balance).len() == tries, "it was changed again without a person's word");
    has(balance, 70, 30).await?;
    let handle = balance.subject()?.handle();
    homeostat_says(stage, &["ack", &handle, "--reason", "the tool was stopped", "--by", "ana"]).await?;
    let zone = balance.zone.id().to_owned();
    let again = move |call: &[Call]| {
        let done =
            call.iter().filter(|call| call.is(CHANGE.0, CHANGE.1) && call.succeeded() && call.who.function().is_some());
        (done.filter(|call| call.subject.contains(&zone)).count() == 2).then_some(())
    };
    stage.sandbox().journal().wait_until("the second drain", PATIENCE, again).await?;
    has(balance, 0, 30).await?;
    recovers(stage, stack, balance).await
}

async fn a_busy_zone_is_waited_for(stage: &Stage, balance: &Balance) -> Result<()> {
    let busy = Matcher::any().action(CHANGE.0, CHANGE.1).about(balance.zone.id());
    stage.sandbox().faults().add(Fault::times(2, Kind::Conflict, busy));
    drained(stage, balance).await?;
    let tries = changes(stage, balance);
    let errors: Vec<Option<&str>> = tries.iter().take(3).map(|call| call.error.as_deref()).collect();
    ensure!(errors == [Some("PriorRequestNotComplete"), Some("PriorRequestNotComplete"), None], "{errors:?}");
    ensure!(
        tries.windows(2).take(2).all(|pair| matches!(pair, [one, other] if one.invocation == other.invocation)),
        "not in one invocation"
    );
    Ok(())
}

/// It is left to the sweep, which comes once the lease of the intent is over.
async fn a_control_plane_that_is_away_is_waited_out(stage: &Stage, stack: &Stack, balance: &Balance) -> Result<()> {
    let away = Matcher::any().action(CHANGE.0, CHANGE.1).about(balance.zone.id());
    let away = stage.sandbox().faults().add(Fault::always(Kind::Unavailable, away));
    balance.set_state(stage, "blue", EndpointState::Slow)?;
    stage.wait_for_alarm(&balance.slow_alarm("blue"), "ALARM").await?;
    stage.wait_for_version(stack, &balance.subject()?, 3).await?;
    let incident = newest(stage, stack, balance).await?;
    let said = incident.decision.context("no decision")?.to_string();
    ensure!(said.contains("whether the last call took effect is unknown"), "{said}");
    has(balance, 70, 30).await?;
    stage.sandbox().faults().remove(away);
    drained(stage, balance).await?;
    recovers(stage, stack, balance).await
}

async fn a_name_outside_the_role_is_paged_and_not_tried_again(
    stage: &Stage,
    stack: &Stack,
    balance: &Balance,
) -> Result<()> {
    let zone = format!("hostedzone/{}", balance.zone.id());
    stage.sandbox().roles().expect_refusal("ShiftDns", "route53:ChangeResourceRecordSets", &zone);
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    balance.set_state(stage, "blue", EndpointState::Slow)?;
    let name = balance.name.clone();
    let told =
        move |message: &sandbox::stage::Message| message.subject.contains("NEEDS YOU") && message.body.contains(&name);
    let page = inbox.receive_until(PATIENCE, told).await?.pop().context("no page")?;
    ensure!(
        page.body.contains("AccessDenied") && page.body.contains("route53:ChangeResourceRecordSets"),
        "{}",
        page.body
    );
    let looks = newest(stage, stack, balance).await?.version + 2;
    stage.wait_for_version(stack, &balance.subject()?, looks).await?;
    ensure!(changes(stage, balance).len() == 1, "{} tries", changes(stage, balance).len());
    has(balance, 70, 30).await
}

async fn the_targets_behind_an_alias_are_proof_too(stage: &Stage, stack: &Stack, balance: &Balance) -> Result<()> {
    drained(stage, balance).await?;
    recovers(stage, stack, balance).await
}
