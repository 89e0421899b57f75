//! The deployed roles of the functions, held against the calls that the sandbox answers itself.
//!
//! MiniStack evaluates the roles for what it serves; this never looks at those calls. Operators may do everything.

mod deployed;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Result;

use crate::account::{ACCOUNT_ID, Account, REGION};
use crate::api::{ApiError, Resource};
use crate::journal::{Function, Who};
use crate::policy::{Asked, Document, Key, Verdict, decide};

/// A handle; clones share the same roles.
#[derive(Clone, Default)]
pub struct Roles {
    by_function: Arc<RwLock<BTreeMap<String, Role>>>,
}

#[derive(Debug, Clone)]
struct Role {
    name: String,
    policies: Vec<Document>,
}

impl Roles {
    /// Reads the policies of the functions' roles as they are deployed now.
    pub(crate) async fn load(&self, account: &Account, functions: &[Function]) -> Result<()> {
        let mut roles = BTreeMap::new();
        for function in functions {
            let name = function.role_arn.rsplit('/').next().unwrap_or(&function.role_arn).to_owned();
            let policies = deployed::policies(account, &name).await?;
            roles.insert(function.name.clone(), Role { name, policies });
        }
        *self.by_function.write().unwrap_or_else(PoisonError::into_inner) = roles;
        Ok(())
    }

    /// For tests that need no deployment.
    pub fn with_policies(function: &str, role: &str, policies: Vec<Document>) -> Self {
        let role = Role { name: role.to_owned(), policies };
        Self { by_function: Arc::new(RwLock::new(BTreeMap::from([(function.to_owned(), role)]))) }
    }

    /// The action patterns that a function's role allows, on whatever resource: to find those that no story needs.
    pub fn allowed_actions(&self, function: &str) -> Vec<String> {
        let roles = self.by_function.read().unwrap_or_else(PoisonError::into_inner);
        let policies = roles.get(function).map(|role| role.policies.as_slice()).unwrap_or_default();
        policies.iter().flat_map(Document::allowed_actions).map(str::to_owned).collect()
    }

    /// `service` is the signing name.
    pub fn check(&self, who: &Who, service: &str, action: &str, resource: &Resource) -> Result<(), ApiError> {
        let function = match who {
            Who::Operator => return Ok(()),
            Who::Function(name) => name,
            Who::Unregistered(key) => {
                return Err(refused(service, format!("no deployed function signs as {key}")));
            }
        };
        let permission = format!("{}:{action}", prefix(service));
        let roles = self.by_function.read().unwrap_or_else(PoisonError::into_inner);
        let Some(role) = roles.get(function) else {
            return Err(refused(service, format!("the role of {function} was not read, so nothing is allowed to it")));
        };
        let key = |name: &str| key_of(name, resource);
        let asked = Asked { action: &permission, resource: &resource.arn, service: None, key: &key };
        let because = match decide(&role.policies, &asked) {
            Verdict::Allowed => return Ok(()),
            Verdict::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            Verdict::NotAllowed => format!("because no identity-based policy allows the {permission} action"),
        };
        let user = format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{}/{function}", role.name);
        let arn = &resource.arn;
        Err(refused(
            service,
            format!("User: {user} is not authorized to perform: {permission} on resource: {arn} {because}"),
        ))
    }
}

/// The keys of Route 53's only action with keys of its own: with all other actions they are absent.
const OF_RECORD_CHANGES: &str = "route53:changeresourcerecordsets";

/// What policies call a service, where that is not its signing name.
pub(crate) fn prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        same => same,
    }
}

fn refused(service: &str, message: String) -> ApiError {
    let code = if service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
    ApiError::new(403, code, message)
}

