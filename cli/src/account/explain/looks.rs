//! Which function looks at what because of a signal, and what each look would come to.
//!
//! This module never decides: the remedies do, with what the account says now.

use homeostat_aws::{DnsCloud, DynamoLedger, HookCloud, InstanceCloud};
use homeostat_aws_ec2::Ec2;
use homeostat_core::attend::{Attended, Explanation, Outlook, explain};
use homeostat_core::hook::{HookEyes, LifecycleHook};
use homeostat_core::id::{HostedZoneId, Region, Subject};
use homeostat_core::instance::{Eyes, ReplaceInstance, Surveyed, WholeGroup, survey};
use homeostat_core::policy::{DnsPolicy, Policy};
use homeostat_core::ports::{Clock, Unavailable};
use homeostat_core::signal::{GroupAlarm, Hint, Lead, Signal, Survey, Why};
use homeostat_core::zone::{self, ShiftDns};
use jiff::Timestamp;

use super::shown::Look;
use crate::account::place::Deployment;
use crate::report::Failed;

/// What the functions read, with the operator's credentials.
pub(super) struct Account<'a> {
    policy: &'a Policy,
    ledger: DynamoLedger,
    region: Region,
    instances: InstanceCloud,
    hooks: HookCloud,
    records: DnsCloud,
    ec2: Ec2,
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Nobody else is in the way of who only looks.
    async fn back_off(&self, _: u32) {}
}

impl<'a> Account<'a> {
    pub(super) fn new(deployment: &Deployment, policy: &'a Policy) -> Result<Self, Failed> {
        let config = &deployment.config;
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Ok(Account {
            policy,
            ledger: deployment.ledger(),
            region: region.parse().map_err(|_| Failed::because(format!("{region:?} is no Region")))?,
            instances: InstanceCloud::new(config),
            hooks: HookCloud::new(config),
            records: DnsCloud::new(config),
            ec2: Ec2::new(config),
        })
    }

    pub(super) async fn looks(&self, signal: &Signal) -> Result<Vec<Look>, Unavailable> {
        let mut looks = self.by_replace_instance(signal).await?;
        looks.extend(self.by_shift_dns(signal).await?);
        looks.extend(self.by_lifecycle_hook(signal).await?);
        Ok(looks)
    }

    fn is_elsewhere(&self, signal: &Signal) -> bool {
        signal.region.as_ref().is_some_and(|region| *region != self.region)
    }

    async fn by_replace_instance(&self, signal: &Signal) -> Result<Vec<Look>, Unavailable> {
        let eyes = Eyes { aws: &self.instances, checks: &self.ec2, policy: self.policy };
        if self.is_elsewhere(signal) {
            return Ok(vec![Look::nobody("replace-instance", format!("this stack looks after {}", self.region))]);
        }
        let hints = match &signal.lead {
            Lead::Held(_) => return Ok(Vec::new()),
            Lead::Each(hints) => hints.clone(),
            Lead::Several(about) => {
                let found = survey(&eyes, &self.ledger, Now.now(), &self.region, about).await?;
                if let Some(failed) = found.failed.first() {
                    let why = failed.clone();
                    return Err(Unavailable { doing: "look at a group".to_owned(), why });
                }
                if found.hints.is_empty() {
                    return Ok(vec![Look::nobody("replace-instance", nobody_new(&found))]);
                }
                found.hints
            }
        };
        let mut looks = Vec::new();
        for hint in &hints {
            let explained = match hint.subject {
                Subject::Instance { .. } => explain(&ReplaceInstance { eyes }, &self.ledger, &Now, hint).await?,
                Subject::Group { .. } => explain(&WholeGroup { eyes }, &self.ledger, &Now, hint).await?,
                Subject::Zone { .. } | Subject::Hook { .. } => continue,
            };
            let troubled = match &explained.outcome {
                Outlook::Attended(attended) => attended.troubled_group().cloned(),
                Outlook::TookEffect(_) => None,
            };
            looks.push(look("replace-instance", hint, explained));
            if let Some(name) = troubled {
                let why = Why::Found { since: Now.now(), alarms: Vec::new(), told_by: None };
                let group = Hint { subject: Subject::Group { region: self.region.clone(), name }, why };
                let is_told = looks.iter().any(|look| look.subject == Some(group.subject.to_string()));
                if !is_told {
                    let explained = explain(&WholeGroup { eyes }, &self.ledger, &Now, &group).await?;
                    looks.push(look("replace-instance", &group, explained));
                }
            }
        }
        Ok(looks)
    }

    async fn by_shift_dns(&self, signal: &Signal) -> Result<Vec<Look>, Unavailable> {
        let Some(dns) = &self.policy.dns else { return Ok(Vec::new()) };
        let mut looks = Vec::new();
        for (zone, hint) in self.zones(dns, &signal.lead).await? {
            let remedy = ShiftDns { aws: &self.records, policy: self.policy, dns, zone: &zone };
            looks.push(look("shift-dns", &hint, explain(&remedy, &self.ledger, &Now, &hint).await?));
        }
        Ok(looks)
    }

