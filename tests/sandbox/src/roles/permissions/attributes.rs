//! Which attributes a request to DynamoDB names: what a policy's `dynamodb:Attributes` asks about.
//!
//! This module never leaves out a word that it does not know: it is then taken for an attribute that nobody is allowed.

use crate::tree::{Tree, read};

const EXPRESSIONS: [&str; 5] =
    ["UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression", "ProjectionExpression"];

/// The forms before expressions, which are named attribute by attribute, and what holds an item or its key.
const MAPS: [&str; 4] = ["Key", "Item", "AttributeUpdates", "Expected"];

/// Words of expressions (DynamoDB Developer Guide, "Update expressions" and "Comparison operator and function reference").
const WORDS: [&str; 17] = [
    "SET",
    "ADD",
    "REMOVE",
    "DELETE",
    "AND",
    "OR",
    "NOT",
    "BETWEEN",
    "IN",
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
    "if_not_exists",
    "list_append",
];

/// Of paths into an attribute the attribute alone (same guide, "Specifying item attributes").
pub(super) fn named(input: &Tree) -> Vec<String> {
    let maps = MAPS.iter().filter_map(|map| read::field(input, map)?.as_map());
    let mut names: Vec<String> = maps.flat_map(|map| keys(map)).collect();
    for expression in EXPRESSIONS.iter().filter_map(|name| read::field(input, name)?.as_text()) {
        names.extend(words(expression).map(|word| aliased(input, word)));
    }
    names.sort();
    names.dedup();
    names
}

fn keys(map: &[(Tree, Tree)]) -> impl Iterator<Item = String> {
    map.iter().filter_map(|(name, _)| name.as_text().map(str::to_owned))
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || "_-#:.[]".contains(c);
    let words = expression.split(move |c: char| !is_part(c)).filter(|word| !word.is_empty() && !word.starts_with(':'));
    words
        .filter(|word| !WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) && *word != "-")
        .filter_map(|word| word.split(['.', '[']).next())
}

fn aliased(input: &Tree, word: &str) -> String {
    let alias = word.starts_with('#').then(|| read::field(input, "ExpressionAttributeNames")).flatten();
    let name = alias.and_then(|names| read::field(names, word)?.as_text());
    name.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use ciborium::Value;
    use serde_json::{Value as Json, json};

    fn named(input: Json) -> Vec<String> {
        super::named(&Value::serialized(&input).unwrap())
    }

    #[test]
    fn an_update_names_what_it_sets_what_it_asks_for_and_its_key() {
        let update = json!({"Key": {"pk": {"S": "SUBJECT#a"}, "sk": {"S": "OPEN"}},
            "UpdateExpression": "SET wake_at = :until, stuck = :now ADD wakes :one",
            "ConditionExpression": "version = :version AND wake_at = :due"});
        assert_eq!(named(update), ["pk", "sk", "stuck", "version", "wake_at", "wakes"]);
    }

    #[test]
    fn neither_an_alias_nor_a_path_a_function_or_an_old_form_hides_an_attribute() {
        let update = json!({"Key": {"pk": {"S": "a"}}, "ExpressionAttributeNames": {"#k": "kind", "#s": "saved"},
            "UpdateExpression": "set #k.#s[0].weight = if_not_exists(notes, :none) remove intent",
            "ConditionExpression": "attribute_exists(decision) and size(notify_seq) > :n"});
        assert_eq!(named(update), ["decision", "intent", "kind", "notes", "notify_seq", "pk"]);
        let old = json!({"Key": {"pk": {"S": "a"}}, "AttributeUpdates": {"kind": {}}, "Expected": {"version": {}}});
        assert_eq!(named(old), ["kind", "pk", "version"]);
        assert_eq!(named(json!({"UpdateExpression": "SET #unknown = :x"})), ["#unknown"]);
    }
}
