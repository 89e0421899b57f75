//! Stories of instances that lifecycle hooks hold, in virtual time.

mod chain;
mod crashes;
mod dependency;
mod forged;
mod images;
mod rolling;
mod simulated;
mod site;
mod storm;
mod targets;
mod times;
mod together;
mod turns;
mod versions;
mod warm;
