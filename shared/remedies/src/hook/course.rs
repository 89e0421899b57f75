//! Where a held instance goes, by what Auto Scaling shows and what an event said.
//!
//! This module never takes an instance for one that serves nobody while either says otherwise: a description may be older than the
//! action, and an event may be made up.

use homeostat_core::aws::fleet::Lifecycle;
use homeostat_core::aws::lifecycle::{Course, Transition, has_gone_on};

use super::decide::Situation;

impl Situation<'_> {
    fn shown_course(&self) -> Option<Course> {
        Course::of(self.kept.transition, &self.seen.shown()?.lifecycle)
    }

    pub(super) fn course(&self) -> Course {
        let shown = self.shown_course();
        let usual = match self.kept.transition {
            Transition::Launching => Course::IntoService,
            Transition::Terminating => Course::OutForGood,
        };
        // An action that is named by its instance may be newer than the event.
        let told = self.kept.told_course();
        let serves = told.filter(|told| !told.serves_nobody() && shown.is_none_or(is_a_way_in));
        serves.or(shown).or(told).unwrap_or(usual)
    }

    /// Whether the state shows that the action is over. An event that may be made up doesn't say so by its course alone, nor does a state
    /// of the pool where no event said that the instance goes there.
    pub(super) fn is_shown_over(&self, lifecycle: &Lifecycle) -> bool {
        let is_over = |course| has_gone_on(self.kept.transition, course, lifecycle);
        let is_known = self.kept.accepted || self.kept.token.is_none();
        let is_untold = self.kept.token.is_none() && self.kept.course == Some(Course::IntoPool);
        let may_come_out = is_untold && lifecycle.0.starts_with("Warmed:");
        is_over(self.kept.course) && (is_known || is_over(None)) && !may_come_out
    }

    /// Of an action that is named by its instance alone no event said where it goes, and the description may be from its way in.
    pub(super) fn may_have_come_out(&self, course: Course) -> bool {
        course == Course::IntoPool && self.kept.token.is_none() && self.is_fresh() && self.no_time_to_ask().is_none()
    }

    /// Auto Scaling shows it on its way into the pool, and the event said otherwise. Whether there is such an action tells which is right.
    pub(super) fn is_in_doubt(&self, course: Course) -> bool {
        let contradicted = !course.serves_nobody() && self.shown_course().is_some_and(is_a_way_in);
        contradicted && !self.kept.accepted && self.no_time_to_ask().is_none()
    }
}

/// What an old description may show of an instance that has come out since. From `Warmed:Terminating:Wait` none comes back.
fn is_a_way_in(shown: Course) -> bool {
    shown == Course::IntoPool
}
