//! The product's own adapters over the wire, and the simulator's ports in memory, show one world alike.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use homeostat_aws::InstanceCloud;
use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::ports::Clock;
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::{SignedDuration, Timestamp};
use sandbox::face::Face;
use sandbox::journal::Journal;
use sandbox::proxy::faults::Faults;
use sandbox::proxy::{Backends, Door, Proxy};
use sandbox::roles::Roles;
use world::{App, Cloud, Demo, Pace, World};

const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// What the ports in memory answer: none of their calls waits.
#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
fn get<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

/// CloudWatch and Auto Scaling are read with whole seconds.
#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
fn in_seconds(alarm: AlarmReading) -> AlarmReading {
    AlarmReading { since: Timestamp::from_second(alarm.since.as_second()).unwrap(), ..alarm }
}

#[tokio::test]
async fn the_wire_should_not_show_another_world_than_the_ports() {
    let pace = Pace { call: SignedDuration::ZERO, ..Pace::sandbox() };
    let demo = Demo { pace, ..Demo::new().unwrap() };
    let (world, target_group) = demo.build("2026-03-02T12:00:00Z".parse().unwrap()).unwrap();
    let memory = Cloud::over(world.clone());
    let clock = memory.clock().clone();
    let face = Face::new(Arc::new(Mutex::new(world)), move || clock.now());
    let backends = Backends {
        api: Arc::new(face.clone()),
        roles: Roles::default(),
        journal: Journal::new(),
        census: None,
        // Nothing of what is asked here goes to MiniStack.
        upstream: "http://127.0.0.1:1".to_owned(),
        latency: Duration::ZERO,
        faults: Faults::default(),
        dns: sandbox::proxy::dns::Dns::default(),
    };
    let proxy = Proxy::serve(Door::open(0).await.unwrap(), backends).unwrap();
    let config = sandbox::account::sdk_config(proxy.endpoint());
    let wire = InstanceCloud::new(&config);

    let names: Vec<GroupName> = ["batch", "web", "nope"].map(|name| name.parse().unwrap()).into();
    let web = &names[1];
    let first: InstanceId = memory.with(|world| world.members(web).next().unwrap().id.clone());
    let alarms: Vec<_> = memory.with(|world| world.alarms().map(|alarm| alarm.arn.clone()).collect());
    let both = |act: &dyn Fn(&mut World)| {
        memory.with(act);
        face.with(act);
    };
    for half_second in 0..24 {
        match half_second {
            2 => both(&|world| world.break_app(&first, App::Dead).unwrap()),
            4 => both(&|world| world.enable_alarm_actions(alarms[3].alarm_name(), false)),
            // Done; then unknown, since it is being terminated; then already done.
            8 | 9 | 20 => {
                let (there, here) = (wire.replace(&first).await, get(memory.replace(&first)));
                assert_eq!(std::mem::discriminant(&there), std::mem::discriminant(&here), "{there}, {here}");
            }
            _ => {}
        }
        assert_eq!(wire.groups(&names).await.unwrap(), get(memory.groups(&names)).unwrap());
        let (there, here) = (wire.target_health(&target_group).await, get(memory.target_health(&target_group)));
        assert_eq!(there.unwrap(), here.unwrap());
        for arn in &alarms {
            let arn = std::slice::from_ref(arn);
            let (there, here) = (wire.alarms(arn).await.unwrap(), get(Fleet::alarms(&memory, arn)).unwrap());
            assert_eq!(there, here.into_iter().map(|(arn, read)| (arn, read.map(in_seconds))).collect());
        }
        assert!(wire.launches(&names[2], GRACE).await.is_err() && get(memory.launches(&names[2], GRACE)).is_err());
        for name in &names[..2] {
            let (there, here) = (wire.launches(name, GRACE).await, get(memory.launches(name, GRACE)));
            let mut here = here.unwrap();
            let in_seconds = |at: &mut Timestamp| *at = Timestamp::from_second(at.as_second()).unwrap();
            here.known.values_mut().for_each(in_seconds);
            here.changes.iter_mut().for_each(|(at, _)| in_seconds(at));
            assert_eq!(there.unwrap(), here);
        }
        memory.pass(SignedDuration::from_millis(500));
    }
}
