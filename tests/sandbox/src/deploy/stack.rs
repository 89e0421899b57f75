//! What a deployment made, as CloudFormation tells it. Never guesses a name.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::account::{Account, CLOUDFORMATION};
use crate::journal::Function;
use crate::tree::{Tree, read};

#[derive(Debug, Clone)]
pub struct Stack {
    pub name: String,
    pub outputs: BTreeMap<String, String>,
    /// Physical ids by logical id.
    pub resources: BTreeMap<String, String>,
    /// All functions of the account, of this stack and of others.
    pub functions: Vec<Function>,
}

impl Stack {
    pub fn output(&self, name: &str) -> Result<&str> {
        let found = self.outputs.get(name).map(String::as_str);
        found.with_context(|| format!("the stack {} has no output {name}; it has {:?}", self.name, self.outputs))
    }

    pub fn physical_id(&self, logical_id: &str) -> Result<&str> {
        let found = self.resources.get(logical_id).map(String::as_str);
        found.with_context(|| format!("the stack {} has no resource {logical_id}", self.name))
    }

    pub(super) async fn read(account: &Account, name: &str) -> Result<Self> {
        let this_stack = [("StackName", name)];
        let described = account.query(CLOUDFORMATION, "DescribeStacks", &this_stack).await?;
        let stack = read::items(&described, "Stacks")?.first().with_context(|| format!("there is no stack {name}"))?;
        let resources = account.query(CLOUDFORMATION, "DescribeStackResources", &this_stack).await?;
        Ok(Self {
            name: name.to_owned(),
            outputs: pairs(read::items(stack, "Outputs")?, "OutputKey", "OutputValue")?,
            resources: pairs(read::items(&resources, "StackResources")?, "LogicalResourceId", "PhysicalResourceId")?,
            functions: Vec::new(),
        })
    }
}

fn pairs(items: &[Tree], key: &str, value: &str) -> Result<BTreeMap<String, String>> {
    let pair = |item| -> Result<(String, String)> {
        Ok((read::text(item, key)?.to_owned(), read::maybe_text(item, value)?.unwrap_or_default().to_owned()))
    };
    items.iter().map(pair).collect()
}
