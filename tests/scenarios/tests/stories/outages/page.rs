//! The page of outages in the docs: printed from what was played, so that it never says what is not so.
//!
//! UPDATE_EXPECT=1 writes it.

use std::fmt::Write;

use expect_test::expect_file;

use super::{Outage, Played, accounts};

/// Of a block in a curve.
const MINUTES: i64 = 3;
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All of it only where all was answered.
fn block(share: f64) -> char {
    let reached = (1..BLOCKS.len()).take_while(|level| share >= *level as f64 / 7.0 - 1e-4);
    BLOCKS[reached.last().unwrap_or_default()]
}

fn curve(played: &Played) -> String {
    played.service.curve(MINUTES).into_iter().map(block).collect()
}

fn row(page: &mut String, name: &str, played: &Played) {
    let whole = played.whole_after.map_or("not at the end".to_owned(), |minutes| format!("minute {minutes}"));
    let (lowest, lost) = (played.service.lowest() * 100.0, played.service.total().lost() / 60.0);
    let terminated = played.terminated;
    writeln!(page, "| {name} | {terminated} | {lowest:.0} % | {lost:.1} | {whole} |").unwrap();
}

fn section(page: &mut String, account: &super::Account, Outage { nobody, naive, homeostat }: &Outage) {
    writeln!(page, "\n## {}\n", account.name).unwrap();
    writeln!(page, "{}. {}\n", capitalized(account.source), account.happened).unwrap();
    writeln!(page, "Here: {}\n", account.here).unwrap();
    page.push_str("| | terminated | lowest share answered | minutes of all requests lost | all answered from |\n|---|---|---|---|---|\n");
    let all = [("nobody", nobody), ("naive", naive), ("Homeostat", homeostat)];
    for (name, played) in all {
        row(page, name, played);
    }
    page.push_str("\n```text\n");
    for (name, played) in all {
        writeln!(page, "{name:<9} {}", curve(played)).unwrap();
    }
    page.push_str("```\n");
    let is_worse = homeostat.service.total().lost() > nobody.service.total().lost() + super::UNSEEN;
    assert_eq!(is_worse, account.exception.is_some(), "{}", account.name);
    account.exception.iter().for_each(|why| writeln!(page, "\n{why}").unwrap());
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[test]
fn the_page_of_outages_says_what_was_played() {
    let mut page = "# Outages that automation made worse\n\n\
        Each of these happened to somebody, who told it. Each is played here three times in virtual time, with one Auto Scaling group behind a load\n\
        balancer: with **nobody** but AWS's own healing, with a **naive** script that terminates each minute whatever does not answer, and with\n\
        **Homeostat** under its shipped limits. What was answered is counted by the applications themselves, never by a load balancer's verdict.\n\
        The curves show the share of requests answered, three minutes a character. `make test` plays them and prints this page\n\
        (`tests/scenarios/tests/stories/outages`), and fails where Homeostat comes off worse than nobody, but for the one exception below.\n"
        .to_owned();
    for account in accounts::ALL {
        section(&mut page, account, &account.outage());
    }
    expect_file!["../../../../../docs/OUTAGES.md"].assert_eq(&page);
}
