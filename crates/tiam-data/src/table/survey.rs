//! First pass over a table: it finds the kind of each column.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{
    MissingCells, Reading, Row, Rows, Sheet,
    cell::{CellKind, kind, label_kind},
    column::{Column, Look},
    decide::{Candidate, Decision, Role},
    encoding::{ColumnEncoding, ColumnKind, ColumnSpec},
    parallel::map,
    params::{MAX_CODED_CATEGORIES, TableParams, Task},
    roles::{date_formats, roles},
};
use crate::error::{CellFault, DataError, Place, Result};

/// Of so many rows one may be broken.
const FEW: usize = 20;

/// The first pass, as the threads that read the pieces share it.
pub(crate) struct Survey<'p> {
    params: &'p TableParams,
    roles: Vec<Role>,
    declared: Vec<bool>,
    dates: Vec<Vec<String>>,
    /// For each column the first piece known to hold more distinct cells than allowed: those after it need not count.
    overflows: Vec<AtomicUsize>,
    /// Bytes taken by columns and their distinct cells.
    taken: AtomicU64,
}

/// What rows hold, of one piece or of several that follow one another.
#[derive(Default)]
pub(crate) struct Found<'a> {
    /// Rows of another width: their number, line and width of the first.
    other_width: Option<(usize, u64, usize)>,
    columns: Vec<Column<'a>>,
    /// Rows of each piece that have labels.
    pub(crate) n_rows: Vec<usize>,
    /// Rows that have none.
    unlabelled: usize,
    /// Line of the last row if it seems to be a sum.
    sum: Option<u64>,
}

/// Whether the first cell of a row that holds anything says that it is a sum.
fn is_sum(row: &Row<'_>) -> bool {
    const WORDS: [&str; 8] = [
        "total",
        "totals",
        "grand total",
        "sum",
        "average",
        "mean",
        "summe",
        "gesamt",
    ];
    let first = row.cells.iter().find(|cell| !cell.is_empty());
    first.is_some_and(|cell| {
        cell.first().is_some_and(u8::is_ascii_alphabetic)
            && WORDS.iter().any(|word| {
                let cell = cell.strip_suffix(b":").unwrap_or(cell);
                word.as_bytes().eq_ignore_ascii_case(cell)
            })
    })
}

/// What the first pass found.
pub(crate) struct Surveyed {
    pub(crate) encoding: ColumnEncoding,
    /// Rows of each piece that have labels.
    pub(crate) n_rows: Vec<usize>,
    pub(crate) reading: Reading,
}

/// Finds the encoding of a table.
pub(super) fn survey<'a, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    pieces: &[R],
    params: &TableParams,
    threads: usize,
) -> Result<Surveyed> {
    let survey = Survey::new(sheet, params)?;
    let mut found = Found::default();
    for piece in survey.read_all(&found, sheet, pieces, threads)? {
        survey.append(&mut found, piece, |cell| cell);
    }
    survey.finish(found, sheet)
}

impl<'p> Survey<'p> {
    /// The survey of a table of which these are the first rows.
    pub(crate) fn new<'a, R: Rows<'a>>(
        sheet: &Sheet<'a, R>,
        params: &'p TableParams,
    ) -> Result<Self> {
        let roles = roles(sheet, params)?;
        Ok(Self {
            params,
            overflows: roles.iter().map(|_| AtomicUsize::new(usize::MAX)).collect(),
            dates: date_formats(&sheet.rows, &roles),
            declared: (0..roles.len()).map(|i| sheet.is_categorical(i)).collect(),
            roles,
            taken: AtomicU64::new(0),
        })
    }

    /// Reads further rows of the table, and keeps nothing of their text.
    pub(crate) fn add<'a, R: Rows<'a>>(
        &self,
        found: &mut Found<'static>,
        sheet: &Sheet<'a, R>,
        threads: usize,
    ) -> Result<()> {
        let pieces = sheet.rows.pieces(threads);
        for piece in self.read_all(found, sheet, &pieces, threads)? {
            self.append(found, piece, |cell| cell.into_owned().into());
        }
        // What is kept is bounded by the distinct cells of each column.
        self.taken.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// What each of the pieces holds that follow those that were read.
    fn read_all<'a, R: Rows<'a>>(
        &self,
        found: &Found<'_>,
        sheet: &Sheet<'a, R>,
        pieces: &[R],
        threads: usize,
    ) -> Result<Vec<Found<'a>>> {
        let numbered = (found.n_rows.len()..).zip(pieces).collect();
        map(numbered, threads, |(i, rows)| {
            self.read(sheet, i, rows.clone())
        })
    }

