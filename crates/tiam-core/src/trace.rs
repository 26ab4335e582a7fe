//! The trace: one row for the start and one for each iteration.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Inertia;

/// The figures after one iteration, or at the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceRow<M> {
    /// Iterations done; 0 is the start.
    pub iteration: usize,
    /// The objective F.
    pub objective: f64,
    /// [`BlockProblem::violation`](crate::BlockProblem::violation).
    pub violation: f64,
    /// Restarts by the guard so far, over all blocks and iterations.
    pub restarts: usize,
    /// |Fₖ − Fₖ₋₁| / max(|Fₖ|, |Fₖ₋₁|), 0 if both are 0; none for the start.
    pub rel_change: Option<f64>,
    /// Wall-clock seconds since the start, observers' time included, over all sessions of a resumed run.
    pub seconds: f64,
    /// The coefficients the iteration began with; none for the start.
    pub inertia: Inertia,
    /// The problem's own numbers.
    pub measures: M,
}

/// All rows of a run; the first is the start, before any iteration.
///
/// All numbers are finite. A JSON file may hold further fields beside the rows; reading ignores them.
///
/// ```
/// use tiam_core::{Inertia, Trace, TraceRow};
/// let start = TraceRow {
///     iteration: 0, objective: 2.0, violation: 0.0, restarts: 0, rel_change: None, seconds: 0.0,
///     inertia: Inertia::NONE, measures: (),
/// };
/// let trace = Trace { rows: vec![start] };
/// let text = serde_json::to_string(&trace)?;
/// assert_eq!(serde_json::from_str::<Trace<()>>(&text)?, trace);
/// assert_eq!(trace.objectives(), [2.0]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace<M> {
    /// Row i is the state after i iterations.
    pub rows: Vec<TraceRow<M>>,
}

impl<M> Trace<M> {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// The row of the start.
    #[must_use]
    pub fn first(&self) -> Option<&TraceRow<M>> {
        self.rows.first()
    }

    /// The row of the last iteration.
    #[must_use]
    pub fn last(&self) -> Option<&TraceRow<M>> {
        self.rows.last()
    }

    /// The objective of every row.
    #[must_use]
    pub fn objectives(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.objective).collect()
    }
}

impl<M> Default for Trace<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// The columns of every trace's CSV; the measures follow.
const COLUMNS: [&str; 9] = [
    "iteration",
    "objective",
    "violation",
    "restarts",
    "rel_change",
    "seconds",
    "inertia_start",
    "inertia_gradient",
    "inertia_correction",
];

impl<M: Serialize> Trace<M> {
    /// Writes a table of comma-separated values: a line of names, then a line for each row. A number reads back with the same
    /// bits, a cell without a value is empty.
    ///
    /// | column | holds |
    /// |---|---|
    /// | `iteration` ... `seconds` | the field of [`TraceRow`] of that name |
    /// | `inertia_start`, `inertia_gradient`, `inertia_correction` | p1, p2, p3 |
    /// | the rest, in alphabetical order | the measures as serde names them: `loss` for a field, `test_loss` for a field's field, `0` for an entry of a list, `measures` for a single value; `measures_NAME` if NAME stands above |
    ///
    /// # Errors
    /// Those of the writer, and of measures that JSON cannot hold.
    ///
    /// ```
    /// use tiam_core::{Inertia, Trace, TraceRow};
    /// let start = TraceRow {
    ///     iteration: 0, objective: 2.5, violation: 0.0, restarts: 0, rel_change: None, seconds: 0.0,
    ///     inertia: Inertia::NONE, measures: 0.75,
    /// };
    /// let mut text = Vec::new();
    /// Trace { rows: vec![start] }.write_csv(&mut text)?;
    /// assert!(text.ends_with(b",inertia_correction,measures\n0,2.5,0.0,0,,0.0,0.0,0.0,0.0,0.75\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_csv(&self, mut writer: impl Write) -> io::Result<()> {
        let rows: Vec<_> = self.rows.iter().map(cells).collect::<io::Result<_>>()?;
        let names = rows.iter().flat_map(BTreeMap::keys).map(String::as_str);
        let measures: BTreeSet<&str> = names.filter(|name| !COLUMNS.contains(name)).collect();
        let columns: Vec<&str> = COLUMNS.into_iter().chain(measures).collect();
        let header: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        writeln!(writer, "{}", header.join(","))?;
        for row in &rows {
            let cell = |name: &&str| row.get(*name).map_or("", String::as_str);
            let line: Vec<&str> = columns.iter().map(cell).collect();
            writeln!(writer, "{}", line.join(","))?;
        }
        Ok(())
    }
}

/// The cells of a row by column.
fn cells<M: Serialize>(row: &TraceRow<M>) -> io::Result<BTreeMap<String, String>> {
    let mut fields = serde_json::to_value(row)?;
    let measures = fields["measures"].take();
    let (mut cells, mut measured) = (BTreeMap::new(), BTreeMap::new());
    flatten("", fields, &mut cells);
    cells.remove("measures");
    flatten("", measures, &mut measured);
    for (name, cell) in measured {
        let clashes = name.is_empty() || COLUMNS.contains(&name.as_str());
        let name = if clashes {
            joined("measures", &name)
        } else {
            name
        };
        cells.insert(name, cell);
    }
    Ok(cells)
}

/// The leaves of a value by the path to them; a value that is nothing but null has none.
fn flatten(path: &str, value: Value, cells: &mut BTreeMap<String, String>) {
    let cell = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&joined(path, &name), value, cells);
            }
            return;
        }
        Value::Array(entries) => {
            for (i, value) in entries.into_iter().enumerate() {
                flatten(&joined(path, &i.to_string()), value, cells);
            }
            return;
        }
        Value::Null if path.is_empty() => return,
        Value::Null => String::new(),
        Value::String(text) => quoted(&text),
        number => number.to_string(),
    };
    cells.insert(path.to_owned(), cell);
}

/// Two parts of a column's name.
fn joined(left: &str, right: &str) -> String {
    let between = if left.is_empty() || right.is_empty() {
        ""
    } else {
        "_"
    };
    format!("{left}{between}{right}")
}

/// A text as a cell.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// |a − b| / max(|a|, |b|), 0 if both are 0.
pub(crate) fn rel_change(before: f64, after: f64) -> f64 {
    let scale = before.abs().max(after.abs());
    // Divided first, so that two large numbers of unlike sign do not overflow.
    if scale > 0.0 {
        (after / scale - before / scale).abs()
    } else {
        0.0
    }
}
