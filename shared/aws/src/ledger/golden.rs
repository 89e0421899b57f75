//! Golden items: what the ledger stores, kept as files under `golden/items`, one file an item.
//!
//! Whatever Homeostat stored once, every later version must read and write back byte for byte, or a deploy in the middle of an open
//! incident would lose what it knows. So a file is added and never rewritten: these tests fail where the stored form has changed, and
//! no run of theirs blesses the change.
//!
//! To add one, for a new reason, say: put the variant into [`variants`] (nothing compiles before), with the kinds of incident in which
//! it can be; bring it about in [`samples`]; then run
//!
//! ```text
//! UPDATE_EXPECT=1 cargo test --workspace --lib every_sample_has_its_item
//! ```
//!
//! which writes the files that are missing, and no other. Read the new files and commit them. A field that is added to something
//! stored must be left out as long as it has its default: older items don't have it.

mod attributes;
mod found;
mod samples;
mod stored;
mod variants;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;

use super::item;
use attributes::text;
use found::Found;
use stored::Stored;
use variants::Variant;

/// Of items of one kind of incident, or of what else is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Folder {
    Instance,
    Group,
    Zone,
    Hook,
    Memory,
    Alarm,
    Budget,
    Pause,
    Resync,
    Due,
}

impl Folder {
    const ALL: [Folder; 10] = [
        Folder::Instance,
        Folder::Group,
        Folder::Zone,
        Folder::Hook,
        Folder::Memory,
        Folder::Alarm,
        Folder::Budget,
        Folder::Pause,
        Folder::Resync,
        Folder::Due,
    ];

    fn path(self) -> PathBuf {
        let name = format!("{self:?}").to_lowercase();
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ledger/golden/items").join(name)
    }

    fn is_of_incidents(self) -> bool {
        matches!(self, Folder::Instance | Folder::Group | Folder::Zone | Folder::Hook)
    }
}

/// Each file of a folder, with its text.
fn files(folder: Folder) -> Vec<(PathBuf, String)> {
    let paths = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    assert!(!files.is_empty(), "{folder:?} is empty");
    files.sort();
    files
}

fn stored(folder: Folder) -> Vec<Stored> {
    files(folder).iter().map(|(_, text)| Stored::read(&attributes::item(text)).unwrap()).collect()
}

fn found(folder: Folder) -> Found {
    let mut found = Found::default();
    stored(folder).iter().for_each(|stored| stored.is_shown_to(&mut found));
    found
}

#[test]
fn every_sample_has_its_item() {
    let is_to_write = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut names, mut missing) = (BTreeSet::new(), Vec::new());
    for sample in samples::all() {
        assert!(
            names.insert((sample.folder, sample.name.clone())),
            "two samples are called {:?} {}",
            sample.folder,
            sample.name
        );
        let path = sample.folder.path().join(format!("{}.json", sample.name));
        if path.exists() {
            continue;
        }
        if is_to_write {
            std::fs::create_dir_all(sample.folder.path()).unwrap();
            std::fs::write(path, text(&sample.stored.written())).unwrap();
        } else {
            missing.push(path);
        }
    }
    assert!(missing.is_empty(), "run once with UPDATE_EXPECT=1, and read what it writes: {missing:#?}");
}

#[test]
fn every_item_is_read_and_written_back_byte_for_byte() {
    let changed = |(path, golden): (PathBuf, String)| {
        let written = match Stored::read(&attributes::item(&golden)) {
            Ok(read) => text(&read.written()),
            Err(unreadable) => return Some(format!("{}: {unreadable}", path.display())),
        };
        let differs = golden.lines().zip(written.lines()).find(|(golden, written)| golden != written);
        (written != golden).then(|| format!("{}: {differs:?}", path.display()))
    };
    let changed: Vec<String> = Folder::ALL.into_iter().flat_map(files).filter_map(changed).collect();
    assert!(changed.is_empty(), "stored otherwise than before: {changed:#?}");
}

/// The sweep reads no more of an open incident than its index holds, and the history no more of a closed one than its end.
#[test]
fn every_incident_says_of_itself_what_is_read_without_the_rest() {
    for (path, golden) in Folder::ALL.into_iter().filter(|folder| folder.is_of_incidents()).flat_map(files) {
        let item = attributes::item(&golden);
        let Stored::Incident(incident) = Stored::read(&item).unwrap() else { panic!("{}", path.display()) };
        let incident = incident.head();
        assert_eq!(item::subject(&item).as_ref(), Some(incident.subject), "{}", path.display());
        if item::is_open(&item) {
            let due = item::due(&item).unwrap();
            assert_eq!((Some(due.wake_at), due.wakes), (incident.wake_at, incident.wakes), "{}", path.display());
            assert_eq!((due.deadline, due.stuck, due.overdue), (incident.deadline, incident.stuck, incident.overdue));
        } else {
            assert_eq!(item::closed_at(&item), incident.closed_at, "{}", path.display());
        }
    }
}

