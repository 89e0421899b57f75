//! AWS's own words: what it says of fleets, alarms, records and lifecycle actions, as facts.
//!
//! These modules never decide anything, and never know a remedy.

pub mod alarm;
pub mod fleet;
pub mod lifecycle;
pub mod machines;
pub mod rates;
pub mod record;
pub mod record_name;
pub mod share;
pub mod source;
pub mod units;

/// What was read, or why it was not.
pub type Read<T> = Result<T, String>;
