//! Plays the storms, and says what came of each.
//!
//! This program never judges a scene: it measures. What must hold is in the stories.

mod results;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use clap::Parser;
use clap::error::ErrorKind;
use scenarios::storm::Scene;
use serde_json::{Value, json};

use results::Results;

/// 0 = all that was asked for is measured, 1 = a scene could not be played, 2 = the arguments are wrong.
#[derive(Parser)]
#[command(
    about = "Plays storms: many groups read, many events at once, zones that die, under AWS's rates, in virtual time.",
    after_help = "Ends with 0 if each scene was played, with 1 if one could not be, and with 2 for arguments that are wrong."
)]
struct Arguments {
    /// Only this one; may be given more than once. All without it.
    #[arg(long = "scene", value_parser = scene)]
    scenes: Vec<Scene>,
    /// The results, one JSON document a line. Scenes that stand there already are left out, so that a run that was ended goes on.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How many at a time; as many as there are cores without it.
    #[arg(long, value_parser = count)]
    jobs: Option<u64>,
    /// Prints the results as JSON, one document a line.
    #[arg(long)]
    json: bool,
    /// Prints the names of all scenes.
    #[arg(long, conflicts_with_all = ["scenes", "out", "json"])]
    list: bool,
}

fn scene(text: &str) -> Result<Scene, String> {
    text.parse()
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a whole number above 0 is needed".to_owned())
}

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) if arguments.list => list(),
        Ok(arguments) => measure(&arguments),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => error.exit(),
        Err(error) => {
            let text = error.to_string();
            let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            eprintln!("storm: {}", sentence.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn list() -> ExitCode {
    for scene in Scene::all() {
        println!("{scene}");
    }
    ExitCode::SUCCESS
}

fn measure(arguments: &Arguments) -> ExitCode {
    let results = match Results::at(arguments.out.as_deref()) {
        Ok(results) => Mutex::new(results),
        Err(why) => return failed(&why),
    };
    let scenes = if arguments.scenes.is_empty() { Scene::all() } else { arguments.scenes.clone() };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    let is_done = std::thread::scope(|scope| {
        let worker = || {
            while let Some(scene) = scenes.get(next.fetch_add(1, Ordering::Relaxed)) {
                let place = format!("{} of {}", next.load(Ordering::Relaxed).min(scenes.len()), scenes.len());
                one(arguments, *scene, &place, began, &results)?;
            }
            Ok(())
        };
        let workers: Vec<_> = (0..arguments.jobs.unwrap_or(cores)).map(|_| scope.spawn(worker)).collect();
        let ended =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err("a scene panicked".to_owned())));
        ended.collect::<Result<Vec<()>, String>>()
    });
    is_done.map_or_else(|why| failed(&why), |_| ExitCode::SUCCESS)
}

fn failed(why: &str) -> ExitCode {
    eprintln!("storm: {why}");
    ExitCode::FAILURE
}

fn one(
    arguments: &Arguments,
    scene: Scene,
    place: &str,
    began: Instant,
    results: &Mutex<Results>,
) -> Result<(), String> {
    let name = scene.to_string();
    let known = lock(results).of(&name);
    if let Some(result) = known {
        eprintln!("{place}: {name} is measured already");
        print(arguments.json, &result, None);
        return Ok(());
    }
    let elapsed = began.elapsed().as_secs();
    eprintln!("{place}: {name} ({} min {} s so far)", elapsed / 60, elapsed % 60);
    let begins = Instant::now();
    let report = scene.play().map_err(|why| format!("{name}: {why}"))?;
    let mut result = report.json();
    if let Value::Object(fields) = &mut result {
        fields.insert("wall_s".to_owned(), json!(begins.elapsed().as_secs_f64()));
    }
    let mut results = lock(results);
    print(arguments.json, &result, Some(report.to_string()));
    results.add(result)
}

/// A panic in another scene says nothing of what was measured.
fn lock(results: &Mutex<Results>) -> MutexGuard<'_, Results> {
    results.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read back from the results has no words of its own.
#[expect(clippy::print_stdout, reason = "the program's output")]
fn print(as_json: bool, result: &Value, words: Option<String>) {
    match words {
        Some(words) if !as_json => println!("{words}"),
        _ => println!("{result}"),
    }
}
