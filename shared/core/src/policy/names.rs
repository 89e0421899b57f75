//! What a policy may name, where that is narrower than what an event may bring: a slip is told before a call is refused.
//!
//! This module never asks whether a thing exists.

use std::collections::BTreeMap;

use super::setting::{Form, Place};
use crate::id::{Account, Region};
use crate::line::one_line;

/// Without blanks at its ends, and without what can't be seen or changes a line's direction: what a person reads is what it is.
pub fn is_plain(text: &str) -> bool {
    text.trim() == text && one_line(text, LONGEST_NAME) == text
}

/// An alarm's name may look like an ARN, but nobody's does: where names belong, it is a slip.
pub fn is_no_arn(text: &str) -> bool {
    !text.starts_with("arn:")
}

/// `arn:<partition>:elasticloadbalancing:<region>:<account>:targetgroup/<name>/<digits>` (Service Authorization Reference,
/// "Elastic Load Balancing V2").
pub fn is_target_group_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, "elasticloadbalancing", region, account, target_group] = parts.as_slice() else {
        return false;
    };
    let is_one = |part: &str, also: fn(u8) -> bool| !part.is_empty() && part.bytes().all(also);
    let resource: Vec<&str> = target_group.split('/').collect();
    let ["targetgroup", name, digits] = resource.as_slice() else { return false };
    partition.starts_with("aws")
        && is_one(partition, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && region.parse::<Region>().is_ok()
        && account.parse::<Account>().is_ok()
        && is_one(name, |b| b.is_ascii_alphanumeric() || b == b'-')
        && is_one(digits, |b| b.is_ascii_hexdigit())
}

/// A metric's namespace: ASCII, and no colon at its beginning (CloudWatch API reference, `PutMetricData`).
pub fn is_namespace(text: &str) -> bool {
    is_ascii_name(text, LONGEST_NAME) && !text.starts_with(':')
}

const LONGEST_NAME: usize = 255;
const MOST_DIMENSIONS: usize = 30;
const LONGEST_VALUE: usize = 1024;

/// Dimensions of a metric (CloudWatch API reference, `Dimension`). `longest` is how a value reads with the most in it.
pub struct Dimensions {
    pub longest: fn(&str) -> String,
}

impl Form for Dimensions {
    type Value = BTreeMap<String, String>;
    fn expected(&self) -> String {
        format!(
            "1 to {MOST_DIMENSIONS} dimensions in ASCII such as {{ InstanceId = \"{{instance}}\" }}: names of up to \
             {LONGEST_NAME} characters, not beginning with \":\", and values of up to {LONGEST_VALUE}"
        )
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<BTreeMap<String, String>> {
        let entries = place.value.get_ref().as_table();
        let entries = entries.filter(|entries| (1..=MOST_DIMENSIONS).contains(&entries.len()));
        let dimensions = entries.and_then(|entries| {
            let dimension = |(name, value)| self.dimension(name, value);
            entries
                .iter()
                .map(|(name, value)| (name.get_ref().as_ref(), value.get_ref().as_str()))
                .map(dimension)
                .collect()
        });
        place.or_wrong(dimensions, self)
    }
}

impl Dimensions {
    fn dimension(&self, name: &str, value: Option<&str>) -> Option<(String, String)> {
        let value = value.filter(|value| is_ascii_name(&(self.longest)(value), LONGEST_VALUE))?;
        is_namespace(name).then(|| (name.to_owned(), value.to_owned()))
    }
}

fn is_ascii_name(text: &str, longest: usize) -> bool {
    let is_short = text.len() <= longest;
    is_short && !text.trim().is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}
