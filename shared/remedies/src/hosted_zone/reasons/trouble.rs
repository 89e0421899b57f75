//! Why an endpoint's weight is where it is, in types and in words.
//!
//! This module never decides.

use std::fmt;

use homeostat_core::aws::record::{RecordKey, Weights};
use homeostat_core::aws::share::Share;
use homeostat_core::id::{AlarmArn, SetIdentifier};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// An endpoint that doesn't have its own share yet, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub record: RecordKey,
    pub endpoint: SetIdentifier,
    pub share: Share,
    pub awaits: Awaits,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// Something active must say that it is well.
    Proof { why: String },
    /// It is well, and has to stay so.
    Hold { healthy_since: Timestamp, until: Timestamp },
    /// It has some of its share back; the next step comes then.
    Step { until: Timestamp },
    /// It serves again, and its alarm has not cleared.
    Alarm { alarm: AlarmArn },
    /// It is unhealthy and still has some weight. The others take more of it once they have borne what they have.
    OthersBear { until: Timestamp },
    /// It failed with what it had taken over for others, and gave that back: with its own share it may recover.
    Recovery { until: Timestamp },
    /// Those that took its share can't be told to be well, so nothing is moved.
    Others { why: String },
    /// What was read is older than Homeostat's own last change.
    Reread,
}

/// Why Route 53 does not take a change, by its code (API reference, `ChangeResourceRecordSets`, "Errors").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A set that is created again has a health check that was deleted.
    NoSuchHealthCheck,
    NoSuchHostedZone,
    /// `InvalidChangeBatch`: a set is not as it was read, or the target of an alias does not exist.
    NotAsRead,
    AccessDenied,
    Other,
}

impl Code {
    /// Of AWS's words as the adapter gives them: the code, a colon, the message.
    pub fn of(why: &str) -> Code {
        match why.split(':').next().unwrap_or_default() {
            "NoSuchHealthCheck" => Code::NoSuchHealthCheck,
            "NoSuchHostedZone" => Code::NoSuchHostedZone,
            "InvalidChangeBatch" => Code::NotAsRead,
            "AccessDenied" | "AccessDeniedException" => Code::AccessDenied,
            _ => Code::Other,
        }
    }
}

/// What a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It is sick, and there is nowhere to move its weight to.
    NoTarget {
        record: RecordKey,
        endpoint: SetIdentifier,
        why: String,
    },
    /// The limits of the others left it with some of its weight.
    Partly {
        record: RecordKey,
        weights: Weights,
    },
    /// It became unhealthy with what it had taken over for others, so those that are unhealthy keep what it can't take.
    Overloaded {
        record: RecordKey,
        endpoint: SetIdentifier,
        failed_at: Timestamp,
        more_at: Timestamp,
    },
    /// Somebody else changed the record while Homeostat held it.
    Changed {
        record: RecordKey,
        what: String,
    },
    /// The record is not one whose weights can be moved.
    Unfit {
        record: RecordKey,
        why: String,
    },
    /// It failed again and again.
    Latched {
        record: RecordKey,
        endpoint: SetIdentifier,
        drains: u32,
        within: SignedDuration,
    },
    /// Nobody fixed it.
    StillReduced {
        record: RecordKey,
        endpoint: SetIdentifier,
        since: Timestamp,
        why: String,
    },
    NotInPolicy {
        record: RecordKey,
    },
    NotInSync {
        change: String,
        since: Timestamp,
    },
    /// Route 53 does not take a change of this record.
    Refused {
        record: RecordKey,
        since: Timestamp,
        /// With AWS's code.
        why: String,
    },
    /// It was proven unhealthy, and still has its weight after all the time that the policy gives.
    Waited {
        record: RecordKey,
        endpoint: SetIdentifier,
        /// The first look that proved it.
        since: Timestamp,
        why: String,
    },
}

impl Trouble {
    /// The same trouble may be told in other words, with other figures. Another change is another trouble.
    pub fn is_same(&self, other: &Trouble) -> bool {
        // So is another refusal: it followed a new attempt.
        if let (Trouble::Changed { .. }, Trouble::Changed { .. }) | (Trouble::Refused { .. }, Trouble::Refused { .. }) =
            (self, other)
        {
            return self == other;
        }
        if let (Trouble::Waited { since, .. }, Trouble::Waited { since: last, .. }) = (self, other)
            && since != last
        {
            return false;
        }
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.about() == other.about()
    }

    /// The record from which Homeostat keeps its hands until somebody has spoken.
    pub fn hands_off(&self) -> Option<&RecordKey> {
        match self {
            Trouble::Changed { record, .. } | Trouble::NotInPolicy { record } => Some(record),
            _ => None,
        }
    }