/// Names arrive in lower case, and the names of tags are not compared by it on AWS either.
fn key_of(name: &str, resource: &Resource) -> Key {
    if name == "aws:requestedregion" {
        return Key::Is(REGION.to_owned());
    }
    if let Some(values) = resource.keys.get(name) {
        return Key::Several(values.clone());
    }
    if name.starts_with(OF_RECORD_CHANGES) {
        return Key::Absent;
    }
    let Some((service, tag)) = name.split_once(":resourcetag/") else { return Key::Unmodelled };
    if !["aws", "autoscaling", "elasticloadbalancing", "ec2"].contains(&service) {
        return Key::Unmodelled;
    }
    match resource.tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag)) {
        Some((_, value)) => Key::Is(value.clone()),
        None => Key::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINATE: &str = "TerminateInstanceInAutoScalingGroup";

    fn group(tags: &[(&str, &str)]) -> Resource {
        Resource {
            arn: "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:u:autoScalingGroupName/web".into(),
            tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Resource::any()
        }
    }

    fn roles() -> Roles {
        let json = r#"{"Statement":[
            {"Effect":"Allow","Action":"autoscaling:TerminateInstanceInAutoScalingGroup","Resource":"*",
             "Condition":{"StringEquals":{"autoscaling:ResourceTag/Homeostat":"managed"}}},
            {"Effect":"Allow","Action":"cloudwatch:Describe*","Resource":"*"}]}"#;
        Roles::with_policies("replace", "replace-role", vec![Document::read(json).unwrap()])
    }

    fn replace() -> Who {
        Who::Function("replace".into())
    }

    #[test]
    fn a_tagged_group_may_be_touched_and_an_untagged_one_may_not() {
        let roles = roles();
        assert_eq!(roles.check(&replace(), "autoscaling", TERMINATE, &group(&[("Homeostat", "managed")])), Ok(()));
        assert!(roles.check(&replace(), "autoscaling", TERMINATE, &group(&[])).is_err());
    }

    #[test]
    fn a_refusal_reads_as_it_does_on_aws() {
        let refused = roles().check(&replace(), "autoscaling", "SetInstanceHealth", &group(&[])).unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (403, "AccessDenied"));
        assert_eq!(
            refused.message,
            "User: arn:aws:sts::000000000000:assumed-role/replace-role/replace is not authorized to perform: \
             autoscaling:SetInstanceHealth on resource: arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:u:\
             autoScalingGroupName/web because no identity-based policy allows the autoscaling:SetInstanceHealth action"
        );
    }

    #[test]
    fn a_change_of_other_records_or_by_other_actions_is_refused() {
        let json = r#"{"Statement":[{"Effect":"Allow","Action":"route53:ChangeResourceRecordSets",
            "Resource":"arn:aws:route53:::hostedzone/Z1","Condition":{
            "ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":["api.example.com"],
                "route53:ChangeResourceRecordSetsActions":["CREATE","DELETE"]},
            "Null":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":"false",
                "route53:ChangeResourceRecordSetsActions":"false"}}}]}"#;
        let roles = Roles::with_policies("replace", "replace-role", vec![Document::read(json).unwrap()]);
        let change = |zone: &str, name: &str, actions: &[&str]| {
            let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
            let keys = BTreeMap::from([
                (format!("{OF_RECORD_CHANGES}normalizedrecordnames"), values(&[name])),
                (format!("{OF_RECORD_CHANGES}actions"), values(actions)),
            ]);
            let resource = Resource { arn: format!("arn:aws:route53:::hostedzone/{zone}"), keys, ..Resource::any() };
            roles.check(&replace(), "route53", "ChangeResourceRecordSets", &resource).is_ok()
        };
        assert!(change("Z1", "api.example.com", &["CREATE", "DELETE"]));
        assert!(!change("Z2", "api.example.com", &["CREATE", "DELETE"]));
        assert!(!change("Z1", "www.example.com", &["CREATE", "DELETE"]));
        assert!(!change("Z1", "api.example.com", &["UPSERT"]));
        let keyless = Resource { arn: "arn:aws:route53:::hostedzone/Z1".to_owned(), ..Resource::any() };
        assert!(roles.check(&replace(), "route53", "ChangeResourceRecordSets", &keyless).is_err());
    }

    #[test]
    fn cloudwatch_signs_under_another_name_than_its_permissions() {
        assert_eq!(roles().check(&replace(), "monitoring", "DescribeAlarms", &Resource::any()), Ok(()));
    }

    #[test]
    fn operators_may_do_everything_and_strangers_nothing() {
        let stranger = Who::Unregistered("ASIA1".into());
        let other = Who::Function("other".into());
        assert_eq!(roles().check(&Who::Operator, "autoscaling", "X", &group(&[])), Ok(()));
        assert!(roles().check(&stranger, "monitoring", "DescribeAlarms", &Resource::any()).is_err());
        assert!(roles().check(&other, "monitoring", "DescribeAlarms", &Resource::any()).is_err());
    }

    #[test]
    fn what_a_role_allows_can_be_listed() {
        assert_eq!(roles().allowed_actions("replace").len(), 2);
    }
}
