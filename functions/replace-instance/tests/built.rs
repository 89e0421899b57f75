//! The built function: without a valid policy it answers every event with the sentence that says so, and asks AWS for nothing; with one it
//! resyncs a whole fleet.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
#[path = "support/account.rs"]
mod account;
#[cfg(test)]
#[path = "support/resync.rs"]
mod resync;
#[cfg(test)]
#[path = "support/runtime_api.rs"]
mod runtime_api;

#[cfg(test)]
use runtime_api::Function;

#[test]
fn without_a_valid_policy_every_event_is_refused_and_no_call_is_made() {
    let function =
        Function { binary: env!("CARGO_BIN_EXE_replace-instance"), variables: &[("TABLE_NAME", "incidents")] };
    function.refuses_everything_without_a_policy();
}
