//! The settings of `[lifecycle-hook]` and its hooks.

use homeostat_core::aws::record::RecordType;
use homeostat_core::id::{GroupName, HookName, HostedZoneId, TargetGroupArn};
use homeostat_core::policy::dependencies::depends_on;
use homeostat_core::policy::forms::{Choice, Count, Name, Text, Time};
use homeostat_core::policy::lists::{List, OneOrSome, Tables, Words};
use homeostat_core::policy::names::{Dimensions, is_namespace, is_plain, is_target_group_arn};
use homeostat_core::policy::section::Section;
use homeostat_core::policy::setting::{Free, Is, Means, Must, Needed, Setting, Usual};
use homeostat_core::policy::{MODES, Mode};
use jiff::SignedDuration;

use crate::hook::policy::{CHECK_EVERY, OnLimit, OwnName, REMIND_EVERY, Readiness, ReadyTag, TagKey, with_longest_id};

const LONGEST_LOOK: SignedDuration = SignedDuration::from_mins(1);
/// As with the breaker: three times in a row is no bad luck.
const USUAL_ABANDONS: u32 = 3;
const MOST_ABANDONS: u32 = 20;
const LONGEST_PERIOD: SignedDuration = SignedDuration::from_hours(1);

pub(crate) const SECTION: Section = Section {
    table: "[lifecycle-hook]",
    about: "Which lifecycle hooks of Auto Scaling are completed, and what holds for all of them together. At least one hook must be \
            there. What is not named is left to whoever else completes it.",
    settings: &[&LAUNCHES, &TERMINATIONS, &LOOKS, &REMINDS],
};

pub(crate) const LAUNCH: Section = Section {
    table: "[[lifecycle-hook.launch]]",
    about: "One for each launch hook: an instance comes into service only when it shows all of the evidence.",
    settings: &[
        &GROUP,
        &HOOK,
        &MODE,
        &EVIDENCE,
        &TAG,
        &READY_IN,
        &LAUNCHED_WITHIN,
        &ABANDONS,
        &AFTERWARDS,
        &DEPENDS_ON,
    ],
};

pub(crate) const TERMINATE: Section = Section {
    table: "[[lifecycle-hook.terminate]]",
    about: "One for each terminate hook: an instance leaves only when nothing of it is in use.",
    settings: &[&GROUP, &HOOK, &MODE, &DRAINED_FROM, &BUSY_TAG, &METRIC, &RECORD, &GONE_WITHIN],
};

pub(crate) const BUSY_METRIC: Section = Section {
    table: "busy-metric = { … }",
    about: "Of a terminate hook: the metric that tells how much work an instance has.",
    settings: &[&NAMESPACE, &METRIC_NAME, &STATISTIC, &PERIOD, &DIMENSIONS],
};

pub(crate) const OWN_RECORD: Section = Section {
    table: "record = { … }",
    about: "Of a terminate hook: the record that leads to the leaving instance alone.",
    settings: &[&ZONE, &RECORD_NAME, &TYPE],
};

pub(super) const LAUNCHES: Free<Tables> = Setting {
    key: "launch",
    form: Tables("tables `[[lifecycle-hook.launch]]`"),
    left_out: Means("none"),
    meaning: "The launch hooks.",
};

pub(super) const TERMINATIONS: Free<Tables> = Setting {
    key: "terminate",
    form: Tables("tables `[[lifecycle-hook.terminate]]`"),
    left_out: Means("none"),
    meaning: "The terminate hooks.",
};

pub(super) const LOOKS: Usual<Time> = Setting {
    key: "check-every",
    form: Time::at_most(LONGEST_LOOK),
    left_out: Is(CHECK_EVERY),
    meaning: "Time between two looks at a held instance; a twentieth of what it has waited, where that is more, up to 30 s.",
};

pub(super) const REMINDS: Usual<Time> = Setting {
    key: "remind-every",
    form: Time::SOME,
    left_out: Is(REMIND_EVERY),
    meaning: "Time between two reminders of a page that nobody acknowledged.",
};

pub(super) const DEPENDS_ON: Free<List<Name>> = depends_on(
    "While any of these moves, and for its `settle` after that, no launch is abandoned: once its `timeout` is over, it is completed with \
     CONTINUE, unless EC2's status checks fail.",
);

pub(super) const GROUP: Needed<Text<GroupName>> = Setting {
    key: "group",
    form: Text::that("the name of an Auto Scaling group", is_plain),
    left_out: Must,
    meaning: "Whose hook it is.",
};

pub(super) const HOOK: Needed<Text<HookName>> = Setting {
    key: "hook",
    form: Text::of("the name of one of its lifecycle hooks"),
    left_out: Must,
    meaning: "The hook's name. Each stands once with its group.",
};

pub(super) const MODE: Free<Choice<Mode>> = Setting {
    key: "mode",
    form: Choice(MODES),
    left_out: Means("the file's `mode`"),
    meaning: "A mode of its own. \"watch\" completes the hook at once, with CONTINUE.",
};

pub(super) const EVIDENCE: Needed<Words<Readiness>> = Setting {
    key: "evidence",
    form: Words(&[
        ("instance-status", Readiness::InstanceStatus),
        ("tag", Readiness::Tag),
        ("target-health", Readiness::TargetHealth),
    ]),
    left_out: Must,
    meaning: "What must be there before an instance comes into service, all of it: EC2's status checks passed; a tag that the \
              instance sets; its health in target groups that don't belong to the group.",
};

