//! The built function without a valid policy: it answers every event with the sentence that says so, and asks AWS for nothing.

// Marked as a test, so that clippy lets it unwrap.
#[cfg(test)]
#[path = "../../replace-instance/tests/support/runtime_api.rs"]
mod runtime_api;

#[cfg(test)]
use runtime_api::Function;

#[test]
fn without_a_valid_policy_every_event_is_refused_and_no_call_is_made() {
    let function = Function {
        binary: env!("CARGO_BIN_EXE_shift-dns"),
        variables: &[("TABLE_NAME", "incidents"), ("WAKE_QUEUES", r#"{ "hosted-zone": "http://127.0.0.1:9/queue" }"#)],
    };
    function.refuses_everything_without_a_policy();
}
