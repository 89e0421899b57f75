use aws_sdk_dynamodb::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;

use super::*;

/// How many items a Query of the index finds. The backend counts one more at each call.
async fn found(stage: &Stage, index: &str) -> Result<i32, Option<String>> {
    let query = Client::new(&stage.function()).query().table_name("ledger").index_name(index);
    match query.key_condition_expression("sk = :open").send().await {
        Ok(answer) => Ok(answer.count()),
        Err(error) => Err(error.code().map(str::to_owned)),
    }
}

#[tokio::test]
async fn a_stale_index_repeats_its_last_answer_until_it_has_caught_up() {
    let stage = Stage::set(Faults::default()).await;
    assert_eq!(found(&stage, "due").await, Ok(1));
    let stale = stage.faults.add(Fault::always(Kind::Stale, Matcher::any().action("dynamodb", "Query").about("due")));
    assert_eq!([found(&stage, "due").await, found(&stage, "due").await], [Ok(1), Ok(1)]);
    assert_eq!(stage.effects(), 1, "nothing was read");
    stage.faults.remove(stale);
    assert_eq!(found(&stage, "due").await, Ok(2));
    let faults: Vec<_> = stage.journal.calls().iter().map(|call| call.fault).collect();
    assert_eq!(faults, [None, Some("Stale"), Some("Stale"), None]);
}

#[tokio::test]
async fn what_was_never_answered_can_not_be_stale() {
    let stage = Stage::set(Faults::default()).await;
    assert_eq!(found(&stage, "other").await, Ok(1));
    stage.faults.add(Fault::once(Kind::Stale, Matcher::any()));
    assert_eq!(found(&stage, "due").await, Err(Some("SandboxFaultFailed".to_owned())));
    assert_eq!(stage.effects(), 1);
}
