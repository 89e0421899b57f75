//! Reading a role's policies from MiniStack's IAM. Never keeps them: each deployment may change them.

use anyhow::{Context, Result, bail};

use crate::account::{Account, IAM, Refused};
use crate::policy::Document;
use crate::tree::{Tree, read};

const OF_AWS: &str = "arn:aws:iam::aws:policy/";

/// Inline and attached ones.
pub(super) async fn policies(account: &Account, role: &str) -> Result<Vec<Document>> {
    let this_role = [("RoleName", role)];
    let details = account.query(IAM, "GetRole", &this_role).await?;
    if read::field(&details, "Role").is_some_and(|role| read::field(role, "PermissionsBoundary").is_some()) {
        bail!("the role {role} has a permissions boundary, which the sandbox does not evaluate");
    }
    let mut documents = Vec::new();
    let inline = account.query(IAM, "ListRolePolicies", &this_role).await?;
    for name in read::texts(&inline, "PolicyNames")? {
        let policy = account.query(IAM, "GetRolePolicy", &[("RoleName", role), ("PolicyName", name)]).await?;
        documents.push(document(&policy, name)?);
    }
    let attached = account.query(IAM, "ListAttachedRolePolicies", &this_role).await?;
    for policy in read::items(&attached, "AttachedPolicies")? {
        documents.extend(managed(account, read::text(policy, "PolicyArn")?).await?);
    }
    Ok(documents)
}

/// Of AWS's own policies MiniStack knows a few; one that it does not know allows nothing here.
async fn managed(account: &Account, arn: &str) -> Result<Option<Document>> {
    let policy = match account.query(IAM, "GetPolicy", &[("PolicyArn", arn)]).await {
        Err(error) if arn.starts_with(OF_AWS) && is_unknown(&error) => {
            tracing::info!("MiniStack does not know {arn}: here, it allows nothing");
            return Ok(None);
        }
        answer => answer?,
    };
    let policy = read::field(&policy, "Policy").with_context(|| format!("the policy {arn} is empty"))?;
    let version = [("PolicyArn", arn), ("VersionId", read::text(policy, "DefaultVersionId")?)];
    let version = account.query(IAM, "GetPolicyVersion", &version).await?;
    let version = read::field(&version, "PolicyVersion").with_context(|| format!("the policy {arn} has no version"))?;
    parse(read::text(version, "Document")?, arn).map(Some)
}

fn is_unknown(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.code == "NoSuchEntity")
}

fn document(policy: &Tree, name: &str) -> Result<Document> {
    parse(read::text(policy, "PolicyDocument")?, name)
}

/// IAM sends documents percent-encoded.
fn parse(encoded: &str, name: &str) -> Result<Document> {
    let json = percent_decoded(encoded);
    Document::read(&json).with_context(|| format!("the policy {name} has what the sandbox does not evaluate: {json}"))
}

fn percent_decoded(encoded: &str) -> String {
    // A form's value is percent-encoded too, with `+` for the blank.
    let pair = format!("d={}", encoded.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
