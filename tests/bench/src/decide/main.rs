//! How many decisions to act a core makes in a second, for each of the three remedies: a line of JSON each.
//!
//! What is decided about comes from the simulated fleet and through the loop, as in a story; only the clock is real. Neither AWS nor
//! the sandbox has a part in it.

mod fleet;
mod timed;

use std::collections::BTreeMap;
use std::sync::Mutex;

use homeostat_core::attend::{Remedy, attend};
use homeostat_core::hook::{HookEyes, LifecycleHook};
use homeostat_core::id::{Region, Subject};
use homeostat_core::instance::{Eyes, ReplaceInstance};
use homeostat_core::policy::Policy;
use homeostat_core::signal::{self, Hint, Lead, Parsed, Survey, Why};
use homeostat_core::zone::ShiftDns;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, MemoryLedger};

use fleet::Fleet;
use timed::{Counted, Timed};

type Failure = Box<dyn std::error::Error>;

/// Longer than any dwell of a policy.
const LOOKS: u32 = 60;
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let Fleet { cloud, policy } = Fleet::with_a_dead_application()?;
    let eyes = || Eyes { aws: &cloud, checks: &cloud, policy: &policy };
    let remedy = |subject: &Subject| subject.instance().map(|_| ReplaceInstance { eyes: eyes() });
    report("replace-instance", &until_it_acts(&cloud, &policy, remedy).await?);

    let Fleet { cloud, policy } = Fleet::with_a_dead_endpoint()?;
    let dns = policy.dns.as_ref().ok_or("no records")?;
    let remedy = |subject: &Subject| match subject {
        Subject::Zone { id, .. } => {
            let zone = dns.records.iter().map(|record| &record.zone).find(|zone| *zone == id)?;
            Some(ShiftDns { aws: &cloud, policy: &policy, dns, zone })
        }
        _ => None,
    };
    report("shift-dns", &until_it_acts(&cloud, &policy, remedy).await?);

    let Fleet { cloud, policy } = Fleet::with_a_held_instance()?;
    let hooks = policy.hooks.as_ref().ok_or("no hooks")?;
    let eyes = || HookEyes { aws: &cloud, machines: &cloud, policy: hooks };
    let remedy = |subject: &Subject| {
        matches!(subject, Subject::Hook { .. }).then(|| LifecycleHook { eyes: eyes(), policy: &policy })
    };
    report("lifecycle-hook", &until_it_acts(&cloud, &policy, remedy).await?);
    Ok(())
}

/// Carries what the fleet tells to the loop, again and again.
async fn until_it_acts<R: Remedy + Sync>(
    cloud: &Cloud,
    policy: &Policy,
    remedy: impl Fn(&Subject) -> Option<R>,
) -> Result<Counted, Failure> {
    let (ledger, mut hints, counted) = (MemoryLedger::new(cloud.clock().clone()), BTreeMap::new(), Mutex::new(None));
    let region = cloud.with(|world| world.place().region.clone());
    for _ in 0..LOOKS {
        cloud.pass(LOOK_EVERY);
        let told = cloud.with(|world| world.take_events());
        hints.extend(
            told.iter().flat_map(|event| hints_of(policy, &region, event)).map(|hint| (hint.subject.clone(), hint)),
        );
        for hint in hints.values() {
            let Some(remedy) = remedy(&hint.subject) else { continue };
            let timed = Timed { remedy, counted: &counted };
            attend(&timed, &ledger, cloud.clock(), hint, |_, _| ()).await?;
        }
        if let Some(counted) = counted.lock().map_err(|_| "poisoned")?.take() {
            return Ok(counted);
        }
    }
    Err("nothing was decided".into())
}

fn hints_of(policy: &Policy, region: &Region, event: &Value) -> Vec<Hint> {
    let leads = signal::read(event, Timestamp::now()).into_iter().filter_map(|parsed| match parsed {
        Ok(Parsed::Signal(signal)) => Some(signal.lead),
        _ => None,
    });
    leads.flat_map(|lead| of(policy, region, lead)).collect()
}

fn of(policy: &Policy, region: &Region, lead: Lead) -> Vec<Hint> {
    match lead {
        Lead::Each(hints) => hints,
        Lead::Several(Survey::Alarm(alarm)) => {
            let zones = policy.dns.iter().flat_map(|dns| dns.zones_of(&alarm.change.alarm));
            zones
                .map(|zone| Hint { subject: Subject::zone(zone.clone()), why: Why::Alarm(alarm.change.clone()) })
                .collect()
        }
        Lead::Held(told) => vec![Hint { subject: told.subject(region), why: Why::Action(told) }],
        Lead::Several(Survey::Resync) => Vec::new(),
    }
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn report(remedy: &str, counted: &Counted) {
    let Counted { decision, per_second } = counted;
    let at = |place: usize| per_second.get(place).copied().map(f64::round);
    let (median, last) = (per_second.len() / 2, per_second.len().saturating_sub(1));
    let line = json!({ "remedy": remedy, "decision": decision, "per_second": [at(0), at(median), at(last)] });
    println!("{line}");
}
