//! Of those that Homeostat sends itself.

use expect_test::{Expect, expect};

pub(super) fn pinned() -> Vec<(&'static str, Expect)> {
    vec![
        (
            "intake-batch",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718"
            ec2 i-0a1b2c3d4e5f60718 stopped 2026-03-01T02:03:05Z
            EC2 says that it is stopped
            about i-0a1b2c3d4e5f60718
            activity "87654321-4321-4321-4321-210987654321"
            Auto Scaling could not launch an instance: We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (us-east-1b). Launching EC2 instance failed.
            about group "web"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "resync",
            expect![[r#"
            resync
            the five minutes are over
            about all that the policy names"#]],
        ),
        (
            "resync-continue",
            expect![[r#"
            continue-resync
            the last slice of the resync is over
            about what the resync has not read yet"#]],
        ),
        (
            "stream-opened",
            expect![[
                r#"ignored: events of source "aws:dynamodb" and detail-type "INSERT" are none of this function's"#
            ]],
        ),
        (
            "sweep",
            expect![[
                r#"ignored: events of source "aws.events" and detail-type "Scheduled Event" are none of this function's"#
            ]],
        ),
        (
            "wake",
            expect![[r#"
            wake us-east-1#instance#i-0a1b2c3d4e5f60718
            an open incident is due
            about us-east-1#instance#i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "wake-hook",
            expect![[r#"
            wake us-east-1#hook#web:ready:i-0a1b2c3d4e5f60718
            an open incident is due
            about us-east-1#hook#web:ready:i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "wake-queued",
            expect![[r#"
            wake us-east-1#instance#i-0a1b2c3d4e5f60718
            an open incident is due
            about us-east-1#instance#i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "wake-serve-due",
            expect![[r#"
            serve-due
            events wait in marks
            about all that is marked as due"#]],
        ),
        (
            "wake-zone",
            expect![[r#"
            wake aws-global#hosted-zone#Z0123456789ABCDEFGHIJ
            an open incident is due
            about aws-global#hosted-zone#Z0123456789ABCDEFGHIJ"#]],
        ),
    ]
}
