//! The containers that sam made, should it have been killed before it could remove them.
//!
//! It never touches a container that has none of this run's folders in it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::routes::Route;

pub(super) struct Containers {
    filters: Vec<String>,
}

impl Containers {
    /// Of the functions that were built into this folder.
    pub(super) fn of(built: &Path, routes: &[Route]) -> Self {
        let mut folders: Vec<_> = routes.iter().map(|route| built.join(route.logical_id())).collect();
        folders.sort();
        folders.dedup();
        Self { filters: folders.iter().map(|folder| format!("volume={}", folder.display())).collect() }
    }

    fn left(&self) -> Vec<String> {
        let filters = self.filters.iter().flat_map(|filter| ["--filter", filter]);
        let listed = docker().args(["ps", "--all", "--quiet"]).args(filters).stderr(Stdio::null()).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        listed.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        let left = self.left();
        if !left.is_empty() {
            // Best effort: what sam itself removes meanwhile is gone as well.
            _ = docker().args(["rm", "--force"]).args(left).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

fn docker() -> Command {
    let mut command = Command::new("docker");
    command.env("DOCKER_CONTEXT", "default").stdin(Stdio::null());
    command
}
