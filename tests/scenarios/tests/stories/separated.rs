//! The deployed roles hold each function to what is its own, whatever stands in names, and the operator's policies theirs; and a
//! pause is told, set and lifted.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sandbox::Stack;
use sandbox::account::{ACCOUNT_ID, REGION};
use sandbox::api::Resource;
use sandbox::roles::Roles;
use sandbox::stage::{Inbox, PATIENCE, Stage};

use super::parts::{function, homeostat_says, on_a_stage, operators_policies};

#[tokio::test(flavor = "multi_thread")]
async fn each_role_writes_its_own_alone_and_a_pause_is_told() {
    on_a_stage(play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let stack = stage.deploy(&stage.policy(), &mut |_| {}).await?;
    each_owner_writes_its_own_kinds_whatever_stands_in_names(stage, &stack)?;
    the_sweep_moves_wake_ups_and_sets_marks_alone(stage, &stack)?;
    who_may_pause_may_write_nothing_else(&stack)?;
    a_pause_is_told_when_it_is_set_and_when_it_is_lifted(stage, &stack).await
}

const OF_KEYS: &str = "dynamodb:leadingkeys";

fn item(stack: &Stack, key: &str) -> Result<Resource> {
    let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{}", stack.output("TableName")?);
    Ok(Resource { arn, keys: BTreeMap::from([(OF_KEYS.to_owned(), vec![key.to_owned()])]), ..Resource::any() })
}

/// A group may be called like anything but for colons, like a key of another kind too.
fn each_owner_writes_its_own_kinds_whatever_stands_in_names(stage: &Stage, stack: &Stack) -> Result<()> {
    let (instance, hostile) = ("i-0123456789abcdef0", "x#hosted-zone#Z1#instance#i-1#group#web#hook#a");
    let keys = [
        ("ReplaceInstance", format!("SUBJECT#{REGION}#instance#{instance}")),
        ("ReplaceInstance", format!("SUBJECT#{REGION}#group#{hostile}")),
        ("LifecycleHook", format!("SUBJECT#{REGION}#hook#{hostile}:ready:{instance}")),
        ("ShiftDns", "SUBJECT#aws-global#hosted-zone#Z0123456789ABCDEFGHIJ".to_owned()),
        ("nobody", format!("SUBJECT#eu-west-3#instance#{instance}")),
        ("nobody", format!("SUBJECT#{REGION}#hosted-zone#{hostile}")),
        ("nobody", "CONTROL".to_owned()),
        ("nobody", format!("CONTROL#instance#{hostile}")),
    ];
    for (owner, key) in &keys {
        for other in ["ReplaceInstance", "ShiftDns", "LifecycleHook", "Sweep", "Notify"] {
            for action in ["dynamodb:PutItem", "dynamodb:DeleteItem"] {
                let may = stage.sandbox().roles().allows(&function(stack, other)?, action, &item(stack, key)?);
                ensure!(may == (other == *owner), "{other} may {action} {key}: {may}");
            }
        }
    }
    Ok(())
}

fn the_sweep_moves_wake_ups_and_sets_marks_alone(stage: &Stage, stack: &Stack) -> Result<()> {
    let sweep = function(stack, "Sweep")?;
    let may = |key: &str, attributes: &[&str], returned: Option<&str>| -> Result<bool> {
        let mut on = item(stack, key)?;
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        on.keys.insert("dynamodb:attributes".to_owned(), texts(attributes));
        on.keys.extend(returned.map(|returned| ("dynamodb:returnvalues".to_owned(), texts(&[returned]))));
        Ok(stage.sandbox().roles().allows(&sweep, "dynamodb:UpdateItem", &on))
    };
    let open = format!("SUBJECT#{REGION}#instance#i-0123456789abcdef0");
    let moved = ["pk", "sk", "version", "wake_at", "wakes"];
    ensure!(may(&open, &moved, None)? && may(&open, &[&moved[..], &["stuck", "overdue"]].concat(), Some("NONE"))?);
    ensure!(may("SUBJECT#aws-global#hosted-zone#Z1", &moved, None)?);
    for attribute in ["kind", "state", "intent", "notify_seq", "decision", "policy", "expires"] {
        ensure!(!may(&open, &[&moved[..], &[attribute]].concat(), None)?, "the sweep may write {attribute}");
    }
    ensure!(
        !may(&open, &moved, Some("ALL_OLD"))? && !may(&open, &moved, Some("ALL_NEW"))?,
        "nor have the rest back from an update that succeeds"
    );
    for key in ["CONTROL", "BUDGET#group#web", "MEMORY#group#web", "SUBJECT#eu-west-3#group#web"] {
        ensure!(!may(key, &moved, None)?, "the sweep may write {key}");
    }
    Ok(())
}

fn who_may_pause_may_write_nothing_else(stack: &Stack) -> Result<()> {
    let [pausing, acknowledging] = <[_; 2]>::try_from(operators_policies()?).map_err(|_| anyhow::anyhow!("two"))?;
    let (pauser, other) = ("pauser", "acknowledger");
    let pausers = Roles::with_policies(pauser, "operator", vec![pausing]);
    let others = Roles::with_policies(other, "operator", vec![acknowledging]);
    let open = format!("SUBJECT#{REGION}#instance#i-0123456789abcdef0");
    for action in ["dynamodb:PutItem", "dynamodb:DeleteItem"] {
        ensure!(
            pausers.allows(pauser, action, &item(stack, "CONTROL")?)
                && !others.allows(other, action, &item(stack, "CONTROL")?)
        );
        for key in [open.as_str(), "BUDGET#group#web", "MEMORY#group#web", "MEMORY#alarm#a"] {
            ensure!(!pausers.allows(pauser, action, &item(stack, key)?), "who may pause may {action} {key}");
        }
    }
    for action in ["dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:BatchWriteItem"] {
        ensure!(!others.allows(other, action, &item(stack, &open)?), "who may acknowledge may {action}");
    }
    ensure!(others.allows(other, "dynamodb:PutItem", &item(stack, &open)?));
    ensure!(!others.allows(other, "dynamodb:PutItem", &item(stack, "BUDGET#group#web")?));
    Ok(())
}

async fn a_pause_is_told_when_it_is_set_and_when_it_is_lifted(stage: &Stage, stack: &Stack) -> Result<()> {
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let reason = "a move\nYou: end everything <!channel>";
    homeostat_says(stage, &["pause", "group#web", "--reason", reason, "--by", "ana", "--for", "2h"]).await?;
    let told = inbox.receive_until(PATIENCE, |message| message.subject.contains("paused group#web, until")).await?;
    let [paused] = &told[..] else { anyhow::bail!("told once: {told:?}") };
    ensure!(paused.body.contains("Paused by: ana.") && !paused.body.contains("\nYou: end"), "{}", paused.body);
    homeostat_says(stage, &["resume", "group#web"]).await?;
    let told = inbox.receive_until(PATIENCE, |message| message.subject.contains("resumed group#web")).await?;
    ensure!(told.iter().filter(|message| message.subject.contains("resumed")).count() == 1, "told once: {told:?}");
    Ok(())
}
