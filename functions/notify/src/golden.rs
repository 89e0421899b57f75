//! The ledger's golden items as its stream shows them: each can be read, and put in words.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::batch::{self, Record};
use crate::change::Change;
use crate::news::{News, news};
use crate::{message, pauses};

fn items() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/aws/src/ledger/golden/items")
}

/// The record of each item's first write, with the name of its file.
fn records(folder: &str) -> Vec<(String, Record)> {
    let folder = items().join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let records: Vec<_> = paths
        .map(|path| {
            let item: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let mut batch: Value = serde_json::from_str(include_str!("../../../events/stream-opened.json")).unwrap();
            let change = &mut batch["Records"][0]["dynamodb"];
            change["Keys"] = json!({ "pk": item["pk"], "sk": item["sk"] });
            change["NewImage"] = item;
            (path.display().to_string(), batch::records(batch).unwrap().remove(0))
        })
        .collect();
    assert!(!records.is_empty());
    records
}

#[test]
fn every_golden_incident_is_read_from_the_stream_and_put_in_words() {
    let folders: Vec<String> =
        std::fs::read_dir(items()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    // What is stored beside incidents.
    let others = ["memory", "alarm", "budget", "pause", "resync", "due"];
    let of_incidents: Vec<&String> = folders.iter().filter(|folder| !others.contains(&folder.as_str())).collect();
    assert!(of_incidents.len() >= 4, "{folders:?}");
    for (path, record) in of_incidents.into_iter().flat_map(|folder| records(folder)) {
        let change = Change::of(record.read.as_ref().unwrap()).unwrap();
        assert!(!matches!(news(&change, &record), Some(News::Unreadable { .. })), "{path}");
        let incident = change.after.unwrap_or_else(|why| panic!("{path}: {why}"));
        for news in
            [News::Decided, News::Outcome, News::Stuck, News::Overdue].map(|news| news(Box::new(incident.clone())))
        {
            let message = message::about(&news, "homeostat");
            assert!(message.body.contains(incident.head().subject.name()), "{path}: {}", message.body);
        }
    }
}

#[test]
fn every_golden_pause_is_read_from_the_stream_with_its_end() {
    for (path, record) in records("pause") {
        let Some(News::Paused(pause)) = pauses::news(record.read.as_ref().unwrap(), &record) else { panic!("{path}") };
        assert!(pause.until.is_some() && pause.by == "ana", "{path}: {pause:?}");
    }
}
