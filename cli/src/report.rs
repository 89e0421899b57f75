//! What a command found, as a value: rendered for people or for machines, from the same facts.
//!
//! This module is the only one that writes to the terminal. It never mixes a result with a remark: results go to stdout.

use std::io::Write;
use std::process::ExitCode;

use homeostat_core::ports::Unavailable;
use serde::Serialize;

use crate::page::{Page, visible, visible_json};

/// What a command line that is wrong and an account that can't be read have in common: nothing was found out.
const NOTHING_FOUND_OUT: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    Amiss,
}

pub(crate) trait Report: Serialize {
    fn print(&self, page: &mut Page);

    fn verdict(&self) -> Verdict {
        Verdict::Fine
    }

    /// What a person should know beside the result.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A report, ready to be shown.
pub(crate) struct Said {
    json: Result<String, serde_json::Error>,
    text: String,
    verdict: Verdict,
    remarks: Vec<String>,
}

impl Said {
    pub(crate) fn of<R: Report>(report: &R) -> Self {
        let mut page = Page::default();
        report.print(&mut page);
        Said {
            json: serde_json::to_string_pretty(report),
            text: page.finish(),
            verdict: report.verdict(),
            remarks: report.remarks(),
        }
    }

    pub(crate) fn show(self, json: bool) -> ExitCode {
        let text = match self.json {
            Ok(text) if json => format!("{}\n", visible_json(&text)),
            Err(error) if json => {
                return Failed::because(format!("the result can't be written as JSON: {error}")).show();
            }
            _ => self.text,
        };
        // Whoever reads may have gone, as in `| head`: that changes nothing about the result.
        _ = std::io::stdout().write_all(text.as_bytes());
        for remark in self.remarks {
            eprintln!("{}", visible(&remark));
        }
        match self.verdict {
            Verdict::Fine => ExitCode::SUCCESS,
            Verdict::Amiss => ExitCode::FAILURE,
        }
    }
}

/// Nothing was found out. Disposition: the person fixes what the sentence names, and asks again.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Failed(why.into())
    }

    /// In AWS's own words, with what to do next.
    pub(crate) fn by_aws(said: &str) -> Self {
        Failed(format!("{said}; {}", next(said)))
    }

    /// What had been done before it failed.
    #[cfg(feature = "account")]
    #[must_use]
    pub(crate) fn after(self, done: &str) -> Self {
        Failed(format!("{done}: {}", self.0))
    }

    pub(crate) fn show(&self) -> ExitCode {
        eprintln!("{}", visible(&self.0));
        ExitCode::from(NOTHING_FOUND_OUT)
    }

    #[cfg(test)]
    pub(crate) fn why(&self) -> &str {
        &self.0
    }
}

impl From<Unavailable> for Failed {
    fn from(unavailable: Unavailable) -> Self {
        // A chain of causes comes in lines of its own.
        let said = unavailable.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Failed::by_aws(&said)
    }
}

/// What to do about AWS's words, as far as they tell.
fn next(why: &str) -> &'static str {
    const NEXT: [(&[&str], &str); 4] = [
        (&["does not have the specified index"], "deploy this version of Homeostat's template, which adds the index"),
        (&["AccessDenied", "AuthorizationError"], "have that allowed, or name another profile by --profile"),
        (&["ResourceNotFound"], "check the names: --stack or --table, --region, --profile"),
        (
            &["xpiredToken", "credential", "InvalidClientTokenId", "UnrecognizedClient"],
            "sign in, or name another profile by --profile",
        ),
    ];
    let told = NEXT.iter().find(|(words, _)| words.iter().any(|word| why.contains(word)));
    told.map_or("try again, and check --region, --profile and the way to AWS", |(_, next)| next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_refuses_says_what_to_do_next() {
        for (why, next) in [
            ("AccessDeniedException: User: x is not authorized", "have that allowed"),
            ("dispatch failure: the credential provider was not enabled", "sign in"),
            ("ResourceNotFoundException: Requested resource not found", "--table"),
            ("ValidationException: The table does not have the specified index: closed", "which adds the index"),
            ("dispatch failure: io error", "try again"),
        ] {
            let failed = Failed::from(Unavailable { doing: "read".into(), why: why.into() });
            assert!(failed.why().contains(next), "{failed:?}");
        }
    }
}
