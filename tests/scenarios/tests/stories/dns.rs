//! The stories of weighted records, in virtual time.

mod cascade;
mod chain;
mod crashes;
mod dependency;
mod drift;
mod heal;
mod intake;
mod limits;
mod outage;
mod race;
mod resync;
mod simulated;
mod site;
mod sizes;
mod together;
mod versions;
