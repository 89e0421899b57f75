//! The ladder for held instances, look by look, without a world.

mod harness;
mod launches;
mod leaving;
mod turns;
