//! What the function planned against what the world allowed: whatever the hook's timeout, none runs out.

use std::fmt::Write;

use expect_test::expect;
use homeostat_remedies::hook::kind::HookKind;

use super::site::*;

/// Minutes and seconds, in seconds.
const TIMEOUTS: [i64; 5] = [30, 60, 120, 300, 3600];

/// Everything goes on for longer than the timeout: a job of half an hour on each that leaves, and a launch that is never ready.
#[test]
fn no_hook_ever_runs_into_its_timeout() {
    let mut table = String::from("timeout  held for  heartbeats  allowed until  left\n");
    for timeout in TIMEOUTS {
        let mut story = site_with(4, secs(timeout), LAUNCH, &format!("{LEAVE}timeout = \"20m\"\n"));
        let victim = story.in_service(&web()).remove(0);
        let busy = story.cloud.with(|world| world.set_instance_tag(&victim, "app:busy", "forever"));
        busy.unwrap();
        terminate(&story, &victim);
        story.pass(minutes(40));
        assert_eq!(timed_out(&story), 0, "{timeout} s");
        let closed = story.ledger.closed::<HookKind>();
        assert!(
            !closed.is_empty() && closed.iter().all(|incident| incident.timeline.holds.len() < 4),
            "a heartbeat ends no hold: {closed:#?}"
        );
        for action in actions(&story).iter().filter(|action| action.instance == victim) {
            let held = action.ended_at.duration_since(action.started_at).as_secs();
            let allowed = (timeout * 100).min(48 * 3600);
            writeln!(
                table,
                "{timeout:>5} s  {held:>6} s  {:>10}  {allowed:>11} s  {:>4}",
                action.heartbeats,
                allowed - held
            )
            .unwrap();
            assert!(held < allowed);
        }
    }
    expect![[r#"
        timeout  held for  heartbeats  allowed until  left
           30 s    1200 s          75         3000 s  1800
           60 s    1201 s          38         6000 s  4799
          120 s    1201 s          19        12000 s  10799
          300 s    1200 s           7        30000 s  28800
         3600 s    1201 s           1       172800 s  171599
    "#]]
    .assert_eq(&table);
}

/// The policy would wait for longer than Auto Scaling does, however many heartbeats.
#[test]
fn the_global_limit_ends_the_waiting_before_auto_scaling_does() {
    let mut story = site_with(4, secs(30), LAUNCH, &format!("{LEAVE}timeout = \"24h\"\n"));
    let victim = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.set_instance_tag(&victim, "app:busy", "forever")).unwrap();
    terminate(&story, &victim);
    story.pass(minutes(70));
    assert_eq!(timed_out(&story), 0);
    let action = actions(&story).into_iter().find(|action| action.instance == victim).unwrap();
    let held = action.ended_at.duration_since(action.started_at).as_secs();
    assert!((2970..3000).contains(&held), "{held} of 3000 s");
    let told = story.ledger.closed::<HookKind>().into_iter().filter(|incident| incident.is_told_at_the_end()).count();
    assert_eq!(told, 1, "it left with its work in flight");
}

/// Forty wake-ups of one hook: no look is skipped, none comes twice, and none is left over.
#[test]
fn forty_wake_ups_of_one_hook_follow_one_another() {
    let mut story = site_with(4, minutes(5), LAUNCH, &format!("{LEAVE}timeout = \"12m\"\n"));
    story.deliveries = 2;
    let victim = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.set_instance_tag(&victim, "app:busy", "forever")).unwrap();
    terminate(&story, &victim);
    story.pass(minutes(30));
    let looks = story.answers.iter().flatten().filter(|answer| {
        let about = answer.get("subject").and_then(serde_json::Value::as_str).unwrap_or_default();
        about.contains(victim.as_str())
    });
    let looks = looks.count();
    assert!((40..75).contains(&looks), "{looks} looks in twelve minutes: two chains would be twice as many");
}
