//! What one more remedy edits: "How to add a remedy" in docs/ARCHITECTURE.md lists each file of the product that names a remedy, and no
//! other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{remedies, root, sources};

/// By what a file names a remedy.
struct Names {
    module: String,
    kind: String,
    function: String,
    /// Of its subjects. `None`: they are instances and groups, which are AWS's words.
    tag: Option<String>,
}

impl Names {
    fn of(module: String) -> Names {
        let folder = root().join("shared/remedies/src").join(&module);
        let [kind, subject] = ["kind.rs", "subject.rs"].map(|file| fs::read_to_string(folder.join(file)).unwrap());
        Names {
            kind: after(&kind, "impl Kind for ", " ").unwrap(),
            function: after(&kind, "const REMEDY: &'static str = \"", "\"").unwrap(),
            tag: after(&subject, "const TAG: &str = \"", "\""),
            module,
        }
    }

    /// `paths`: how a module of the crate `remedies` begins here.
    fn are_in(&self, code: &str, paths: &[&str]) -> bool {
        let is_declared = paths.contains(&"crate::") && is_word(code, &format!("mod {};", self.module));
        let is_imported = paths.iter().any(|path| begins(code, path).any(|name| name == self.module));
        let has_tag = |tag: &String| code.contains(&format!("\"{tag}\"")) || code.contains(&format!("{tag}#"));
        is_declared
            || is_imported
            || is_word(code, &self.kind)
            || is_word(code, &self.function)
            || self.tag.as_ref().is_some_and(has_tag)
    }

    fn owns(&self, file: &Path) -> bool {
        let folder = Path::new("shared/remedies/src").join(&self.module);
        file.starts_with(&folder)
            || file == folder.with_extension("rs")
            || file.starts_with(Path::new("functions").join(&self.function))
    }
}

fn after(text: &str, before: &str, end: &str) -> Option<String> {
    text.split_once(before)?.1.split(end).next().map(str::to_owned)
}

fn is_word(text: &str, word: &str) -> bool {
    let is_part = |next: char| next.is_alphanumeric() || next == '_' || next == '-';
    let mut found = text.match_indices(word);
    found.any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

/// The first names of what follows a path: of `remedies::{hook, instance::kind}` these are `hook` and `instance`.
fn begins<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = &'a str> {
    let names = |rest: &'a str| match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap().split(',').collect::<Vec<_>>(),
        None => vec![rest],
    };
    let first = |name: &'a str| name.trim_start().split(|next: char| !next.is_alphanumeric() && next != '_').next();
    code.split(path).skip(1).flat_map(names).filter_map(first)
}

/// A remedy's variant, and not what all incidents have.
fn has_variant(code: &str) -> bool {
    code.split("AnyIncident::").skip(1).any(|rest| rest.starts_with(|next: char| next.is_ascii_uppercase()))
}

fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(root()).unwrap().to_owned()
}

/// The files of the product with their code: no comments, no tests.
fn product() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["shared", "functions", "cli"] {
        sources(&root().join(folder), &mut files);
    }
    files.retain(|file| relative(file).iter().any(|part| part == "src"));
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let tests: Vec<PathBuf> = files.iter().zip(&texts).flat_map(|(file, text)| test_modules(file, text)).collect();
    assert!(tests.len() > 10, "{tests:?}");
    let is_test = |file: &Path| tests.iter().any(|test| file == test.with_extension("rs") || file.starts_with(test));
    let all = files.into_iter().zip(texts).filter(|(file, _)| !is_test(file));
    all.map(|(file, text)| (relative(&file), code(&text))).collect()
}

/// Each `#[cfg(test)] mod name;`, as the folder of that module.
fn test_modules(file: &Path, text: &str) -> Vec<PathBuf> {
    let is_root = file.ends_with("src/lib.rs") || file.ends_with("src/main.rs");
    let folder = if is_root { file.parent().unwrap().to_owned() } else { file.with_extension("") };
    let follows = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| rest.lines().next());
    let names = follows.filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    names.map(|name| folder.join(name)).collect()
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The paths of files that the section names.
fn listed() -> BTreeSet<PathBuf> {
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let section = after(&page, "\n### Existing files of the product\n", "\n#").unwrap();
    let spans = section.split('`').skip(1).step_by(2);
    let is_path = |span: &&str| ["shared/", "functions/", "cli/"].iter().any(|folder| span.starts_with(folder));
    spans.filter(is_path).filter(|span| span.ends_with(".rs")).map(PathBuf::from).collect()
}

#[test]
fn the_files_to_edit_for_a_remedy_are_those_in_the_architecture() {
    let remedies: Vec<Names> = remedies().into_iter().map(Names::of).collect();
    let names_one = |(file, code): &(PathBuf, String)| {
        let of_its_own = file.starts_with("shared/remedies");
        let paths: &[&str] = if of_its_own { &["crate::", "homeostat_remedies::"] } else { &["homeostat_remedies::"] };
        !remedies.iter().any(|remedy| remedy.owns(file))
            && (has_variant(code) || remedies.iter().any(|remedy| remedy.are_in(code, paths)))
    };
    let found: BTreeSet<PathBuf> = product().into_iter().filter(names_one).map(|(file, _)| file).collect();
    let listed = listed();
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "name a remedy, and are not in the list of docs/ARCHITECTURE.md: {missing:?}");
    let idle: Vec<_> = listed.difference(&found).collect();
    assert!(idle.is_empty(), "in the list of docs/ARCHITECTURE.md, and name no remedy (any more): {idle:?}");
    assert!(found.len() > 10, "{found:?}");
}

#[test]
fn a_remedy_is_found_by_whatever_names_it() {
    let names = Names {
        module: "hook".to_owned(),
        kind: "HookKind".to_owned(),
        function: "lifecycle-hook".to_owned(),
        tag: Some("hook".to_owned()),
    };
    for code in [
        "use homeostat_remedies::hook::Held;",
        "use homeostat_remedies::{hosted_zone, hook::kind};",
        "fn of(memory: homeostat_remedies::hook::memory::Memory)",
        "ledger.memory::<HookKind>(scope)",
        "self.by(\"lifecycle-hook\", signal)",
        "Some((\"hook\", id)) =>",
        "format!(\"hook#{name}\")",
    ] {
        assert!(names.are_in(code, &["homeostat_remedies::"]), "{code}");
    }
    for code in [
        "use homeostat_remedies::hooks::Held;",
        "let hook = lifecycle_hook();",
        "the_lifecycle-hooks",
        "struct MyHookKind;",
        "use crate::hook::Held;",
        "use homeostat_remedies::policy::Policy; use std::hook;",
    ] {
        assert!(!names.are_in(code, &["homeostat_remedies::"]), "{code}");
    }
    assert!(names.are_in("use crate::{hook, instance};", &["crate::"]));
    assert!(has_variant("AnyIncident::Hook(it)") && !has_variant("AnyIncident::of(it)"));
    assert_eq!(code("//! HookKind\nlet a = 1;\n#[cfg(test)]\nmod tests {\n HookKind\n}\n"), "let a = 1;\n");
}
