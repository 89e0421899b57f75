//! Requests of the Query protocol: a form whose keys are paths (`Filters.member.1.Name`).
//!
//! Never knows a type: all values stay texts.

use std::collections::BTreeMap;

use ciborium::Value;

use crate::api::ApiError;
use crate::tree::{Tree, make};

pub(super) fn read(body: &[u8]) -> Result<(String, Tree), ApiError> {
    let mut root = Branch::default();
    for (path, value) in form_urlencoded::parse(body) {
        root.grow(&path, &value);
    }
    let action = root.leaf("Action").ok_or_else(|| {
        ApiError::new(400, "MissingAction", "the body names no Action: is this a request of the Query protocol?")
    })?;
    root.children.remove("Action");
    root.children.remove("Version");
    Ok((action, root.into_record()))
}

/// A form is flat; this is the tree it spells.
#[derive(Default)]
struct Branch {
    value: Option<String>,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn grow(&mut self, path: &str, value: &str) {
        match path.split_once('.') {
            Some((name, rest)) => self.children.entry(name.to_owned()).or_default().grow(rest, value),
            None => self.children.entry(path.to_owned()).or_default().value = Some(value.to_owned()),
        }
    }

    fn leaf(&self, name: &str) -> Option<String> {
        self.children.get(name)?.value.clone()
    }

    fn into_tree(mut self) -> Tree {
        if self.children.is_empty() {
            return make::text(self.value.unwrap_or_default());
        }
        if self.children.len() == 1
            && let Some(members) = self.children.remove("member")
        {
            return members.into_list();
        }
        // EC2's dialect, and flattened lists, number their items without the word.
        if self.children.keys().all(|name| name.parse::<u32>().is_ok()) {
            return self.into_list();
        }
        self.into_record()
    }

    fn into_list(self) -> Tree {
        let mut numbered: Vec<(u32, Branch)> =
            self.children.into_iter().map(|(number, item)| (number.parse().unwrap_or(u32::MAX), item)).collect();
        // As text, 10 comes before 2.
        numbered.sort_by_key(|(number, _)| *number);
        Value::Array(numbered.into_iter().map(|(_, item)| item.into_tree()).collect())
    }

    fn into_record(self) -> Tree {
        Value::Map(self.children.into_iter().map(|(name, child)| (make::text(name), child.into_tree())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::read as get;

    #[test]
    fn lists_and_structures_nest() {
        let body = b"Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=web\
            &Filters.member.1.Name=tag%3Aapp&Filters.member.1.Values.member.1=a%26b&MaxRecords=7";
        let (action, input) = read(body).unwrap();
        assert_eq!(action, "DescribeAutoScalingGroups");
        assert_eq!(get::texts(&input, "AutoScalingGroupNames").unwrap(), ["web"]);
        let filter = get::items(&input, "Filters").unwrap().first().unwrap();
        assert_eq!(get::text(filter, "Name").unwrap(), "tag:app");
        assert_eq!(get::texts(filter, "Values").unwrap(), ["a&b"]);
        assert_eq!(get::integer(&input, "MaxRecords").unwrap(), Some(7));
        assert!(get::field(&input, "Version").is_none());
    }

    #[test]
    fn the_tenth_item_comes_after_the_second() {
        let body: String =
            (1..=11).map(|n| format!("&InstanceIds.member.{n}=i-{n}")).collect::<String>() + "&Action=Describe";
        let (_, input) = read(body.as_bytes()).unwrap();
        let ids = get::texts(&input, "InstanceIds").unwrap();
        assert_eq!(ids.last(), Some(&"i-11"));
        assert_eq!(ids.get(1), Some(&"i-2"));
    }

    #[test]
    fn ec2_numbers_its_lists_without_member() {
        let (_, input) = read(b"Action=DescribeInstanceStatus&InstanceId.1=i-1&InstanceId.2=i-2").unwrap();
        assert_eq!(get::texts(&input, "InstanceId").unwrap(), ["i-1", "i-2"]);
    }

    #[test]
    fn an_empty_list_reads_as_empty() {
        let (_, input) = read(b"Action=Describe&InstanceIds=").unwrap();
        assert!(get::items(&input, "InstanceIds").unwrap().is_empty());
    }

    #[test]
    fn a_body_without_an_action_is_refused() {
        assert_eq!(read(b"{}").unwrap_err().code, "MissingAction");
    }
}
