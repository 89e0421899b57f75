//! Fuzzes the event parser with bytes that may be JSON.
//!
//! This target never checks anything itself: what must hold is in `invariants/event.rs`, which the tests use too.

#![no_main]

#[path = "../invariants/event.rs"]
mod event;
mod json;
mod text;
#[path = "../invariants/told.rs"]
mod told;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| event::check(bytes));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    json::mutate(data, size, max_size, seed)
});
