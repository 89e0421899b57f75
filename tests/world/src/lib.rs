//! A model of the fleet in virtual time: Auto Scaling groups, instances, target groups and alarms, and what becomes of
//! them; behind it, implementations of the core's ports.
//!
//! The world never reads a clock, never rolls dice and never speaks HTTP: the same actions at the same times give the same
//! world. What is not modelled is refused as such, never answered with a made-up success. A story breaks an
//! application, a machine or a zone, never an alarm.

mod activity;
mod agenda;
mod alarm;
mod breaking;
mod demo;
mod group;
mod groups;
mod health;
mod ids;
mod instance;
mod launching;
mod lifecycle;
mod machine;
mod metric;
mod observing;
mod pace;
mod place;
mod ports;
mod refresh;
mod refusal;
mod replacing;
mod scaling;
mod standby;
mod suspending;
mod target_group;
#[cfg(test)]
mod tests;
mod world;

pub use activity::{Activity, ActivityKind, ActivityStatus};
pub use alarm::{Alarm, AlarmRule, AlarmStanding, Comparison, TreatMissingData, state_value};
pub use breaking::Flaw;
pub use demo::{Another, Demo};
pub use group::{AutoScalingGroup, GroupSettings, HealthCheckType, InstanceAlarm, LaunchTemplate};
pub use instance::{App, HealthStatus, Instance};
pub use lifecycle::LifecycleState;
pub use machine::{EventCode, InstanceState, Machine, MachineStatus, ScheduledEvent, StatusCheck};
pub use metric::{Datapoint, Metric, Statistic};
pub use pace::Pace;
pub use place::Place;
pub use ports::{Cloud, MemoryLedger, VirtualClock, WakeUpQueue};
pub use refresh::{InstanceRefresh, RefreshStatus};
pub use refusal::Refusal;
pub use replacing::MaintenancePolicy;
pub use scaling::alarm_name;
pub use suspending::Process;
pub use target_group::{Target, TargetGroup, TargetState};
pub use world::World;
