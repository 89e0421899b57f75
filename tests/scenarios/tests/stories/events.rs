//! Every file of `events/` is read as its function reads it, and none is left out.

mod listed;
mod pinned;
mod properties;

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::json::Malformed;
use homeostat_core::signal::{self, Parsed, Signal};
use homeostat_remedies::policy;
use jiff::Timestamp;
use serde_json::Value;

/// Later than what the samples tell of, and earlier than what some of them announce.
const NOW: Timestamp = Timestamp::constant(1_772_500_000, 0);

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");

fn events() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// What the parser makes of each record of an event.
fn said(event: &Value) -> String {
    let one = |parsed: Result<Parsed, Malformed>| match parsed {
        Err(malformed) => malformed.to_string(),
        Ok(Parsed::Ignored(why)) => format!("ignored: {why}"),
        Ok(Parsed::Signal(Signal { key, fact, .. })) => format!("{key}\n{fact}\nabout {}", fact.about()),
    };
    let each: Vec<String> = signal::read(event, NOW).into_iter().map(one).collect();
    each.join("\n").replace("arn:aws:cloudwatch:us-east-1:123456789012:alarm:", "")
}

#[test]
fn each_is_what_its_name_says() {
    let (events, pinned) = (events(), pinned::pinned());
    let names: BTreeSet<&str> = events.keys().map(String::as_str).collect();
    assert_eq!(pinned.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names);
    for (name, expected) in pinned {
        expected.assert_eq(&said(&events[name]));
    }
}

#[test]
fn what_is_malformed_says_so_in_its_name_and_nothing_else_is() {
    for (name, event) in events() {
        let is_malformed = signal::read(&event, NOW).iter().any(Result::is_err);
        assert_eq!(is_malformed, name.starts_with("malformed-"), "{name}");
    }
}

#[test]
fn a_signal_says_whose_it_is_and_when_unless_it_is_our_own() {
    for (name, event) in events() {
        for parsed in signal::read(&event, NOW) {
            let Ok(Parsed::Signal(signal)) = parsed else { continue };
            let is_own = name.starts_with("wake") || name.starts_with("resync");
            assert_eq!((signal.at.is_none(), signal.account.is_none()), (is_own, is_own), "{name}");
            // Auto Scaling's own messages name no Region.
            let by_itself = matches!(name.as_str(), "hook-direct" | "hook-queue");
            assert_eq!(signal.region.is_none(), is_own || by_itself, "{name}");
        }
    }
}

#[test]
fn the_policy_of_this_repository_has_no_mistakes() {
    for file in ["policy.toml", "tests/sandbox/policy.toml"] {
        let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(policy::parse(&std::fs::read_to_string(path).unwrap()).err(), None, "{file}");
    }
}
