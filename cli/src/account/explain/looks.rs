//! What each function would look at because of a signal, and what each look would come to.
//!
//! This module never routes and never decides: the remedies do, with what the account says now.

use homeostat_aws::{DnsCloud, DynamoLedger, HookCloud, InstanceCloud};
use homeostat_aws_ec2::Ec2;
use homeostat_core::id::{Region, Subject};
use homeostat_core::incident::Kind;
use homeostat_core::ports::{Clock, Unavailable};
use homeostat_core::reconcile::{Explanation, Foreseen, Outlook, Reconciled, Remedy, Surveyed, foresee};
use homeostat_core::signal::{Hint, Signal};
use homeostat_remedies::hook::policy::HookPolicy;
use homeostat_remedies::hook::{HookObserver, LifecycleHook};
use homeostat_remedies::hosted_zone::ShiftDns;
use homeostat_remedies::hosted_zone::policy::DnsPolicy;
use homeostat_remedies::instance::{Observer, ReplaceInstance};
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};

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

    async fn wait(&self, duration: SignedDuration) {
        tokio::time::sleep(duration.unsigned_abs()).await;
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

    /// What each function would do because of a signal. Why one does nothing is told where nobody does anything.
    pub(super) async fn looks(&self, signal: &Signal) -> Result<Vec<Look>, Unavailable> {
        let Policy { instances, dns, hooks, dependencies: _, warnings: _, hash } = self.policy;
        let region = &self.region;
        let (without_records, without_hooks) = (DnsPolicy::without_records(), HookPolicy::without_hooks());
        let (dns, hooks) = (dns.as_ref().unwrap_or(&without_records), hooks.as_ref().unwrap_or(&without_hooks));
        let instances = Observer { aws: &self.instances, checks: &self.ec2, policy: instances };
        let held = HookObserver { aws: &self.hooks, machines: &self.ec2, policy: hooks };
        let told = [
            self.by(
                "replace-instance",
                &ReplaceInstance { observer: instances, hash, region, checks_later: false },
                signal,
            )
            .await?,
            self.by("shift-dns", &ShiftDns { aws: &self.records, hash, dns }, signal).await?,
            self.by("lifecycle-hook", &LifecycleHook { observer: held, hash, region }, signal).await?,
        ];
        let (concerned, others): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| told.is_concerned);
        let told = if concerned.is_empty() { others } else { concerned };
        Ok(told.into_iter().flat_map(|told| told.looks).collect())
    }

    async fn by<R: Remedy>(&self, function: &'static str, remedy: &R, signal: &Signal) -> Result<Told, Unavailable> {
        let progress = |read: usize, of: usize| eprintln!("{function}: read {read} of {of} groups, within AWS's rates");
        match foresee(remedy, &self.ledger, &Now, signal, &progress).await? {
            Foreseen::Nothing(why) => {
                Ok(Told { is_concerned: false, looks: vec![Look::nobody(function, why.to_string())] })
            }
            Foreseen::Looks { surveyed, looks } => {
                if let Some((name, why)) = surveyed.iter().flat_map(|surveyed| &surveyed.failed).next() {
                    let why = format!("{name}: {why}");
                    return Err(Unavailable { doing: "look at all that it concerns".to_owned(), why });
                }
                // A policy without such a table names nothing to look at.
                let is_concerned =
                    surveyed.as_ref().is_none_or(|all| !all.looked_at.is_empty() || !all.open.is_empty());
                let nobody = surveyed.filter(|_| looks.is_empty()).map(|surveyed| nobody_new(&surveyed));
                let looks = looks.into_iter().map(|(hint, explained)| look(function, &hint, explained));
                let nobody = nobody.map(|why| Look::nobody(function, why));
                Ok(Told { is_concerned, looks: looks.chain(nobody).collect() })
            }
        }
    }
}

/// What one function would do.
struct Told {
    is_concerned: bool,
    looks: Vec<Look>,
}

fn nobody_new(surveyed: &Surveyed) -> String {
    let names: Vec<String> = surveyed.looked_at.iter().map(|name| format!("{name:?}")).collect();
    let what = if names.is_empty() { "nothing of the policy".to_owned() } else { names.join(", ") };
    let open: Vec<&str> = surveyed.open.iter().map(Subject::name).collect();
    if open.is_empty() {
        format!("it concerns {what}: nothing is found wrong")
    } else {
        format!("it concerns {what}: whatever is found wrong has an open incident already ({})", open.join(", "))
    }
}

fn look<K: Kind>(function: &'static str, hint: &Hint, explained: Explanation<K>) -> Look {
    let subject = Some(hint.subject.to_string());
    let outcome = match explained.outcome {
        Outlook::Reconciled(outcome) => outcome,
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
        Reconciled::Ignored(why) => Look {
            function,
            subject,
            decision: format!("nothing: {why}"),
            open_since: None,
            rungs: explained.rungs,
            plan: None,
        },
        Reconciled::Decided { decision, incident } => Look {
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
        let mut surveyed = Surveyed::default();
        assert_eq!(nobody_new(&surveyed), "it concerns nothing of the policy: nothing is found wrong");
        surveyed.looked_at.push("web".to_owned());
        surveyed.open.push("eu-west-1#instance#i-0123456789abcdef0".parse().unwrap());
        let said = nobody_new(&surveyed);
        assert!(said.contains("i-0123456789abcdef0") && !said.contains("nothing is found"), "{said}");
    }
}
