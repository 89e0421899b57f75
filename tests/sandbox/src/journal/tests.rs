use std::time::Duration;

use super::*;

fn call(sequence: u64, started: u64, ended: u64) -> Call {
    Call {
        sequence,
        started: Duration::from_millis(started),
        ended: Duration::from_millis(ended),
        at: Timestamp::UNIX_EPOCH,
        who: Who::Function("replace".into()),
        invocation: Some("1-a".into()),
        label: None,
        nth: None,
        sdk_invocation: None,
        attempt: Some(1),
        service: Some("autoscaling".into()),
        action: "DescribeAutoScalingGroups".into(),
        subject: String::new(),
        status: 200,
        error: None,
        message: None,
        fault: None,
        key: None,
    }
}

fn sequences(calls: &[Call]) -> Vec<u64> {
    calls.iter().map(|call| call.sequence).collect()
}

#[test]
fn calls_in_parallel_count_once() {
    let calls = [call(0, 0, 10), call(1, 1, 9), call(2, 2, 12), call(3, 13, 20)];
    assert_eq!(sequences(&longest_chain(&calls)), [1, 3]);
}

#[test]
fn a_chain_may_run_beside_one_long_call() {
    let calls = [call(0, 0, 100), call(1, 1, 10), call(2, 11, 20), call(3, 21, 30)];
    assert_eq!(sequences(&longest_chain(&calls)), [1, 2, 3]);
}

#[test]
fn the_order_in_which_calls_are_given_does_not_matter() {
    let calls = [call(3, 21, 30), call(0, 0, 100), call(2, 11, 20), call(1, 1, 10)];
    assert_eq!(sequences(&longest_chain(&calls)), [1, 2, 3]);
}

#[test]
fn taking_the_first_to_start_would_miss_the_longest() {
    let calls = [call(0, 0, 50), call(1, 5, 10), call(2, 12, 60), call(3, 15, 20), call(4, 22, 30)];
    assert_eq!(sequences(&longest_chain(&calls)), [1, 3, 4]);
}

#[test]
fn a_call_may_start_at_the_moment_at_which_the_last_one_ended() {
    assert_eq!(longest_chain(&[call(0, 0, 10), call(1, 10, 20)]).len(), 2);
}

#[test]
fn a_chain_never_crosses_invocations() {
    let mut other = call(2, 25, 30);
    other.invocation = Some("1-b".into());
    let calls = [call(0, 0, 10), call(1, 11, 20), other];
    assert_eq!(sequences(&longest_chain(&calls)), [0, 1]);
}

#[test]
fn without_calls_there_is_no_chain() {
    assert!(longest_chain(&[]).is_empty());
}

#[test]
fn the_access_key_is_the_one_that_ministack_derives() {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let function = Function::deployed("f", arn, "arn:aws:iam::000000000000:role/r");
    assert_eq!(function.access_key, "ASIA824F04C3A2D09E80");
}

#[test]
fn a_function_registered_late_gets_its_earlier_calls() {
    let journal = Journal::new();
    let function = Function::deployed("late", "arn", "role");
    let mut early = call(0, 0, 1);
    early.key = Some(function.access_key.clone());
    early.who = journal.who(early.key.as_deref());
    assert_eq!(early.who, Who::Unregistered(function.access_key.clone()));
    journal.record(early);
    journal.register([function]);
    assert_eq!(journal.calls_of("late").len(), 1);
}

#[tokio::test]
async fn a_wait_ends_with_the_call_that_it_waits_for() {
    let journal = Journal::new();
    let writer = journal.clone();
    let waiting = tokio::spawn(async move {
        journal.wait_for("the second call", Duration::from_secs(10), |call| call.sequence == 1).await
    });
    writer.record(call(0, 0, 1));
    tokio::task::yield_now().await;
    writer.record(call(1, 2, 3));
    assert_eq!(waiting.await.unwrap().unwrap().sequence, 1);
}

#[tokio::test]
async fn a_wait_in_vain_says_what_it_waited_for_and_what_came_instead() {
    let journal = Journal::new();
    journal.record(call(0, 0, 1));
    let missed = journal.wait_for("a termination", Duration::from_millis(1), |call| call.action == "No").await;
    let words = missed.unwrap_err().to_string();
    assert!(words.contains("a termination") && words.contains("DescribeAutoScalingGroups"), "{words}");
}

#[test]
fn a_call_serialises_with_times_in_milliseconds() {
    let json = serde_json::to_value(call(7, 1500, 1750)).unwrap();
    assert_eq!(json["who"], "replace");
    assert_eq!(json["started_ms"], 1500.0);
    assert_eq!(json["at"], "1970-01-01T00:00:00Z");
}

#[test]
fn a_call_shows_the_fault_that_was_injected() {
    assert!(!call(0, 0, 1).to_string().contains("fault"));
    let faulted = Call { fault: Some("KillAfter"), ..call(0, 0, 1) };
    assert!(faulted.to_string().ends_with(" -> 200 (fault: KillAfter)"), "{faulted}");
}

#[test]
fn the_calls_of_a_labelled_invocation_are_found_by_the_label() {
    let journal = Journal::new();
    journal.record(call(0, 0, 1));
    journal.record(Call { label: Some("drill".into()), ..call(1, 0, 1) });
    assert_eq!(sequences(&journal.calls_labelled("drill")), [1]);
}