    /// Joins what is further down.
    fn append<'a, 'b>(
        &self,
        found: &mut Found<'a>,
        below: Found<'b>,
        keep: impl Fn(Cow<'b, [u8]>) -> Cow<'a, [u8]>,
    ) {
        if found.columns.is_empty() {
            found.columns = self.roles.iter().map(|_| Column::new(None)).collect();
        }
        if below.n_rows.iter().any(|n| *n > 0) {
            found.sum = below.sum;
        }
        found.other_width = match (found.other_width, below.other_width) {
            (Some((n, line, width)), Some((more, ..))) => Some((n + more, line, width)),
            (one, other) => one.or(other),
        };
        for (i, (column, below)) in found.columns.iter_mut().zip(below.columns).enumerate() {
            column.append(below, self.look(i), &keep);
        }
        found.n_rows.extend(below.n_rows);
        found.unlabelled += below.unlabelled;
    }

    /// The encoding, once all rows are read.
    pub(crate) fn finish<R>(&self, found: Found<'_>, sheet: &Sheet<'_, R>) -> Result<Surveyed> {
        let Found {
            other_width,
            mut columns,
            n_rows,
            unlabelled,
            sum,
        } = found;
        for (i, column) in columns.iter_mut().enumerate() {
            column.finish(self.look(i));
        }
        let n_all: usize = n_rows.iter().sum::<usize>() + unlabelled;
        // A few broken rows are left out; many mean that the table is read wrongly.
        if let Some((n, line, width)) = other_width
            && n * FEW > n_all
        {
            sheet.check_width(line, sheet.names.len(), width)?;
        }
        if n_rows.iter().all(|n| *n == 0) {
            let reason = match unlabelled {
                0 => "there are no data rows".to_owned(),
                n => {
                    let names = self.roles.iter().zip(&sheet.names);
                    let labels = names.filter(|(role, _)| role.is_label());
                    let labels: Vec<String> = labels.map(|(_, name)| format!("{name:?}")).collect();
                    let labels = labels.join(", ");
                    format!(
                        "none of the {n} rows has a label (column {labels}); name another column"
                    )
                }
            };
            return Err(sheet.malformed(Place::Whole, reason));
        }
        self.refuse_missing(&columns, sheet)?;
        let (encoding, mut warnings) = self.decide(&columns, sheet)?;
        if let Some((n, line, width)) = other_width {
            let (path, line) = sheet.places().find(line);
            warnings.push(format!(
                "{n} rows are left out that have more or fewer cells than the {} columns; the first is line {line} of {}, with {width}",
                sheet.names.len(),
                path.display()
            ));
        }
        if let Some(line) = sum {
            let (path, line) = sheet.places().find(line);
            warnings.push(format!(
                "the last row ({}, line {line}) seems to be a sum of the others: remove it if it is",
                path.display()
            ));
        }
        let reading = Reading {
            unlabelled,
            other_width: other_width.map(|(n, line, _)| (n, line)),
            missing: columns.iter().map(|column| column.n_missing).collect(),
            unknown: vec![0; columns.len()],
            notes: sheet.notes.clone(),
            warnings,
            ..Reading::default()
        };
        Ok(Surveyed {
            encoding,
            n_rows,
            reading,
        })
    }

    fn look(&self, column: usize) -> Look<'_> {
        let few = self.params.max_categories;
        let many = few.max(MAX_CODED_CATEGORIES);
        let (most, most_numbers) = match self.roles[column] {
            Role::Categorical => (many, many),
            Role::Feature | Role::Kept if self.declared[column] => (many, many),
            Role::Feature | Role::Kept => (many, few),
            _ => (few, few),
        };
        Look {
            most,
            most_numbers,
            dates: &self.dates[column],
        }
    }

