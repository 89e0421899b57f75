//! Changes a JSON document so that it stays one, documents within its texts included. Changed byte by byte, hardly any would.
//!
//! This mutator never makes up words by itself: they come from libFuzzer, which knows the dictionary and what the parser compared with,
//! or from elsewhere in the document.

use fastrand::Rng;
use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Value, json};

use super::text::{changed_text, mutated};

pub(crate) fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = Rng::with_seed(seed.into());
    if let Some(document) = serde_json::from_slice::<Value>(&data[..size]).ok().filter(|_| rng.u8(..8) > 0) {
        let written = changed(document, &mut rng).to_string();
        if written.len() <= max_size {
            data[..written.len()].copy_from_slice(written.as_bytes());
            return written.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

fn changed(mut document: Value, rng: &mut Rng) -> Value {
    for _ in 0..rng.usize(1..4) {
        let count = count(&document);
        let other = nth(&mut document, &mut rng.usize(..count)).cloned().unwrap_or_default();
        if let Some(value) = nth(&mut document, &mut rng.usize(..count)) {
            *value = change(value.take(), other, rng);
        }
    }
    if rng.u8(..64) == 0 {
        return json!({ "Records": [{ "body": document.to_string() }] });
    }
    document
}

fn change(value: Value, other: Value, rng: &mut Rng) -> Value {
    if rng.u8(..16) == 0 {
        return [other, Value::Null, json!({}), json!([]), json!(""), json!(7)][rng.usize(..6)].clone();
    }
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(&text) {
            Ok(inner @ Value::Object(_)) if rng.u8(..8) > 0 => changed(inner, rng).to_string().into(),
            _ => changed_text(&text, rng).into(),
        },
        Value::Number(number) => serde_json::from_str(&mutated(&number.to_string())).unwrap_or(json!(rng.i64(..))),
        Value::Array(mut list) => {
            let at = rng.usize(..=list.len());
            if at < list.len() && rng.bool() {
                _ = list.remove(at)
            } else {
                list.insert(at, other)
            }
            list.into()
        }
        Value::Object(mut fields) => {
            let name = fields.keys().nth(rng.usize(..=fields.len())).cloned().unwrap_or_default();
            match (fields.remove(&name), rng.u8(..4)) {
                (_, 0) => {}
                (Some(value), 1) => _ = fields.insert(mutated(&name), value),
                (Some(value), 2) => fields.extend([(name, value), (mutated(""), other)]),
                (Some(_), _) => _ = fields.insert(name, other),
                (None, _) => _ = fields.insert(mutated(""), other),
            }
            fields.into()
        }
        Value::Null | Value::Bool(_) => other,
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The value that many steps from the first, in the order of the text.
fn nth<'a>(value: &'a mut Value, steps: &mut usize) -> Option<&'a mut Value> {
    if *steps == 0 {
        return Some(value);
    }
    *steps -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| nth(inner, steps)),
        Value::Object(fields) => fields.values_mut().find_map(|inner| nth(inner, steps)),
        _ => None,
    }
}
