//! An item as JSON, in DynamoDB's own form of an attribute value, and back.
//!
//! This module never knows what an item means.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::ledger::item::Item;

/// One item, one text: keys are sorted, since a map of attributes has no order.
pub(super) fn text(item: &Item) -> String {
    let text = serde_json::to_string_pretty(&sorted(item)).unwrap();
    format!("{text}\n")
}

pub(super) fn item(text: &str) -> Item {
    attributes(&serde_json::from_str(text).unwrap())
}

fn sorted(item: &Item) -> Value {
    // Sorted here and not by `serde_json`, whose maps keep another order where some crate of the build asks for that.
    let sorted: BTreeMap<&String, Value> = item.iter().map(|(name, value)| (name, json(value))).collect();
    Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect())
}

fn json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(is) => json!({ "BOOL": is }),
        AttributeValue::Null(is) => json!({ "NULL": is }),
        AttributeValue::L(all) => json!({ "L": all.iter().map(json).collect::<Vec<_>>() }),
        AttributeValue::M(all) => json!({ "M": sorted(all) }),
        other => panic!("the ledger writes no {other:?}"),
    }
}

fn attributes(value: &Value) -> Item {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    let [(form, value)] = value.as_object().unwrap().iter().collect::<Vec<_>>()[..] else {
        panic!("not an attribute: {value}")
    };
    match (form.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(number)) => AttributeValue::N(number.clone()),
        ("BOOL", Value::Bool(is)) => AttributeValue::Bool(*is),
        ("NULL", Value::Bool(is)) => AttributeValue::Null(*is),
        ("L", Value::Array(all)) => AttributeValue::L(all.iter().map(attribute).collect()),
        ("M", all) => AttributeValue::M(attributes(all)),
        other => panic!("not an attribute that the ledger writes: {other:?}"),
    }
}

/// Where an attribute is in an item: the names that lead to it, and positions in lists.
pub(super) type Path = Vec<String>;

/// Of every attribute, at any depth, but for the item's key.
pub(super) fn paths(item: &Item) -> Vec<Path> {
    let is_no_key = |name: &&String| !matches!(name.as_str(), "pk" | "sk");
    item.keys().filter(is_no_key).flat_map(|name| below(vec![name.clone()], &item[name])).collect()
}

fn below(path: Path, value: &AttributeValue) -> Vec<Path> {
    let next = |step: String| [path.as_slice(), &[step]].concat();
    let deeper: Vec<Path> = match value {
        AttributeValue::M(all) => all.iter().flat_map(|(name, value)| below(next(name.clone()), value)).collect(),
        // Of a list's elements none can be left out, but what they hold may.
        AttributeValue::L(all) => {
            let each = all.iter().enumerate().map(|(index, value)| below(next(index.to_string()), value));
            each.flat_map(|paths| paths.into_iter().skip(1)).collect()
        }
        _ => Vec::new(),
    };
    [vec![path], deeper].concat()
}

pub(super) fn without(mut item: Item, path: &[String]) -> Item {
    remove(&mut item, path);
    item
}

fn remove(item: &mut Item, path: &[String]) {
    match path {
        [name] => _ = item.remove(name),
        [name, rest @ ..] => remove_in(item.get_mut(name).unwrap(), rest),
        [] => {}
    }
}

fn remove_in(value: &mut AttributeValue, path: &[String]) {
    match value {
        AttributeValue::M(all) => remove(all, path),
        AttributeValue::L(all) => remove_in(&mut all[path[0].parse::<usize>().unwrap()], &path[1..]),
        other => panic!("nothing is in {other:?}"),
    }
}
