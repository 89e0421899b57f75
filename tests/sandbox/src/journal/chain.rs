//! How many calls an invocation waits for one after another: what parallel calls cannot shorten.
//!
//! Never adds up times: on a loaded machine they say little, and the order of calls says enough.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Call, Who};

/// The calls by which a remedy changes something that is not Homeostat's own, by signing name and action.
const EFFECTS: [(&str, &str); 4] = [
    ("autoscaling", "CompleteLifecycleAction"),
    ("autoscaling", "TerminateInstanceInAutoScalingGroup"),
    ("elasticloadbalancing", "DeregisterTargets"),
    ("route53", "ChangeResourceRecordSets"),
];

pub fn is_effect(call: &Call) -> bool {
    EFFECTS.iter().any(|(service, action)| call.is(service, action))
}

/// The calls of the invocation with that effect up to that very call, in the order of their starts.
pub fn up_to_the_effect(calls: &[Call], effect: &Call) -> Vec<Call> {
    let same = |call: &&Call| call.who == effect.who && call.invocation == effect.invocation;
    let mut before: Vec<Call> = calls.iter().filter(same).cloned().collect();
    before.retain(|call| call.sequence <= effect.sequence);
    before.sort_by_key(|call| call.sequence);
    before
}

/// The longest sequence of calls in which each starts after the one before it ended.
///
/// A chain never crosses invocations: the longest of all of them is returned. Calls without an invocation count as
/// one invocation per caller.
pub fn longest_chain(calls: &[Call]) -> Vec<Call> {
    let mut invocations: BTreeMap<(&Who, Option<&str>), Vec<&Call>> = BTreeMap::new();
    for call in calls {
        invocations.entry((&call.who, call.invocation.as_deref())).or_default().push(call);
    }
    let mut longest: Vec<&Call> = Vec::new();
    for chain in invocations.into_values().map(chain_of) {
        if chain.len() > longest.len() {
            longest = chain;
        }
    }
    longest.into_iter().cloned().collect()
}

/// Always taking the call that ends first, of those that start after the last one taken, gives a longest chain.
fn chain_of(mut calls: Vec<&Call>) -> Vec<&Call> {
    calls.sort_by_key(|call| (call.ended, call.started, call.sequence));
    let mut free_from = Duration::ZERO;
    let mut chain = Vec::new();
    for call in calls {
        if call.started >= free_from {
            free_from = call.ended;
            chain.push(call);
        }
    }
    chain
}
