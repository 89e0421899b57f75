//! What Homeostat does: one folder for each remedy, side by side, and one registry.
//!
//! No remedy imports from another, and only the registry names them all.

pub mod hook;
pub mod hosted_zone;
pub mod instance;
#[cfg(test)]
mod made;
pub mod registry;

pub use registry::{doctor, policy};
