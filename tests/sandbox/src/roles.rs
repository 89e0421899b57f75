//! The deployed roles of the functions, held against every call that passes the sandbox's front.
//!
//! MiniStack evaluates them once more for what it serves, without the conditions that it doesn't know. Operators may do
//! everything, and a function nothing that its role doesn't allow.

mod deployed;
mod lent;
mod permissions;
mod register;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use anyhow::Result;

use crate::account::{ACCOUNT_ID, Account, REGION};
use crate::api::{ApiError, Resource};
use crate::journal::{Function, Who};
use crate::policy::{Asked, Document, Grant, Key, Verdict, decide, granting, grants};
use lent::Lent;
pub(crate) use permissions::{Permission, permissions};
use register::Register;
pub use register::{Account as Needed, Need, Refusal, Right};

/// A handle; clones share the same roles.
#[derive(Clone, Default)]
pub struct Roles {
    by_function: Arc<RwLock<BTreeMap<String, Role>>>,
    /// What the operator's command is held against, once a story has said so.
    operators: Arc<RwLock<Option<Vec<Document>>>>,
    register: Register,
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
            self.register.allows(&function.name, grants(&policies));
            roles.insert(function.name.clone(), Role { name, policies });
        }
        *self.by_function.write().unwrap_or_else(PoisonError::into_inner) = roles;
        Ok(())
    }

    /// For tests that need no deployment.
    pub fn with_policies(function: &str, role: &str, policies: Vec<Document>) -> Self {
        let role = Role { name: role.to_owned(), policies };
        let by_function = Arc::new(RwLock::new(BTreeMap::from([(function.to_owned(), role)])));
        Self { by_function, ..Self::default() }
    }

    /// Holds the roles against what AWS's services do with them, as the functions are configured now.
    pub(crate) async fn lend(&self, lambda: &aws_sdk_lambda::Client, sns: &aws_sdk_sns::Client) -> Result<()> {
        let functions: Vec<String> = self.read().keys().cloned().collect();
        for function in functions {
            let mut lent = lent::to_lambda(lambda, &function).await?;
            for topic in self.publishes_to(&function) {
                lent.extend(lent::to_sns(sns, &topic).await?);
            }
            for right in lent {
                self.lent(&function, right);
            }
        }
        Ok(())
    }

    fn publishes_to(&self, function: &str) -> Vec<String> {
        let roles = self.read();
        let policies = roles.get(function).map(|role| role.policies.as_slice()).unwrap_or_default();
        let publishes = grants(policies).into_iter().filter(|grant| grant.action == "sns:Publish");
        publishes.map(|grant| grant.resource).collect()
    }

    fn lent(&self, function: &str, right: Lent) {
        let keys = right.keys.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect();
        let resource = Resource { arn: right.on, keys, ..Resource::any() };
        match self.granting(function, right.action, &resource) {
            Some(grant) => self.register.needed(function, grant, Need::Service(right.to)),
            None => self.refuses(function, right.action, &resource),
        }
    }

    fn granting(&self, function: &str, action: &str, resource: &Resource) -> Option<Grant> {
        let roles = self.read();
        let key = |name: &str| key_of(name, resource);
        let asked = Asked { action, resource: &resource.arn, service: None, key: &key };
        granting(&roles.get(function)?.policies, &asked)
    }

    fn refuses(&self, function: &str, action: &str, resource: &Resource) {
        let refusal = Refusal { function: function.to_owned(), action: action.to_owned(), on: resource.arn.clone() };
        self.register.refused(refusal);
    }

    /// A story says beforehand what it has refused: a function's logical id, the action, and the resource's name.
    pub fn expect_refusal(&self, function: &str, action: &str, on: &str) {
        let refusal = Refusal { function: function.to_owned(), action: action.to_owned(), on: on.to_owned() };
        self.register.expects(refusal);
    }

    pub(crate) fn register(&self) -> &Register {
        &self.register
    }

    /// From now on, the operator's command may do with the table what these policies allow, and nothing else.
    pub fn hold_operators_to(&self, policies: Vec<Document>) {
        *self.operators.write().unwrap_or_else(PoisonError::into_inner) = Some(policies);
    }

    pub(crate) fn check_operators_command(&self, permission: &str, resource: &Resource) -> Result<(), ApiError> {
        let policies = self.operators.read().unwrap_or_else(PoisonError::into_inner);
        let Some(policies) = policies.as_ref() else { return Ok(()) };
        let key = |name: &str| key_of(name, resource);
        let asked = Asked { action: permission, resource: &resource.arn, service: None, key: &key };
        match decide(policies, &asked) {
            Verdict::Allowed => Ok(()),
            Verdict::Denied | Verdict::NotAllowed => {
                let arn = &resource.arn;
                Err(refused("dynamodb", format!("the operator's policy does not allow {permission} on {arn}")))
            }
        }
    }

    /// Whether the function's role allows it; nothing is noted down of that.
    pub fn allows(&self, function: &str, action: &str, resource: &Resource) -> bool {
        self.granting(function, action, resource).is_some()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Role>> {
        self.by_function.read().unwrap_or_else(PoisonError::into_inner)
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
        let roles = self.read();
        let Some(role) = roles.get(function) else {
            return Err(refused(service, format!("the role of {function} was not read, so nothing is allowed to it")));
        };
        let key = |name: &str| key_of(name, resource);
        let asked = Asked { action: &permission, resource: &resource.arn, service: None, key: &key };
        let because = match decide(&role.policies, &asked) {
            Verdict::Allowed => {
                let grant = granting(&role.policies, &asked);
                grant.into_iter().for_each(|grant| self.register.needed(function, grant, Need::Call));
                return Ok(());
            }
            Verdict::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            Verdict::NotAllowed => format!("because no identity-based policy allows the {permission} action"),
        };
        self.refuses(function, &permission, resource);
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

/// What one request says once, or leaves out.
const OF_ONE_REQUEST: [&str; 2] = ["dynamodb:returnvalues", "dynamodb:select"];

/// What policies call a service, where that is not its signing name.
pub(crate) fn prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        same => same,
    }
}

