//! An AWS account on one machine, in which real binaries of Homeostat run: MiniStack for what it does well, a model
//! behind the [`api::Api`] trait for the fleet, and one proxy in front of both that journals every call.
//!
//! It never reaches AWS, never uses the credentials or the configuration of whoever runs it, and leaves no process behind. It
//! listens on loopback only and knows no Docker, but for [`sam_local`], whose containers come in by Docker's bridge. The fleet is modelled elsewhere (`world`), and no call is answered with a success
//! that nothing stands behind.

pub mod account;
pub mod api;
pub mod census;
mod clock;
pub mod demo;
pub mod deploy;
pub mod face;
pub mod journal;
pub mod ministack;
pub mod policy;
pub mod proxy;
pub mod relay;
pub mod rights;
pub mod roles;
pub mod sam_local;
mod sandbox;
pub mod stage;
pub mod tree;
pub mod up;
pub mod wire;
pub mod zone;

pub use deploy::{Deployment, Stack};
pub use ministack::Tools;
pub use sandbox::{Options, Sandbox};
