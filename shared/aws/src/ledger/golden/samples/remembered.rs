//! All that is stored beside incidents: memories of groups, zones and alarms, budgets and pauses.
//!
//! This module never makes up a form: a memory is what its transitions leave.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::aws::source::Source;
use homeostat_core::budget::{Bounds, Purchase, SharedBudget, Thousandths};
use homeostat_core::dependency::HeldLately;
use homeostat_core::id::{HookName, InstanceId, Scope};
use homeostat_core::memory::Remembered as _;
use homeostat_core::ports::{Pause, Slots};
use homeostat_remedies::hook::memory::Launch;
use homeostat_remedies::hosted_zone as dns;
use homeostat_remedies::hosted_zone::subject::scope;
use homeostat_remedies::instance::memory::{Act, Breaker, EarlierActs, Shrunk};
use homeostat_remedies::{hook, instance};
use jiff::Timestamp;

use super::super::Folder;
use super::super::Folder::{Alarm, Budget, Memory as Remembered, Pause as Paused};
use super::super::stored::Stored;
use super::zone::parts::drifts;
use super::{Sample, at, event, id, mins};

pub(super) fn samples() -> Vec<Sample> {
    [memories(), alarms(), budgets(), pauses()].concat()
}

fn sample(folder: Folder, name: &str, stored: Stored) -> Sample {
    Sample { folder, name: name.to_owned(), stored }
}

fn web() -> Scope {
    Scope::of_group(&id("web"))
}

fn memories() -> Vec<Sample> {
    let of_group = |name: &str, memory: instance::memory::Memory| {
        sample(Remembered, name, Stored::Group(web(), instance::memory::Memory { version: 7, ..memory }))
    };
    let of_launches = |name: &str, memory: hook::memory::Memory| {
        sample(Remembered, name, Stored::Launches(web(), hook::memory::Memory { version: 7, ..memory }))
    };
    let of_zone = |name: &str, memory: dns::memory::Memory| {
        let zone = scope(&id("Z0123456789ABCDEFGHIJ"));
        sample(Remembered, name, Stored::Zone(zone, dns::memory::Memory { version: 3, ..memory }))
    };
    let let_through = hook::memory::Memory { dependency: held_lately(), ..hook::memory::Memory::default() };
    let held_zone = dns::memory::Memory {
        dependency: BTreeMap::from([("www.example.com A".to_owned(), held_lately())]),
        ..drained()
    };
    vec![
        of_group("group-acted", acted()),
        of_group("group-shrunk", in_doubt()),
        of_group("group-held-for-a-dependency", instance::memory::Memory { dependency: held_lately(), ..acted() }),
        of_group("group-acted-more-than-there-is-room-for", crowded()),
        of_group("group-breaker-open", broken(latest())),
        of_group("group-breaker-open-on-an-unknown-source", broken(Source::default())),
        of_group("group-acknowledged", broken(latest()).acknowledged()),
        of_launches("launches-abandoned", abandoned()),
        of_launches("launches-acknowledged", abandoned().acknowledged()),
        of_launches("launches-let-through-for-a-dependency", let_through),
        of_zone("zone-drained", drained()),
        of_zone("zone-acknowledged", drained().acknowledged()),
        of_zone("zone-overloaded", overloaded()),
        of_zone("zone-held-for-a-dependency", held_zone),
        of_zone("zone-without-drift", dns::memory::Memory { drifts: Vec::new(), ..drained() }),
    ]
}

/// Twice: for ten minutes, and an hour later for five.
fn held_lately() -> HeldLately {
    let looks = [0, 300, 3_900].map(at);
    looks.into_iter().fold(HeldLately::default(), |lately, now| lately.more(now, now + mins(5)).unwrap())
}

fn acted() -> instance::memory::Memory {
    let sick = Act::on_the_sick(at(0), id("eu-west-1#instance#i-0123456789abcdef0"));
    let foretold = Act { at: at(600), subject: id("eu-west-1#instance#i-1a2b3c4d"), announced: true };
    instance::memory::Memory::default().acted(sick).acted(foretold)
}

/// Two looks have shown it as small.
fn in_doubt() -> instance::memory::Memory {
    let shrunk = Shrunk { members: 4, since: at(0), at: at(300), agreed: 2 };
    instance::memory::Memory { shrunk: Some(shrunk), ..acted() }
}

/// As much of it as one more act than there is room for leaves.
fn crowded() -> instance::memory::Memory {
    let earlier = EarlierActs { acts: 300, first: at(-900), last: at(-600) };
    instance::memory::Memory { earlier: Some(earlier), ..acted() }
}

/// A launch template whose newest version a group takes, and another with a version of its own.
fn latest() -> Source {
    let template = "lt-0123456789abcdef0";
    let came_to = BTreeMap::from([(template.to_owned(), format!("{template}:7"))]);
    Source { came_to, ..Source::of([format!("{template}:$Latest"), "lt-1a2b3c4d:3".to_owned()]) }
}

