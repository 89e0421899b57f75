//! What the parser makes of every file of `events/`.

mod own;

use expect_test::{Expect, expect};

/// Each checked by a person when it was written. Alarms are named without what their ARNs begin with.
pub(super) fn pinned() -> Vec<(&'static str, Expect)> {
    let mut all = vec![
        (
            "alarm-action-composite",
            expect![[r#"
            alarm web-sick ALARM 2026-03-01T02:03:04.567Z
            a composite alarm is in ALARM
            about alarm "web-sick", set off by "web-i-0a1b2c3d4e5f60718-failing", "web-5xx""#]],
        ),
        (
            "alarm-action-instance",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-anomaly",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-latency ALARM 2026-03-01T02:03:04.567Z
            an alarm on an anomaly is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-latency", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-composite",
            expect![[r#"
            alarm web-sick ALARM 2026-03-01T02:03:04.567Z
            a composite alarm is in ALARM
            about alarm "web-sick", set off by "web-i-0a1b2c3d4e5f60718-failing", "web-5xx""#]],
        ),
        ("alarm-composite-suppressed", expect![[r#"ignored: alarm "web-sick" is kept from acting by its suppressor"#]]),
        (
            "alarm-composite-with-suppressor",
            expect![[r#"
            alarm web-sick ALARM 2026-03-01T02:03:04.567Z
            a composite alarm is in ALARM
            about alarm "web-sick", set off by "web-i-0a1b2c3d4e5f60718-failing", "web-5xx""#]],
        ),
        (
            "alarm-configured",
            expect![[
                r#"ignored: alarm "web-i-0a1b2c3d4e5f60718-failing" was configured ("update"), and its state did not change"#
            ]],
        ),
        (
            "alarm-contributor",
            expect![[r#"
            alarm web-any-failing#0a1b2c3d4e5f6071 ALARM 2026-03-01T02:03:04.567Z
            a contributor of an alarm on a query is in ALARM
            about alarm "web-any-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-day",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-backup-missing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-backup-missing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-endpoint",
            expect![[r#"
            alarm arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-5xx ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-5xx", LoadBalancer "app/web/0123456789abcdef""#]],
        ),
        (
            "alarm-group",
            expect![[r#"
            alarm web-5xx ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-5xx", LoadBalancer "app/web/0123456789abcdef", TargetGroup "targetgroup/web/fedcba9876543210""#]],
        ),
        (
            "alarm-instance",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-insufficient-data",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing INSUFFICIENT_DATA 2026-03-01T02:03:04.567Z
            a metric's alarm is in INSUFFICIENT_DATA
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-math-none",
            expect![[r#"
            alarm web-5xx ALARM 2026-03-01T02:03:04.567Z
            an alarm on metric math is in ALARM
            about alarm "web-5xx", LoadBalancer "app/web/0123456789abcdef""#]],
        ),
        (
            "alarm-math-one",
            expect![[r#"
            alarm web-share-failing ALARM 2026-03-01T02:03:04.567Z
            an alarm on metric math is in ALARM
            about alarm "web-share-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-math-several",
            expect![[r#"
            alarm web-pair-failing ALARM 2026-03-01T02:03:04.567Z
            an alarm on metric math is in ALARM
            about alarm "web-pair-failing", InstanceId "i-0a1b2c3d4e5f60718", "i-0f1e2d3c4b5a69788""#]],
        ),
        (
            "alarm-muted",
            expect![[r#"ignored: alarm "web-i-0a1b2c3d4e5f60718-failing" is kept from acting by a mute rule"#]],
        ),
        (
            "alarm-ok",
            expect![[r#"ignored: alarm "web-i-0a1b2c3d4e5f60718-failing" changed to OK, which calls for no look"#]],
        ),
        (
            "alarm-query",
            expect![[r#"
            alarm web-any-failing ALARM 2026-03-01T02:03:04.567Z
            an alarm on a query is in ALARM
            about alarm "web-any-failing""#]],
        ),
        (
            "alarm-set-by-hand",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-composite",
            expect![[r#"
            alarm web-sick ALARM 2026-03-01T02:03:04.567Z
            a composite alarm is in ALARM
            about alarm "web-sick", set off by "web-i-0a1b2c3d4e5f60718-failing", "web-5xx""#]],
        ),
        (
            "alarm-topic-event",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-instance",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-contributor",
            expect![[r#"
            alarm web-any-failing#0a1b2c3d4e5f6071 ALARM 2026-03-01T02:03:04.567Z
            a contributor of an alarm on a query is in ALARM
            about alarm "web-any-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-math",
            expect![[r#"
            alarm web-share-failing ALARM 2026-03-01T02:03:04.567Z
            an alarm on metric math is in ALARM
            about alarm "web-share-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-queued",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718""#]],
        ),
        (
            "alarm-topic-several",
            expect![[r#"
            alarm web-i-0a1b2c3d4e5f60718-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0a1b2c3d4e5f60718-failing", InstanceId "i-0a1b2c3d4e5f60718"
            alarm web-i-0f1e2d3c4b5a69788-failing ALARM 2026-03-01T02:03:04.567Z
            a metric's alarm is in ALARM
            about alarm "web-i-0f1e2d3c4b5a69788-failing", InstanceId "i-0f1e2d3c4b5a69788""#]],
        ),
        (
            "group-launch-failed",
            expect![[r#"
            activity "87654321-4321-4321-4321-210987654321"
            Auto Scaling could not launch an instance: We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (us-east-1b). Launching EC2 instance failed.
            about group "web""#]],
        ),
        (
            "group-launched",
            expect![[
                r#"ignored: "EC2 Instance Launch Successful" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "group-terminate-failed",
            expect![[
                r#"ignored: "EC2 Instance Terminate Unsuccessful" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "group-terminated",
            expect![[
                r#"ignored: "EC2 Instance Terminate Successful" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "health-issue",
            expect![[r#"ignored: AWS Health's "AWS_EC2_OPERATIONAL_ISSUE": no instance has to be replaced for it"#]],
        ),
        (
            "health-maintenance",
            expect![[
                r#"ignored: AWS Health's "AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED": no instance has to be replaced for it"#
            ]],
        ),
        (
            "health-other",
            expect![[
                r#"ignored: AWS Health's "AWS_RDS_MAINTENANCE_SCHEDULED": Homeostat does nothing about what happens to "RDS""#
            ]],
        ),
        (
            "health-retirement",
            expect![[r#"
            health "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b-1" 123456789012 page "1"
            AWS Health announces AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED
            about i-0a1b2c3d4e5f60718 and i-0f1e2d3c4b5a69788"#]],
        ),
        (
            "health-retirement-backup",
            expect![[r#"
            health "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b-1" 123456789012 page "1"
            AWS Health announces AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED
            about i-0a1b2c3d4e5f60718 and i-0f1e2d3c4b5a69788"#]],
        ),
        (
            "health-retirement-page",
            expect![[r#"
            health "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b-1" 123456789012 page "2"
            AWS Health announces AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED
            about i-00000000000000abc"#]],
        ),
        (
            "hook-back-to-warm-pool",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 c7654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_TERMINATING
            about hook drained of "web" holds i-0a1b2c3d4e5f60718 on its way out of service, back into the warm pool"#]],
        ),
        (
            "hook-direct",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 87654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_LAUNCHING
            about hook ready of "web" holds i-0a1b2c3d4e5f60718 on its way into service"#]],
        ),
        (
            "hook-from-warm-pool",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 b7654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_LAUNCHING
            about hook ready of "web" holds i-0a1b2c3d4e5f60718 on its way into service"#]],
        ),
        (
            "hook-into-warm-pool",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 a7654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_LAUNCHING
            about hook ready of "web" holds i-0a1b2c3d4e5f60718 on its way into the warm pool"#]],
        ),
        (
            "hook-launch",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 87654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_LAUNCHING
            about hook ready of "web" holds i-0a1b2c3d4e5f60718 on its way into service"#]],
        ),
        (
            "hook-out-of-warm-pool",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 97654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_TERMINATING
            about hook drained of "web" holds i-0a1b2c3d4e5f60718 on its way out of the warm pool, to be terminated"#]],
        ),
        (
            "hook-queue",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 87654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_LAUNCHING
            about hook ready of "web" holds i-0a1b2c3d4e5f60718 on its way into service"#]],
        ),
        (
            "hook-terminate",
            expect![[r#"
            action i-0a1b2c3d4e5f60718 97654321-4321-4321-4321-210987654321
            autoscaling:EC2_INSTANCE_TERMINATING
            about hook drained of "web" holds i-0a1b2c3d4e5f60718 on its way out of its group"#]],
        ),
        ("hook-test", expect![[r#"ignored: Auto Scaling's test notification for group "web""#]]),
        (
            "hook-topic",
            expect![[
                r#"ignored: a lifecycle action came by topic "arn:aws:sns:us-east-1:123456789012:alarms", and from a topic only alarms are taken"#
            ]],
        ),
        ("instance-pending", expect!["ignored: i-0a1b2c3d4e5f60718 is pending, and nothing is wrong with that"]),
        ("instance-running", expect!["ignored: i-0a1b2c3d4e5f60718 is running, and nothing is wrong with that"]),
        (
            "instance-shutting-down",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 shutting-down 2026-03-01T02:03:05Z
            EC2 says that it is shutting-down
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "instance-stopped",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 stopped 2026-03-01T02:03:05Z
            EC2 says that it is stopped
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "instance-stopping",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 stopping 2026-03-01T02:03:05Z
            EC2 says that it is stopping
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "instance-terminated",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 terminated 2026-03-01T02:03:05Z
            EC2 says that it is terminated
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "later-cache",
            expect![[r#"ignored: "ElastiCache:FailoverComplete" of aws.elasticache: Homeostat does nothing about it"#]],
        ),
        (
            "later-database",
            expect![[r#"ignored: "RDS DB Instance Event" of aws.rds: Homeostat does nothing about it"#]],
        ),
        ("later-task", expect![[r#"ignored: "ECS Task State Change" of aws.ecs: Homeostat does nothing about it"#]]),
        (
            "malformed-alarm",
            expect!["malformed event: $.detail.state.value is missing, expected ALARM, OK or INSUFFICIENT_DATA"],
        ),
        (
            "malformed-hook",
            expect![
                "malformed event: $.detail.LifecycleActionToken is missing, expected a lifecycle action's token of 36 characters"
            ],
        ),
        (
            "malformed-instance",
            expect![[
                r#"malformed event: $.detail.instance-id is "prod-web-1", expected an instance id, such as i-0123456789abcdef0"#
            ]],
        ),
        (
            "malformed-spot",
            expect![[r#"malformed event: $.detail.instance-action is "dance", expected terminate, stop or hibernate"#]],
        ),
        (
            "malformed-topic",
            expect![
                "malformed event: $.Records[0].Sns.Message.AlarmArn is missing, expected an alarm's ARN, arn:aws:cloudwatch:<Region>:<account>:alarm:<name>"
            ],
        ),
        (
            "message-for-people",
            expect![[
                r#"ignored: a message for people, by topic "arn:aws:sns:us-east-1:123456789012:alarms", is no event"#
            ]],
        ),
        (
            "refresh-cancelled",
            expect![[
                r#"ignored: "EC2 Auto Scaling Instance Refresh Cancelled" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "refresh-checkpoint",
            expect![[
                r#"ignored: "EC2 Auto Scaling Instance Refresh Checkpoint Reached" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "refresh-failed",
            expect![[
                r#"ignored: "EC2 Auto Scaling Instance Refresh Failed" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "refresh-started",
            expect![[
                r#"ignored: "EC2 Auto Scaling Instance Refresh Started" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "refresh-succeeded",
            expect![[
                r#"ignored: "EC2 Auto Scaling Instance Refresh Succeeded" reports of group "web" what the group sees to by itself"#
            ]],
        ),
        (
            "spot-interruption",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 terminate 2026-03-01T02:03:05Z
            EC2 is going to terminate this Spot Instance
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "spot-rebalance",
            expect![[r#"
            ec2 i-0a1b2c3d4e5f60718 rebalance 2026-03-01T02:03:05Z
            EC2 recommends to replace this Spot Instance before it is interrupted
            about i-0a1b2c3d4e5f60718"#]],
        ),
        (
            "zonal-autoshift",
            expect![[
                r#"ignored: "Autoshift In Progress" away from "use1-az2": Homeostat does nothing about zonal shifts"#
            ]],
        ),
    ];
    all.extend(own::pinned());
    all
}
