//! One application dies on a quiet stack, after two alarms that are nothing of Homeostat's.
//!
//! Each call takes a millisecond here, so that the time which passes is the number of calls one after another. This module never
//! throttles: so few calls meet no limit.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use world::App;

use super::super::deliveries::Source;
use super::super::fleet::{FleetOf, Trouble, in_service};
use super::super::report::Report;
use super::super::rig::Rig;
use super::super::scene::Scene;
use super::super::surroundings::Surroundings;
use super::super::wire::Latency;

const SIZE: u32 = 20;
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MOST: SignedDuration = SignedDuration::from_mins(10);

pub(in super::super) fn play(scene: &Scene, groups: usize) -> Result<Report, Trouble> {
    let fleet = FleetOf::new(groups, SIZE);
    let surroundings =
        Surroundings { latency: Latency::COUNTING, copies: 1, resyncs: false, ..Surroundings::usual(scene) };
    let mut rig = Rig::new(fleet.build()?, fleet.policy()?, surroundings);
    let nobody = calls_of(&mut rig, "queue-depth", &json!({ "QueueName": "jobs" }));
    let stranger = calls_of(&mut rig, "elsewhere", &json!({ "InstanceId": "i-0123456789abcdef0" }));
    let first = FleetOf::name(0)?;
    let victim = rig.cloud.see(|world| in_service(world, &first).into_iter().next());
    let victim = victim.ok_or_else(|| format!("{first} has nobody in service"))?;
    rig.cloud.with(|world| world.break_app(&victim, App::Dead))?;
    let is_done = rig.pass_until(MOST, |rig| rig.counts.first_effect.is_some());
    let effect = rig.counts.first_effect.filter(|_| is_done).ok_or("nothing was done about the one that died")?;
    let mut more = BTreeMap::from([
        ("calls_for_an_alarm_of_nobody", json!(nobody)),
        ("calls_for_an_instance_outside_the_policy", json!(stranger)),
        ("calls_to_the_effect", json!(effect.calls)),
        ("own_calls_to_the_effect", json!(effect.own_calls)),
        // A millisecond each, and the effect's own is still to come.
        ("one_after_another_to_the_effect", json!(i64::try_from(effect.after.as_millis())? + 1)),
    ]);
    rig.pass_until(MOST, |rig| rig.truth.whole_since.is_some_and(|since| since > SECOND));
    let wake_ups = rig.counts.by_source.get(&Source::WakeUp).map(|of| of.most_calls);
    more.insert("calls_of_a_wake_up_at_most", json!(wake_ups));
    Ok(Report { more, ..Report::of(scene.to_string(), &rig) })
}

/// What one alarm asks of AWS.
fn calls_of(rig: &mut Rig, name: &str, dimensions: &Value) -> u64 {
    let before = asked(rig);
    let event = alarm(rig, name, dimensions);
    let now = rig.now();
    rig.deliveries.event(now, event);
    rig.pass(SECOND * 5);
    asked(rig) - before
}

fn asked(rig: &Rig) -> u64 {
    rig.counts.by_source.get(&Source::Event).map_or(0, |of| of.calls)
}

fn alarm(rig: &Rig, name: &str, dimensions: &Value) -> Value {
    let (now, place) = (rig.now(), rig.cloud.see(|world| world.place().clone()));
    let at = now.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    let (account, region) = (&place.account, place.region.as_str());
    json!({
        "version": "0", "id": "x", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": account, "time": now.to_string(), "region": region,
        "resources": [format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}")],
        "detail": {
            "alarmName": name, "state": { "value": "ALARM", "reason": "r", "timestamp": at },
            "previousState": { "value": "OK", "timestamp": at },
            "configuration": { "metrics": [{
                "id": "m", "returnData": true,
                "metricStat": {
                    "metric": { "namespace": "N", "name": "M", "dimensions": dimensions }, "period": 60, "stat": "Sum",
                },
            }] },
        },
    })
}
