//! How many decisions to act a core makes in a second, for each of the three remedies: a line of JSON each.
//!
//! What is decided about comes from the simulated fleet and through the loop, as in a story; only the clock is real. Neither AWS nor
//! the sandbox has a part in it.

mod fleet;
mod timed;

use std::collections::BTreeMap;
use std::sync::Mutex;

use fleet::Fleet;
use homeostat_core::ports::Clock;
use homeostat_core::reconcile::{Remedy, Route, reconcile};
use homeostat_core::signal::{self, Hint, Parsed};
use homeostat_remedies::hook::{HookObserver, LifecycleHook};
use homeostat_remedies::hosted_zone::ShiftDns;
use homeostat_remedies::instance::{Observer, ReplaceInstance};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use timed::{Counted, Timed};
use world::{Cloud, MemoryLedger};

type Failure = Box<dyn std::error::Error>;

/// Longer than any dwell of a policy.
const LOOKS: u32 = 60;
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let Fleet { cloud, policy } = Fleet::with_a_dead_application()?;
    let region = &cloud.with(|world| world.place().region.clone());
    let observer = Observer { aws: &cloud, checks: &cloud, policy: &policy.instances };
    let hash = policy.hash.as_str();
    report(
        "replace-instance",
        &until_it_acts(&cloud, ReplaceInstance { observer, hash, region, checks_later: false }).await?,
    );

    let Fleet { cloud, policy } = Fleet::with_a_dead_endpoint()?;
    let dns = policy.dns.as_ref().ok_or("no records")?;
    report("shift-dns", &until_it_acts(&cloud, ShiftDns { aws: &cloud, hash: &policy.hash, dns }).await?);

    let Fleet { cloud, policy } = Fleet::with_a_held_instance()?;
    let observer = HookObserver { aws: &cloud, machines: &cloud, policy: policy.hooks.as_ref().ok_or("no hooks")? };
    report("lifecycle-hook", &until_it_acts(&cloud, LifecycleHook { observer, hash: &policy.hash, region }).await?);
    Ok(())
}

/// Carries what the fleet tells to the loop, again and again.
async fn until_it_acts<R: Remedy + Sync>(cloud: &Cloud, remedy: R) -> Result<Counted, Failure> {
    let (ledger, mut hints, counted) = (MemoryLedger::new(cloud.clock().clone()), BTreeMap::new(), Mutex::new(None));
    let timed = Timed { remedy, counted: &counted };
    for _ in 0..LOOKS {
        cloud.pass(CHECK_EVERY);
        let told = cloud.with(|world| world.take_events());
        hints.extend(
            told.iter()
                .flat_map(|event| hints_of(&timed, event, cloud.clock().now()))
                .map(|hint| (hint.subject.clone(), hint)),
        );
        for hint in hints.values() {
            reconcile(&timed, &ledger, cloud.clock(), hint, |_, _| ()).await?;
        }
        if let Some(counted) = counted.lock().map_err(|_| "poisoned")?.take() {
            return Ok(counted);
        }
    }
    Err("nothing was decided".into())
}

/// What the remedy looks at because of an event, without a survey.
fn hints_of(remedy: &impl Remedy, event: &Value, now: Timestamp) -> Vec<Hint> {
    let signals = signal::read(event, now).into_iter().filter_map(|parsed| match parsed {
        Ok(Parsed::Signal(signal)) => Some(signal),
        _ => None,
    });
    let hints = signals.filter_map(|signal| match remedy.route(&signal) {
        Ok(Route::Hints(hints)) => Some(hints),
        Ok(Route::Survey(_)) | Err(_) => None,
    });
    hints.flatten().collect()
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn report(remedy: &str, counted: &Counted) {
    let Counted { decision, per_second } = counted;
    let at = |place: usize| per_second.get(place).copied().map(f64::round);
    let (median, last) = (per_second.len() / 2, per_second.len().saturating_sub(1));
    let line = json!({ "remedy": remedy, "decision": decision, "per_second": [at(0), at(median), at(last)] });
    println!("{line}");
}
