//! What fuzzing once found, and what it starts from: all of it keeps what must hold of whatever is read.

#[cfg(test)]
#[path = "../../../fuzz/invariants/event.rs"]
mod event;
#[cfg(test)]
#[path = "../../../fuzz/invariants/policy.rs"]
mod policy;
#[cfg(test)]
#[path = "../../../fuzz/invariants/told.rs"]
mod told;

use std::fs;
use std::path::Path;

/// Each file in these folders of the repository.
#[cfg(test)]
fn replay(check: fn(&[u8]), folders: &[&str]) {
    for folder in folders {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        let files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{folder}");
        for file in files {
            // A check that fails says what is wrong, and this which file it was.
            eprintln!("{}", file.display());
            check(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn events_keep_what_must_hold() {
    replay(event::check, &["fuzz/regressions/event", "events"]);
}

#[test]
fn policies_keep_what_must_hold() {
    replay(policy::check, &["fuzz/regressions/policy", "fuzz/seeds/policy"]);
}
