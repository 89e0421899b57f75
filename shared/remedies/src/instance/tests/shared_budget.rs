//! The budget above the group: who else is out, of the same service and of the account.

use homeostat_core::budget::{Exceeded, Level, Purchase, SharedBudget, Shortage};
use homeostat_core::incident::State;

use super::*;
use crate::instance::shared_budget;

/// A policy of web, which belongs to the shop, and of so many other groups, each a service of its own.
fn policy_with(others: usize, lines: &str) -> Policy {
    let mut text =
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nservice = \"shop\"\nevidence = [\"alarm\", \"target-health\"]\n"
            .to_owned();
    for other in 1..=others {
        text += &format!("[[replace-instance.group]]\nname = \"svc-{other}\"\nevidence = [\"target-health\"]\n");
    }
    policy::parse(&format!("{text}{lines}")).unwrap()
}

/// Ten groups: one may be out at once, and three be replaced within an hour.
fn one_of_ten() -> Situation {
    Situation { policy: policy_with(9, ""), ..situation() }
}

impl Situation {
    fn shared(&mut self) -> &mut SharedBudget {
        self.around.limits.shared.as_mut().unwrap()
    }

    fn purchase(&self) -> Purchase {
        let group = self.seen.group.as_ref().unwrap();
        shared_budget::purchase(group, &instance(1), self.policy.instances.group(&group.name).unwrap())
    }

    /// An instance of another group was replaced then, and is still not back: so much of four.
    fn others_out(&mut self, number: u8, group: &str, service: &str, quarters: u32) {
        let purchase = Purchase {
            scope: format!("group#{group}").parse().unwrap(),
            service: service.to_owned(),
            cost: homeostat_core::budget::Thousandths::of_group(quarters, 4),
            ..self.purchase()
        };
        *self.shared() = self.shared().taken_by(at(900), &subject(number), &purchase);
    }

    /// Holds, as the loop writes it down.
    fn look_on(&mut self) -> Hold {
        let Decision::Hold { until, because } = self.decide() else { panic!("{}", self.decide()) };
        self.incident = self.incident.hold(self.now, until, &because);
        because
    }
}

fn is_short(hold: &Hold, level: &Level, limit: Exceeded) -> bool {
    matches!(hold, Hold::SharedBudget(Shortage { level: its, limit: its_limit, .. }) if its == level && *its_limit == limit)
}

#[test]
fn what_is_out_of_other_groups_keeps_an_instance_from_being_replaced() {
    let mut it = one_of_ten();
    it.others_out(9, "svc-1", "svc-1", 3);
    assert!(it.is_acting(), "three quarters of a group are out, and this is the last: {}", it.decide());
    it.others_out(8, "svc-2", "svc-2", 1);
    let because = it.held_because();
    assert!(is_short(&because, &Level::Account, Exceeded::AtOnce), "{because}");
    for said in ["one group out at once, 1 is out, and this would add 0.25", "group svc-1 (0.75", "group svc-2 (0.25"] {
        assert!(because.to_string().contains(said), "{because}");
    }
}

