//! The stories of weighted records, in virtual time.

mod chain;
mod crashes;
mod dependency;
mod drift;
mod heal;
mod intake;
mod limits;
mod race;
mod resync;
mod simulated;
mod site;
mod sizes;
mod together;
mod versions;
