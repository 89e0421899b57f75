//! The table for people, and the same as JSON for machines.
//!
//! It never leaves out a row, and cuts no text but in the table.

use std::fmt;

use serde::Serialize;

/// Of a terminal.
const WIDTH: usize = 100;
/// Of the log of an invocation that went wrong.
const LOG_LINES: usize = 15;

#[derive(Debug, Serialize)]
pub struct Report {
    /// Which base image it was, in a sentence.
    pub image: String,
    pub rows: Vec<Row>,
    pub wall_seconds: f64,
}

/// One file for one function.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Without `.json`.
    pub file: String,
    pub function: String,
    pub decision: String,
    /// The calls to AWS that the proxy saw of this invocation, as they ended.
    pub calls: Vec<String>,
    /// The function's own time, its start included, as the emulator reports it.
    pub milliseconds: Option<f64>,
    /// That of all of `sam local invoke`.
    pub seconds: f64,
    /// Why this is not what should have come of the file.
    pub failure: Option<String>,
    /// Of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl Report {
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.failure.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |cell: fn(&Row) -> &str| self.rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
        let file = widest(|row| &row.file).clamp(4, 34);
        let function = widest(|row| &row.function).max(8);
        let decision = WIDTH.saturating_sub(file + function + 21);
        let mut line = |of: [&str; 5]| {
            let [a, b, c, d, e] = of;
            let c = cut(c, decision);
            writeln!(f, "{:<file$}  {b:<function$}  {c:<decision$}  {d:>5}  {e:>8}", cut(a, file))
        };
        line(["file", "function", "decision", "calls", "duration"])?;
        for row in &self.rows {
            line([&row.file, &row.function, &row.decision, &row.calls.len().to_string(), &row.duration()])?;
        }
        writeln!(f)?;
        let failed = self.failures().count();
        for row in self.failures() {
            writeln!(f, "FAILED {} for {}: {}", row.file, row.function, row.failure.as_deref().unwrap_or_default())?;
            let log = row.log.as_deref().unwrap_or_default().lines().map(str::trim);
            let log: Vec<&str> = log.filter(|line| !line.is_empty()).collect();
            for line in log.iter().skip(log.len().saturating_sub(LOG_LINES)) {
                writeln!(f, "    {line}")?;
            }
        }
        let (invocations, seconds) = (self.rows.len(), self.wall_seconds);
        write!(f, "{invocations} invocations, {failed} failed, in {seconds:.0} s; {}", self.image)
    }
}

impl Row {
    fn duration(&self) -> String {
        self.milliseconds.map_or_else(|| "-".to_owned(), |milliseconds| format!("{milliseconds:.0} ms"))
    }
}

/// For a line of progress.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.failure.is_some() { "FAILED, " } else { "" };
        let said = cut(&self.decision, 48);
        write!(f, "{} for {}, {:.1} s: {failed}{said}", self.file, self.function, self.seconds)
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str, decision: &str, failure: Option<&str>) -> Row {
        Row {
            file: file.to_owned(),
            function: "replace-instance".to_owned(),
            decision: decision.to_owned(),
            calls: vec!["dynamodb:Query".to_owned()],
            milliseconds: Some(123.4),
            seconds: 2.0,
            failure: failure.map(str::to_owned),
            log: failure.map(|_| "why".to_owned()),
        }
    }

    #[test]
    fn the_table_fits_a_terminal_and_what_is_cut_shows_it() {
        let long = "ignored: ".repeat(40);
        let rows = vec![row("wake", "hold", None), row(&"alarm-".repeat(9), &long, None)];
        let report = Report { image: "the base image is x".to_owned(), rows, wall_seconds: 9.6 };
        let text = report.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches('…').count(), 2, "{text}");
        assert!(text.ends_with("2 invocations, 0 failed, in 10 s; the base image is x"), "{text}");
    }

    #[test]
    fn a_failure_is_listed_with_its_log() {
        let report =
            Report { image: String::new(), rows: vec![row("wake", "x", Some("no answer"))], wall_seconds: 1.0 };
        assert!(report.to_string().contains("FAILED wake for replace-instance: no answer\n    why\n"));
        assert_eq!(report.failures().count(), 1);
    }
}
