//! Kills of a process that is called as Lambda calls its bootstraps, started by this process in MiniStack's place.

use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends one call, and says what it hears of the answer.
const CALLER: &str = r#"
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    body='Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-1'
    scope="Credential=$KEY/20261120/us-east-1/autoscaling/aws4_request"
    printf 'POST / HTTP/1.1\r\nhost: x\r\nauthorization: AWS4-HMAC-SHA256 %s, X=y\r\nx-amzn-trace-id: Root=1-a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: %d\r\n\r\n%s' "$scope" "${#body}" "$body" >&3
    read -r answer <&3
    echo "$answer"
"#;

fn killer() -> Faults {
    Faults::with(Killer::of_functions_under(std::process::id()).unwrap())
}

/// Lets a process of that name make its call.
async fn call(stage: &Stage, name: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(name);
    std::os::unix::fs::symlink("/bin/bash", &program).unwrap();
    let port = stage.proxy.endpoint().rsplit(':').next().unwrap().to_owned();
    let mut command = Command::new(program);
    command.args(["-c", CALLER]).env("PORT", port).env("KEY", healer().access_key);
    command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
}

/// The process is gone before its call is in the journal.
async fn the_call(stage: &Stage) -> Call {
    stage.journal.wait_for("the call of a process that was killed", PATIENCE, |_| true).await.unwrap()
}

#[tokio::test]
async fn without_a_fault_the_caller_hears_its_answer() {
    let stage = Stage::set(killer()).await;
    let output = call(&stage, "bootstrap").await;
    assert!(String::from_utf8_lossy(&output.stdout).contains("200 OK"), "{output:?}");
    assert_eq!(stage.only_call().nth, Some(1));
}

#[tokio::test]
async fn killed_before_a_call_means_no_effect_and_no_answer() {
    let stage = Stage::set(killer()).await;
    let id = stage.faults.add(Fault::once(Kind::KillBefore, Matcher::any().nth(1)));
    let output = call(&stage, "bootstrap").await;
    assert_eq!((output.status.signal(), output.stdout.len()), (Some(9), 0), "{:?}", stage.faults.failures());
    assert_eq!(stage.effects(), 0);
    let call = the_call(&stage).await;
    assert_eq!((call.fault, call.subject.as_str()), (Some("KillBefore"), "i-1"));
    assert_eq!(stage.faults.hits(id), [call.sequence]);
}

#[tokio::test]
async fn killed_after_a_call_means_one_effect_and_no_answer() {
    let stage = Stage::set(killer()).await;
    stage.faults.add(Fault::once(Kind::KillAfter, Matcher::any().nth(1)));
    let output = call(&stage, "bootstrap").await;
    assert_eq!((output.status.signal(), output.stdout.len()), (Some(9), 0), "{:?}", stage.faults.failures());
    assert_eq!(stage.effects(), 1);
    let call = the_call(&stage).await;
    assert_eq!((call.status, call.fault), (200, Some("KillAfter")));
}

#[tokio::test]
async fn nothing_but_a_bootstrap_is_ever_killed() {
    let stage = Stage::set(killer()).await;
    let id = stage.faults.add(Fault::once(Kind::KillBefore, Matcher::any()));
    let output = call(&stage, "sam").await;
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("500"), "{output:?}");
    assert_eq!(stage.effects(), 0);
    assert_eq!(stage.only_call().fault, None);
    let failures = stage.faults.failures();
    assert!(failures[0].contains("is sam, and only a bootstrap is ever killed"), "{failures:?}");
    assert!(stage.faults.hits(id).is_empty());
}

#[tokio::test]
async fn a_process_that_ministack_did_not_start_is_never_killed() {
    let elsewhere = Command::new("/bin/cat").stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let stage = Stage::set(Faults::with(Killer::of_functions_under(elsewhere.id().unwrap()).unwrap())).await;
    stage.faults.add(Fault::once(Kind::KillBefore, Matcher::any()));
    let output = call(&stage, "bootstrap").await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stage.effects(), 0);
    let failures = stage.faults.failures();
    assert!(failures[0].contains("no process that MiniStack"), "{failures:?}");
}

#[tokio::test]
async fn without_a_ministack_there_is_nobody_to_kill() {
    let stage = Stage::with(Fault::once(Kind::KillBefore, Matcher::any())).await;
    let output = call(&stage, "bootstrap").await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stage.effects(), 0);
    assert!(stage.faults.failures()[0].contains("there is no MiniStack"));
}