#[test]
fn a_service_should_not_take_more_than_half() {
    let mut it = Situation { policy: policy_with(39, ""), ..situation() };
    it.others_out(9, "shop-2", "shop", 4);
    it.others_out(8, "shop-3", "shop", 4);
    let because = it.held_because();
    assert!(is_short(&because, &Level::Service("shop".to_owned()), Exceeded::AtOnce), "{because}");
    it.policy = policy_with(39, "[replace-instance]\nat-once = \"20%\"\n");
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn the_only_service_should_not_be_held_to_half() {
    let mut it = situation();
    it.others_out(9, "web", "web", 2);
    it.policy = policy::parse(
        "schema = 1\n[replace-instance]\nat-once = 2\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \
         \"target-health\"]\n[[replace-instance.group]]\nname = \"jobs\"\nservice = \"web\"\nevidence = [\"target-health\"]\n",
    )
    .unwrap();
    it.others_out(8, "jobs", "web", 4);
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn what_the_budget_says_should_be_said_before_the_account_is_looked_at() {
    let mut it = one_of_ten();
    it.others_out(9, "svc-1", "svc-1", 4);
    it.around.limits.slots.holders.insert(subject(9), at(1));
    assert!(matches!(it.held_because(), Hold::Budget { .. }), "{}", it.decide());
}

#[test]
fn an_act_that_is_tried_again_should_not_be_refused_what_it_has() {
    let mut it = one_of_ten();
    it.acted(Some(Outcome::Unknown { why: "cut".into() }));
    let purchase = it.purchase();
    let now = it.now;
    *it.shared() = it.shared().taken_by(now, &subject(1), &purchase);
    it.others_out(9, "svc-1", "svc-1", 4);
    it.now = at(1061);
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn nothing_is_replaced_while_the_budget_cannot_be_read_and_a_person_is_asked_in_time() {
    let mut it = one_of_ten();
    it.around.limits.shared = Err("item BUDGET#account SLOTS has schema \"2\"".to_owned());
    let because = it.look_on();
    assert!(matches!(&because, Hold::BudgetUnread { why } if why.contains("schema")), "{because}");
    it.now = at(1000 + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{}", it.decide());
}

/// So many minutes later, with a look each minute.
fn waits(it: &mut Situation, minutes: i64) {
    let began = it.now;
    for minute in 0..minutes {
        it.now = began + SignedDuration::from_mins(minute);
        it.look_on();
    }
    it.now = began + SignedDuration::from_mins(minutes);
}

#[test]
fn who_waits_for_a_quarter_of_an_hour_asks_a_person_for_all_and_acts_when_there_is_room() {
    let mut it = one_of_ten();
    it.others_out(9, "svc-1", "svc-1", 4);
    waits(&mut it, 15);
    let Decision::Page(page @ Page::SharedBudget(_)) = it.decide() else { panic!("{}", it.decide()) };
    for said in ["account", "group svc-1 (1: 1 open, the first at 2027-01-15T08:15:00Z)"] {
        assert!(page.to_string().contains(said), "{page}");
    }
    let paged = it.incident.page(it.now, it.now, &page);
    let now = it.now;
    *it.shared() = it.shared().paged_by(now, &subject(1)).unwrap();
    it.incident = paged.clone();
    it.now = at(1000 + 20 * 60);
    let Decision::Page(again) = it.decide() else { panic!("{}", it.decide()) };
    assert_eq!(paged.page(it.now, it.now, &again).notify_seq, paged.notify_seq, "it is the same page");
    let now = it.now;
    *it.shared() = it.shared().freed_by(now, &subject(9)).unwrap();
    assert_eq!(it.incident.state, State::Escalated);
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn nobody_else_should_ask_for_an_hour_however_long_they_wait() {
    let mut it = one_of_ten();
    it.others_out(9, "svc-1", "svc-1", 4);
    let now = it.now;
    *it.shared() = it.shared().paged_by(now, &subject(7)).unwrap();
    waits(&mut it, 59);
    assert!(matches!(it.held_because(), Hold::SharedBudget(_)), "{}", it.decide());
    it.now = at(1000 + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::SharedBudget(_))), "{}", it.decide());
}

#[test]
fn who_waited_for_something_else_before_should_not_wait_longer_than_max_wait() {
    let mut it = one_of_ten();
    it.around.limits.slots.holders.insert(subject(9), at(1));
    waits(&mut it, 55);
    it.around.limits.slots.holders.clear();
    it.others_out(9, "svc-1", "svc-1", 4);
    waits(&mut it, 5);
    assert!(matches!(it.decide(), Decision::Page(Page::SharedBudget(_))), "{}", it.decide());
}

#[test]
fn what_only_watches_should_ask_nobody() {
    let mut it = one_of_ten();
    it.policy = policy::parse(
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nmode = \"watch\"\nevidence = [\"alarm\", \"target-health\"]\n",
    )
    .unwrap();
    it.others_out(9, "svc-1", "svc-1", 4);
    waits(&mut it, 59);
    assert!(matches!(it.held_because(), Hold::SharedBudget(_)), "{}", it.decide());
}

#[test]
fn a_large_instance_takes_the_share_of_capacity_that_it_is() {
    let mut it = one_of_ten();
    it.group().unit = Unit::Weights;
    it.group().desired = Units::new(8);
    it.group().members[0].units = Some(Units::new(5));
    assert_eq!(it.purchase().cost.to_string(), "0.625");
}