#[test]
fn every_variant_is_in_an_item_of_each_kind_that_can_have_it_and_of_no_other() {
    let known: BTreeSet<&str> = variants::ALL.iter().map(|variant| variant.of).collect();
    let mut wrong = Vec::new();
    for folder in Folder::ALL.into_iter().filter(|folder| folder.is_of_incidents()) {
        let found = found(folder).variants;
        let listed = |Variant { of, name, folders }: &Variant| folders.contains(&folder).then_some((*of, *name));
        let listed: BTreeSet<_> = variants::ALL.iter().filter_map(listed).collect();
        let missing = listed.difference(&found).map(|variant| format!("{folder:?}: no item holds {variant:?}"));
        let surplus = found.difference(&listed).map(|variant| format!("{folder:?}: not said to hold {variant:?}"));
        wrong.extend(missing.chain(surplus));
    }
    let others = Folder::ALL.into_iter().flat_map(|folder| found(folder).variants);
    let unlisted: BTreeSet<_> = others.map(|(of, _)| of).filter(|of| !known.contains(of)).collect();
    assert!(wrong.is_empty() && unlisted.is_empty(), "{wrong:#?}, enums without a list: {unlisted:?}");
}

#[test]
fn every_field_that_is_left_out_of_one_item_is_in_another() {
    let all: Vec<Found> = Folder::ALL.into_iter().map(found).collect();
    let present: BTreeSet<&String> = all.iter().flat_map(|found| &found.present).collect();
    let left_out: BTreeSet<&String> = all.iter().flat_map(|found| &found.left_out).collect();
    let never_there: Vec<_> = left_out.difference(&present).collect();
    assert!(never_there.is_empty(), "{never_there:#?}");
}

/// Takes each attribute out of each item in turn. Where what is left is read and written back as it is, the attribute is one that may
/// be left out, and some item must lack it.
#[test]
fn every_field_that_may_be_left_out_is_left_out_once() {
    let left_out: BTreeSet<String> = Folder::ALL.into_iter().flat_map(|folder| found(folder).left_out).collect();
    let (mut may_be, mut tried) = (Found::default(), BTreeSet::new());
    for (folder, (_, golden)) in
        Folder::ALL.into_iter().flat_map(|folder| files(folder).into_iter().map(move |it| (folder, it)))
    {
        let item = attributes::item(&golden);
        // Once for each attribute of its kind: what may be left out of one item may be of another.
        for path in attributes::paths(&item).into_iter().filter(|path| tried.insert((folder, path.clone()))) {
            let less = attributes::without(item.clone(), &path);
            if let Ok(read) = Stored::read(&less)
                && read.written() == less
            {
                read.is_shown_to(&mut may_be);
            }
        }
    }
    // Each transition that leads to a first write sets it.
    let left_out: BTreeSet<String> = left_out.into_iter().chain(["Incident.decision".to_owned()]).collect();
    let always_there: Vec<_> = may_be.left_out.difference(&left_out).collect();
    assert!(always_there.is_empty(), "{always_there:#?}");
}

/// A later version may add fields, to an item and to what an incident's kind holds: to this one it is as if they weren't there.
#[test]
fn every_item_is_read_although_a_later_version_added_to_it() {
    for (path, golden) in Folder::ALL.into_iter().flat_map(files) {
        let item = attributes::item(&golden);
        let mut later = item.clone();
        let added = || AttributeValue::M([("at".to_owned(), AttributeValue::N("1".to_owned()))].into());
        later.insert("added_later".to_owned(), added());
        if let Some(AttributeValue::M(kind)) = later.get_mut("kind") {
            for held in kind.values_mut() {
                let AttributeValue::M(held) = held else { panic!("{}: {held:?}", path.display()) };
                held.insert("added_later".to_owned(), added());
            }
        }
        assert_eq!(Stored::read(&later).unwrap(), Stored::read(&item).unwrap(), "{}", path.display());
    }
}

/// Each is stored by its one key: a reason of a remedy with the name of one that all share would be read in its place.
#[test]
fn no_reason_of_a_remedy_has_the_name_of_one_that_all_share() {
    for (shared, own) in [("Hold", "HoldReason"), ("Close", "CloseReason"), ("Page", "PageReason")] {
        let names = |of: &'static str, folder: Option<Folder>| -> BTreeSet<&str> {
            let is_of =
                |variant: &&Variant| variant.of == of && folder.is_none_or(|folder| variant.folders.contains(&folder));
            variants::ALL.iter().filter(is_of).map(|variant| variant.name).collect()
        };
        let all_share = names(shared, None);
        assert!(!all_share.is_empty(), "{shared}");
        for folder in Folder::ALL.into_iter().filter(|folder| folder.is_of_incidents()) {
            let both: Vec<_> = names(own, Some(folder)).intersection(&all_share).copied().collect();
            assert!(both.is_empty(), "{own} of {folder:?}: {both:?}");
        }
    }
}
