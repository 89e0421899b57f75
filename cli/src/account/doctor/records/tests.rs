use std::sync::Mutex;

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::doctor::Unread;
use homeostat_core::ports::Unavailable;
use homeostat_remedies::policy;
use jiff::Timestamp;

use super::*;

const POLICY: &str = r#"
schema = 1
[[shift-dns.record]]
hosted-zone = "Z1"
name = "www.example.com"
type = "A"
proof = ["health-check"]
[[shift-dns.record.endpoint]]
id = "blue"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gone"]
health-check = "00000000-0000-0000-0000-000000000001"
target-groups = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1"]
[[shift-dns.record.endpoint]]
id = "green"
alarms = ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:green"]
canaries = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue"]
health-check = "00000000-0000-0000-0000-000000000001"
"#;

/// us-east-1 is down, and one alarm is gone.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
}

fn down() -> Unavailable {
    Unavailable { doing: "read".into(), why: "no answer".into() }
}

impl Records for Fake {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.asked.lock().unwrap().push(format!("{zone} {name}"));
        Ok(Vec::new())
    }
    async fn is_in_sync(&self, _: &str) -> Result<bool, Unavailable> {
        Err(down())
    }
    async fn alarms(&self, arns: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.asked.lock().unwrap().push(format!("{} alarms", arns.len()));
        let seen = |arn: &AlarmArn| {
            let (arn, since, reason) = (arn.clone(), Timestamp::UNIX_EPOCH, String::new());
            AlarmReading { arn, state: AlarmState::Ok, since, reason, actions_enabled: true, instances: Vec::new() }
        };
        if arns.iter().any(|arn| arn.as_str().contains("us-east-1")) {
            return Err(down());
        }
        Ok(arns.iter().filter(|arn| arn.alarm_name() != "gone").map(|arn| (arn.clone(), Ok(seen(arn)))).collect())
    }
    async fn health_check(&self, _: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.asked.lock().unwrap().push("a health check".to_owned());
        Ok(None)
    }
    async fn has_health_check(&self, _: &HealthCheckId) -> Result<bool, Unavailable> {
        Err(down())
    }
    async fn targets(&self, _: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        Err(down())
    }
}

#[test]
fn each_thing_is_asked_for_once_and_each_region_for_its_own() {
    let (aws, policy) = (Fake::default(), policy::parse(POLICY).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let facts = runtime.block_on(gather(&aws, None, policy.dns.as_ref()));
    let mut asked = aws.asked.into_inner().unwrap();
    asked.sort();
    assert_eq!(asked, ["1 alarms", "2 alarms", "Z1 www.example.com", "a health check"]);
    let alarm = |region: &str, name: &str| {
        let arn: AlarmArn = format!("arn:aws:cloudwatch:{region}:123456789012:alarm:{name}").parse().unwrap();
        facts.alarms[&arn].as_ref().map(Option::is_some)
    };
    assert_eq!((alarm("eu-west-1", "blue"), alarm("eu-west-1", "gone")), (Ok(true), Ok(false)));
    assert!(matches!(alarm("us-east-1", "green"), Err(Unread::Failed { action: "cloudwatch:DescribeAlarms", .. })));
    assert!(facts.targets.values().all(Result::is_err) && facts.sets.len() == 1);
}
