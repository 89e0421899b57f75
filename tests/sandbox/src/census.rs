//! Which functions are deployed, which keys they sign with, and what their roles allow.
//!
//! Taken after each deployment, and when a key turns up that nobody knows: a function may run before its deployment
//! has ended.

use anyhow::{Context, Result};

use crate::account::{Account, sdk_config};
use crate::journal::{Function, Journal};
use crate::roles::Roles;

#[derive(Clone)]
pub struct Census {
    account: Account,
    lambda: aws_sdk_lambda::Client,
    sns: aws_sdk_sns::Client,
    journal: Journal,
    roles: Roles,
}

impl Census {
    /// `endpoint` is MiniStack's own, so that none of this is journalled.
    pub(crate) fn at(endpoint: &str, journal: Journal, roles: Roles) -> Self {
        let config = sdk_config(endpoint);
        let (lambda, sns) = (aws_sdk_lambda::Client::new(&config), aws_sdk_sns::Client::new(&config));
        Self { account: Account::at(endpoint), lambda, sns, journal, roles }
    }

    pub(crate) async fn take(&self) -> Result<Vec<Function>> {
        let functions = self.functions().await?;
        self.roles.load(&self.account, &functions).await?;
        self.journal.register(functions.iter().cloned());
        Ok(functions)
    }

    /// What AWS's services do with the roles: only when the deployment has ended, or a part of it would pass for missing.
    pub(crate) async fn of_services(&self) -> Result<()> {
        self.roles.lend(&self.lambda, &self.sns).await
    }

    async fn functions(&self) -> Result<Vec<Function>> {
        let mut functions = Vec::new();
        let mut marker = None;
        loop {
            let request = self.lambda.list_functions().set_marker(marker);
            let page = request.send().await.context("listing the deployed functions")?;
            for function in page.functions() {
                let name = function.function_name().context("a function without a name")?;
                let arn = function.function_arn().with_context(|| format!("{name} has no ARN"))?;
                let role = function.role().with_context(|| format!("{name} has no role"))?;
                functions.push(Function::deployed(name, arn, role));
            }
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(functions);
            }
        }
    }
}
