//! Events of `aws.*` sources, which PutEvents refuses, brought to the deployed rules as EventBridge would bring them.
//!
//! The rules, patterns, targets and permissions are those of the deployed stack, asked anew for each event. The relay
//! calls MiniStack directly, so that none of its own calls is journalled, and never a function without permission.

mod action;
mod deliver;
mod end;
mod envelope;
mod invoke;
mod label;
mod notice;
mod permission;
mod runs;
mod schedule;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_eventbridge::types::{Rule, RuleState, Target};
use serde_json::Value;

pub use deliver::{Delivery, Outcome};
pub use end::Ended;
use end::Ends;
pub use label::Label;
use label::Planned;
pub use notice::Notice;
use runs::Runs;
pub use schedule::Schedules;

use crate::account::Account;
use crate::journal::Labels;

#[derive(Clone)]
pub struct Relay {
    account: Account,
    events: aws_sdk_eventbridge::Client,
    lambda: aws_sdk_lambda::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    labels: Labels,
    planned: Planned,
    ends: Ends,
    runs: Runs,
}

/// What became of an event.
#[derive(Debug, Clone)]
pub struct Published {
    pub event_id: String,
    /// The names of the rules that matched.
    pub rules: Vec<String>,
    pub deliveries: Vec<Delivery>,
}

impl Published {
    /// The ARNs of the functions that were invoked, once for each time.
    pub fn invoked(&self) -> Vec<&str> {
        let invoked = self.deliveries.iter().filter(|delivery| delivery.outcome == Outcome::Invoked);
        invoked.map(|delivery| delivery.target.as_str()).collect()
    }
}

/// A deployed rule that is on, as far as the relay needs it.
#[derive(Debug, Clone)]
struct DeployedRule {
    name: String,
    arn: String,
    pattern: Option<String>,
    schedule: Option<String>,
}

impl Relay {
    /// `endpoint` is MiniStack's own, not the proxy's.
    pub(crate) fn at(endpoint: &str, labels: Labels) -> Self {
        let config = crate::account::sdk_config(endpoint);
        Self {
            account: Account::at(endpoint),
            events: aws_sdk_eventbridge::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            labels,
            planned: Planned::default(),
            ends: Ends::default(),
            runs: Runs::default(),
        }
    }

    /// Delivers an event to every rule that matches it. What the envelope lacks (id, time, account…) is filled in.
    pub async fn publish(&self, event: Value) -> Result<Published> {
        self.publish_times(event, 1, None).await
    }

    /// Delivers an event under a label.
    pub async fn publish_labelled(&self, event: Value, label: Label) -> Result<Published> {
        self.publish_times(event, 1, Some(label)).await
    }

    /// Puts the next event that mentions a text, an instance's id say, and that fits a rule, under a label, whoever
    /// publishes it: alarms are published by the stage.
    pub fn label_next(&self, about: &str, label: Label) {
        self.planned.add(about, label);
    }

    /// The same event twice to each target, as at-least-once delivery may.
    pub async fn publish_twice(&self, event: Value) -> Result<Published> {
        self.publish_times(event, 2, None).await
    }

    /// One invocation of a function with an event that its queue would bring it, never repeated: its end is told under the label's
    /// name. What comes out of a queue can't be followed from its first call on.
    pub fn invoke_labelled(&self, function_arn: &str, event: &Value, label: &Label) {
        self.invoke_once(function_arn, &event.to_string(), label);
    }

    /// Switches a deployed rule on or off, as anybody with a console may.
    pub async fn switch_rule(&self, name: &str, on: bool) -> Result<()> {
        let switched = match on {
            true => self.events.enable_rule().name(name).send().await.map(drop).map_err(anyhow::Error::from),
            false => self.events.disable_rule().name(name).send().await.map(drop).map_err(anyhow::Error::from),
        };
        switched.with_context(|| format!("switching the rule {name}"))
    }

    /// How often each rule invoked a target since this was last asked.
    pub(crate) fn take_runs(&self) -> BTreeMap<String, u32> {
        self.runs.take()
    }

    async fn publish_times(&self, event: Value, times: u8, label: Option<Label>) -> Result<Published> {
        let mut label = label;
        let event = envelope::complete(event)?;
        let text = event.to_string();
        let mut published = Published { event_id: envelope::id_of(&event), rules: Vec::new(), deliveries: Vec::new() };
        for rule in self.rules().await? {
            let Some(pattern) = &rule.pattern else { continue };
            if !self.fits(pattern, &text).await.with_context(|| format!("the pattern of the rule {}", rule.name))? {
                continue;
            }
            label = label.or_else(|| self.planned.take(&text));
            for _ in 0..times {
                published.deliveries.extend(self.to_targets(&rule, &event, label.as_ref()).await?);
            }
            published.rules.push(rule.name);
        }
        Ok(published)
    }

    async fn to_targets(&self, rule: &DeployedRule, event: &Value, label: Option<&Label>) -> Result<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        for target in self.targets(rule).await? {
            self.runs.add(&rule.name);
            let delivery = self.deliver(rule, &target, event, label).await?;
            if delivery.outcome != Outcome::Invoked {
                tracing::warn!(rule = rule.name, target = delivery.target, outcome = ?delivery.outcome, "not delivered");
            }
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    /// The rules of the default bus that are on.
    async fn rules(&self) -> Result<Vec<DeployedRule>> {
        let mut rules = Vec::new();
        let mut token = None;
        loop {
            let page = self.events.list_rules().set_next_token(token).send().await.context("listing the rules")?;
            rules.extend(page.rules().iter().filter_map(DeployedRule::read));
            token = page.next_token;
            if token.is_none() {
                return Ok(rules);
            }
        }
    }

    async fn targets(&self, rule: &DeployedRule) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        let mut token = None;
        loop {
            let request = self.events.list_targets_by_rule().rule(&rule.name).set_next_token(token);
            let page = request.send().await.with_context(|| format!("listing the targets of {}", rule.name))?;
            targets.extend(page.targets.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(targets);
            }
        }
    }

    async fn fits(&self, pattern: &str, event: &str) -> Result<bool> {
        let answer = self.events.test_event_pattern().event_pattern(pattern).event(event).send().await?;
        Ok(answer.result())
    }
}

impl DeployedRule {
    fn read(rule: &Rule) -> Option<Self> {
        if rule.state() != Some(&RuleState::Enabled) {
            return None;
        }
        Some(Self {
            name: rule.name()?.to_owned(),
            arn: rule.arn()?.to_owned(),
            pattern: rule.event_pattern().map(str::to_owned),
            schedule: rule.schedule_expression().map(str::to_owned),
        })
    }
}
