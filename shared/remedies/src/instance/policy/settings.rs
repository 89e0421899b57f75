//! The settings of `[[replace-instance.group]]`, and those of all groups together.

use homeostat_core::id::GroupName;
use homeostat_core::policy::dependencies::depends_on;
use homeostat_core::policy::forms::{Choice, Count, Name, Part, PartOfGroups, Text, Time};
use homeostat_core::policy::lists::{List, Words};
use homeostat_core::policy::names::{is_no_arn, is_plain};
use homeostat_core::policy::pattern::Pattern;
use homeostat_core::policy::section::Section;
use homeostat_core::policy::setting::{Free, Is, Means, Must, Needed, Setting, Usual};
use homeostat_core::policy::{Budget, GroupsBudget, MODES, Mode};
use jiff::SignedDuration;

use crate::instance::policy::EvidenceSource;

/// A replacement may fail once by bad luck, and twice; three times is no luck.
const USUAL_BREAKER: u32 = 3;
/// More than this many within the window would be no breaker any more.
const MOST_FAILURES: u32 = 20;

pub(crate) const GROUP: Section = Section {
    table: "[[replace-instance.group]]",
    about: "One for each Auto Scaling group whose instances may be replaced. A group that is not named is never touched.",
    settings: &[
        &NAME,
        &SERVICE,
        &MODE,
        &EVIDENCE,
        &HEALTH_ALARMS,
        &ALARMS,
        &GRACE,
        &BUDGET,
        &MAX_UNHEALTHY,
        &COOLDOWN,
        &BREAKER,
        &BREAKER_WITHIN,
        &CHECK_EVERY,
        &DWELL,
        &RECOVER_WITHIN,
        &MAX_WAIT,
        &REMIND_EVERY,
        &PLAN_FIRST,
        &DEPENDS_ON,
    ],
};

pub(super) const NAME: Needed<Text<GroupName>> = Setting {
    key: "name",
    form: Text::that("the name of an Auto Scaling group", is_plain),
    left_out: Must,
    meaning: "Which group. Each stands once.",
};

pub(super) const SERVICE: Free<Text<Name>> = Setting {
    key: "service",
    form: Text::that("a service's name", is_plain),
    left_out: Means("the group's own name"),
    meaning: "Groups of the same service share what a service may use of `at-once` and `per-hour` of `[replace-instance]`.",
};

pub(super) const MODE: Free<Choice<Mode>> =
    Setting { key: "mode", form: Choice(MODES), left_out: Means("the file's `mode`"), meaning: "A mode of its own." };

pub(super) const EVIDENCE: Needed<Words<EvidenceSource>> = Setting {
    key: "evidence",
    form: Words(&[
        ("alarm", EvidenceSource::Alarm),
        ("instance-status", EvidenceSource::InstanceStatus),
        ("target-health", EvidenceSource::TargetHealth),
    ]),
    left_out: Must,
    meaning: "What must say \"unhealthy\" before an instance is replaced, all of it: an alarm on this one instance, re-read; EC2's status \
              checks; its health in the group's target groups.",
};

pub(super) const DEPENDS_ON: Free<List<Name>> = depends_on(
    "While any of these moves, and for its `settle` after that, nothing of the group is replaced, unless EC2's status checks fail or its \
     machine is gone.",
);

pub(super) const HEALTH_ALARMS: Free<List<Pattern>> = Setting {
    key: "health-alarms",
    form: List::that(
        "alarms' names, in which * stands for any characters",
        "an alarm's name, in which * stands for any characters, not its ARN",
        is_no_arn,
    ),
    left_out: Means("every alarm whose metrics name one instance alone; a mistake where `alarm` is the only evidence"),
    meaning: "Which alarms on an instance prove it unhealthy. Any other, such as one on its disk, opens no incident and confirms \
              nothing.",
};

pub(super) const ALARMS: Free<List<Name>> = Setting {
    key: "alarms",
    form: List::that("alarms' names", "an alarm's name, not its ARN", is_no_arn),
    left_out: Means("none"),
    meaning: "Alarms on the whole group whose metrics name neither the group nor one of its target groups: each has all members \
              looked at, and is evidence against none.",
};

