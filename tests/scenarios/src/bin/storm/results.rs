//! The file of results: one scene a line.
//!
//! This module never rewrites a line: a run that was ended has lost at most the scene that it was at.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) struct Results {
    path: Option<PathBuf>,
    known: Vec<Value>,
}

impl Results {
    /// Those of an earlier run, if the file is there.
    pub(crate) fn at(path: Option<&Path>) -> Result<Results, String> {
        let Some(path) = path else { return Ok(Results { path: None, known: Vec::new() }) };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
        };
        let parse = |(index, line): (usize, &str)| {
            let wrong = |why: String| format!("{}, line {}, is no result: {why}", path.display(), index + 1);
            let result: Value = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            let is_named = result.get("scene").is_some_and(Value::is_string);
            if is_named { Ok(result) } else { Err(wrong("it names no scene".to_owned())) }
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        Ok(Results { path: Some(path.to_owned()), known: lines.map(parse).collect::<Result<_, _>>()? })
    }

    pub(crate) fn of(&self, scene: &str) -> Option<Value> {
        self.known.iter().find(|result| result.get("scene").and_then(Value::as_str) == Some(scene)).cloned()
    }

    pub(crate) fn add(&mut self, result: Value) -> Result<(), String> {
        if let Some(path) = &self.path {
            let amiss = |error: std::io::Error| format!("{} can't be written: {error}", path.display());
            let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(amiss)?;
            writeln!(file, "{result}").map_err(amiss)?;
        }
        self.known.push(result);
        Ok(())
    }
}