    /// Whether who reads of this knows that the endpoint is unhealthy and keeps its weight, or that its record is left alone.
    pub fn covers(&self, record: &RecordKey, endpoint: &SetIdentifier) -> bool {
        let (of, which) = self.about();
        of == Some(record) && which.is_none_or(|which| which == endpoint)
    }

    fn about(&self) -> (Option<&RecordKey>, Option<&SetIdentifier>) {
        match self {
            Trouble::NoTarget { record, endpoint, .. }
            | Trouble::Latched { record, endpoint, .. }
            | Trouble::StillReduced { record, endpoint, .. }
            | Trouble::Waited { record, endpoint, .. } => (Some(record), Some(endpoint)),
            Trouble::Partly { record, .. }
            | Trouble::Overloaded { record, .. }
            | Trouble::Changed { record, .. }
            | Trouble::Unfit { record, .. }
            | Trouble::Refused { record, .. }
            | Trouble::NotInPolicy { record } => (Some(record), None),
            Trouble::NotInSync { .. } => (None, None),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waiting { record, endpoint, share, awaits } = self;
        match awaits {
            Awaits::Reread => {
                return write!(f, "{record}: Route 53 still shows what was there before Homeostat's last change");
            }
            Awaits::OthersBear { until } => {
                return write!(
                    f,
                    "{record}: {endpoint} still has {share} of answers; the others take more of it at {until:.0}, if they stay well \
                     until then with what they have"
                );
            }
            Awaits::Recovery { until } => {
                return write!(
                    f,
                    "{record}: {endpoint} gave back what it had taken over, and has {share} of answers; if it is still sick at \
                     {until:.0}, it is drained"
                );
            }
            Awaits::Others { why } => return write!(f, "{record}: {endpoint} stays at {share} of answers: {why}"),
            _ => write!(f, "{record}: {endpoint} gets {share} of answers; ")?,
        }
        match awaits {
            Awaits::Proof { why } => write!(f, "it gets more once it is proven well: {why}"),
            Awaits::Hold { healthy_since: well_since, until } => {
                write!(f, "it is well since {well_since:.0}, and gets more if it stays so until {until:.0}")
            }
            Awaits::Step { until } => write!(f, "the next step comes at {until:.0}"),
            Awaits::Alarm { alarm } => {
                write!(f, "it gets more once its alarm {:?} has cleared", alarm.alarm_name())
            }
            Awaits::Others { .. } | Awaits::Reread | Awaits::OthersBear { .. } | Awaits::Recovery { .. } => Ok(()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoTarget { record, endpoint, why } => {
                write!(f, "{record}: {endpoint} is sick and keeps its weight, since {why}")
            }
            Trouble::Partly { record, weights } => {
                write!(f, "{record}: only a part could be moved without pushing the others over their max-share; now")?;
                for (index, (id, weight)) in weights.iter().enumerate() {
                    write!(f, "{} {id} {weight}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Trouble::Overloaded { record, endpoint, failed_at, more_at } => write!(
                f,
                "{record}: {endpoint} became unhealthy at {failed_at:.0} with what it had taken over, so others that are unhealthy \
                 keep some of their weight; it takes over more in steps from {more_at:.0} on, if it stays well"
            ),
            Trouble::Changed { record, what } => write!(
                f,
                "{record} was changed by somebody else while Homeostat held it ({what}), so Homeostat leaves it as it is"
            ),
            Trouble::Unfit { record, why } => write!(f, "{record}: its weights can't be moved: {why}"),
            Trouble::Latched { record, endpoint, drains, within } => write!(
                f,
                "{record}: {endpoint} was drained {drains} times within {within:#}, so while others serve it gets no more until a \
                 person has looked"
            ),
            Trouble::StillReduced { record, endpoint, since, why } => {
                write!(f, "{record}: {endpoint} is without its share since {since:.0}: {why}")
            }
            Trouble::NotInPolicy { record } => {
                write!(f, "{record} is no longer in the policy, so Homeostat leaves it as it is")
            }
            Trouble::NotInSync { change, since } => {
                write!(f, "change {change}, made at {since:.0}, has not reached all of Route 53's name servers")
            }
            Trouble::Refused { record, since, why } => {
                write!(f, "{record}: Route 53 refused to change it at {since:.0}, so it stays as it is: {why}")
            }
            Trouble::Waited { record, endpoint, since, why } => {
                write!(
                    f,
                    "{record}: {endpoint} was proven unhealthy at {since:.0} and still has its weight. Held back by: {why}"
                )
            }
        }
    }
}
