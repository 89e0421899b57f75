//! Where a held instance goes, by what Auto Scaling shows and what an event said.
//!
//! This module never takes an instance for one that serves nobody while either says otherwise: a description may be older than the
//! action, and an event may be made up.

use super::action::{Course, Transition};
use super::decide::Case;

impl Case<'_> {
    fn shown_course(&self) -> Option<Course> {
        let member = self.seen.member.as_ref().and_then(|member| member.as_ref().ok()?.as_ref());
        Course::of(self.kept.transition, &member?.lifecycle)
    }

    pub(super) fn course(&self) -> Course {
        let shown = self.shown_course();
        let usual = match self.kept.transition {
            Transition::Launching => Course::IntoService,
            Transition::Terminating => Course::OutForGood,
        };
        // An action that is named by its instance may be newer than the event.
        let told = self.kept.course.filter(|_| self.kept.is_course_told());
        let serves = told.filter(|told| !told.serves_nobody() && shown.is_none_or(is_a_way_in));
        serves.or(shown).or(told).unwrap_or(usual)
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
