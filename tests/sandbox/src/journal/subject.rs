//! What a call is about, read off the wire.
//!
//! A best effort for people who read the journal: what can't be read is left out, never guessed.

mod records;

use ciborium::Value;
use hyper::{HeaderMap, Uri};

use super::action::is_form;
use crate::tree::{Tree, read};
use crate::wire::{Protocol, xml};

/// Fields that name what an action is about, the most telling first.
#[rustfmt::skip]
const TELLING: [&str; 25] = [
    "InstanceId", "InstanceIds", "AutoScalingGroupName", "AutoScalingGroupNames", "LifecycleHookName", "AlarmName",
    "AlarmNames", "TargetGroupArn", "TargetGroupArns", "LoadBalancerArn", "LoadBalancerArns", "HealthCheckId",
    "TableName", "TopicArn", "QueueUrl", "FunctionName", "StackName", "ChangeSetName", "RoleName", "Rule", "Namespace",
    "Name", "Subject", "logGroupName", "IndexName",
];

/// More than this is an upload, whose body tells nothing.
const LARGEST_BODY_READ: usize = 512 * 1024;

pub(crate) fn subject_of(service: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let path = uri.path();
    if body.len() > LARGEST_BODY_READ {
        return named_in(path);
    }
    match (service, body_tree(service, path, headers, body)) {
        ("dynamodb", Some(tree)) => item_keys(&tree),
        ("route53", tree) => records::named(&named_in(path), uri.query(), tree.as_ref()),
        (_, Some(tree)) => telling_fields(&tree),
        (_, None) => named_in(path),
    }
}

/// REST services name in the path what they are about.
fn named_in(path: &str) -> String {
    let mut parts = path.split('/');
    let found = parts.find(|part| ["functions", "hostedzone", "change", "healthcheck"].contains(part));
    found.and_then(|_| parts.next()).unwrap_or_default().to_owned()
}

fn body_tree(service: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Option<Tree> {
    if is_form(headers) || headers.contains_key("smithy-protocol") {
        return Protocol::of(service, headers).read(path, body).ok().map(|request| request.input);
    }
    if headers.contains_key("x-amz-target") {
        return Value::serialized(&serde_json::from_slice::<serde_json::Value>(body).ok()?).ok();
    }
    if service == "route53" && !body.is_empty() {
        return xml::read(std::str::from_utf8(body).ok()?).ok();
    }
    None
}

fn telling_fields(tree: &Tree) -> String {
    let told: Vec<String> =
        TELLING.iter().filter_map(|name| read::field(tree, name)).filter_map(plain).take(3).collect();
    told.join(" ")
}

/// A text, or texts; of a path or an ARN, all of it: ARNs differ in the middle.
fn plain(value: &Tree) -> Option<String> {
    match value {
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) if text.starts_with("http") => text.rsplit('/').next().map(str::to_owned),
        Value::Text(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(plain).collect::<Vec<_>>().join(",")),
        _ => None,
    }
}

/// `table pk/sk`, one for each item of a transaction.
fn item_keys(tree: &Tree) -> String {
    let members = read::items(tree, "TransactItems").unwrap_or_default();
    let operations: Vec<String> = members
        .iter()
        .filter_map(Tree::as_map)
        .flatten()
        .filter_map(|(verb, operation)| Some(format!("{} {}", verb.as_text()?, item_key(operation)?)))
        .collect();
    if operations.is_empty() { item_key(tree).unwrap_or_default() } else { operations.join(", ") }
}

fn item_key(operation: &Tree) -> Option<String> {
    let table = read::field(operation, "TableName")?.as_text()?;
    let item = read::field(operation, "Key").or_else(|| read::field(operation, "Item"));
    let attribute = |name| item.and_then(|item| read::field(item, name)).and_then(|typed| read::field(typed, "S"));
    let keys: Vec<&str> = ["pk", "sk"].into_iter().filter_map(attribute).filter_map(Tree::as_text).collect();
    let index = read::field(operation, "IndexName").and_then(Tree::as_text);
    Some([table, &keys.join("/"), index.unwrap_or_default()].join(" ").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_transaction_shows_the_keys_of_all_its_items() {
        let body =
            br#"{"TransactItems":[{"Put":{"TableName":"ledger","Item":{"pk":{"S":"SUBJECT#i-1"},"sk":{"S":"OPEN"}}}},
            {"Update":{"TableName":"ledger","Key":{"pk":{"S":"BUDGET#web"},"sk":{"S":"SLOTS"}}}}]}"#;
        let headers = headers(&[("x-amz-target", "DynamoDB_20120810.TransactWriteItems")]);
        let subject = subject_of("dynamodb", &Uri::from_static("/"), &headers, body);
        assert_eq!(subject, "Put ledger SUBJECT#i-1/OPEN, Update ledger BUDGET#web/SLOTS");
    }

    #[test]
    fn a_rest_call_is_about_what_its_path_names() {
        let subject = |path| subject_of("lambda", &Uri::from_static(path), &HeaderMap::new(), b"{}");
        assert_eq!(subject("/2015-03-31/functions/heal/invocations"), "heal");
        assert_eq!(subject("/2015-03-31/functions"), "");
    }
}
