//! Logs as JSON, one object a line: names that anybody can choose can't break a line or colour a terminal.
//!
//! This module never reads a level from the environment: what a heal did is always told.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The runtime logs each error of a handler once more, in Rust's own notation; ours says the same in words.
const LOGGED_TWICE: &str = "lambda_runtime::layers::panic";

pub(crate) fn log_as_json() {
    let targets = Targets::new().with_default(LevelFilter::INFO).with_target(LOGGED_TWICE, LevelFilter::OFF);
    let json = tracing_subscriber::fmt().json().flatten_event(true);
    json.with_ansi(false).with_current_span(false).with_target(false).finish().with(targets).init();
}
