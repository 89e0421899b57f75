//! What a function's call to MiniStack needs of its role, read off the wire.
//!
//! MiniStack holds such calls against the role too, but knows no `dynamodb:LeadingKeys` and no `dynamodb:Attributes`. This never lets a call through that
//! it can't read: what is not known here is allowed to no function.

mod attributes;

use std::collections::BTreeMap;

use crate::account::{ACCOUNT_ID, REGION};
use crate::api::{ApiError, Resource};
use crate::tree::{Tree, read};

/// An action by its IAM name without the service, and what it is asked on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Permission {
    pub action: String,
    pub on: Resource,
}

/// All must be allowed. A transaction asks for each of its parts (DynamoDB Developer Guide, "Using IAM with transactions").
pub(crate) fn permissions(service: &str, action: &str, input: &Tree) -> Result<Vec<Permission>, ApiError> {
    let needed = match service {
        "dynamodb" => of_dynamodb(action, input)?,
        "sqs" => vec![Permission { action: single(action), on: queue(read::text(input, "QueueUrl")?) }],
        "sns" => vec![Permission { action: single(action), on: plain(read::text(input, "TopicArn")?) }],
        _ => Vec::new(),
    };
    if needed.is_empty() {
        let why = format!("the sandbox can't tell what {service}:{action} needs, so no function may call it");
        return Err(ApiError::new(403, "AccessDenied", why));
    }
    Ok(needed)
}

/// IAM has no actions for batches of SQS and SNS: they need the action on one.
fn single(action: &str) -> String {
    action.strip_suffix("Batch").unwrap_or(action).to_owned()
}

fn plain(arn: &str) -> Resource {
    Resource { arn: arn.to_owned(), ..Resource::any() }
}

fn queue(url: &str) -> Resource {
    let name = url.rsplit('/').next().unwrap_or_default();
    plain(&format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"))
}

fn of_dynamodb(action: &str, input: &Tree) -> Result<Vec<Permission>, ApiError> {
    match action {
        "TransactWriteItems" | "TransactGetItems" => {
            let parts = read::items(input, "TransactItems")?.iter().filter_map(Tree::as_map).flatten();
            parts.map(|(verb, part)| on_item(of_part(verb.as_text().unwrap_or_default())?, part)).collect()
        }
        "BatchGetItem" => {
            let tables = read::field(input, "RequestItems").and_then(Tree::as_map).map(Vec::as_slice);
            let each = tables.unwrap_or_default().iter();
            each.map(|(name, wanted)| {
                let keys = read::items(wanted, "Keys")?.iter().filter_map(partition_key).collect();
                Ok(Permission { action: action.to_owned(), on: table(name.as_text().unwrap_or_default(), None, keys) })
            })
            .collect()
        }
        "Query" => {
            let index = read::maybe_text(input, "IndexName")?;
            let keys = queried(input).into_iter().collect();
            Ok(vec![Permission { action: action.to_owned(), on: table(read::text(input, "TableName")?, index, keys) }])
        }
        _ => Ok(vec![on_item(action, input)?]),
    }
}

fn of_part(verb: &str) -> Result<&'static str, ApiError> {
    Ok(match verb {
        "Put" => "PutItem",
        "Update" => "UpdateItem",
        "Delete" => "DeleteItem",
        "ConditionCheck" => "ConditionCheckItem",
        "Get" => "GetItem",
        other => return Err(ApiError::invalid(format!("a transaction has no part {other:?}"))),
    })
}

fn on_item(action: &str, input: &Tree) -> Result<Permission, ApiError> {
    let item = read::field(input, "Key").or_else(|| read::field(input, "Item"));
    let keys = item.and_then(partition_key).into_iter().collect();
    let mut on = table(read::text(input, "TableName")?, None, keys);
    on.keys.insert("dynamodb:attributes".to_owned(), attributes::named(input));
    if let Some(returned) = read::maybe_text(input, "ReturnValues")? {
        on.keys.insert("dynamodb:returnvalues".to_owned(), vec![returned.to_owned()]);
    }
    Ok(Permission { action: action.to_owned(), on })
}

