//! Tables, written as HTML, Markdown or CSV.

use std::fmt::Write as _;

use super::markup::{escape_html, escape_markdown};
use super::number::NumberFormat;
use super::write::{csv_number, csv_row};

/// A table: columns with a heading, and rows of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the table shows.
    pub title: String,
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// The rows. A row shorter than the heading ends in missing cells; cells beyond it stand under no heading.
    pub rows: Vec<Vec<Cell>>,
    /// What a reader must know to read the numbers; empty for nothing.
    pub note: String,
}

/// A column's heading and how its numbers are printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// What the column holds.
    pub heading: String,
    /// Its unit; empty for none. [`NumberFormat::Percent`] sets `%` where none is given.
    pub unit: String,
    /// Where cells stand.
    pub align: Align,
    /// How numbers are printed.
    pub format: NumberFormat,
    /// Which number of the column is set in bold.
    pub best: Best,
}

/// The alignment of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// The number of a column that is set in bold, with all equal to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Best {
    /// None.
    #[default]
    Unmarked,
    /// The largest.
    Largest,
    /// The smallest.
    Smallest,
}

/// The content of a table cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, with its deviation where it is a mean.
    Number {
        /// The number.
        value: f64,
        /// Its deviation, in the number's own unit.
        deviation: Option<f64>,
    },
    /// Nothing is known.
    Missing,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub fn text(heading: &str) -> Self {
        Self {
            heading: heading.to_owned(),
            ..Self::default()
        }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(heading: &str, unit: &str, format: NumberFormat) -> Self {
        Self {
            heading: heading.to_owned(),
            unit: unit.to_owned(),
            align: Align::Right,
            format,
            best: Best::Unmarked,
        }
    }

    /// The same column with its best number in bold.
    #[must_use]
    pub fn mark(mut self, best: Best) -> Self {
        self.best = best;
        self
    }

    fn shown_heading(&self) -> String {
        match (self.unit.as_str(), self.format) {
            ("", NumberFormat::Percent(_)) => format!("{} [%]", self.heading),
            ("", _) => self.heading.clone(),
            (unit, _) => format!("{} [{unit}]", self.heading),
        }
    }

    /// CSV holds the numbers themselves: shares, not percentages.
    fn csv_heading(&self) -> String {
        match (self.unit.as_str(), self.format) {
            ("" | "%", NumberFormat::Percent(_)) => format!("{} [share]", self.heading),
            ("", _) => self.heading.clone(),
            (unit, _) => format!("{} [{unit}]", self.heading),
        }
    }
}

impl Cell {
    /// Words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number without a deviation.
    #[must_use]
    pub const fn number(value: f64) -> Self {
        Self::Number {
            value,
            deviation: None,
        }
    }

    /// A mean and its deviation.
    #[must_use]
    pub const fn mean(value: f64, deviation: f64) -> Self {
        Self::Number {
            value,
            deviation: Some(deviation),
        }
    }

    fn print(&self, format: NumberFormat) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number {
                value,
                deviation: None,
            } => format.print(*value),
            Self::Number {
                value,
                deviation: Some(deviation),
            } => format.print_with(*value, *deviation),
            Self::Missing => "–".to_owned(),
        }
    }

    fn value(&self) -> Option<f64> {
        match self {
            Self::Number { value, .. } if value.is_finite() => Some(*value),
            _ => None,
        }
    }
}

