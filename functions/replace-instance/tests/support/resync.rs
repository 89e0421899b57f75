//! The built function resyncs a healthy fleet within AWS's published rates: no call is throttled, each group is read, and its memory and
//! its descriptors stay bounded, however many groups the policy names.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use sandbox::face::Face;
use serde_json::{Value, json};
use world::{GroupSettings, HealthCheckType, Mixed, Pace, Place, World};

use crate::account::Account;
use crate::runtime_api::{Answer, Function, answer, listener};

const SIZE: u32 = 20;

fn fleet(groups: usize, now: Timestamp) -> World {
    let place = Place { account: "123456789012".to_owned(), region: "eu-west-1".parse().unwrap() };
    let zones = ['a', 'b', 'c'].map(|letter| place.zone(letter)).to_vec();
    let pace = Pace { call: SignedDuration::ZERO, ..Pace::aws() };
    let mut world = World::new(place, pace, now - SignedDuration::from_mins(4));
    for number in 0..groups {
        let target_group = world.add_target_group(&format!("svc-{number}"), 8080).unwrap();
        world
            .add_group(GroupSettings {
                name: format!("svc-{number}").parse().unwrap(),
                tags: BTreeMap::new(),
                min: 0,
                max: 4 * SIZE,
                desired: SIZE,
                zones: zones.clone(),
                health_check: HealthCheckType::Ec2,
                grace: SignedDuration::ZERO,
                target_groups: vec![target_group],
                maintenance: None,
                hooks: Vec::new(),
                retain_on_abandon: false,
                warm_pool: None,
                spot: false,
                rebalances: false,
                application: None,
                termination_lingers: SignedDuration::ZERO,
                launch_template_version: 1,
                mixed: Mixed::default(),
                new_instances_protected: false,
                launch_automation: None,
            })
            .unwrap();
    }
    world.step(now);
    world.take_events();
    world
}

fn policy(groups: usize) -> String {
    let mut text = "schema = 1\nmode = \"act\"\n".to_owned();
    for number in 0..groups {
        let evidence = "evidence = [\"alarm\", \"target-health\"]";
        writeln!(text, "[[replace-instance.group]]\nname = \"svc-{number}\"\n{evidence}").unwrap();
    }
    text
}

#[derive(Debug)]
struct Report {
    slices: usize,
    read: usize,
    throttled: usize,
    calls: usize,
    megabytes: u64,
    descriptors: usize,
    is_through: bool,
}

/// By `/proc`, which needs no care for how quick it is asked.
fn peak_megabytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// One resync, by the schedule's invocation and each slice that the function orders, of which at most so many.
fn resync(groups: usize, most: usize) -> Report {
    let zip = tempfile::tempdir().unwrap();
    std::fs::write(zip.path().join("policy.toml"), policy(groups)).unwrap();
    let now = Timestamp::now();
    let (lambda, aws) = (listener(), listener());
    let account = Account::serve(Face::new(Arc::new(Mutex::new(fleet(groups, now))), move || now), &aws);
    let function = Function {
        binary: env!("CARGO_BIN_EXE_replace-instance"),
        variables: &[
            ("TABLE_NAME", "incidents"),
            ("WAKE_QUEUES", r#"{"instance":"http://sqs/1/wake","group":"http://sqs/1/wake"}"#),
            ("INTAKE_QUEUE", "http://sqs/1/intake"),
            ("STACK_NAME", "homeostat"),
        ],
    };
    let started = function.start(zip.path(), &lambda, &aws);
    let pid = started.0.id();
    let (is_over, descriptors) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let watch = {
        let (is_over, descriptors) = (Arc::clone(&is_over), Arc::clone(&descriptors));
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let open = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
                descriptors.fetch_max(open, Ordering::Relaxed);
                std::thread::park_timeout(std::time::Duration::from_millis(10));
            }
        })
    };
    let mut event = json!({ "homeostat": "resync" });
    let (mut slices, mut is_through) = (0, false);
    while slices < most && !is_through {
        let Answer { path, body } = answer(&lambda, &event.to_string());
        assert!(path.ends_with("/response"), "{path} {body}");
        slices += 1;
        match account.next_sent() {
            None => is_through = true,
            Some(order) => {
                assert!(order.body.contains("continue-resync"), "{}", order.body);
                // As SQS holds it back.
                std::thread::sleep(order.at.saturating_duration_since(Instant::now()));
                event = message(&order.body);
            }
        }
    }
    is_over.store(true, Ordering::Relaxed);
    watch.join().unwrap();
    Report {
        slices,
        read: account.target_groups_read(),
        throttled: account.throttled.load(Ordering::Relaxed),
        calls: account.calls.load(Ordering::Relaxed),
        megabytes: peak_megabytes(pid),
        descriptors: descriptors.load(Ordering::Relaxed),
        is_through,
    }
}

fn message(body: &str) -> Value {
    json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": body }] })
}

fn is_bounded(report: &Report) {
    assert_eq!(report.throttled, 0, "{report:?}");
    assert!(report.megabytes <= 128, "{report:?}");
    assert!(report.descriptors <= 100, "{report:?}");
}

/// At a tenth of ELB's ten calls per second, a group takes a second.
#[test]
fn each_group_of_a_healthy_fleet_is_read_and_nothing_is_throttled() {
    let report = resync(30, usize::MAX);
    is_bounded(&report);
    assert_eq!((report.read, report.is_through), (30, true), "{report:?}");
    assert!(report.slices > 1, "{report:?}: or this says nothing of slices");
    assert!(report.calls <= 10 * report.slices + 5 * report.read, "{report:?}");
}

/// All of it would take nine minutes. What a slice holds in memory doesn't depend on how many came before.
#[test]
fn a_policy_of_500_groups_takes_no_more_memory_and_no_more_descriptors() {
    let report = resync(500, 3);
    is_bounded(&report);
    assert!(!report.is_through && (16..=64).contains(&report.read), "{report:?}");
}
