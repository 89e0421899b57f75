use std::sync::Mutex;

use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::doctor::Unread;
use homeostat_remedies::policy;
use jiff::SignedDuration;

use super::*;

const POLICY: &str = r#"
schema = 1
[[lifecycle-hook.launch]]
group = "web"
hook = "ready"
evidence = ["tag"]
tag = "app:ready=yes"
[[lifecycle-hook.launch]]
group = "api"
hook = "ready"
evidence = ["tag"]
tag = "app:ready"
[[lifecycle-hook.launch]]
group = "gone"
hook = "ready"
evidence = ["tag"]
tag = "app:ready=yes"
[[lifecycle-hook.terminate]]
group = "web"
hook = "drained"
target-groups = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/1"]
"#;

#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn heard(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

impl Hooks for Fake {
    async fn hooks(&self, group: &GroupName) -> Result<Vec<HookFact>, Unavailable> {
        self.heard(format!("hooks of {group}"));
        Ok(Vec::new())
    }

    async fn has_warm_pool(&self, group: &GroupName) -> Result<bool, Unavailable> {
        self.heard(format!("pool of {group}"));
        Ok(true)
    }

    async fn target_type(&self, arn: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        self.heard(format!("type of {}", arn.as_str().rsplit(':').next().unwrap_or_default()));
        Ok(None)
    }

    async fn tags(&self, arn: &TargetGroupArn) -> Result<BTreeMap<String, String>, Unavailable> {
        self.heard(arn.as_str().rsplit(':').next().unwrap_or_default().to_owned());
        Err(Unavailable { doing: "read".into(), why: "no answer".into() })
    }
}

fn group(name: &str) -> Group {
    Group {
        name: name.parse().unwrap(),
        desired: Units::new(2),
        unit: Unit::Instances,
        members: Vec::new(),
        target_groups: Vec::new(),
        grace: SignedDuration::ZERO,
        suspended: Vec::new(),
        launches_from: ["lt-1:7".to_owned()].into(),
        launches_first: false,
        rebalances: false,
        status: None,
        tags: BTreeMap::new(),
    }
}

fn gathered(groups: &Read<Vec<Group>>) -> (HookFacts, Vec<String>) {
    let (aws, policy) = (Fake::default(), policy::parse(POLICY).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let facts = runtime.block_on(gather(&aws, groups, policy.hooks.as_ref()));
    let mut asked = aws.asked.into_inner().unwrap();
    asked.sort();
    (facts, asked)
}

#[test]
fn each_thing_is_asked_for_once_and_only_where_it_matters() {
    let (facts, asked) = gathered(&Ok(vec![group("web"), group("api"), group("other")]));
    assert_eq!(
        asked,
        ["hooks of api", "hooks of web", "pool of web", "targetgroup/jobs/1", "type of targetgroup/jobs/1"]
    );
    assert_eq!(facts.warm_pools, BTreeMap::from([("web".parse().unwrap(), Ok(true))]));
    let tags = facts.target_groups.values().next().unwrap();
    assert!(matches!(tags, Err(Unread::Failed { action: "elasticloadbalancing:DescribeTags", .. })), "{tags:?}");
}

#[test]
fn of_groups_that_could_not_be_read_nothing_is_said() {
    let (facts, asked) = gathered(&Err(Unread::NoPlace { what: "x" }));
    assert_eq!(asked, ["targetgroup/jobs/1", "type of targetgroup/jobs/1"]);
    assert!(facts.of_group.is_empty() && facts.warm_pools.is_empty());
}
