#![allow(dead_code, unused_imports, unreachable_pub)]
#[path = "stories/intake/again.rs"]
mod again;
#[path = "stories/intake/fleets.rs"]
mod fleets;
#[path = "stories/intake/gates.rs"]
mod gates;
mod fleet {
    pub fn minutes(m: i64) -> jiff::SignedDuration {
        jiff::SignedDuration::from_mins(m)
    }
    pub fn noon() -> jiff::Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}
#[path = "stories/intake/urgent.rs"]
mod urgent;
