//! A model of the fleet in virtual time: Auto Scaling groups, instances, target groups and alarms, and what becomes of
//! them; behind it, implementations of the core's ports.
//!
//! The world never reads a clock, never rolls dice and never speaks HTTP: the same actions at the same times give the same
//! world. What is not modelled is refused as such, never answered with a made-up success. A story breaks an
//! *application*, never an alarm.

mod activity;
mod agenda;
mod alarm;
mod demo;
mod group;
mod ids;
mod instance;
mod metric;
mod observing;
mod pace;
mod place;
mod ports;
mod refusal;
mod scaling;
mod target_group;
#[cfg(test)]
mod tests;
mod world;

pub use activity::{Activity, ActivityKind, ActivityStatus};
pub use alarm::{Alarm, AlarmRule, AlarmStanding, Comparison, TreatMissingData, state_value};
pub use demo::Demo;
pub use group::{AutoScalingGroup, GroupSettings, HealthCheckType, InstanceAlarm};
pub use instance::{App, HealthStatus, Instance, LifecycleState};
pub use metric::{Datapoint, Metric, Statistic};
pub use pace::Pace;
pub use place::Place;
pub use ports::{Cloud, MemoryLedger, VirtualClock, WakeUpQueue};
pub use refusal::Refusal;
pub use scaling::alarm_name;
pub use target_group::{Target, TargetGroup, TargetState};
pub use world::World;
