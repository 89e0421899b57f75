//! A model of the fleet in virtual time: Auto Scaling groups, instances, target groups, hosted zones, endpoints behind them and
//! alarms, and what becomes of them; behind it, implementations of the core's ports.
//!
//! The world never reads a clock, never rolls dice and never speaks HTTP: the same actions at the same times give the same
//! world. What is not modelled is refused as such, never answered with a made-up success. A story breaks an
//! application, a machine or a zone, never an alarm or a health check's verdict.

mod abandoning;
mod action;
mod activity;
mod agenda;
mod alarm;
mod application;
mod arriving;
mod attaching;
mod breaking;
mod demo;
mod deregistering;
mod endpoint;
mod group;
mod groups;
mod health;
mod health_check;
mod holding;
mod hook;
mod ids;
mod instance;
mod journey;
mod launching;
mod lifecycle;
mod machine;
mod metric;
mod mixed;
mod monitoring;
mod observing;
mod pace;
mod place;
mod pool;
mod ports;
mod refresh;
mod refusal;
mod replacing;
mod resolving;
mod scaling;
mod scaling_in;
mod spot;
mod standby;
mod suspending;
mod target_group;
#[cfg(test)]
mod tests;
mod work;
mod world;
mod zones;

pub use action::{ActionBy, ActionEnd, ActiveAction, LifecycleAction};
pub use activity::{Activity, ActivityKind, ActivityStatus};
pub use alarm::{Alarm, AlarmRule, AlarmStanding, Comparison, TreatMissingData, state_value};
pub use application::Application;
pub use breaking::Flaw;
pub use demo::{Another, Demo};
pub use endpoint::{Endpoint, EndpointState, WHOLE_SHARE};
pub use group::{AutoScalingGroup, GroupSettings, HealthCheckType, InstanceAlarm, LaunchTemplate};
pub use health_check::{Checker, HealthCheck, Report};
pub use hook::{ActionResult, LifecycleHook, LifecycleTransition};
pub use instance::{App, HealthStatus, Instance};
pub use journey::Journey;
pub use lifecycle::LifecycleState;
pub use machine::{EventCode, InstanceState, Machine, MachineStatus, ScheduledEvent, StatusCheck};
pub use metric::{Datapoint, Metric, Statistic};
pub use mixed::{CapacityType, Mixed, Override};
pub use pace::Pace;
pub use place::Place;
pub use pool::{PoolState, WarmPool};
pub use ports::{Cloud, IN_CLOSED_INDEX, MemoryLedger, VirtualClock, WakeUpQueue};
pub use refresh::{InstanceRefresh, RefreshStatus};
pub use refusal::Refusal;
pub use replacing::MaintenancePolicy;
pub use resolving::{Candidate, shares};
pub use scaling::alarm_name;
pub use spot::{SpotRequest, SpotStatus};
pub use suspending::Process;
pub use target_group::{Registrar, Target, TargetGroup, TargetState, TargetType};
pub use work::{Loss, LossReason, Stream, Tally};
pub use world::World;
pub use zones::{Author, HostedZone, RefusedBatch, Site, WeightedRecord, ZoneChange};