pub(super) const GRACE: Usual<Time> = Setting {
    key: "grace",
    form: Time::ANY,
    left_out: Is(SignedDuration::from_mins(5)),
    meaning: "How long after its launch or its last start an instance is left alone. The longer of this and the group's own grace period counts.",
};

pub(super) const BUDGET: Usual<Part> = Setting {
    key: "budget",
    form: Part,
    left_out: Is(Budget::Percent(20)),
    meaning: "How much of the group may be out at once. A share is of the desired capacity in the group's own unit (instances, \
              weights, vCPUs or memory), rounded down, but at least one instance; a number is of instances.",
};

pub(super) const MAX_UNHEALTHY: Usual<Part> = Setting {
    key: "max-unhealthy",
    form: Part,
    left_out: Is(Budget::Percent(50)),
    meaning: "If this share, or more than this number, are unhealthy at once, nothing is replaced and a person is paged: then it is \
              not the instances that are at fault. In a group of up to four instances it takes more than the share. Counted as for \
              `budget`; one instance alone is never too many, and at \"100%\" nothing is.",
};

pub(super) const COOLDOWN: Usual<Time> = Setting {
    key: "cooldown",
    form: Time::ANY,
    left_out: Is(SignedDuration::from_mins(5)),
    meaning: "Within this time no more than `budget` are replaced, even if each recovers sooner.",
};

pub(super) const BREAKER: Usual<Count> = Setting {
    key: "breaker",
    form: Count { most: MOST_FAILURES },
    left_out: Is(USUAL_BREAKER),
    meaning: "So many failed replacements within `breaker-within` stop all replacing in the group, until a person acknowledges it \
              or the group launches from another version.",
};

pub(super) const BREAKER_WITHIN: Usual<Time> = Setting {
    key: "breaker-within",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_hours(2)),
    meaning: "How far back failed replacements count. At least `cooldown`.",
};

pub(super) const CHECK_EVERY: Usual<Time> = Setting {
    key: "check-every",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(1)),
    meaning: "Time between two looks at an open incident; up to five times as long the longer it waits and the more of its group \
              are unhealthy, and five times as long once a person was paged. The sweep sends wake-ups once a minute, so less \
              has no effect. At most `recover-within` and `max-wait`.",
};

pub(super) const DWELL: Usual<Time> = Setting {
    key: "stable-for",
    form: Time::ANY,
    left_out: Is(SignedDuration::from_mins(2)),
    meaning: "How long the group must stay whole before the incident is closed. At most `recover-within`.",
};

pub(super) const RECOVER_WITHIN: Usual<Time> = Setting {
    key: "recover-within",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(15)),
    meaning: "From the first act on; past it a person is paged and nothing more is tried.",
};

pub(super) const MAX_WAIT: Usual<Time> = Setting {
    key: "max-wait",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_hours(1)),
    meaning: "How long an instance may be unhealthy without being replaced, whatever the reason, before a person is paged.",
};

pub(super) const REMIND_EVERY: Usual<Time> = Setting {
    key: "remind-every",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(30)),
    meaning: "Time between two reminders of a page that nobody acknowledged.",
};

pub(super) const PLAN_FIRST: Usual<Time> = Setting {
    key: "plan-first",
    form: Time::ANY,
    left_out: Is(SignedDuration::ZERO),
    meaning: "How long before each replacement people are told of it. It happens if all of the evidence still says so then, and not \
              under a pause. \"0s\" announces nothing beforehand. At most `max-wait`.",
};

pub(super) const AT_ONCE: Usual<PartOfGroups> = Setting {
    key: "at-once",
    form: PartOfGroups,
    left_out: Is(GroupsBudget::Percent(10)),
    meaning: "How much of all groups together, in the account and Region, may be out at once. A replacement takes the share of its \
              group's capacity that goes out: of four instances, a quarter of a group. A share is of the groups that the policy names, \
              and at least one group. Where there is more than one service, none takes more than half, but always one group. At most \
              `per-hour`.",
};

pub(super) const PER_HOUR: Usual<PartOfGroups> = Setting {
    key: "per-hour",
    form: PartOfGroups,
    left_out: Is(GroupsBudget::Percent(30)),
    meaning: "How much of all groups together may be replaced within an hour, counted in the same way; a share is at least three \
              groups. It never refuses the first replacement in a group that was left alone for an hour.",
};
