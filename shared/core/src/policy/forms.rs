//! The forms that a single value may have: times, counts, shares, words, names.
//!
//! A form never knows what its value is for.

use std::marker::PhantomData;
use std::str::FromStr;

use jiff::SignedDuration;

use super::budget::{Budget, GroupsBudget};
use super::setting::{Form, HasUsual, Place};
use crate::aws::share::Share;
use crate::line;

/// Shorter than the sweep's pace only where that is compressed, as in the sandbox.
pub const SHORTEST_LOOK: SignedDuration = SignedDuration::from_secs(1);
/// Anything longer than a day is a slip of the pen, and would leave an incident unattended.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The one number that it may be.
pub struct Exactly(pub i64);

impl Form for Exactly {
    type Value = ();
    fn expected(&self) -> String {
        self.0.to_string()
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<()> {
        place.or_wrong(place.integer().filter(|number| *number == self.0).map(|_| ()), self)
    }
}

pub struct Time {
    least: SignedDuration,
    most: SignedDuration,
}

impl Time {
    /// None at all, up to a day.
    pub const ANY: Time = Time { least: SignedDuration::ZERO, most: LONGEST };
    /// A second, up to a day.
    pub const SOME: Time = Time { least: SHORTEST_LOOK, most: LONGEST };

    pub const fn at_most(most: SignedDuration) -> Time {
        Time { least: SHORTEST_LOOK, most }
    }
}

impl Form for Time {
    type Value = SignedDuration;
    fn expected(&self) -> String {
        format!("a time from \"{:#}\" to \"{:#}\", such as \"30s\"", self.least, self.most)
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<SignedDuration> {
        let time = place.text().and_then(|text| text.parse().ok());
        place.or_wrong(time.filter(|time| (self.least..=self.most).contains(time)), self)
    }
}

impl HasUsual for Time {
    type Usual = SignedDuration;
    fn usual(&self, usual: &SignedDuration) -> SignedDuration {
        *usual
    }

    fn written(&self, usual: &SignedDuration) -> String {
        format!("\"{usual:#}\"")
    }
}

/// A whole number from 1.
pub struct Count {
    pub most: u32,
}

impl Form for Count {
    type Value = u32;
    fn expected(&self) -> String {
        format!("a number from 1 to {}", self.most)
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<u32> {
        let count = place.integer().and_then(|count| u32::try_from(count).ok());
        place.or_wrong(count.filter(|count| (1..=self.most).contains(count)), self)
    }
}

impl HasUsual for Count {
    type Usual = u32;
    fn usual(&self, usual: &u32) -> u32 {
        *usual
    }

    fn written(&self, usual: &u32) -> String {
        usual.to_string()
    }
}

/// A part of a group.
pub struct Part;

impl Form for Part {
    type Value = Budget;
    fn expected(&self) -> String {
        "a share from \"1%\" to \"100%\", or a number of instances from 1".to_owned()
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<Budget> {
        let count = place.integer().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
        let share = || place.text().and_then(|text| text.parse().ok());
        place.or_wrong(count.map(Budget::Instances).or_else(share), self)
    }
}

impl HasUsual for Part {
    type Usual = Budget;
    fn usual(&self, usual: &Budget) -> Budget {
        *usual
    }

    fn written(&self, usual: &Budget) -> String {
        match usual {
            Budget::Percent(percent) => format!("\"{percent}%\""),
            Budget::Instances(count) => count.to_string(),
        }
    }
}

/// A part of all groups.
pub struct PartOfGroups;

impl Form for PartOfGroups {
    type Value = GroupsBudget;
    fn expected(&self) -> String {
        "a share from \"1%\" to \"100%\", or a number of groups from 1".to_owned()
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<GroupsBudget> {
        let count = place.integer().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
        let share = || place.text().and_then(|text| text.parse().ok());
        place.or_wrong(count.map(GroupsBudget::Groups).or_else(share), self)
    }
}

impl HasUsual for PartOfGroups {
    type Usual = GroupsBudget;
    fn usual(&self, usual: &GroupsBudget) -> GroupsBudget {
        *usual
    }

    fn written(&self, usual: &GroupsBudget) -> String {
        match usual {
            GroupsBudget::Percent(percent) => format!("\"{percent}%\""),
            GroupsBudget::Groups(count) => count.to_string(),
        }
    }
}

/// A part of a record's answers.
pub struct Answers;

pub fn written(share: Share) -> String {
    format!("\"{share}\"").replace(' ', "")
}

impl Form for Answers {
    type Value = Share;
    fn expected(&self) -> String {
        "a share from \"0%\" to \"100%\"".to_owned()
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<Share> {
        place.or_wrong(place.text().and_then(|text| text.parse().ok()), self)
    }
}

impl HasUsual for Answers {
    type Usual = Share;
    fn usual(&self, usual: &Share) -> Share {
        *usual
    }

    fn written(&self, usual: &Share) -> String {
        written(*usual)
    }
}

/// One of a few words.
pub struct Choice<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy> Form for Choice<T> {
    type Value = T;
    fn expected(&self) -> String {
        one_of(self.0)
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<T> {
        let said = place.text();
        let chosen = self.0.iter().find(|(word, _)| said == Some(word)).map(|(_, choice)| *choice);
        place.or_wrong(chosen, self)
    }
}

impl<T: Copy + PartialEq> HasUsual for Choice<T> {
    type Usual = T;
    fn usual(&self, usual: &T) -> T {
        *usual
    }

    fn written(&self, usual: &T) -> String {
        let word = self.0.iter().find(|(_, choice)| choice == usual);
        word.map(|(word, _)| format!("{word:?}")).unwrap_or_default()
    }
}

/// `"a", "b" or "c"`.
pub fn one_of<T>(words: &[(&str, T)]) -> String {
    line::one_of(&words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>())
}

/// A text that a type of the core takes.
pub struct Text<T> {
    expected: &'static str,
    also: fn(&str) -> bool,
    of: PhantomData<fn() -> T>,
}

impl<T> Text<T> {
    pub const fn of(expected: &'static str) -> Self {
        Text::that(expected, |_| true)
    }

    /// One that must also be this.
    pub const fn that(expected: &'static str, also: fn(&str) -> bool) -> Self {
        Text { expected, also, of: PhantomData }
    }
}

impl<T: FromStr> Form for Text<T> {
    type Value = T;
    fn expected(&self) -> String {
        self.expected.to_owned()
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<T> {
        place.or_wrong(place.text().filter(|text| (self.also)(text)).and_then(|text| text.parse().ok()), self)
    }
}

/// What CloudWatch takes for the name of an alarm, a metric or its namespace (API reference, `PutMetricAlarm`): it refuses each call
/// with any other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub String);

impl FromStr for Name {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_name = (1..=255).contains(&text.chars().count()) && !text.contains(char::is_control);
        is_name.then(|| Name(text.to_owned())).ok_or(())
    }
}
