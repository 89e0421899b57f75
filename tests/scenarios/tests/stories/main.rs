//! The stories, in one binary.

// Marked as tests, so that clippy lets their helpers unwrap.
#[cfg(test)]
mod chain;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod heal;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod sandboxed;
#[cfg(test)]
mod tidy;