pub(super) const TAG: Free<Text<ReadyTag>> = Setting {
    key: "tag",
    form: Text::of("a tag such as \"app:ready\" (its value is the time) or \"app:ready=yes\""),
    left_out: Means("none; needed if `evidence` names \"tag\", and only then"),
    meaning: "The key alone: the tag's value is the time at which the instance was ready, such as 2026-03-01T02:03:04Z, and one from \
              before the machine was last started says nothing. With a value, that value counts whenever it was set.",
};

const NOT_THE_GROUPS: List<TargetGroupArn> = List::that(
    "ARNs of target groups that don't belong to the group",
    "a target group's ARN, such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef",
    is_target_group_arn,
);

pub(super) const READY_IN: Free<List<TargetGroupArn>> = Setting {
    key: "target-groups",
    form: NOT_THE_GROUPS,
    left_out: Means("none; needed if `evidence` names \"target-health\", and only then"),
    meaning: "Where the instance registers itself and must be healthy: by its id or, where the target group is of type `ip`, by one \
              of its addresses. In the group's own target groups Auto Scaling registers it only after the hook.",
};

pub(super) const LAUNCHED_WITHIN: Usual<Time> = Setting {
    key: "timeout",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(10)),
    meaning: "Past it the launch is abandoned: Auto Scaling terminates the instance and launches another.",
};

pub(super) const ABANDONS: Usual<Count> = Setting {
    key: "max-abandoned",
    form: Count { most: MOST_ABANDONS },
    left_out: Is(USUAL_ABANDONS),
    meaning: "After so many abandoned in a row none is abandoned any more, and a person is paged.",
};

pub(super) const AFTERWARDS: Usual<Choice<OnLimit>> = Setting {
    key: "on-limit",
    form: Choice(&[("admit", OnLimit::Admit), ("suspend-launch", OnLimit::SuspendLaunch)]),
    left_out: Is(OnLimit::Admit),
    meaning: "What becomes of the group then: what is launched comes into service unproven when its time is over; or the group \
              launches no more until a person resumes it.",
};

pub(super) const DRAINED_FROM: Free<List<TargetGroupArn>> = Setting {
    key: "target-groups",
    form: NOT_THE_GROUPS,
    left_out: Means("none"),
    meaning: "Where a leaving instance is deregistered and drained, by its id or by its addresses. They must be tagged \
              homeostat:managed = true.",
};

pub(super) const BUSY_TAG: Free<Text<TagKey>> = Setting {
    key: "busy-tag",
    form: Text::of("a tag's key, such as \"app:busy\""),
    left_out: Means("none"),
    meaning: "The instance has work as long as it has this tag.",
};

pub(super) const METRIC: Free<Tables> = Setting {
    key: "busy-metric",
    form: Tables("a table, below"),
    left_out: Means("none"),
    meaning: "The instance has work as long as this metric is above zero, or has no value since it is held.",
};

pub(super) const RECORD: Free<Tables> = Setting {
    key: "record",
    form: Tables("a table, below"),
    left_out: Means("none"),
    meaning: "The instance's own record, removed only if its one value is this instance's.",
};

pub(super) const GONE_WITHIN: Usual<Time> = Setting {
    key: "timeout",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(15)),
    meaning: "Past it the instance goes, whatever it still does, and people hear of it.",
};

pub(super) const NAMESPACE: Needed<Text<Name>> = Setting {
    key: "namespace",
    form: Text::that("a metric's namespace in ASCII, such as \"App\", not beginning with \":\"", is_namespace),
    left_out: Must,
    meaning: "The metric's namespace.",
};

pub(super) const METRIC_NAME: Needed<Text<Name>> = Setting {
    key: "name",
    form: Text::of("a metric's name, such as \"JobsInFlight\""),
    left_out: Must,
    meaning: "The metric's name.",
};

pub(super) const STATISTIC: Usual<Choice<&'static str>> = Setting {
    key: "statistic",
    form: Choice(&[("Maximum", "Maximum"), ("Sum", "Sum"), ("Average", "Average"), ("Minimum", "Minimum")]),
    left_out: Is("Maximum"),
    meaning: "Of each period.",
};

/// High-resolution metrics have periods of 1, 5, 10, 20 or 30 s, all others multiples of a minute (API reference, `MetricStat`).
pub(super) const PERIOD: Usual<Time> = Setting {
    key: "period",
    form: Time::at_most(LONGEST_PERIOD),
    left_out: Is(SignedDuration::from_mins(1)),
    meaning: "1, 5, 10, 20 or 30 seconds, or whole minutes.",
};

pub(super) const DIMENSIONS: Needed<Dimensions> = Setting {
    key: "dimensions",
    form: Dimensions { longest: with_longest_id },
    left_out: Must,
    meaning: "The metric's dimensions. `{instance}` stands for the instance's id, and must occur.",
};

pub(super) const ZONE: Needed<Text<HostedZoneId>> = Setting {
    key: "hosted-zone",
    form: Text::of("a hosted zone's id, such as Z0123456789ABCDEFGHIJ"),
    left_out: Must,
    meaning: "The hosted zone in which the record stands.",
};

pub(super) const RECORD_NAME: Needed<Text<OwnName>> = Setting {
    key: "name",
    form: Text::of("a name with the instance's id in it, such as {instance}.example.com"),
    left_out: Must,
    meaning: "`{instance}` stands for the instance's id.",
};

pub(super) const TYPE: Usual<OneOrSome<RecordType>> = Setting {
    key: "type",
    form: OneOrSome(&[("A", RecordType::A), ("AAAA", RecordType::Aaaa), ("CNAME", RecordType::Cname)]),
    left_out: Is(RecordType::A),
    meaning: "The record's type. A list, such as `[\"A\", \"AAAA\"]`, has the records of the name removed together, in one batch, each \
              only if its one value is this instance's.",
};
