use std::collections::BTreeMap;

use expect_test::expect_file;
use homeostat_remedies::policy;

use super::*;

const SAMPLE: &str = include_str!("../../../policy.toml");
/// The sample begins with watching, as everybody should.
const UNUSUAL: [(&str, &str); 1] = [("", "mode")];

#[test]
fn the_page_says_what_the_parser_reads() {
    let mut page = Page::default();
    reference().print(&mut page);
    expect_file!["../../../docs/POLICY.md"].assert_eq(&page.finish());
}

#[test]
fn a_setting_is_told_whole_and_fits_a_table() {
    for Table { name, settings, .. } in reference().tables {
        for Setting { key, expected, left_out, meaning, .. } in settings {
            assert!(meaning.ends_with('.') && !expected.is_empty() && !left_out.is_empty(), "{name} {key}");
            assert!(![meaning, &expected, &left_out].iter().any(|text| text.contains(['|', '\n'])), "{name} {key}");
        }
    }
}

/// What follows the line of each table, with the comments taken off that have no space after the "#".
fn uncommented() -> String {
    let of_code = |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' '));
    SAMPLE.lines().map(|line| format!("{}\n", of_code(line).unwrap_or(line))).collect()
}

/// Each key with its value, by the table in which it stands. Of tables within braces the reference has tables of their own.
fn stated() -> BTreeMap<(String, String), String> {
    let (mut stated, mut table) = (BTreeMap::new(), String::new());
    for line in uncommented().lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            line.clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once(" = ") {
            if let Some(inner) = value.strip_prefix("{ ").and_then(|value| value.strip_suffix(" }")) {
                for (name, value) in inner.split(", ").filter_map(|pair| pair.split_once(" = ")) {
                    stated.insert((format!("{key} = {{ … }}"), name.to_owned()), value.to_owned());
                }
            }
            stated.insert((table.clone(), key.to_owned()), value.to_owned());
        }
    }
    stated
}

#[test]
fn the_sample_has_every_setting_and_states_each_default_as_it_is() {
    let stated = stated();
    for Table { name, settings, .. } in reference().tables {
        for Setting { key, default, .. } in settings {
            let value = stated.get(&(name.to_owned(), key.to_owned()));
            let names = |table: &str| table.trim_matches(['[', ']']).split('.').any(|part| part == key);
            let is_table = stated.keys().any(|(table, _)| names(table));
            assert!(value.is_some() || is_table, "the sample has no {key} in {name}");
            if let (Some(default), false) = (default, UNUSUAL.contains(&(name, key))) {
                assert_eq!(value, Some(&default), "{key} in {name}");
            }
        }
    }
}

#[test]
fn the_sample_is_read_with_all_of_it_and_without() {
    let ships = policy::parse(SAMPLE).unwrap();
    assert!(ships.dns.is_none() && ships.hooks.is_none(), "as it ships it moves no weights and completes no hook");
    assert!(
        ships.instances.groups().all(|group| group.mode == homeostat_core::policy::Mode::Watch),
        "as it ships it changes nothing"
    );
    let all = policy::parse(&uncommented()).unwrap();
    assert!(all.dns.is_some() && all.hooks.is_some());
}
