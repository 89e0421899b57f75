//! A group of which AWS shows fewer members than there should be: an answer that leaves members out, or the truth.

use homeostat_core::aws::fleet::Resized;
use homeostat_core::memory::Remembered;

use super::*;
use crate::instance::reasons::GroupState;
use crate::instance::shrunk;

/// Only the unhealthy one is shown, of four, and nothing says why.
fn shrunk_to_one() -> Situation {
    let mut it = situation();
    it.policy("evidence = [\"alarm\", \"target-health\"]\nbudget = 4\nmax-unhealthy = 4");
    assert!(it.is_acting(), "{}", it.decide());
    it.group().members.truncate(1);
    it.seen.launches.changes.clear();
    it
}

impl Situation {
    /// What the group's own incident leaves in the group's memory.
    fn remembers(&mut self) {
        let read = &self.around.limits.memory;
        if let Some(next) = shrunk::remembered(self.now, &self.seen, read) {
            self.around.limits.memory = next.over(read);
        }
    }

    fn is_in_doubt(&self) -> bool {
        matches!(
            self.decide(),
            Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::Shrunk { .. })), .. }
        )
    }
}

#[test]
fn nothing_is_decided_about_a_group_of_which_members_are_left_out() {
    let it = shrunk_to_one();
    assert!(it.is_in_doubt(), "{}", it.decide());
    assert!(it.held_because().to_string().contains("group web is shown with 1 members, 4 instances are desired"));
    // Nor is who is left out taken for gone.
    let mut it = shrunk_to_one();
    it.incident = it.incident.hold(it.now, it.now, &Hold::Own(HoldReason::Protected));
    it.group().members = vec![member(2)];
    assert!(it.is_in_doubt(), "{}", it.decide());
}

#[test]
fn what_the_group_itself_accounts_for_is_in_no_doubt() {
    let changes: [fn(&mut Situation); 6] = [
        |it| it.seen.launches.changes = vec![(at(990), Resized::Fewer); 3],
        |it| it.seen.launches.changes = vec![(at(990), Resized::Pending)],
        |it| it.group().desired = Units::new(1),
        |it| it.group().suspended.push("Launch".to_owned()),
        |it| {
            it.group()
                .members
                .extend((2..=4).map(|number| Member { lifecycle: Lifecycle("Pending".into()), ..member(number) }))
        },
        |it| it.group().members.extend((2..=4).map(member)),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut it = shrunk_to_one();
        change(&mut it);
        assert!(!it.is_in_doubt(), "{index}: {}", it.decide());
    }
    let doubtful: [fn(&mut Situation); 3] = [
        |it| it.seen.launches.changes = vec![(at(990), Resized::Fewer); 2],
        |it| it.seen.launches.changes = [vec![(at(990), Resized::Fewer); 3], vec![(at(995), Resized::More)]].concat(),
        |it| it.seen.launches.changes = vec![(at(1_000 - 3_601), Resized::Fewer); 3],
    ];
    for (index, change) in doubtful.into_iter().enumerate() {
        let mut it = shrunk_to_one();
        change(&mut it);
        assert!(it.is_in_doubt(), "{index}: {}", it.decide());
    }
}

#[test]
fn three_looks_that_agree_are_believed_and_one_that_does_not_begins_anew() {
    let mut it = shrunk_to_one();
    for second in [1_000, 1_060, 1_300, 1_599] {
        it.now = at(second);
        it.remembers();
        assert!(it.is_in_doubt(), "{second}: {}", it.decide());
    }
    it.group().members.push(member(2));
    it.now = at(1_600);
    it.remembers();
    it.group().members.pop();
    for second in [1_660, 1_900] {
        it.now = at(second);
        it.remembers();
        assert!(it.is_in_doubt(), "{second}: {}", it.decide());
    }
    for second in [1_960, 2_260] {
        it.now = at(second);
        it.remembers();
    }
    assert!(!it.is_in_doubt(), "{}", it.decide());
    it.group().members.extend((2..=4).map(member));
    it.remembers();
    assert_eq!(it.around.limits.memory.shrunk, None, "all are back");
}

#[test]
fn a_person_who_has_seen_the_group_is_believed_at_once() {
    let mut it = shrunk_to_one();
    it.remembers();
    it.around.limits.memory = it.around.limits.memory.acknowledged();
    assert!(!it.is_in_doubt(), "{}", it.decide());
    it.group().members.clear();
    assert!(it.is_in_doubt(), "they saw one, and none is shown");
}

#[test]
fn the_group_holds_in_silence_until_looks_agree_and_then_asks_a_person_by_name() {
    let mut it = shrunk_to_one();
    it.target(1, Some(TargetHealth::Healthy));
    it.as_group();
    for second in [1_000, 1_060, 1_300] {
        it.now = at(second);
        let Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::Shrunk { .. })), .. } =
            it.group_look()
        else {
            panic!("{:?}", it.incident.decision)
        };
        it.remembers();
        assert_eq!(it.incident.notify_seq, 0);
    }
    it.now = at(1_600);
    it.remembers();
    let Decision::Page(page @ Page::Own(PageReason::GroupStalled { .. })) = it.group_look() else {
        panic!("{:?}", it.incident.decision)
    };
    assert!(page.to_string().contains("group web is shown with 1 members"), "{page}");
    it.now = at(1_660);
    it.group_look();
    assert_eq!(it.incident.notify_seq, 1, "once");
    it.group().members.extend((2..=4).map(member));
    it.now = at(1_720);
    assert!(
        matches!(it.group_look(), Decision::Hold { because: Hold::Proving { .. }, .. }),
        "{:?}",
        it.incident.decision
    );
}
