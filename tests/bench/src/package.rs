//! How large each function is, in its zip and out of it.
//!
//! It never builds anything: a function without a release build is said to have none.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tokio::process::Command;

const NAMES: [&str; 6] = ["shift-dns", "lifecycle-hook", "replace-instance", "sweep", "notify", "bare"];

#[derive(Debug, Serialize)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// In bytes; `None` = not built for release.
    pub(crate) size: Option<Size>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Size {
    pub(crate) binary: u64,
    pub(crate) zip: u64,
}

pub(crate) async fn packages(built: &Path, run_dir: &Path) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for name in NAMES {
        let binary = built.join(name);
        let size = if binary.is_file() { Some(size(&binary, run_dir).await?) } else { None };
        packages.push(Package { name, size });
    }
    Ok(packages)
}

/// Python's `zipfile` is what the SAM CLI packs with.
async fn size(binary: &Path, run_dir: &Path) -> Result<Size> {
    let zip = run_dir.join("package.zip");
    let mut python = Command::new("python3");
    let packed =
        python.args(["-m", "zipfile", "-c"]).arg(&zip).arg(binary).status().await.context("running python3")?;
    ensure!(packed.success(), "python3 could not pack {}", binary.display());
    Ok(Size { binary: std::fs::metadata(binary)?.len(), zip: std::fs::metadata(&zip)?.len() })
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| u32::try_from(bytes).map_or(f64::NAN, f64::from) / 1e6;
        match self.size {
            Some(Size { binary, zip }) => {
                write!(f, "{:<18} zip {:>5.2} MB, binary {:>5.2} MB", self.name, megabytes(zip), megabytes(binary))
            }
            None => write!(f, "{:<18} not built for release: BENCH_ALL=1", self.name),
        }
    }
}
