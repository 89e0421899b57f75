use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use super::*;

type Answered<T, E> = Result<T, SdkError<E, aws_sdk_dynamodb::config::http::HttpResponse>>;

fn code<T, E: ProvideErrorMetadata>(answered: Answered<T, E>) -> Option<String> {
    answered.err().and_then(|error| error.code().map(str::to_owned))
}

async fn put(stage: &Stage) -> Answered<PutItemOutput, aws_sdk_dynamodb::operation::put_item::PutItemError> {
    let table = aws_sdk_dynamodb::Client::new(&stage.function());
    table.put_item().table_name("ledger").item("pk", AttributeValue::S("a".into())).send().await
}

async fn transact(
    stage: &Stage,
) -> Answered<TransactWriteItemsOutput, aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError> {
    let delete = |key: &str| Delete::builder().table_name("ledger").key("pk", AttributeValue::S(key.into()));
    let item = |key| TransactWriteItem::builder().delete(delete(key).build().unwrap()).build();
    let table = aws_sdk_dynamodb::Client::new(&stage.function());
    table.transact_write_items().transact_items(item("a")).transact_items(item("b")).send().await
}

/// The codes with which one action of each service fails; none means that it succeeded.
async fn codes(stage: &Stage) -> [Option<String>; 6] {
    let config = stage.function();
    let groups = aws_sdk_autoscaling::Client::new(&config);
    let terminate = groups.terminate_instance_in_auto_scaling_group().instance_id("i-1");
    let alarms = aws_sdk_cloudwatch::Client::new(&config);
    let queue = aws_sdk_sqs::Client::new(&config);
    let wake = queue.send_message().queue_url(stage.proxy.endpoint()).message_body("x");
    let topics = aws_sdk_sns::Client::new(&config);
    let tell = topics.publish().topic_arn("arn:aws:sns:us-east-1:000000000000:t").message("x");
    [
        code(put(stage).await),
        code(transact(stage).await),
        code(terminate.should_decrement_desired_capacity(false).send().await),
        code(alarms.describe_alarms().send().await),
        code(wake.send().await),
        code(tell.send().await),
    ]
}

fn some(codes: [&str; 6]) -> [Option<String>; 6] {
    codes.map(|code| Some(code.to_owned()))
}

#[tokio::test]
async fn without_a_fault_every_call_takes_effect() {
    let stage = Stage::set(Faults::default()).await;
    assert_eq!(codes(&stage).await, [const { None }; 6]);
    assert_eq!(stage.effects(), 6);
    assert!(stage.journal.calls().iter().all(|call| call.fault.is_none()));
}

#[tokio::test]
async fn a_throttle_is_the_services_own_and_has_no_effect() {
    let stage = Stage::with(Fault::always(Kind::Throttle, Matcher::any())).await;
    let of_table = "ProvisionedThroughputExceededException";
    let expected = [of_table, of_table, "Throttling", "Throttling", "RequestThrottled", "Throttled"];
    assert_eq!(codes(&stage).await, some(expected));
    assert_eq!(stage.effects(), 0);
    assert!(stage.journal.calls().iter().all(|call| call.fault == Some("Throttle")));
}

#[tokio::test]
async fn a_denial_is_the_services_own_and_has_no_effect() {
    let stage = Stage::with(Fault::always(Kind::Denied, Matcher::any())).await;
    let of_table = "AccessDeniedException";
    let expected = [of_table, of_table, "AccessDenied", "AccessDenied", "AccessDenied", "AuthorizationError"];
    assert_eq!(codes(&stage).await, some(expected));
    assert_eq!(stage.effects(), 0);
    assert!(stage.journal.calls().iter().all(|call| call.fault == Some("Denied")));
}

const FAILURES: [&str; 6] = [
    "InternalServerError",
    "InternalServerError",
    "InternalFailure",
    "InternalFailure",
    "InternalFailure",
    "InternalError",
];

#[tokio::test]
async fn an_error_before_the_effect_has_none() {
    let stage = Stage::with(Fault::always(Kind::ErrorBefore, Matcher::any())).await;
    assert_eq!(codes(&stage).await, some(FAILURES));
    assert_eq!(stage.effects(), 0);
    assert!(stage.journal.calls().iter().all(|call| call.status == 500 && call.fault == Some("ErrorBefore")));
}

