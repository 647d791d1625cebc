//! The table of figures, for a terminal and for a page.

use std::fmt;

use super::bed::{BEDS, Bed};

/// Figures beside their targets.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

/// One thing that was measured.
pub(super) struct Row {
    what: String,
    target: String,
    cells: Vec<Cell>,
}

/// One figure.
pub(super) struct Cell {
    text: String,
    /// Whether the target is met; `None` where there is none.
    met: Option<bool>,
}

impl Row {
    /// A row with a cell for each bed.
    pub(super) fn new(what: &str, target: &str, cells: Vec<Cell>) -> Self {
        Self { what: what.to_owned(), target: target.to_owned(), cells }
    }

    fn columns(&self) -> Vec<String> {
        let head = [self.what.clone(), self.target.clone()];
        head.into_iter().chain(self.cells.iter().map(Cell::to_string)).collect()
    }
}

impl Cell {
    /// A figure with a target.
    pub(super) fn judged(text: String, met: bool) -> Self {
        Self { text, met: Some(met) }
    }

    /// A figure to compare with.
    pub(super) fn plain(text: String) -> Self {
        Self { text, met: None }
    }

    /// The same figure without a target.
    pub(super) fn unjudged(self) -> Self {
        Self::plain(self.text)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.met {
            Some(true) => " ✓",
            Some(false) => " MISSED",
            None => "",
        };
        write!(f, "{}{verdict}", self.text)
    }
}

impl Table {
    /// The same table in Markdown.
    pub(super) fn markdown(&self) -> String {
        let ruler = Self::header().iter().map(|_| "---".to_owned()).collect();
        let lines = [Self::header(), ruler].into_iter().chain(self.rows.iter().map(Row::columns));
        lines.map(|columns| format!("| {} |\n", columns.join(" | "))).collect::<Vec<_>>().concat()
    }

    fn header() -> Vec<String> {
        let heads = ["measured", "target"].into_iter().chain(BEDS.map(Bed::title));
        heads.map(str::to_owned).collect()
    }
}

/// Columns side by side, for a terminal.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> =
            std::iter::once(Self::header()).chain(self.rows.iter().map(Row::columns)).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                write!(f, "{cell:<width$}  ", width = width(column).unwrap_or(0))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let cells = vec![
            Cell::judged("1 ms".to_owned(), true),
            Cell::judged("9 ms".to_owned(), false),
            Cell::judged("5 s".to_owned(), false).unjudged(),
        ];
        Table { rows: vec![Row::new("gate", "5 ms", cells)] }
    }

    #[test]
    fn a_page_gets_a_table_with_every_verdict() {
        let page = table().markdown();
        assert_eq!(page.lines().nth(1), Some("| --- | --- | --- | --- | --- |"));
        assert_eq!(page.lines().nth(2), Some("| gate | 5 ms | 1 ms ✓ | 9 ms MISSED | 5 s |"));
    }

    #[test]
    fn on_a_terminal_the_columns_stand_below_each_other() {
        let text = table().to_string();
        let starts: Vec<_> =
            text.lines().map(|line| line.find("Flatline, Azurite").or(line.find("9 ms"))).collect();
        assert_eq!(starts[0], starts[1].map(|start| start - "✓".len() + 1), "{text}");
    }
}
