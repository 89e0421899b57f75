//! `sam local invoke` for every file of `events/`, in Docker: the built functions in Lambda's own image, on their deployed
//! resources, under their deployed roles.
//!
//! It never changes the template or the project's folder, never leaves a container behind, and never takes a function's silence
//! for an answer.

mod containers;
mod docker;
mod ground;
mod image;
mod invocation;
mod report;
mod routes;
mod said;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::stream::{self, StreamExt};

use containers::Containers;
use docker::Docker;
use ground::Ground;
pub use report::{Report, Row};
use routes::Route;

/// How it ended, if nothing went wrong on the way.
pub enum Ending {
    Ran(Report),
    /// Nothing was invoked, since Docker isn't there; and why.
    Skipped(String),
}

/// Invokes each function with each file that `events/README.md` sends to it; of the files named, if any are.
pub async fn play(root: &Path, run_dir: &Path, files: &[String], say: fn(&str)) -> Result<Ending> {
    let began = Instant::now();
    let routes = routes::read(root, files)?;
    let docker = match Docker::here().await {
        Ok(docker) => docker,
        Err(why) => return Ok(Ending::Skipped(why.to_string())),
    };
    let image = image::ready(&docker, root, run_dir, say).await?;
    say(&image);
    let ground = Ground::lay(root, run_dir, docker.bridge(), say).await?;
    let rows = invoke_all(&ground, &routes, say).await;
    ground.clear().await?;
    say("stopped; nothing is left running");
    Ok(Ending::Ran(Report { image, rows: rows?, wall_seconds: began.elapsed().as_secs_f64() }))
}

/// One more at a time than there are processors: most of an invocation is the work of sam's own Python, and some is waiting for Docker.
async fn invoke_all(ground: &Ground, routes: &[Route], say: fn(&str)) -> Result<Vec<Row>> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from) + 1;
    // Dropped after the processes that start them, or they would start more.
    let _containers = Containers::of(&ground.built(), routes);
    let numbered: Vec<(u32, &Route)> = (1..).zip(routes).collect();
    // Alone, and then the others: sam adds its emulator to the base image at the first invocation.
    let (first, others) = numbered.split_at(1.min(numbered.len()));
    let mut rows = Vec::new();
    for (some, at_once) in [(first, 1), (others, at_once)] {
        let mut running = stream::iter(some).map(|(number, route)| ground.invoke(*number, route)).buffered(at_once);
        while let Some(row) = running.next().await {
            let row = row.context("sam local invoke")?;
            say(&format!("  {:>3} of {}  {row}", rows.len() + 1, routes.len()));
            rows.push(row);
        }
    }
    Ok(rows)
}