#[tokio::test]
async fn an_error_after_the_effect_looks_the_same_and_each_call_took_effect_once() {
    let stage = Stage::with(Fault::always(Kind::ErrorAfter, Matcher::any())).await;
    assert_eq!(codes(&stage).await, some(FAILURES));
    assert_eq!(stage.effects(), 6);
    assert!(stage.journal.calls().iter().all(|call| call.status == 500 && call.fault == Some("ErrorAfter")));
}

#[tokio::test]
async fn a_connection_cut_after_the_effect_gives_no_answer() {
    let stage = Stage::with(Fault::once(Kind::CutAfter, Matcher::any())).await;
    let cut = put(&stage).await.unwrap_err();
    assert!(matches!(cut, SdkError::DispatchFailure(_)), "{cut:?}");
    assert_eq!(stage.effects(), 1);
    let call = stage.only_call();
    assert_eq!((call.status, call.fault), (200, Some("CutAfter")), "the journal knows the answer that nobody got");
}

#[tokio::test]
async fn a_transaction_in_conflict_names_a_reason_for_each_of_its_operations() {
    let stage = Stage::with(Fault::always(Kind::Conflict, Matcher::any())).await;
    let cancelled = transact(&stage).await.unwrap_err().into_service_error();
    assert!(cancelled.is_transaction_canceled_exception(), "{cancelled:?}");
    assert!(cancelled.to_string().contains("TransactionCanceledException"), "{cancelled}");
    let reasons = match cancelled {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ) => cancelled.cancellation_reasons.unwrap(),
        other => panic!("{other:?}"),
    };
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    let refused = put(&stage).await.unwrap_err().into_service_error();
    assert!(refused.is_transaction_conflict_exception(), "{refused:?}");
    assert_eq!(stage.effects(), 0);
    assert!(stage.journal.calls().iter().all(|call| call.fault == Some("Conflict")));
}

#[tokio::test]
async fn a_delayed_call_takes_effect_once_and_no_sooner() {
    let delay = Duration::from_millis(5);
    let stage = Stage::with(Fault::once(Kind::Delay(delay), Matcher::any())).await;
    assert_eq!(code(put(&stage).await), None);
    assert_eq!(stage.effects(), 1);
    let call = stage.only_call();
    assert!(call.ended - call.started >= delay);
    assert_eq!(call.fault, Some("Delay"));
}

#[tokio::test]
async fn a_fault_that_can_not_be_injected_is_no_success_and_no_fault() {
    let stage = Stage::with(Fault::once(Kind::Conflict, Matcher::any())).await;
    let groups = aws_sdk_autoscaling::Client::new(&stage.function());
    let failed = groups.describe_auto_scaling_groups().send().await;
    assert!(failed.is_err());
    assert_eq!(stage.effects(), 0);
    let call = stage.only_call();
    assert_eq!((call.error.as_deref(), call.fault), (Some("SandboxFaultFailed"), None));
    let failures = stage.faults.failures();
    assert!(failures[0].contains("autoscaling:DescribeAutoScalingGroups has no such conflict"), "{failures:?}");
}

#[tokio::test]
async fn an_operator_is_never_in_the_way_of_a_fault() {
    let stage = Stage::with(Fault::always(Kind::Denied, Matcher::any())).await;
    let table = aws_sdk_dynamodb::Client::new(&sdk_config(stage.proxy.endpoint()));
    table.put_item().table_name("ledger").item("pk", AttributeValue::S("a".into())).send().await.unwrap();
    assert_eq!(stage.effects(), 1);
    assert_eq!(stage.only_call().fault, None);
}

#[tokio::test]
async fn a_client_that_retries_gets_through_a_single_fault() {
    let stage = Stage::with(Fault::once(Kind::Throttle, Matcher::any().action("dynamodb", "PutItem"))).await;
    let retrying = stage.function().into_builder();
    let retrying = retrying.retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)));
    let table = aws_sdk_dynamodb::Client::new(&retrying.build());
    table.put_item().table_name("ledger").item("pk", AttributeValue::S("a".into())).send().await.unwrap();
    assert_eq!(stage.effects(), 1);
    let calls = stage.journal.calls();
    let told: Vec<_> = calls.iter().map(|call| (call.attempt, call.fault)).collect();
    assert_eq!(told, [(Some(1), Some("Throttle")), (Some(2), None)]);
}
