//! The scheduled events of one instance that end it (EC2 User Guide, "Scheduled events for your instances").
//!
//! This module never takes an event that is over for one that is to come.

use aws_sdk_ec2::types::{EventCode, InstanceStatus, InstanceStatusEvent};
use jiff::Timestamp;

/// EC2 keeps an event that is over for a week, with this before its description (API reference, `InstanceStatusEvent`).
const OVER: [&str; 2] = ["[Completed]", "[Canceled]"];

/// When the first of them comes to pass.
pub(crate) fn ends_at(told: &InstanceStatus) -> Option<Timestamp> {
    told.events().iter().filter(|event| ends_it(event)).filter_map(not_before).min()
}

fn ends_it(event: &InstanceStatusEvent) -> bool {
    let is_over = OVER.iter().any(|over| event.description().unwrap_or_default().starts_with(over));
    !is_over && matches!(event.code(), Some(EventCode::InstanceRetirement | EventCode::InstanceStop))
}

fn not_before(event: &InstanceStatusEvent) -> Option<Timestamp> {
    Timestamp::from_second(event.not_before()?.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::primitives::DateTime;

    fn event(code: EventCode, description: &str, at: i64) -> InstanceStatusEvent {
        InstanceStatusEvent::builder().code(code).description(description).not_before(DateTime::from_secs(at)).build()
    }

    #[test]
    fn only_what_ends_the_instance_and_is_yet_to_come_counts_and_of_that_the_first() {
        let told = |events: Vec<InstanceStatusEvent>| {
            let status = InstanceStatus::builder().set_events(Some(events)).build();
            ends_at(&status).map(Timestamp::as_second)
        };
        assert_eq!(told(vec![]), None);
        assert_eq!(told(vec![event(EventCode::SystemReboot, "reboot", 1)]), None);
        assert_eq!(told(vec![event(EventCode::InstanceRetirement, "[Completed] old hardware", 1)]), None);
        assert_eq!(told(vec![event(EventCode::InstanceStop, "[Canceled] stop", 1)]), None);
        let both = vec![event(EventCode::InstanceStop, "stop", 9), event(EventCode::InstanceRetirement, "old", 5)];
        assert_eq!(told(both), Some(5));
    }
}
