//! The rungs of the budget above the group: what its service and the account may have out at once, and replaced within an hour.
//!
//! This module never counts what is out of the group itself, and writes nothing.

use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::units::Units;
use homeostat_core::budget::{Bound, Level, Purchase, SharedBudget, Shortage, Thousandths};
use homeostat_core::guard;
use homeostat_core::id::{InstanceId, Scope};
use homeostat_core::policy::Mode;

use super::decide::Situation;
use crate::instance::policy::GroupPolicy;
use crate::instance::reasons::{Decision, Hold};

/// What replacing the instance takes: the share of its group's capacity that goes out.
pub(super) fn purchase(group: &Group, id: &InstanceId, policy: &GroupPolicy) -> Purchase {
    let units = group.member(id).and_then(|member| member.units).unwrap_or(Units::ONE_INSTANCE);
    Purchase {
        scope: Scope::of_group(&group.name),
        service: policy.service.clone(),
        cost: Thousandths::of_group(units.number(), group.desired.number()),
        bounds: policy.bounds,
    }
}

impl Situation<'_> {
    pub(super) fn service_is_short(&self) -> Option<Decision> {
        let purchase = self.purchase();
        self.unless_short(|budget| budget.service_shortage(self.now, &self.incident.subject, &purchase))
    }

    pub(super) fn account_is_short(&self) -> Option<Decision> {
        let purchase = self.purchase();
        self.unless_short(|budget| budget.account_shortage(self.now, &self.incident.subject, &purchase))
    }

    /// What only watches asks nobody: it is held back from nothing.
    fn unless_short(&self, shortage: impl FnOnce(&SharedBudget) -> Option<Shortage>) -> Option<Decision> {
        let budget = match &self.around.limits.shared {
            Ok(budget) => budget,
            Err(why) => return self.held(Some(Hold::BudgetUnread { why: why.clone() })),
        };
        let shortage = shortage(budget)?;
        let asks = self.policy.mode == Mode::Act;
        match guard::short(self.now, self.incident, budget, shortage, self.policy.max_wait, asks) {
            Ok(hold) => self.held(Some(hold)),
            Err(page) => Some(Decision::Page(page)),
        }
    }

    fn purchase(&self) -> Purchase {
        purchase(self.group, &self.id, self.policy)
    }

    pub(super) fn service_in_words(&self) -> String {
        let Purchase { service, cost, bounds, .. } = self.purchase();
        match bounds.service {
            None => "there is only one service, and it may use all of the account's".to_owned(),
            Some(bound) => self.usage_in_words(&Level::Service(service), bound, cost),
        }
    }

    pub(super) fn account_in_words(&self) -> String {
        let Purchase { cost, bounds, .. } = self.purchase();
        self.usage_in_words(&Level::Account, bounds.account, cost)
    }

    fn usage_in_words(&self, level: &Level, bound: Bound, cost: Thousandths) -> String {
        let Ok(budget) = &self.around.limits.shared else { return "what is out can't be read".to_owned() };
        let (out, done) = budget.usage(self.now, level);
        let Bound { at_once, per_hour } = bound;
        format!(
            "of {level}, in groups' capacity: {out} of {at_once} is out, {done} of {per_hour} was replaced within an hour, and this adds \
             {cost}"
        )
    }
}
