//! The stories, in one binary.

// Marked as tests, so that clippy lets their helpers unwrap.
#[cfg(test)]
mod account_budget;
#[cfg(test)]
mod alarms;
#[cfg(test)]
mod blinking;
#[cfg(test)]
mod burdens;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod crashing;
#[cfg(test)]
mod dependency;
#[cfg(test)]
mod dns;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod found;
#[cfg(test)]
mod fresh;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod heal;
mod held;
mod held_drill;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod killing;
#[cfg(test)]
mod large;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod odd_checks;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod own_health;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod planned;
#[cfg(test)]
mod races;
#[cfg(test)]
mod resync;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod sandboxed;
#[cfg(test)]
mod security;
#[cfg(test)]
mod separated;
#[cfg(test)]
mod shrinking;
#[cfg(test)]
mod simulated;
mod slow;
#[cfg(test)]
mod storms;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod together;
#[cfg(test)]
mod told;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod watching;
mod weights;
mod weights_drill;
