//! Which function takes which file of `events/`: the table in `events/README.md` is the one place that says so.
//!
//! It never guesses: a file without a row, a row without its file, and a function that isn't there are mistakes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

const TABLE: &str = "events/README.md";

/// One file for one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// Without `.json`.
    pub name: String,
    pub path: PathBuf,
    /// Its folder in `functions/`.
    pub function: String,
}

impl Route {
    /// As template.yaml calls the function.
    pub(super) fn logical_id(&self) -> String {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        };
        self.function.split('-').map(capital).collect()
    }

    /// Files of this kind must be refused, all others answered.
    pub(super) fn is_malformed(&self) -> bool {
        self.name.starts_with("malformed-")
    }
}

/// All, or those of the files that are named: `events/wake.json`, `wake.json` or `wake`.
pub(super) fn read(root: &Path, wanted: &[String]) -> Result<Vec<Route>> {
    let text = std::fs::read_to_string(root.join(TABLE)).with_context(|| format!("reading {TABLE}"))?;
    let table = parse(&text).with_context(|| format!("the table in {TABLE}"))?;
    let files = files(&root.join("events"))?;
    let named: BTreeSet<&str> = table.iter().map(|(file, _)| file.as_str()).collect();
    let mut mistakes: Vec<String> = Vec::new();
    mistakes
        .extend(files.iter().filter(|file| !named.contains(file.as_str())).map(|file| format!("{file} has no row")));
    mistakes.extend(named.iter().filter(|file| !files.contains(**file)).map(|file| format!("there is no file {file}")));
    for (file, functions) in &table {
        let unknown = functions.iter().filter(|function| !root.join("functions").join(function).is_dir());
        mistakes.extend(unknown.map(|function| format!("{file} goes to {function:?}, which is no function")));
    }
    ensure!(mistakes.is_empty(), "{TABLE}: {}", mistakes.join("; "));
    let wanted = wanted.iter().map(|file| named_like(file, &named)).collect::<Result<Vec<String>>>()?;
    let chosen = table.into_iter().filter(|(file, _)| wanted.is_empty() || wanted.contains(file));
    Ok(chosen.flat_map(|(file, functions)| functions.into_iter().map(move |to| route(root, &file, to))).collect())
}

fn route(root: &Path, file: &str, function: String) -> Route {
    let name = file.strip_suffix(".json").unwrap_or(file).to_owned();
    Route { name, path: root.join("events").join(file), function }
}

fn named_like(wanted: &str, named: &BTreeSet<&str>) -> Result<String> {
    let file = wanted.rsplit('/').next().unwrap_or(wanted);
    let file = if file.ends_with(".json") { file.to_owned() } else { format!("{file}.json") };
    ensure!(named.contains(file.as_str()), "{TABLE} has no row for {file}");
    Ok(file)
}

fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<std::io::Result<BTreeSet<String>>>().with_context(|| folder.display().to_string())?;
    Ok(names.into_iter().filter(|name| name.ends_with(".json")).collect())
}

/// The files in the order of the tables, each with the functions that it goes to.
fn parse(text: &str) -> Result<Vec<(String, Vec<String>)>> {
    let lines: Vec<&str> = text.lines().collect();
    let blocks = lines.split(|line| !line.starts_with('|')).filter(|block| !block.is_empty());
    let tables = blocks.map(table).collect::<Result<Vec<_>>>()?;
    ensure!(tables.iter().any(|table| !table.is_empty()), "there is no row");
    Ok(tables.concat())
}

/// Columns are found by their headers.
fn table(lines: &[&str]) -> Result<Vec<(String, Vec<String>)>> {
    let mut rows = lines.iter();
    let headers = cells(rows.next().context("there is none")?);
    let column =
        |name: &str| headers.iter().position(|header| header == name).with_context(|| format!("no column {name:?}"));
    let (file, functions) = (column("file")?, column("goes to")?);
    let mut table = Vec::new();
    // The first of the others underlines the headers.
    for row in rows.skip(1) {
        let cells = cells(row);
        let (Some(file), Some(functions)) = (cells.get(file), cells.get(functions)) else {
            bail!("a row is too short: {row}");
        };
        let functions: Vec<String> = functions.split(',').map(plain).filter(|function| !function.is_empty()).collect();
        ensure!(!functions.is_empty(), "{} goes to nobody", plain(file));
        table.push((plain(file), functions));
    }
    Ok(table)
}

/// A stroke after a backslash belongs to its cell.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\0");
    inner.split('|').map(|cell| cell.replace('\0', "|").trim().to_owned()).collect()
}

fn plain(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, Vec<String>)> {
        parse(text).unwrap()
    }

    #[test]
    fn columns_are_found_by_their_headers_wherever_they_stand() {
        let text = "# Events\n\nProse.\n\n| what | goes to | file | source |\n|---|---|---|---|\n\
                    | a \\| b | notify | `one.json` | x |\n| c | shift-dns, `replace-instance` | `two.json` | y |\n\nMore.\n";
        let expected: Vec<(String, Vec<String>)> = vec![
            ("one.json".into(), vec!["notify".into()]),
            ("two.json".into(), vec!["shift-dns".into(), "replace-instance".into()]),
        ];
        assert_eq!(parsed(text), expected);
    }

    #[test]
    fn what_the_table_lacks_is_said() {
        let why = |text| parse(text).unwrap_err().to_string();
        assert_eq!(why("no table"), "there is no row");
        assert_eq!(why("| file | to |\n|---|---|\n"), "no column \"goes to\"");
        assert_eq!(why("| file | goes to |\n|---|---|\n| `a.json` |  |\n"), "a.json goes to nobody");
        assert_eq!(why("| file | goes to |\n|---|---|\n| `a.json` |\n"), "a row is too short: | `a.json` |");
    }

    #[test]
    fn the_projects_own_table_names_every_file_and_only_functions_that_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let routes = read(&root, &[]).unwrap();
        assert!(routes.len() >= 20, "{routes:?}");
        assert!(routes.iter().any(Route::is_malformed));
        let one = read(&root, &["events/wake.json".to_owned(), "wake".to_owned()]).unwrap();
        assert_eq!(one.iter().map(Route::logical_id).collect::<Vec<_>>(), ["ReplaceInstance"]);
        assert!(read(&root, &["nobody.json".to_owned()]).is_err());
    }
}