    async fn zones(&self, dns: &DnsPolicy, lead: &Lead) -> Result<Vec<(HostedZoneId, Hint)>, Unavailable> {
        let change = match lead {
            Lead::Several(Survey::Resync) => {
                let since = Now.now();
                let found = zone::survey(&self.records, dns, &self.ledger, since).await?.zones;
                let why = || Why::Found { since, alarms: Vec::new(), told_by: None };
                let hint = |id: HostedZoneId| (id.clone(), Hint { subject: Subject::zone(id), why: why() });
                return Ok(found.into_iter().map(hint).collect());
            }
            Lead::Several(Survey::Alarm(GroupAlarm { change, .. })) => change,
            Lead::Each(hints) => match hints.first() {
                Some(Hint { why: Why::Alarm(change) | Why::Silence(change), .. }) => change,
                Some(hint @ Hint { subject: Subject::Zone { id, .. }, .. }) => {
                    return Ok(vec![(id.clone(), hint.clone())]);
                }
                _ => return Ok(Vec::new()),
            },
            Lead::Held(_) => return Ok(Vec::new()),
        };
        let hint = |id: &HostedZoneId| {
            (id.clone(), Hint { subject: Subject::zone(id.clone()), why: Why::Alarm(change.clone()) })
        };
        Ok(dns.zones_of(&change.alarm).into_iter().map(hint).collect())
    }

    async fn by_lifecycle_hook(&self, signal: &Signal) -> Result<Vec<Look>, Unavailable> {
        if self.is_elsewhere(signal) {
            return Ok(Vec::new());
        }
        let Some(policy) = &self.policy.hooks else {
            let is_held = matches!(signal.lead, Lead::Held(_));
            let nobody = || Look::nobody("lifecycle-hook", "the policy names no lifecycle hook".to_owned());
            return Ok(is_held.then(nobody).into_iter().collect());
        };
        let hint = match &signal.lead {
            Lead::Held(told) => Hint { subject: told.subject(&self.region), why: Why::Action(told.clone()) },
            Lead::Each(hints) => match hints.first() {
                Some(hint @ Hint { subject: Subject::Hook { .. }, .. }) => hint.clone(),
                _ => return Ok(Vec::new()),
            },
            Lead::Several(_) => return Ok(Vec::new()),
        };
        let eyes = HookEyes { aws: &self.hooks, machines: &self.ec2, policy };
        let explained = explain(&LifecycleHook { eyes, policy: self.policy }, &self.ledger, &Now, &hint).await?;
        Ok(vec![look("lifecycle-hook", &hint, explained)])
    }
}

fn nobody_new(found: &Surveyed) -> String {
    let groups: Vec<String> = found.groups.iter().map(|group| format!("{:?}", group.as_str())).collect();
    let whom = if groups.is_empty() { "no group of the policy".to_owned() } else { groups.join(", ") };
    let open: Vec<&str> = found.open.iter().map(Subject::name).collect();
    if open.is_empty() {
        format!("it concerns {whom}: nobody is found sick")
    } else {
        format!("it concerns {whom}: whoever is found sick has an open incident already ({})", open.join(", "))
    }
}

fn look(function: &'static str, hint: &Hint, explained: Explanation) -> Look {
    let subject = Some(hint.subject.to_string());
    let outcome = match explained.outcome {
        Outlook::Attended(outcome) => outcome,
        Outlook::TookEffect(incident) => {
            return Look {
                function,
                subject,
                decision: "the last call took effect: that is recorded, and then it is looked at again".to_owned(),
                open_since: Some(incident.opened_at),
                rungs: Vec::new(),
                plan: None,
            };
        }
    };
    match outcome {
        Attended::Ignored(why) => Look {
            function,
            subject,
            decision: format!("nothing: {why}"),
            open_since: None,
            rungs: explained.rungs,
            plan: None,
        },
        Attended::Decided { decision, incident } => Look {
            function,
            subject,
            open_since: (!incident.is_new()).then_some(incident.opened_at),
            plan: decision.step().map(ToString::to_string),
            decision: decision.to_string(),
            rungs: explained.rungs,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_an_incident_already_is_not_passed_over_as_well() {
        let mut found = Surveyed { groups: Vec::new(), hints: Vec::new(), open: Vec::new(), failed: Vec::new() };
        assert_eq!(nobody_new(&found), "it concerns no group of the policy: nobody is found sick");
        found.groups.push("web".parse().unwrap());
        found.open.push("eu-west-1#instance#i-0123456789abcdef0".parse().unwrap());
        let said = nobody_new(&found);
        assert!(said.contains("i-0123456789abcdef0") && !said.contains("nobody is found"), "{said}");
    }
}
