//! A group with one launch hook and one for terminations.

use homeostat_core::aws::lifecycle::{ActionResult, Terms, Transition};
use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::id::TargetGroupArn;

use super::*;
use crate::hook::memory::{Launch, Memory};

const JOBS: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/1";

fn hooks(launch: &str, terminate: &str) -> Policy {
    let launch = format!("[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\n{launch}\n");
    let terminate = format!("[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n{terminate}\n");
    policy::parse(&format!("schema = 1\n{launch}{terminate}")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

const STATUS: &str = "evidence = [\"instance-status\"]";

fn the_policy() -> Policy {
    hooks(STATUS, "")
}

fn jobs() -> Policy {
    let named = format!("target-groups = [\"{JOBS}\"]");
    hooks(&format!("evidence = [\"target-health\"]\n{named}"), &named)
}

fn hook(name: &str, transition: Transition) -> HookFact {
    let (timeout, global) = (SignedDuration::from_mins(5), SignedDuration::from_mins(500));
    HookFact {
        name: name.parse().unwrap(),
        terms: Terms { timeout, global, default: ActionResult::Continue, transition },
    }
}

fn both_hooks() -> Vec<HookFact> {
    vec![hook("ready", Transition::Launching), hook("drained", Transition::Terminating)]
}

/// An account in which nothing of these hooks is to be fixed.
fn of(hooks: Vec<HookFact>) -> Facts {
    let tags = BTreeMap::from([("homeostat:managed".into(), "true".into())]);
    let hooks = HookFacts {
        memories: BTreeMap::new(),
        of_group: BTreeMap::from([(web(), Ok(hooks))]),
        warm_pools: BTreeMap::from([(web(), Ok(false))]),
        target_groups: BTreeMap::from([(JOBS.parse().unwrap(), Ok(tags))]),
        target_types: BTreeMap::from([(JOBS.parse().unwrap(), Ok(Some("instance".into())))]),
        own_records: BTreeMap::new(),
    };
    Facts { hooks, ..well() }
}

/// The launch hook, or that for terminations, is otherwise.
fn otherwise(transition: Transition, change: impl FnOnce(&mut Terms)) -> Facts {
    let mut hooks = both_hooks();
    change(&mut hooks.iter_mut().find(|hook| hook.terms.transition == transition).unwrap().terms);
    of(hooks)
}

fn without_findings(policy: &Policy, facts: &Facts) {
    assert_eq!(examine(Some(policy), facts), []);
}

fn fix(policy: &Policy, facts: &Facts) -> String {
    examine(Some(policy), facts).first().unwrap().fix.clone()
}

#[test]
fn hooks_in_order_give_nothing_to_mend() {
    without_findings(&the_policy(), &of(both_hooks()));
    without_findings(&jobs(), &of(both_hooks()));
}

#[test]
fn a_hook_that_is_not_there_or_means_the_other_transition_is_an_error_and_judged_no_further() {
    only(&the_policy(), &of(vec![hook("drained", Transition::Terminating)]), Error, "no such hook");
    let crossed = |name: &str, transition, other| {
        let mut fact = hook(name, transition);
        (fact.terms.default, fact.terms.timeout) = (ActionResult::Abandon, SignedDuration::from_secs(30));
        of(vec![fact, other])
    };
    let crossed_launch = crossed("ready", Transition::Terminating, hook("drained", Transition::Terminating));
    let findings = examine(Some(&the_policy()), &crossed_launch);
    let wrong = findings.iter().find(|finding| finding.about == "hook ready of group web").unwrap();
    assert!(wrong.severity == Error && wrong.what.contains("holds terminations"), "{findings:#?}");
    assert!(wrong.fix.contains("lifecycle-hook.terminate"), "{wrong:?}");
    assert!(!findings.iter().any(|finding| finding.what.contains("timeout")), "{findings:#?}");
}

#[test]
fn what_is_missing_altogether_is_said_once() {
    only(&the_policy(), &of_groups(Ok(Vec::new())), Error, "no such Auto Scaling group");
}

#[test]
fn hooks_that_cannot_be_read_never_pass_for_fine() {
    let no = || Unread::Failed { action: "autoscaling:DescribeLifecycleHooks", why: "AccessDenied: no".into() };
    let mut facts = of(both_hooks());
    facts.hooks.of_group = BTreeMap::from([(web(), Err(no()))]);
    only(&the_policy(), &facts, Error, "its lifecycle hooks can't be read");
    let mut facts = of(both_hooks());
    facts.hooks.target_groups = BTreeMap::from([(JOBS.parse().unwrap(), Err(no()))]);
    only(&jobs(), &facts, Error, "targetgroup/jobs/1 can't be read");
    let mut facts = of(both_hooks());
    facts.hooks.warm_pools = BTreeMap::from([(web(), Err(no()))]);
    only(&the_policy(), &facts, Error, "not checked");
}

#[test]
fn a_launch_hook_that_abandons_by_default_is_told_with_the_command_that_mends_it() {
    let max_abandoned = |transition| otherwise(transition, |terms| terms.default = ActionResult::Abandon);
    only(&the_policy(), &max_abandoned(Transition::Launching), Warning, "in a loop");
    assert_eq!(
        fix(&the_policy(), &max_abandoned(Transition::Launching)),
        "aws autoscaling put-lifecycle-hook --auto-scaling-group-name web --lifecycle-hook-name ready --lifecycle-transition \
         autoscaling:EC2_INSTANCE_LAUNCHING --heartbeat-timeout 300 --default-result CONTINUE"
    );
    without_findings(&the_policy(), &max_abandoned(Transition::Terminating));
}

#[test]
fn a_timeout_is_neither_too_long_for_a_launch_nor_too_short_for_a_crash() {
    let of_seconds =
        |transition, seconds| otherwise(transition, |terms| terms.timeout = SignedDuration::from_secs(seconds));
    for (transition, seconds, word) in [
        (Transition::Launching, 601, "the group does not grow"),
        (Transition::Launching, 179, "too late"),
        (Transition::Terminating, 179, "too late"),
    ] {
        only(&the_policy(), &of_seconds(transition, seconds), Warning, word);
    }
    for (transition, seconds) in
        [(Transition::Launching, 600), (Transition::Launching, 180), (Transition::Terminating, 7200)]
    {
        without_findings(&the_policy(), &of_seconds(transition, seconds));
    }
}

#[test]
fn a_policy_that_waits_longer_than_auto_scaling_does_is_an_error() {
    let global = |minutes| otherwise(Transition::Launching, |terms| terms.global = SignedDuration::from_mins(minutes));
    only(&hooks(&format!("{STATUS}\ntimeout = \"51m\""), ""), &global(50), Error, "for longer than 50m");
    without_findings(&hooks(&format!("{STATUS}\ntimeout = \"50m\""), ""), &global(50));
}

#[test]
fn a_group_without_the_tag_is_an_error_even_where_it_is_only_watched() {
    let untagged = Facts { shared: with(|group| group.tags.clear()).shared, ..of(both_hooks()) };
    for policy in [the_policy(), hooks(&format!("{STATUS}\nmode = \"watch\""), "mode = \"watch\"")] {
        let findings = examine(Some(&policy), &untagged);
        assert_eq!(findings.len(), 2, "one for each hook: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.severity == Error && finding.what.contains("=true")));
    }
}

#[test]
fn a_target_group_of_the_group_itself_proves_no_launch_and_needs_no_deregistration() {
    let arn: TargetGroupArn = JOBS.parse().unwrap();
    let facts = Facts { shared: with(|group| group.target_groups.push(arn)).shared, ..of(both_hooks()) };
    let findings = examine(Some(&jobs()), &facts);
    let [launch, leave] = findings.as_slice() else { panic!("{findings:#?}") };
    assert!(launch.severity == Error && launch.what.contains("no launch is ever ready"), "{launch:?}");
    assert!(leave.severity == Warning && leave.what.contains("by itself, and before the hook"), "{leave:?}");
}

#[test]
fn a_target_group_that_cannot_speak_of_an_instance_is_told_before_anybody_waits_for_it() {
    let named = format!("target-groups = [\"{JOBS}\"]");
    let launch = hooks(&format!("evidence = [\"target-health\"]\n{named}"), "");
    let leave = hooks(STATUS, &named);
    let typed = |of: Option<&str>| {
        let mut facts = of_both();
        facts.hooks.target_types = BTreeMap::from([(JOBS.parse().unwrap(), Ok(of.map(str::to_owned)))]);
        facts
    };
    for other in ["alb", "lambda"] {
        only(&launch, &typed(Some(other)), Error, "comes into service unproven");
        only(&leave, &typed(Some(other)), Error, "says nothing of an instance");
    }
    only(&launch, &typed(Some("ip")), Note, "addresses of its network interfaces");
    only(&leave, &typed(Some("ip")), Note, "addresses of its network interfaces");
    only(&launch, &typed(None), Error, "no target group");
    only(&leave, &typed(None), Warning, "nothing is drained there");
    without_findings(&launch, &typed(Some("instance")));
    let mut unread = of_both();
    let no = Unread::Failed { action: "elasticloadbalancing:DescribeTargetGroups", why: "AccessDenied: no".into() };
    unread.hooks.target_types = BTreeMap::from([(JOBS.parse().unwrap(), Err(no))]);
    only(&launch, &unread, Error, "can't be read");
}

fn of_both() -> Facts {
    of(both_hooks())
}

#[test]
fn a_target_group_must_be_tagged_only_where_instances_are_deregistered() {
    let mut facts = of(both_hooks());
    facts.hooks.target_groups = BTreeMap::from([(JOBS.parse().unwrap(), Ok(BTreeMap::new()))]);
    only(&jobs(), &facts, Error, "may not deregister");
    let named = format!("target-groups = [\"{JOBS}\"]");
    only(&hooks(STATUS, &format!("{named}\nmode = \"watch\"")), &facts, Warning, "may not deregister");
    without_findings(&hooks(&format!("evidence = [\"target-health\"]\n{named}"), ""), &facts);
}

#[test]
fn a_fixed_ready_tag_is_told_only_where_an_instance_may_have_had_it_before() {
    let tagged = |tag: &str| hooks(&format!("evidence = [\"tag\"]\ntag = \"{tag}\""), "");
    let pooled = |pool| {
        let mut facts = of(both_hooks());
        facts.hooks.warm_pools = BTreeMap::from([(web(), Ok(pool))]);
        facts
    };
    only(&tagged("app:ready=yes"), &pooled(true), Warning, "earlier life");
    without_findings(&tagged("app:ready"), &pooled(true));
    without_findings(&tagged("app:ready=yes"), &pooled(false));
}

#[test]
fn launches_that_were_abandoned_in_a_row_are_told_once_they_are_as_many_as_the_policy_says() {
    let abandoned = |count: u32| {
        let hook = "ready".parse().unwrap();
        let after = |memory: Memory, number| {
            memory.abandon(
                at(0),
                &hook,
                &Launch { instance: &id(number), from: Some("lt-1:7"), at: at(0), is_fresh: true },
                3,
            )
        };
        let memory = (0..count).fold(Memory::default(), after);
        {
            let launches = BTreeMap::from([(web(), Ok(memory))]);
            let mut facts = of(both_hooks());
            facts.hooks.memories = launches;
            facts
        }
    };
    without_findings(&the_policy(), &abandoned(2));
    only(&the_policy(), &abandoned(3), Warning, "3 launches of lt-1:7 in a row were abandoned");
    assert!(fix(&the_policy(), &abandoned(3)).ends_with("then: homeostat ack group#web"));
    let suspends = hooks(&format!("{STATUS}\non-limit = \"suspend-launch\""), "");
    only(&suspends, &abandoned(4), Error, "Launch was to be suspended");
    assert!(fix(&suspends, &abandoned(4)).contains("--scaling-processes Launch, and homeostat ack group#web"));
}

#[test]
fn another_hook_of_the_same_transition_is_a_note_and_one_of_the_other_is_none() {
    let with_other = |transition| {
        let mut hooks = both_hooks();
        hooks.push(hook("warmup", transition));
        of(hooks)
    };
    only(&the_policy(), &with_other(Transition::Launching), Note, "launches are held by warmup, too");
    only(&the_policy(), &with_other(Transition::Terminating), Note, "terminations are held by warmup, too");
}

#[test]
fn a_hostile_group_name_stays_one_word_of_every_command() {
    let group: GroupName = "web; reboot".parse().unwrap();
    let text = format!("schema = 1\n[[lifecycle-hook.launch]]\ngroup = \"{group}\"\nhook = \"ready\"\n{STATUS}\n");
    let mut facts = otherwise(Transition::Launching, |terms| terms.default = ActionResult::Abandon);
    facts.shared = with(|found| found.name = group.clone()).shared;
    let hooks = facts.hooks.of_group.remove(&web()).unwrap();
    facts.hooks.of_group.insert(group, hooks);
    let findings = examine(Some(&policy::parse(&text).unwrap()), &facts);
    assert!(
        findings.iter().any(|finding| finding.fix.contains("--auto-scaling-group-name 'web; reboot'")),
        "{findings:#?}"
    );
}

#[test]
fn a_type_of_an_instances_name_that_is_not_listed_is_an_error() {
    let own = |kinds: &str, mode: &str| {
        let record = format!("record = {{ hosted-zone = \"Z1\", name = \"{{instance}}.example.com\"{kinds} }}");
        hooks(STATUS, &format!("mode = \"{mode}\"\n{record}"))
    };
    let set = |kind: &str, value: &str| RecordSet {
        name: "i-0123456789abcdef0.example.com".parse().unwrap(),
        kind: kind.into(),
        routing: Routing::Simple,
        ttl: Some(60),
        values: vec![value.into()],
        alias: None,
        health_check: None,
        traffic_policy: None,
    };
    let key = ("web".parse().unwrap(), "drained".parse().unwrap());
    let with = |read: Read<Vec<RecordSet>>| {
        let mut facts = of(both_hooks());
        facts.hooks.own_records = BTreeMap::from([(key.clone(), read)]);
        facts
    };
    let both = || with(Ok(vec![set("A", "10.0.0.7"), set("AAAA", "2001:db8::7"), set("TXT", "\"x\"")]));
    only(&own("", "act"), &both(), Error, "records of type AAAA, too, such as i-0123456789abcdef0.example.com");
    only(&own("", "watch"), &both(), Warning, "type AAAA");
    only(&own(", type = \"AAAA\"", "act"), &both(), Error, "records of type A, too");
    without_findings(&own(", type = [\"A\", \"AAAA\"]", "act"), &both());
    without_findings(&own("", "act"), &with(Ok(vec![set("A", "10.0.0.7")])));
    let no = Unread::Failed { action: "route53:ListResourceRecordSets", why: "AccessDenied: no".into() };
    only(&own("", "act"), &with(Err(no)), Error, "its instances' names can't be read");
}
