//! Plays the storms, and says what came of each.
//!
//! This program never judges a scene: it measures. What must hold is in the stories.

mod results;

use std::path::PathBuf;
use std::process::ExitCode;
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
    match try_measure(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("storm: {why}");
            ExitCode::FAILURE
        }
    }
}

fn try_measure(arguments: &Arguments) -> Result<(), String> {
    let scenes = if arguments.scenes.is_empty() { Scene::all() } else { arguments.scenes.clone() };
    let mut results = Results::at(arguments.out.as_deref())?;
    let began = Instant::now();
    for (index, scene) in scenes.iter().enumerate() {
        let (number, name) = (index + 1, scene.to_string());
        if let Some(result) = results.of(&name) {
            eprintln!("{number} of {}: {name} is measured already", scenes.len());
            print(arguments.json, &result, None);
            continue;
        }
        let elapsed = began.elapsed().as_secs();
        eprintln!("{number} of {}: {name} ({} min {} s so far)", scenes.len(), elapsed / 60, elapsed % 60);
        let begins = Instant::now();
        let report = scene.play().map_err(|why| format!("{name}: {why}"))?;
        let mut result = report.json();
        if let Value::Object(fields) = &mut result {
            fields.insert("wall_s".to_owned(), json!(begins.elapsed().as_secs_f64()));
        }
        print(arguments.json, &result, Some(report.to_string()));
        results.add(result)?;
    }
    Ok(())
}

/// What is read back from the results has no words of its own.
#[expect(clippy::print_stdout, reason = "the program's output")]
fn print(as_json: bool, result: &Value, words: Option<String>) {
    match words {
        Some(words) if !as_json => println!("{words}"),
        _ => println!("{result}"),
    }
}