impl Table {
    /// The table as HTML, in a container that scrolls where the page is too narrow.
    #[must_use]
    pub fn to_html(&self) -> String {
        let columns = self.full_columns();
        let mut html = String::from("<div class=\"table\"><table>\n");
        if !self.title.is_empty() {
            let _ = writeln!(html, "<caption>{}</caption>", escape_html(&self.title));
        }
        html.push_str("<thead><tr>");
        for column in &columns {
            let _ = write!(
                html,
                "<th scope=\"col\"{}>{}</th>",
                class(column.align),
                escape_html(&column.shown_heading())
            );
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in self.printed(&columns) {
            html.push_str("<tr>");
            for (column, (text, best)) in columns.iter().zip(row) {
                let text = escape_html(&text);
                let text = if best {
                    format!("<strong>{text}</strong>")
                } else {
                    text
                };
                let _ = write!(html, "<td{}>{text}</td>", class(column.align));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table></div>\n");
        if !self.note.is_empty() {
            let _ = writeln!(html, "<p class=\"note\">{}</p>", escape_html(&self.note));
        }
        html
    }

    /// The table as GitHub Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let columns = self.full_columns();
        let mut markdown = String::new();
        if !self.title.is_empty() {
            let _ = writeln!(markdown, "**{}**\n", escape_markdown(&self.title));
        }
        markdown.push('|');
        for column in &columns {
            let _ = write!(markdown, " {} |", escape_markdown(&column.shown_heading()));
        }
        markdown.push_str("\n|");
        for column in &columns {
            markdown.push_str(if column.align == Align::Right {
                " ---: |"
            } else {
                " :--- |"
            });
        }
        markdown.push('\n');
        for row in self.printed(&columns) {
            markdown.push('|');
            for (text, best) in row {
                let text = escape_markdown(&text);
                let _ = if best {
                    write!(markdown, " **{text}** |")
                } else {
                    write!(markdown, " {text} |")
                };
            }
            markdown.push('\n');
        }
        if !self.note.is_empty() {
            let _ = writeln!(markdown, "\n{}", escape_markdown(&self.note));
        }
        markdown
    }

    /// The table as CSV: numbers in full and unscaled, a column with deviations followed by a column of them, missing cells
    /// empty.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let columns = self.full_columns();
        let deviates: Vec<bool> = (0..columns.len())
            .map(|n| {
                self.rows.iter().any(|row| {
                    matches!(
                        row.get(n),
                        Some(Cell::Number {
                            deviation: Some(_),
                            ..
                        })
                    )
                })
            })
            .collect();
        let mut heading = Vec::new();
        for (column, &deviates) in columns.iter().zip(&deviates) {
            heading.push(column.csv_heading());
            if deviates {
                heading.push(format!("{}, deviation", column.csv_heading()));
            }
        }
        let mut csv = csv_row(heading);
        for row in &self.rows {
            let mut cells = Vec::new();
            for (n, &deviates) in deviates.iter().enumerate() {
                let (value, deviation) = csv_texts(row.get(n).unwrap_or(&Cell::Missing));
                cells.push(value);
                if deviates {
                    cells.push(deviation);
                }
            }
            csv.push_str(&csv_row(cells));
        }
        csv
    }

    /// The columns, with nameless ones where a row is longer than the heading.
    fn full_columns(&self) -> Vec<Column> {
        let mut columns = self.columns.clone();
        let longest = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        columns.resize(columns.len().max(longest), Column::default());
        columns
    }

    /// Every cell's text, and whether it is its column's best.
    fn printed(&self, columns: &[Column]) -> Vec<Vec<(String, bool)>> {
        let best: Vec<Option<f64>> = columns
            .iter()
            .enumerate()
            .map(|(n, column)| self.best_of(n, column.best))
            .collect();
        let cell = |row: &Vec<Cell>, n: usize, format| {
            let cell = row.get(n).unwrap_or(&Cell::Missing);
            let is_best = cell
                .value()
                .zip(best[n])
                .is_some_and(|(value, best)| value.total_cmp(&best).is_eq());
            (cell.print(format), is_best)
        };
        self.rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .enumerate()
                    .map(|(n, column)| cell(row, n, column.format))
                    .collect()
            })
            .collect()
    }

    fn best_of(&self, n: usize, best: Best) -> Option<f64> {
        let values = self
            .rows
            .iter()
            .filter_map(|row| row.get(n).and_then(Cell::value));
        match best {
            Best::Unmarked => None,
            Best::Largest => values.max_by(f64::total_cmp),
            Best::Smallest => values.min_by(f64::total_cmp),
        }
    }
}

fn class(align: Align) -> &'static str {
    if align == Align::Right {
        " class=\"right\""
    } else {
        ""
    }
}

fn csv_texts(cell: &Cell) -> (String, String) {
    match cell {
        Cell::Text(text) => (text.clone(), String::new()),
        Cell::Number { value, deviation } => (
            csv_number(*value),
            deviation.map_or_else(String::new, csv_number),
        ),
        Cell::Missing => (String::new(), String::new()),
    }
}
