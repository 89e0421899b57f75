//! Fuzzes the policy parser with bytes that may be a policy.
//!
//! This target never checks anything itself: what must hold is in `invariants/policy.rs`, which the tests use too.

#![no_main]

mod lines;
#[path = "../invariants/policy.rs"]
mod policy;
mod text;
#[path = "../invariants/told.rs"]
mod told;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| policy::check(bytes));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    lines::mutate(data, size, max_size, seed)
});
