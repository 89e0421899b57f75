//! What the project promises of itself, checked.

mod adding;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["cli", "functions", "shared", "tests"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 30, "the walk found only {}", found.len());
    found
}

#[test]
fn no_file_is_longer_than_500_lines_and_no_main_longer_than_30() {
    for path in all_sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let is_function = path.starts_with(root().join("functions"));
        let most = if is_function && path.ends_with("main.rs") { 30 } else { 500 };
        assert!(lines <= most, "{} has {lines} lines", path.display());
    }
}

/// The folders of `shared/remedies/src`, each with its file beside it.
fn remedies() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("shared/remedies/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "registry")
        .collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    names
}

/// What two remedies need is the frame's, or AWS's. The registry imports from each, so none imports from it, except for tests.
#[test]
fn no_remedy_imports_from_another_or_from_the_registry() {
    let folder = root().join("shared/remedies/src");
    let remedies = remedies();
    for remedy in &remedies {
        let mut found = vec![folder.join(remedy).with_extension("rs")];
        sources(&folder.join(remedy), &mut found);
        assert!(found.len() > 10, "the walk found only {found:?}");
        for path in found {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
            let assembly = ["registry", "policy", "doctor"].into_iter().filter(|_| !is_test);
            let others = remedies.iter().filter(|other| *other != remedy).map(String::as_str).chain(assembly);
            let others: Vec<&str> = others.collect();
            let of = |line: &str| others.iter().any(|other| is_named_by(line, other));
            assert_eq!(text.lines().find(|line| of(line)), None, "{}", path.display());
        }
    }
}

/// That it imports from none, the boundary between the crates sees to.
#[test]
fn the_core_names_no_remedy() {
    let functions = std::fs::read_dir(root().join("functions")).unwrap();
    let functions: Vec<String> = functions.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(functions.iter().any(|name| name == "shift-dns"), "{functions:?}");
    let mut found = Vec::new();
    sources(&root().join("shared/core/src"), &mut found);
    assert!(found.len() > 30, "the walk found only {found:?}");
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names = |line: &&str| functions.iter().any(|name| name.contains('-') && line.contains(name.as_str()));
        assert_eq!(code.into_iter().find(names), None, "{}", path.display());
    }
}

/// Whether `crate::module` or `use crate::{…, module, …}` stands there.
fn is_named_by(line: &str, module: &str) -> bool {
    let list = line.trim().strip_prefix("use crate::{").unwrap_or_default();
    let mut listed = list.split([',', '}']).map(|item| item.trim().split("::").next().unwrap_or_default());
    let mut paths = line.split("crate::").skip(1);
    let is_name = |rest: &str| rest.split(|next: char| !next.is_alphanumeric() && next != '_').next() == Some(module);
    listed.any(|item| item == module) || paths.any(is_name)
}

#[test]
fn what_decides_depends_on_no_sdk_runtime_or_clock() {
    for folder in ["core", "remedies"] {
        let manifest = root().join("shared").join(folder).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        for banned in ["aws", "tokio", "lambda_runtime", "rand", "tracing", "\"std\""] {
            assert!(!manifest.contains(banned), "{folder}: {banned}");
        }
    }
}

#[test]
fn there_is_one_tls_stack_and_one_http_stack() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let versions = |name: &str| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        lock.match_indices(&entry).filter_map(|(at, _)| lock[at + entry.len()..].split('"').next()).collect::<Vec<_>>()
    };
    for (name, major) in [("hyper", "1."), ("rustls", "0.23."), ("h2", "0.4.")] {
        let found = versions(name);
        assert!(found.len() == 1 && found[0].starts_with(major), "{name}: {found:?}");
    }
}

#[test]
fn a_function_ends_before_the_lease_of_its_intent() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let timeouts: Vec<i64> =
        template.lines().filter_map(|line| line.trim().strip_prefix("Timeout: ")?.parse().ok()).collect();
    assert!(!timeouts.is_empty());
    assert!(timeouts.iter().all(|seconds| *seconds < homeostat_core::incident::LEASE.as_secs()), "{timeouts:?}");
}

#[test]
fn each_function_is_in_the_template_and_in_the_build() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id: String = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert!(template.contains(&format!("\n  {id}:\n    Type: AWS::Serverless::Function")), "{id} in template.yaml");
        assert!(makefile.contains(&format!("\nbuild-{id}:\n\t$(call function,{name})")), "build-{id} in the Makefile");
    }
}
