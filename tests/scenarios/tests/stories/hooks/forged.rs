//! Made-up lifecycle actions by every way in, through the function's own handler, while an instance really waits: what
//! docs/SECURITY.md says of each way.

use homeostat_core::id::{InstanceId, Scope};
use homeostat_core::incident::State;
use homeostat_remedies::hook::kind::HookKind;
use scenarios::HookStory;
use serde_json::{Value, json};
use world::{Flaw, LifecycleState, Process, TargetState};

use super::site::*;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

/// One launch that is not ready is enough for the group to be left without launches.
const HASTY: &str =
    "evidence = [\"tag\"]\ntag = \"app:ready\"\ntimeout = \"10m\"\nmax-abandoned = 1\non-limit = \"suspend-launch\"\n";

/// `web`, with one launch that waits and has time yet.
fn waiting() -> (HookStory, InstanceId) {
    let (world, jobs) = world(4, minutes(60));
    let text = format!(
        "schema = 1\n[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\n{HASTY}\n\
         [[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\ntarget-groups = [\"{jobs}\"]\n{LEAVE}\n"
    );
    let mut story = HookStory::new(world, homeostat_remedies::policy::parse(&text).unwrap());
    story.cloud.with(|world| {
        world.break_version(&web(), 2, Flaw::NeverAnswers);
        world.roll_out(&web(), 2).unwrap();
        world.set_desired_capacity(&web(), 5).unwrap();
    });
    story.pass(minutes(2));
    let held: Vec<InstanceId> = story.cloud.with(|world| {
        let (web, waiting) = (web(), LifecycleState::PendingWait);
        world.members(&web).filter(|one| one.lifecycle == waiting).map(|one| one.id.clone()).collect()
    });
    assert_eq!(held.len(), 1);
    (story, held[0].clone())
}

struct Action<'a> {
    group: &'a str,
    hook: &'a str,
    instance: &'a str,
    transition: &'a str,
    time: String,
}

impl Action<'_> {
    fn detail(&self, number: u32) -> Value {
        json!({
            "AutoScalingGroupName": self.group,
            "LifecycleHookName": self.hook,
            "EC2InstanceId": self.instance,
            "LifecycleActionToken": format!("{number:08x}-0000-4000-8000-000000000000"),
            "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{}", self.transition),
        })
    }

    /// As EventBridge has it, from a Region, and as Auto Scaling itself sends it.
    fn forms(&self, number: u32, region: &str) -> [Value; 2] {
        let kind = if self.transition == "LAUNCHING" { "launch" } else { "terminate" };
        let by_bus = json!({
            "version": "0", "id": "12345678-1234-1234-1234-123456789012", "source": "aws.autoscaling",
            "detail-type": format!("EC2 Instance-{kind} Lifecycle Action"), "account": "123456789012",
            "time": self.time, "region": region, "resources": [], "detail": self.detail(number),
        });
        let mut direct = self.detail(number);
        direct["Time"] = json!(self.time);
        [by_bus, direct]
    }
}

fn by_queue(event: &Value) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]})
}

fn by_topic(event: &Value) -> [Value; 2] {
    let notification = json!({"Type": "Notification", "TopicArn": TOPIC, "Message": event.to_string()});
    let direct =
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": TOPIC, "Message": event.to_string()}}]});
    [direct, by_queue(&notification)]
}

/// All that an attacker would like to change.
fn is_untouched(story: &HookStory) {
    assert!(actions(story).is_empty(), "{:?}", actions(story));
    story.cloud.with(|world| {
        assert!(!world.group(&web()).unwrap().is_suspended(Process::Launch));
        let mut targets = world.target_groups().flat_map(|target_group| target_group.targets.values());
        assert!(targets.all(|target| target.state != TargetState::Draining));
    });
    assert!(story.ledger.memory_of::<HookKind>(&Scope::of_group(&web())).abandoned.is_empty());
    assert!(
        story.ledger.open::<HookKind>().iter().all(|open| open.state != State::Escalated),
        "nobody is woken for it"
    );
}

#[test]
fn a_made_up_action_ends_abandons_suspends_and_drains_nothing_by_whichever_way_it_comes() {
    let mut number = 0;
    for ahead in [minutes(-11), minutes(-180), secs(-1), minutes(4)] {
        let (mut story, held) = waiting();
        let serving = story.in_service(&web())[0].to_string();
        let time = (story.now() + ahead).to_string();
        for (hook, transition) in [("ready", "LAUNCHING"), ("drained", "TERMINATING"), ("ready", "TERMINATING")] {
            for instance in [held.as_str(), &serving, "i-0123456789abcdef0"] {
                let action = Action { group: "web", hook, instance, transition, time: time.clone() };
                number += 1;
                for event in action.forms(number, "us-east-1") {
                    for way in [event.clone(), by_queue(&event)] {
                        story.deliver(way).unwrap();
                        is_untouched(&story);
                    }
                }
            }
        }
        story.pass(minutes(7));
        is_untouched(&story);
        let open: Vec<String> = story.ledger.open::<HookKind>().iter().map(|open| open.subject.to_string()).collect();
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(open[0].contains(held.as_str()), "only what really waits is looked after: {open:?}");
    }
}

#[test]
fn a_time_to_come_is_a_dead_letter_that_says_so_and_nothing_else() {
    let (mut story, held) = waiting();
    let before = story.ledger.open::<HookKind>();
    for time in ["2999-01-01T00:00:00Z".to_owned(), (story.now() + minutes(6)).to_string()] {
        let action = Action {
            group: "web",
            hook: "ready",
            instance: held.as_str(),
            transition: "LAUNCHING",
            time: time.clone(),
        };
        for event in action.forms(1, "us-east-1") {
            for way in [event.clone(), by_queue(&event)] {
                let said = story.deliver(way).unwrap_err().to_string();
                assert!(said.contains("malformed") && said.contains("ime is"), "{said}");
            }
        }
    }
    assert_eq!(story.ledger.open::<HookKind>(), before);
    is_untouched(&story);
}

#[test]
fn what_a_topic_brings_another_region_means_or_the_policy_does_not_name_is_ignored_by_name_and_leaves_no_item() {
    let (mut story, held) = waiting();
    let (open, closed) = (story.ledger.open::<HookKind>(), story.ledger.closed::<HookKind>().len());
    let time = story.now().to_string();
    let ours =
        |group, hook| Action { group, hook, instance: held.as_str(), transition: "LAUNCHING", time: time.clone() };
    let mut ignored = Vec::new();
    for event in ours("web", "ready").forms(1, "us-east-1") {
        ignored.extend(by_topic(&event).map(|way| (way, "from a topic only alarms are taken")));
    }
    let [elsewhere, _] = ours("web", "ready").forms(2, "eu-west-1");
    ignored.extend([elsewhere.clone(), by_queue(&elsewhere)].map(|way| (way, "eu-west-1")));
    for (group, hook) in [("batch", "ready"), ("web", "theirs")] {
        for event in ours(group, hook).forms(3, "us-east-1") {
            ignored.extend([event.clone(), by_queue(&event)].map(|way| (way, "doesn't name this hook")));
        }
    }
    ignored.push((by_queue(&json!({"homeostat": "resync"})), "came by a queue"));
    for (way, why) in ignored {
        let said = story.deliver(way.clone()).unwrap().to_string();
        assert!(said.contains("ignored") && said.contains(why), "{said}");
    }
    assert_eq!((story.ledger.open::<HookKind>(), story.ledger.closed::<HookKind>().len()), (open, closed));
    is_untouched(&story);
}