fn refused(service: &str, message: String) -> ApiError {
    let code = match service {
        "ec2" => "UnauthorizedOperation",
        "dynamodb" => "AccessDeniedException",
        "sns" => "AuthorizationError",
        _ => "AccessDenied",
    };
    ApiError::new(403, code, message)
}

/// Names arrive in lower case, and the names of tags are not compared by it on AWS either.
fn key_of(name: &str, resource: &Resource) -> Key {
    if name == "aws:requestedregion" {
        return Key::Is(REGION.to_owned());
    }
    match resource.keys.get(name).map(Vec::as_slice) {
        Some([value]) if name.starts_with("kms:") || OF_ONE_REQUEST.contains(&name) => return Key::Is(value.clone()),
        Some(values) => return Key::Several(values.to_vec()),
        None if name.starts_with(OF_RECORD_CHANGES) || name.starts_with("kms:") || OF_ONE_REQUEST.contains(&name) => {
            return Key::Absent;
        }
        None => {}
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

    /// A group may be called like anything but for colons.
    #[test]
    fn a_star_in_the_middle_of_a_key_would_take_another_kind_for_its_own() {
        let may = |pattern: &str, key: &str| {
            let json = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"arn:t","Condition":{{
                "ForAllValues:StringLike":{{"dynamodb:LeadingKeys":["{pattern}"]}},"Null":{{"dynamodb:LeadingKeys":"false"}}}}}}]}}"#
            );
            let roles = Roles::with_policies("replace", "replace-role", vec![Document::read(&json).unwrap()]);
            let keys = BTreeMap::from([("dynamodb:leadingkeys".to_owned(), vec![key.to_owned()])]);
            roles.allows("replace", "dynamodb:PutItem", &Resource { arn: "arn:t".to_owned(), keys, ..Resource::any() })
        };
        let (open, closed) = ("SUBJECT#*#instance#*", "SUBJECT#us-east-1#instance#*");
        let another = "SUBJECT#us-east-1#hook#web#instance#x:ready:i-0123456789abcdef0";
        assert!(may(open, another) && !may(closed, another));
        assert!(may(closed, "SUBJECT#us-east-1#instance#i-0123456789abcdef0"));
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
    fn a_service_acts_with_the_role_only_as_far_as_the_role_lets_it() {
        let json = r#"{"Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:k","Condition":
            {"StringEquals":{"kms:ViaService":"sns.us-east-1.amazonaws.com"}}}]}"#;
        let roles = Roles::with_policies("tell", "tell-role", vec![Document::read(json).unwrap()]);
        let asked = |keys: &[(&str, &str)], on: &str| {
            let keys = keys.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
            let resource = Resource { arn: on.to_owned(), keys, ..Resource::any() };
            roles.granting("tell", "kms:Decrypt", &resource).is_some()
        };
        let by_sns = [("kms:viaservice", "sns.us-east-1.amazonaws.com")];
        assert!(asked(&by_sns, "arn:k"));
        assert!(!asked(&[], "arn:k"));
        assert!(!asked(&[("kms:viaservice", "s3.us-east-1.amazonaws.com")], "arn:k"));
        assert!(!asked(&by_sns, "arn:other"));
    }
}