    fn read<'a, R: Rows<'a>>(
        &self,
        sheet: &Sheet<'a, R>,
        piece: usize,
        mut rows: R,
    ) -> Result<Found<'a>> {
        let n_columns = self.roles.len();
        self.take((n_columns * size_of::<Column<'_>>()) as u64, sheet)?;
        // Which line does not matter: a piece above has an earlier one.
        let known = |first: &AtomicUsize| (first.load(Ordering::Relaxed) < piece).then_some(0);
        let fresh = |first| Column::new(known(first));
        let mut columns: Vec<Column<'_>> = self.overflows.iter().map(fresh).collect();
        let labels = |i: &usize| self.roles[*i].is_label();
        let labels: Vec<usize> = (0..n_columns).filter(labels).collect();
        let mut row = Row::default();
        let (mut n_rows, mut unlabelled, mut sum) = (0, 0, None);
        let mut other_width: Option<(usize, u64, usize)> = None;
        while rows.next(&mut row)? {
            let width = row.cells.len();
            if width != n_columns {
                if self.params.missing == MissingCells::Error {
                    sheet.check_width(row.line, n_columns, width)?;
                }
                let (n, line, first) = other_width.unwrap_or((0, row.line, width));
                other_width = Some((n + 1, line, first));
                continue;
            }
            let missing = |i: &usize| label_kind(&row.cells[*i]) == CellKind::Missing;
            if labels.iter().any(missing) && self.params.missing == MissingCells::Fill {
                unlabelled += 1;
                continue;
            }
            sum = is_sum(&row).then_some(row.line);
            let mut bytes = 0;
            for (i, (cell, column)) in row.cells.iter().zip(&mut columns).enumerate() {
                let role = self.roles[i];
                let kind = match role {
                    Role::Ignored => continue,
                    Role::Label | Role::OneOfLabels | Role::Flag => label_kind(cell),
                    _ => kind(cell),
                };
                self.check((row.line, i), cell, kind, sheet)?;
                bytes += column.add(row.line, cell, kind, self.look(i));
            }
            if bytes > 0 {
                self.take(bytes, sheet)?;
            }
            n_rows += 1;
        }
        for (column, first) in columns.iter().zip(&self.overflows) {
            if column.overflow.is_some() {
                first.fetch_min(piece, Ordering::Relaxed);
            }
        }
        Ok(Found {
            other_width,
            columns,
            n_rows: vec![n_rows],
            unlabelled,
            sum,
        })
    }

    /// Refuses what no column may hold.
    fn check<R>(
        &self,
        (line, column): (u64, usize),
        cell: &[u8],
        kind: CellKind,
        sheet: &Sheet<'_, R>,
    ) -> Result<()> {
        let of_weights = self.roles[column] == Role::SampleWeight;
        let of_inputs = matches!(self.roles[column], Role::Feature | Role::Kept);
        let strict = self.params.missing == MissingCells::Error;
        let fault = match kind {
            CellKind::Missing if of_weights => CellFault::Missing,
            CellKind::Infinite if strict || !of_inputs => CellFault::NotFinite,
            _ => return Ok(()),
        };
        Err(sheet.places().bad(line, column, cell, fault))
    }

    fn refuse_missing<R>(&self, columns: &[Column<'_>], sheet: &Sheet<'_, R>) -> Result<()> {
        if self.params.missing == MissingCells::Fill {
            return Ok(());
        }
        let missing = columns.iter().zip(&sheet.names);
        let missing = missing.filter(|(column, _)| column.n_missing > 0);
        let counts = missing.map(|(column, name)| (name.clone(), column.n_missing));
        let columns: Vec<(String, usize)> = counts.collect();
        if columns.is_empty() {
            return Ok(());
        }
        let path = sheet.source.path.clone();
        Err(DataError::MissingCells { path, columns })
    }

    /// The kinds of all columns, and what a person should look at.
    fn decide<R>(
        &self,
        columns: &[Column<'_>],
        sheet: &Sheet<'_, R>,
    ) -> Result<(ColumnEncoding, Vec<String>)> {
        let labels = || {
            let labels = columns.iter().zip(&self.roles);
            labels
                .filter(|(_, role)| **role == Role::OneOfLabels)
                .map(|(column, _)| column)
        };
        let is_flag = |column: &Column<'_>| {
            column.n_fractions == 0 && column.overflow.is_none() && column.distinct.len() <= 2
        };
        let flags = self.params.task != Task::Values && labels().all(is_flag);
        let role = |position: usize| match self.roles[position] {
            Role::OneOfLabels if flags => Role::Flag,
            role => role,
        };
        let decision = |(position, column)| {
            let candidate = Candidate {
                column,
                position,
                sheet,
                params: self.params,
                look: self.look(position),
            };
            candidate.decide(role(position))
        };
        let mut decisions: Vec<Decision> = columns
            .iter()
            .enumerate()
            .map(decision)
            .collect::<Result<_>>()?;
        let is_feature = |decision: &Decision| decision.kind.width() > 0;
        if !decisions.iter().any(is_feature) {
            // What was left out is better than nothing.
            for decision in &mut decisions {
                if let Some(kind) = decision.otherwise.take() {
                    (decision.kind, decision.note) = (kind, "kept: there is no other".to_owned());
                }
            }
        }
        if !decisions.iter().any(is_feature) {
            return Err(sheet.malformed(Place::Whole, nothing_left(&decisions, sheet)));
        }
        let mut warnings = Vec::new();
        let names = sheet.names.iter();
        let specs = names.zip(decisions).map(|(name, decision)| {
            warnings.extend(decision.warning);
            ColumnSpec {
                name: name.clone(),
                note: decision.note,
                kind: decision.kind,
            }
        });
        let specs: Vec<ColumnSpec> = specs.collect();
        let header = sheet.has_header;
        Ok((ColumnEncoding::new(header, specs)?, warnings))
    }

    fn take<R>(&self, bytes: u64, sheet: &Sheet<'_, R>) -> Result<()> {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        sheet
            .source
            .check_pieces("the columns' distinct cells", taken)
    }
}

/// Why there are no features, and what to do.
fn nothing_left<R>(decisions: &[Decision], sheet: &Sheet<'_, R>) -> String {
    let described = sheet.names.iter().zip(decisions);
    let described = described.map(|(name, decision)| match decision.kind {
        ColumnKind::Ignored => format!("{name:?} is {}", decision.note),
        _ => format!("{name:?} is the label"),
    });
    let described: Vec<String> = described.take(8).collect();
    let cut = match sheet.delimiter {
        Some(delimiter) => format!(", cut at {delimiter:?}"),
        None => String::new(),
    };
    format!(
        "no column is left for features{cut}: {}; is the label, or the delimiter, right?",
        described.join(", ")
    )
}
