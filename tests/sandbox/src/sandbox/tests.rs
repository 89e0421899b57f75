//! A function of MiniStack's, small enough to need no build, that is killed at its calls.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime, TracingConfig, TracingMode};
use serde_json::json;

use super::*;
use crate::account::IAM;
use crate::api::{ApiError, Resource, Tree, make, read};
use crate::journal::{Call, Caller, End};
use crate::proxy::faults::{Fault, Kind, Matcher};
use crate::relay::Label;

const PATIENCE: Duration = Duration::from_secs(60);

/// Remembers whom it terminated.
#[derive(Default)]
struct Groups(Mutex<Vec<String>>);

impl Groups {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Api for Groups {
    fn serves(&self, service: &str) -> bool {
        service == "autoscaling"
    }

    fn resource(&self, _service: &str, _action: &str, _input: &Tree) -> Resource {
        Resource::any()
    }

    fn call(&self, _caller: &Caller, _service: &str, _action: &str, input: &Tree) -> Result<Tree, ApiError> {
        self.0.lock().unwrap().push(read::text(input, "InstanceId")?.to_owned());
        Ok(make::record([]))
    }
}

/// The function `healer`, invoked by a rule for events of the source `aws.test`.
async fn deploy(sandbox: &Sandbox, python: &Path, folder: &Path) {
    let trusting = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let allowing = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "autoscaling:TerminateInstanceInAutoScalingGroup", "Resource": "*",
    }] });
    let (trusting, allowing) = (trusting.to_string(), allowing.to_string());
    let role = [("RoleName", "healer"), ("AssumeRolePolicyDocument", trusting.as_str())];
    let role = sandbox.account.query(IAM, "CreateRole", &role).await.unwrap();
    let role = read::text(read::field(&role, "Role").unwrap(), "Arn").unwrap().to_owned();
    let policy = [("RoleName", "healer"), ("PolicyName", "all"), ("PolicyDocument", allowing.as_str())];
    // Its answer has no result, which `query` misses; whether the policy is there shows at the first call.
    _ = sandbox.account.query(IAM, "PutRolePolicy", &policy).await;

    let bootstrap = folder.join("bootstrap");
    std::fs::write(&bootstrap, include_str!("bootstrap.sh")).unwrap();
    let zip = folder.join("function.zip");
    let zipped = Command::new(python).args(["-m", "zipfile", "-c"]).arg(&zip).arg(&bootstrap).status().unwrap();
    assert!(zipped.success());
    let code = FunctionCode::builder().zip_file(Blob::new(std::fs::read(zip).unwrap())).build();
    let lambda = aws_sdk_lambda::Client::new(&sandbox.sdk_config());
    let function = lambda.create_function().function_name("healer").role(role).code(code).handler("bootstrap");
    let traced = TracingConfig::builder().mode(TracingMode::Active).build();
    let function = function.runtime(Runtime::Providedal2023).tracing_config(traced).send().await.unwrap();

    let events = aws_sdk_eventbridge::Client::new(&sandbox.sdk_config());
    let rule = events.put_rule().name("test").event_pattern(r#"{"source":["aws.test"]}"#).send().await.unwrap();
    let target = Target::builder().id("healer").arn(function.function_arn().unwrap()).build().unwrap();
    events.put_targets().rule("test").targets(target).send().await.unwrap();
    let permission = lambda.add_permission().function_name("healer").statement_id("rule");
    let permission = permission.action("lambda:InvokeFunction").principal("events.amazonaws.com");
    permission.source_arn(rule.rule_arn().unwrap()).send().await.unwrap();
    sandbox.census.take().await.unwrap();
}

fn numbers(calls: &[Call]) -> Vec<(Option<u32>, Option<&'static str>)> {
    calls.iter().map(|call| (call.nth, call.fault)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_labelled_invocation_is_killed_at_the_very_call_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/ministack/bin/python");
    let tools = Tools { python: python.clone(), sam: "sam is not needed here".into() };
    let groups = Arc::new(Groups::default());
    let sandbox = Sandbox::start(Options::new(tools, folder.path().join("run")), groups.clone()).await.unwrap();
    deploy(&sandbox, &python, folder.path()).await;
    let (relay, faults, journal) = (sandbox.relay(), sandbox.faults(), sandbox.journal());
    let event = || json!({ "source": "aws.test", "detail-type": "Test", "detail": { "about": "i-7" } });

    relay.publish_labelled(event(), Label::new("whole").without_retries()).await.unwrap();
    assert_eq!(relay.end_of("whole", PATIENCE).await.unwrap().failure, None);
    assert_eq!(groups.take(), ["i-1", "i-2", "i-3"]);
    assert_eq!(numbers(&journal.calls_labelled("whole")), [(Some(1), None), (Some(2), None), (Some(3), None)]);

    faults.kill_before("before", 2);
    relay.label_next("i-7", Label::new("before").without_retries());
    relay.publish(event()).await.unwrap();
    let failure = relay.end_of("before", PATIENCE).await.unwrap().failure.unwrap();
    assert!(failure.contains("Runtime.ExitError"), "{failure}");
    assert_eq!(groups.take(), ["i-1"]);
    let killed = journal.calls_labelled("before");
    assert_eq!(numbers(&killed), [(Some(1), None), (Some(2), Some("KillBefore"))]);

    faults.kill_after("after", 2);
    relay.publish_labelled(event(), Label::new("after").without_retries()).await.unwrap();
    assert!(relay.end_of("after", PATIENCE).await.unwrap().failure.is_some());
    assert_eq!(groups.take(), ["i-1", "i-2"]);
    assert_eq!(numbers(&journal.calls_labelled("after")), [(Some(1), None), (Some(2), Some("KillAfter"))]);

    // Always: the retry lives because the label is not on it.
    let kill = faults.add(Fault::always(Kind::KillBefore, Matcher::labelled("retried")));
    relay.publish_labelled(event(), Label::new("retried")).await.unwrap();
    let third = |calls: &[Call]| calls.iter().find(|call| call.label.is_none() && call.nth == Some(3)).cloned();
    let retried = journal.wait_until("the retry, whole", PATIENCE, third).await.unwrap();
    assert_eq!(numbers(&journal.calls_labelled("retried")), [(Some(1), Some("KillBefore"))]);
    assert_eq!(journal.calls_in(retried.invocation.as_deref().unwrap()).len(), 3);
    assert_eq!(groups.take(), ["i-1", "i-2", "i-3"]);
    assert_eq!(faults.hits(kill).len(), 1);

    assert_eq!(faults.failures(), Vec::<String>::new());
    each_invocation_is_journalled_once(&sandbox).await;
    sandbox.stop().await.unwrap();
}

/// Those above, the retry among them, and one for which there is no concurrency.
async fn each_invocation_is_journalled_once(sandbox: &Sandbox) {
    let functions = aws_sdk_lambda::Client::new(&sandbox.sdk_config());
    let none = functions.put_function_concurrency().function_name("healer").reserved_concurrent_executions(0);
    none.send().await.unwrap();
    sandbox.journal().invocations_after(4).await;
    let event = json!({ "source": "aws.test", "detail-type": "Test", "detail": { "about": "i-7" } });
    sandbox.relay().publish(event).await.unwrap();
    let ends = sandbox.journal().invocations_after(5).await;
    assert!(ends.iter().all(|invocation| invocation.end == End::Throttled && invocation.function == "healer"));
    let before: Vec<End> = sandbox.journal().invocations().iter().take(5).map(|invocation| invocation.end).collect();
    assert_eq!(before, [End::Succeeded, End::Failed, End::Failed, End::Failed, End::Succeeded]);
}
