//! A sick instance is replaced, and the hooks that this brings about are part of its story.

use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::instance::kind::InstanceKind;

use super::site::*;

#[test]
fn the_replacement_and_its_hooks_are_one_story_that_ends_when_the_new_instance_serves() {
    let mut story = site(4);
    let before = story.in_service(&web());
    let victim = before[0].clone();
    story.cloud.with(|world| world.break_app(&victim, world::App::Dead)).unwrap();
    story.pass(minutes(30));
    let closed = story.ledger.closed::<InstanceKind>();
    let sick = closed.iter().find(|incident| incident.subject.instance().is_some()).unwrap();
    let hooks = story.ledger.closed::<HookKind>();
    assert_eq!(hooks.len(), 2);
    for hook in &hooks {
        assert_eq!(hook.kind.state().part_of.as_ref(), Some(&sick.subject));
    }
    let notes = sick.notes.iter().map(|note| note.what.as_str()).collect::<Vec<_>>().join("\n");
    let after = story.in_service(&web());
    let new = after.iter().find(|id| !before.contains(id)).unwrap();
    assert!(notes.contains(&format!("{new} (Pending:Wait)")), "{notes}");
    let serves = story.cloud.with(|world| world.instance(new).unwrap().in_service_at.unwrap());
    assert!(sick.recovered_at.unwrap() >= serves, "its time to recover ends when the new one serves, hook and all");
}
