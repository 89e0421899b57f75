//! Aligned columns and wrapped lines.
//!
//! This module never cuts anything off: what is too wide is wrapped.

use textwrap::core::display_width;

use super::{Page, visible};

/// Fits the narrowest terminal that people use; wider lines are no easier to read.
const WIDTH: usize = 80;
const BETWEEN: &str = "  ";
const INDENT: &str = "    ";
/// No column is narrower, unless all of it is: an instance's id in three lines can still be read.
const NARROWEST: usize = 8;

/// One thing of a list: its cells, and what is to be said of it in sentences below.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) below: Vec<String>,
}

impl Page {
    pub(crate) fn line(&mut self, text: &str) {
        self.wrapped(text, "");
    }

    pub(crate) fn space(&mut self) {
        self.lines.push(String::new());
    }

    pub(crate) fn table(&mut self, headers: &[&str], rows: Vec<Row>) {
        let mut rows = rows;
        for row in &mut rows {
            row.cells = row.cells.iter().map(|cell| visible(cell)).collect();
        }
        let is_titled = headers.iter().any(|header| !header.is_empty());
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let widths = widths(&headers, &rows);
        if is_titled {
            self.cells(&headers, &widths);
        }
        for row in rows {
            self.cells(&row.cells, &widths);
            for sentence in &row.below {
                self.wrapped(sentence, INDENT);
            }
        }
    }

    fn wrapped(&mut self, text: &str, indent: &str) {
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(indent)
            .subsequent_indent(indent)
            // A command is copied: it breaks at its spaces, and never inside a name.
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let lines =
            textwrap::wrap(&visible(text), options).into_iter().map(|line| line.into_owned()).collect::<Vec<_>>();
        self.lines.extend(lines);
    }

    fn cells(&mut self, cells: &[String], widths: &[usize]) {
        let wrapped: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for number in 0..height {
            let parts = wrapped.iter().zip(widths).map(|(lines, width)| {
                let part = lines.get(number).map_or("", String::as_str);
                format!("{part}{}", " ".repeat(width.saturating_sub(display_width(part))))
            });
            self.lines.push(parts.collect::<Vec<_>>().join(BETWEEN));
        }
    }
}

fn wrap(cell: &str, width: usize) -> Vec<String> {
    textwrap::wrap(cell, width).into_iter().map(|line| line.into_owned()).collect()
}

/// As wide as what they hold; the widest ones give way until the whole fits.
fn widths(headers: &[String], rows: &[Row]) -> Vec<usize> {
    let of_column = |(index, header): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.cells.get(index));
        cells.chain([header]).map(|cell| display_width(cell)).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = headers.iter().enumerate().map(of_column).collect();
    let room = WIDTH.saturating_sub(BETWEEN.len() * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str], below: &[&str]) -> Row {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Row { cells: owned(cells), below: owned(below) }
    }

    #[test]
    fn no_cell_and_no_sentence_speaks_to_the_terminal() {
        let mut page = Page::default();
        page.line("\u{1b}[2J\n\u{202e}");
        page.table(&["group"], vec![row(&["\u{1b}[2J\u{9b}"], &["\r\u{2066}"])]);
        let text = page.finish();
        assert!(text.chars().all(|character| character == '\n' || (' '..='~').contains(&character)), "{text:?}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn however_long_a_name_is_nothing_is_wider_than_the_terminal_and_nothing_is_lost() {
        for name in ["w".repeat(255), "網".repeat(255), "a b".repeat(85)] {
            let mut page = Page::default();
            page.table(&["group", "state", "subject"], vec![row(&[&name, "holding", &name], &[&name])]);
            page.line(&name);
            let text = page.finish();
            assert!(text.lines().all(|line| display_width(line) <= WIDTH), "{text}");
            let count = |text: &str| text.chars().filter(|character| "w網b".contains(*character)).count();
            assert!(count(&text) >= 4 * count(&name), "{text}");
        }
    }

    #[test]
    fn columns_are_aligned() {
        let mut page = Page::default();
        page.table(&["group", "slots"], vec![row(&["web", "1"], &["why"]), row(&["batch-long", "12"], &[])]);
        assert_eq!(page.finish(), "group       slots\nweb         1\n    why\nbatch-long  12\n");
    }
}
