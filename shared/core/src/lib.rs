//! What Homeostat knows and how it decides: signals, incidents, policy, and the one loop that every function runs.
//!
//! This crate never talks to AWS, reads a clock, an environment or a file, or rolls dice: all of that comes in through
//! [`ports`] or as an argument. So the simulator runs the very code that runs in production, and any decision can be replayed.

pub mod aws;
pub mod budget;
pub mod dependency;
pub mod doctor;
pub mod guard;
pub mod id;
pub mod incident;
pub mod intake;
pub mod json;
pub mod line;
pub mod memory;
pub mod outcome;
pub mod policy;
pub mod ports;
pub mod reconcile;
pub mod resync;
pub mod shell;
pub mod signal;
pub mod size;
pub mod sweep;
pub mod view;