fn broken(launched_from: Source) -> instance::memory::Memory {
    let failed = acted().failed(at(600), &id("eu-west-1#instance#i-1a2b3c4d"), &launched_from).failed(
        at(1_200),
        &id("eu-west-1#instance#i-2a2b3c4d"),
        &Source::of(["web-launch-configuration"]),
    );
    failed.broken(Breaker { since: at(1_200), failures: 2, launched_from })
}

fn abandoned() -> hook::memory::Memory {
    let (hook, instances): (HookName, Vec<InstanceId>) =
        (id("ready"), ["i-0123456789abcdef0", "i-1a2b3c4d", "i-2a2b3c4d", "i-3a2b3c4d"].map(id).into());
    let launch = |index: usize, from| Launch {
        instance: &instances[index],
        from,
        at: at(i64::try_from(index).unwrap() * 100),
        is_fresh: true,
    };
    let (old, new) = (Some("lt-0123456789abcdef0:7"), Some("lt-0123456789abcdef0:8"));
    let given_up = hook::memory::Memory::default()
        .abandon(at(300), &hook, &launch(0, old), 2)
        .abandon(at(400), &hook, &launch(1, old), 2)
        .abandon(at(500), &hook, &launch(2, new), 2);
    given_up.abandoning(at(600), &hook, &launch(3, new)).abandon(at(700), &id("of-unknown-source"), &launch(0, None), 2)
}

fn drained() -> dns::memory::Memory {
    let endpoint = "www.example.com A blue".to_owned();
    let of = |second| dns::memory::Drain::of(&endpoint, at(second));
    let drained = dns::memory::Memory::default().drained(of(0), false).drained(of(900), false);
    dns::memory::Memory { drifts: drifts(), ..drained.latch(at(900), &endpoint) }
}

fn overloaded() -> dns::memory::Memory {
    let drain = dns::memory::Drain::of(&"www.example.com A green".to_owned(), at(62));
    dns::memory::Memory::default().drained(dns::memory::Drain { had_taken_over: true, ..drain }, false)
}

fn alarms() -> Vec<Sample> {
    let alarm = |name: &str| id(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"));
    let whole = AlarmChange { alarm: alarm("web-1"), contributor: None, changed_at: event(0) };
    let one =
        AlarmChange { alarm: alarm("web #1 at 90%"), contributor: Some(id("0a1b2c3d4e5f6071")), changed_at: event(0) };
    vec![
        sample(Alarm, "whole", Stored::EndlessAlarm(whole.clone())),
        sample(Alarm, "contributor", Stored::EndlessAlarm(one.clone())),
        sample(Alarm, "whole-with-its-end", Stored::Alarm(whole)),
        sample(Alarm, "contributor-with-its-end", Stored::Alarm(one)),
    ]
}

fn budgets() -> Vec<Sample> {
    let of = |name, version, holders: &[(&str, Timestamp)]| {
        let holders = holders.iter().map(|(subject, since)| (id(subject), *since)).collect();
        sample(Budget, name, Stored::Slots(web(), Slots { version, holders }))
    };
    let holders = [("eu-west-1#instance#i-0123456789abcdef0", at(0)), ("eu-west-1#instance#i-1a2b3c4d", at(60))];
    let shared = |name, budget| sample(Budget, name, Stored::Shared(budget));
    vec![
        of("taken", 4, &holders),
        of("given-back", 5, &[]),
        shared("account-taken", account()),
        shared("account-given-back", account().freed_by(at(120), &id(holders[1].0)).unwrap()),
        shared("account-never-used", SharedBudget { version: 1, ..SharedBudget::default() }),
        shared("account-paged", account().paged_by(at(960), &id("eu-west-1#instance#i-2a2b3c4d")).unwrap()),
    ]
}

/// An instance of each of two groups was replaced; one of a third, which is open for more than an hour.
fn account() -> SharedBudget {
    let purchase = |group: &str, service: &str, members| Purchase {
        scope: Scope::of_group(&id(group)),
        service: service.to_owned(),
        cost: Thousandths::of_group(1, members),
        bounds: Bounds::default(),
    };
    let replaced = [
        ("batch", "jobs", 1, "eu-west-1#instance#i-3a2b3c4d", at(-4_000)),
        ("web", "shop", 3, "eu-west-1#instance#i-0123456789abcdef0", at(0)),
        ("cart", "shop", 4, "eu-west-1#instance#i-1a2b3c4d", at(60)),
    ];
    replaced.into_iter().fold(SharedBudget::default(), |budget, (group, service, members, subject, now)| {
        budget.taken_by(now, &id(subject), &purchase(group, service, members))
    })
}

fn pauses() -> Vec<Sample> {
    let of = |name, scope: &str| {
        let (by, reason) = ("ana".to_owned(), "moving the database".to_owned());
        sample(Paused, name, Stored::Pause(Pause { scope: scope.to_owned(), by, reason, until: event(3_600) }))
    };
    vec![
        of("all", "all"),
        of("group", "group#web #1"),
        of("instance", "instance#i-0123456789abcdef0"),
        of("zone", "hosted-zone#Z0123456789ABCDEFGHIJ"),
    ]
}
