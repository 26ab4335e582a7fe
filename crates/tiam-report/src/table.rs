//! Tables, and rows as CSV.

use crate::number::NumberFormat;

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

    /// A column of numbers with this many digits after the point.
    #[must_use]
    pub fn fixed(heading: &str, digits: usize) -> Self {
        Self::number(heading, "", NumberFormat::Fixed(digits))
    }

    /// A column of shares as percentages with this many digits after the point.
    #[must_use]
    pub fn percent(heading: &str, digits: usize) -> Self {
        Self::number(heading, "", NumberFormat::Percent(digits))
    }

    /// The same column with its best number in bold.
    #[must_use]
    pub fn mark(mut self, best: Best) -> Self {
        self.best = best;
        self
    }

    pub(crate) fn shown_heading(&self) -> String {
        match (self.unit.as_str(), self.format) {
            ("", NumberFormat::Percent(_)) => format!("{} [%]", self.heading),
            ("", _) => self.heading.clone(),
            (unit, _) => format!("{} [{unit}]", self.heading),
        }
    }
}

impl Cell {
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
            Self::Number { value, deviation } => deviation.map_or_else(
                || format.print(*value),
                |deviation| format.print_with(*value, deviation),
            ),
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

macro_rules! cell_from {
    ($($kind:ty: |$from:ident| $cell:expr;)+) => {
        $(impl From<$kind> for Cell {
            fn from($from: $kind) -> Self {
                $cell
            }
        })+
    };
}
cell_from! {
    &str: |text| Self::Text(text.to_owned());
    &String: |text| Self::Text(text.clone());
    String: |text| Self::Text(text);
    f64: |value| Self::Number { value, deviation: None };
    Option<f64>: |value| value.map_or(Self::Missing, Self::from);
}

/// A row of a [`Table`]: words, numbers, `None` where nothing is known, or cells.
#[macro_export]
macro_rules! row {
    ($($cell:expr),+ $(,)?) => {
        vec![$($crate::Cell::from($cell)),+]
    };
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(title: impl Into<String>, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            title: title.into(),
            columns: columns.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same table with these rows too; the macro [`row!`](crate::row) makes one.
    #[must_use]
    pub fn rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// The same table with this note.
    #[must_use]
    pub fn note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }

    /// The table as HTML, in a container that scrolls where the page is too narrow.
    #[must_use]
    pub fn to_html(&self) -> String {
        crate::html::table(self).into_string()
    }

    /// The table as GitHub Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        crate::markdown::table(self)
    }

    /// The columns, with nameless ones where a row is longer than the heading.
    pub(crate) fn full_columns(&self) -> Vec<Column> {
        let mut columns = self.columns.clone();
        let longest = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        columns.resize(columns.len().max(longest), Column::default());
        columns
    }

    /// Every cell's text, and whether it is its column's best.
    pub(crate) fn printed(&self, columns: &[Column]) -> Vec<Vec<(String, bool)>> {
        let value = |row: &Vec<Cell>, n: usize| row.get(n).and_then(Cell::value);
        let best = |(n, column): (usize, &Column)| {
            let values = self.rows.iter().filter_map(|row| value(row, n));
            match column.best {
                Best::Unmarked => None,
                Best::Largest => values.max_by(f64::total_cmp),
                Best::Smallest => values.min_by(f64::total_cmp),
            }
        };
        let best: Vec<Option<f64>> = columns.iter().enumerate().map(best).collect();
        let cell = |row: &Vec<Cell>, n: usize| {
            let pair = value(row, n).zip(best[n]);
            let is_best = pair.is_some_and(|(value, best)| value.total_cmp(&best).is_eq());
            let text = row
                .get(n)
                .unwrap_or(&Cell::Missing)
                .print(columns[n].format);
            (text, is_best)
        };
        let rows = self.rows.iter();
        rows.map(|row| (0..columns.len()).map(|n| cell(row, n)).collect())
            .collect()
    }
}

/// Rows as CSV (RFC 4180).
#[must_use]
pub fn to_csv(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        // Writing into memory has no way to fail.
        let _ = writer.write_record(row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
