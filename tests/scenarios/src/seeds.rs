//! Which seeds the tests take: others with each change of the project, and the same for the same files.
//!
//! This module never asks git, which a source archive doesn't have: it hashes the files as they are.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Seeds stay short enough to read aloud.
const MOST: u64 = 1_000_000_000;

/// What takes no part: what is built, installed or ignored. Names that begin with a dot neither.
const LEFT_OUT: [&str; 4] = ["target", "corpus", "artifacts", "__pycache__"];

/// The first seed for the project's files as they are.
///
/// # Errors
/// A file that can't be read.
pub fn of_the_tree() -> io::Result<u64> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut files = Vec::new();
    list(&root, &mut files)?;
    files.sort();
    let mut hash = Fnv::default();
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file);
        hash.add(name.to_string_lossy().as_bytes());
        hash.add(&fs::read(&file)?);
    }
    Ok(hash.0 % MOST)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if name.starts_with('.') || LEFT_OUT.contains(&name.as_ref()) {
            continue;
        }
        if kind.is_dir() {
            list(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// FNV-1a: nothing here has to be secret, and no two trees need ever be told apart for certain.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_seeds() {
        assert_eq!(of_the_tree().unwrap(), of_the_tree().unwrap());
    }

    #[test]
    fn another_byte_gives_other_seeds() {
        let hash = |bytes: &[&[u8]]| {
            let mut hash = Fnv::default();
            bytes.iter().for_each(|bytes| hash.add(bytes));
            hash.0
        };
        assert_ne!(hash(&[b"a", b"b"]), hash(&[b"a", b"c"]));
        assert_ne!(hash(&[b"a", b"b"]), hash(&[b"ab", b""]));
    }
}
