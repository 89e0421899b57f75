//! The settings of `[shift-dns]`, its records and their endpoints.

use homeostat_core::aws::record::RecordType;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::aws::share::Share;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, SetIdentifier, TargetGroupArn};
use homeostat_core::policy::dependencies::depends_on;
use homeostat_core::policy::forms::{Answers, Choice, Count, Name, Text, Time};
use homeostat_core::policy::lists::{List, OneOrSome, Tables, Words};
use homeostat_core::policy::names::is_target_group_arn;
use homeostat_core::policy::section::Section;
use homeostat_core::policy::setting::{Free, Is, Means, Must, Needed, Setting, Usual};
use homeostat_core::policy::{MODES, Mode};
use jiff::SignedDuration;

use crate::hosted_zone::policy::{
    Active, Ailment, CHECK_EVERY, DWELL, IN_SYNC_WITHIN, MAX_WAIT, MOST_ENDPOINTS, REMIND_EVERY, STEPS,
};

/// Past this many a latch would be none.
const MOST_FLAPS: u32 = 20;
const USUAL_FLAPS: u32 = 3;

pub(crate) const SECTION: Section = Section {
    table: "[shift-dns]",
    about: "Which weights may be moved, and what holds for all records together.",
    settings: &[&RECORDS, &LOOKS, &IN_SYNC, &STAYS, &WAITS, &REMINDS],
};

pub(crate) const RECORD: Section = Section {
    table: "[[shift-dns.record]]",
    about: "One for each weighted record of Route 53. A record that is not named is never changed, and the function's role can't.",
    settings: &[
        &ZONE,
        &NAME,
        &TYPE,
        &MODE,
        &EVIDENCE,
        &PROOF,
        &MIN_HEALTHY,
        &DRAIN_TO,
        &HOLD,
        &PARTS,
        &PACE,
        &FLAPS,
        &FLAPS_WITHIN,
        &DEPENDS_ON,
        &ENDPOINTS,
    ],
};

pub(crate) const ENDPOINT: Section = Section {
    table: "[[shift-dns.record.endpoint]]",
    about: "One for each record set of the weighted record.",
    settings: &[&ID, &ALARMS, &OWN_DRAIN_TO, &MAX_SHARE, &HEALTH_CHECK, &TARGET_GROUPS, &CANARIES],
};

pub(super) const RECORDS: Needed<Tables> = Setting {
    key: "record",
    form: Tables("at least one table `[[shift-dns.record]]`"),
    left_out: Must,
    meaning: "The records. One zone may have up to ten names here, since all of them are read at each look.",
};

pub(super) const LOOKS: Usual<Time> = Setting {
    key: "check-every",
    form: Time::SOME,
    left_out: Is(CHECK_EVERY),
    meaning: "Time between two looks at an open incident. At most `max-wait`.",
};

pub(super) const IN_SYNC: Usual<Time> = Setting {
    key: "in-sync-within",
    form: Time::SOME,
    left_out: Is(IN_SYNC_WITHIN),
    meaning: "A change that has not reached all of Route 53's name servers by then is a page. No other is made before it has.",
};

pub(super) const STAYS: Usual<Time> = Setting {
    key: "stable-for",
    form: Time::ANY,
    left_out: Is(DWELL),
    meaning: "How long all must stay as it was before, until the incident is closed.",
};

pub(super) const WAITS: Usual<Time> = Setting {
    key: "max-wait",
    form: Time::SOME,
    left_out: Is(MAX_WAIT),
    meaning: "An endpoint that is without its share for longer, and a pause that holds weights for longer, is a page.",
};

pub(super) const REMINDS: Usual<Time> = Setting {
    key: "remind-every",
    form: Time::SOME,
    left_out: Is(REMIND_EVERY),
    meaning: "Time between two reminders of a page that nobody acknowledged.",
};

pub(super) const ZONE: Needed<Text<HostedZoneId>> = Setting {
    key: "hosted-zone",
    form: Text::of("a hosted zone's id, such as Z0123456789ABCDEFGHIJ"),
    left_out: Must,
    meaning: "The hosted zone in which the record stands.",
};

pub(super) const NAME: Needed<Text<RecordName>> = Setting {
    key: "name",
    form: Text::of("a record's name, such as www.example.com"),
    left_out: Must,
    meaning: "The record. Each stands once with its zone and type; there must be room for `_homeostat.` before it.",
};

pub(super) const TYPE: Needed<OneOrSome<RecordType>> = Setting {
    key: "type",
    form: OneOrSome(&[("A", RecordType::A), ("AAAA", RecordType::Aaaa), ("CNAME", RecordType::Cname)]),
    left_out: Must,
    meaning: "The record's type. A list, such as `[\"A\", \"AAAA\"]`, has the records of one name move together, in one batch, on \
              the same evidence. Where each type has evidence of its own, write one table for each.",
};

pub(super) const DEPENDS_ON: Free<List<Name>> = depends_on(
    "What all endpoints of the record depend on: while any of these moves, and for its `settle` after that, no weight leaves an endpoint. \
     What only one endpoint depends on doesn't belong here: to drain that endpoint helps.",
);

pub(super) const MODE: Free<Choice<Mode>> =
    Setting { key: "mode", form: Choice(MODES), left_out: Means("the file's `mode`"), meaning: "A mode of its own." };