fn table(name: &str, index: Option<&str>, keys: Vec<String>) -> Resource {
    let index = index.map(|index| format!("/index/{index}")).unwrap_or_default();
    let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}{index}");
    let keys = match keys.as_slice() {
        [] => BTreeMap::new(),
        _ => BTreeMap::from([("dynamodb:leadingkeys".to_owned(), keys)]),
    };
    Resource { arn, keys, ..Resource::any() }
}

fn partition_key(item: &Tree) -> Option<String> {
    let value = read::field(item, "pk").and_then(|typed| read::field(typed, "S"))?;
    value.as_text().map(str::to_owned)
}

/// A query names one partition, by `=`; the sort key of ours is never compared so.
fn queried(input: &Tree) -> Option<String> {
    let condition = read::field(input, "KeyConditionExpression")?.as_text()?;
    let (_, value) = condition.split_once(" = ")?;
    let name = value.split_whitespace().next()?;
    let values = read::field(input, "ExpressionAttributeValues")?;
    let value = read::field(values, name).and_then(|typed| read::field(typed, "S"))?;
    value.as_text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use ciborium::Value;
    use serde_json::{Value as Json, json};

    use super::*;

    fn of(service: &str, action: &str, input: Json) -> Vec<String> {
        let needed = permissions(service, action, &Value::serialized(&input).unwrap()).unwrap();
        let partitions = |on: &Resource| on.keys.get("dynamodb:leadingkeys").cloned().unwrap_or_default();
        let keys = |on: &Resource| partitions(on).iter().map(|key| format!(" {key}")).collect::<String>();
        needed.iter().map(|it| format!("{} {}{}", it.action, it.on.arn, keys(&it.on))).collect()
    }

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/t";

    #[test]
    fn a_transaction_asks_for_each_of_its_parts() {
        let key = json!({"pk": {"S": "SUBJECT#a"}, "sk": {"S": "OPEN"}});
        let parts = json!({"TransactItems": [
            {"Put": {"TableName": "t", "Item": key}},
            {"ConditionCheck": {"TableName": "t", "Key": {"pk": {"S": "CONTROL"}}}}]});
        assert_eq!(
            of("dynamodb", "TransactWriteItems", parts),
            [format!("PutItem {TABLE} SUBJECT#a"), format!("ConditionCheckItem {TABLE} CONTROL")]
        );
    }

    #[test]
    fn a_query_of_an_index_asks_on_the_index_alone() {
        let query = json!({"TableName": "t", "IndexName": "due",
            "KeyConditionExpression": "sk = :open AND wake_at <= :until",
            "ExpressionAttributeValues": {":open": {"S": "OPEN"}, ":until": {"N": "1"}}});
        assert_eq!(of("dynamodb", "Query", query), [format!("Query {TABLE}/index/due OPEN")]);
    }

    #[test]
    fn a_batch_asks_for_what_one_asks_for() {
        let url = "http://127.0.0.1:4566/000000000000/q";
        let sent = of("sqs", "SendMessageBatch", json!({"QueueUrl": url}));
        assert_eq!(sent, ["SendMessage arn:aws:sqs:us-east-1:000000000000:q"]);
        let deleted = of("sqs", "DeleteMessageBatch", json!({"QueueUrl": url}));
        assert_eq!(deleted, ["DeleteMessage arn:aws:sqs:us-east-1:000000000000:q"]);
    }

    #[test]
    fn what_is_not_known_is_allowed_to_nobody() {
        let input = Value::serialized(&json!({"Bucket": "b"})).unwrap();
        assert_eq!(permissions("s3", "GetObject", &input).unwrap_err().status, 403);
        let empty = Value::serialized(&json!({"TransactItems": []})).unwrap();
        assert!(permissions("dynamodb", "TransactWriteItems", &empty).is_err());
    }
}
