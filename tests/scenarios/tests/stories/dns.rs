//! The stories of weighted records, in virtual time.

mod chain;
mod crashes;
mod drift;
mod heal;
mod intake;
mod limits;
mod race;
mod simulated;
mod site;
mod sizes;
mod together;
mod versions;
