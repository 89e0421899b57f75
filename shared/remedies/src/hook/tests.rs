//! The ladder for held instances, look by look, without a world.

mod dependency;
mod forged;
mod harness;
mod launches;
mod leaving;
mod others;
mod rows;
mod turns;