pub(super) const EVIDENCE: Usual<Words<Ailment>> = Setting {
    key: "evidence",
    form: Words(&[
        ("alarm", Ailment::Alarm),
        ("health-check", Ailment::Active(Active::HealthCheck)),
        ("target-health", Ailment::Active(Active::TargetHealth)),
        ("canary", Ailment::Active(Active::Canary)),
    ]),
    left_out: Is(&[Ailment::Alarm, Ailment::Active(Active::HealthCheck)]),
    meaning: "What must say \"unhealthy\" before weight leaves an endpoint, all of it. What is named here, each endpoint must have. One \
              alarm alone can be forged by anybody who may set its state, and `policy check` warns of it.",
};

pub(super) const PROOF: Needed<Words<Active>> = Setting {
    key: "proof",
    form: Words(&[
        ("health-check", Active::HealthCheck),
        ("target-health", Active::TargetHealth),
        ("canary", Active::Canary),
    ]),
    left_out: Must,
    meaning: "What must say \"well\" before an endpoint is given more, all of it, without regard to traffic. What is named here, each \
              endpoint must have.",
};

pub(super) const MIN_HEALTHY: Usual<Count> = Setting {
    key: "min-healthy",
    form: Count { most: MOST_ENDPOINTS - 1 },
    left_out: Is(1),
    meaning: "So many endpoints that are proven well must carry weight after a shift: fewer than the record has.",
};

pub(super) const DRAIN_TO: Usual<Answers> = Setting {
    key: "drain-to",
    form: Answers,
    left_out: Is(Share::NONE),
    meaning: "The share of all answers that a sick endpoint keeps.",
};

pub(super) const HOLD: Usual<Time> = Setting {
    key: "hold",
    form: Time::ANY,
    left_out: Is(SignedDuration::from_mins(5)),
    meaning: "How long it must be proven well before weight comes back. Each relapse within `flaps-within` doubles it.",
};

pub(super) const PARTS: Usual<List<Share>> = Setting {
    key: "steps",
    form: List::of("shares from \"0%\" to \"100%\"", "a share from \"0%\" to \"100%\""),
    left_out: Is(&STEPS),
    meaning: "The parts of its own share that an endpoint gets back, one after the other; the whole of it comes last.",
};

pub(super) const PACE: Usual<Time> = Setting {
    key: "step-interval",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_mins(2)),
    meaning: "Time between two steps, of a return and of a takeover.",
};

pub(super) const FLAPS: Usual<Count> = Setting {
    key: "max-flaps",
    form: Count { most: MOST_FLAPS },
    left_out: Is(USUAL_FLAPS),
    meaning: "So many drains of one endpoint within `flaps-within`, and it stays drained until a person has looked, or those that \
              serve in its place are unhealthy.",
};

pub(super) const FLAPS_WITHIN: Usual<Time> = Setting {
    key: "flaps-within",
    form: Time::SOME,
    left_out: Is(SignedDuration::from_hours(2)),
    meaning: "How far back drains count. At least `hold`.",
};

pub(super) const ENDPOINTS: Needed<Tables> = Setting {
    key: "endpoint",
    form: Tables("two to sixteen tables `[[shift-dns.record.endpoint]]`"),
    left_out: Must,
    meaning: "The record's endpoints, all of them.",
};

pub(super) const ID: Needed<Text<SetIdentifier>> = Setting {
    key: "id",
    form: Text::of("the set identifier of a weighted record"),
    left_out: Must,
    meaning: "Its set identifier. Each stands once.",
};

const NEEDED: Means = Means("none; needed if `evidence` or `proof` names it");

pub(super) const ALARMS: Free<List<AlarmArn>> = Setting {
    key: "alarms",
    form: List::of(
        "alarms' ARNs such as arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx",
        "an alarm's ARN, such as arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx",
    ),
    left_out: Means("none; needed if `evidence` names \"alarm\""),
    meaning: "Each speaks for this endpoint. They may be in another Region, if their events are forwarded here.",
};

pub(super) const OWN_DRAIN_TO: Free<Answers> =
    Setting { key: "drain-to", form: Answers, left_out: Means("the record's `drain-to`"), meaning: "One of its own." };

pub(super) const MAX_SHARE: Usual<Answers> = Setting {
    key: "max-share",
    form: Answers,
    left_out: Is(Share::ALL),
    meaning: "It is given no more than this share of all answers. If that leaves a part where it was, a person is paged.",
};

pub(super) const HEALTH_CHECK: Free<Text<HealthCheckId>> = Setting {
    key: "health-check",
    form: Text::of("a Route 53 health check's id, such as 01234567-89ab-cdef-0123-456789abcdef"),
    left_out: NEEDED,
    meaning: "What \"health-check\" asks: Route 53's own, by its checkers.",
};

pub(super) const TARGET_GROUPS: Free<List<TargetGroupArn>> = Setting {
    key: "target-groups",
    form: List::that(
        "target groups' ARNs",
        "a target group's ARN, such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef",
        is_target_group_arn,
    ),
    left_out: NEEDED,
    meaning: "What \"target-health\" asks: the target groups behind an alias.",
};

pub(super) const CANARIES: Free<List<AlarmArn>> = Setting {
    key: "canaries",
    form: List::of(
        "alarms' ARNs",
        "an alarm's ARN, such as arn:aws:cloudwatch:us-west-2:123456789012:alarm:canary-eu-west-1",
    ),
    left_out: NEEDED,
    meaning: "What \"canary\" asks: alarms on requests that you make yourself, whether or not there is traffic.",
};
