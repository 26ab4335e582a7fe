//! First pass over a table: it finds the kind of each column.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{
    MissingCells, Reading, Row, Rows, Sheet,
    cell::{CellKind, kind, label_kind, positions},
    column::{Column, Look},
    dates,
    decide::{Candidate, Decision, Role},
    encoding::{ColumnEncoding, ColumnKind, ColumnSpec},
    parallel::map,
    params::{ColumnRef, LabelColumn, MAX_CODED_CATEGORIES, TableParams, Task},
};
use crate::error::{CellFault, DataError, Place, Result};

/// The role of each column.
fn roles<R>(sheet: &Sheet<'_, R>, params: &TableParams) -> Result<Vec<Role>> {
    let names = &sheet.names;
    let columns = positions(names.iter());
    let find = |column: &ColumnRef| {
        let found = column.find(&columns);
        found.ok_or_else(|| sheet.unknown_column(column))
    };
    let find_all = |list: &[ColumnRef]| {
        let found = ColumnRef::find_all(list, &columns);
        found.map_err(|column| sheet.unknown_column(&column))
    };
    let refused = |parameter, column: usize, allowed: &str| {
        let name = format!("{:?}", names[column]);
        Err(DataError::parameter(parameter, name, allowed))
    };
    let mut roles = vec![Role::Feature; names.len()];
    for (list, role) in [
        (&params.keep, Role::Kept),
        (&params.categorical, Role::Categorical),
        (&params.ignore, Role::Ignored),
    ] {
        for column in find_all(list)? {
            roles[column] = role;
        }
    }
    if let Some(column) = &params.row_names {
        roles[find(column)?] = Role::Ignored;
    }
    let labels = match &params.label {
        LabelColumn::None => Vec::new(),
        LabelColumn::Last => names.len().checked_sub(1).into_iter().collect(),
        LabelColumn::Column(column) => find_all(std::slice::from_ref(column))?,
        LabelColumn::Columns(list) => find_all(list)?,
    };
    if let Some(column) = &params.sample_weights {
        let weights = find(column)?;
        if !matches!(roles[weights], Role::Feature | Role::Kept) {
            let allowed = "a column that is neither categorical nor ignored";
            return refused("sample_weights", weights, allowed);
        }
        if labels.contains(&weights) {
            let allowed = "a column other than the label; choose another label column, or `none`";
            return refused("sample_weights", weights, allowed);
        }
        roles[weights] = Role::SampleWeight;
    }
    let role = match labels.len() {
        1 => Role::Label,
        _ => Role::OneOfLabels,
    };
    for label in labels {
        if roles[label] == Role::Ignored {
            let allowed = "columns other than the label; choose another label column, or `none`";
            return refused("ignore", label, allowed);
        }
        roles[label] = role;
    }
    Ok(roles)
}

/// Rows in which the ways that dates are written are looked for, and cells of a column.
const SAMPLE_ROWS: usize = 100;
const DATES_LOOKED_AT: u8 = 3;

/// For each column the ways of writing dates of which its first texts are one.
fn date_formats<'a>(rows: &impl Rows<'a>, roles: &[Role]) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = vec![Vec::new(); roles.len()];
    let mut looked_at = vec![0; roles.len()];
    let mut rows = rows.clone();
    let mut row = Row::default();
    let all: Vec<String> = dates::formats().collect();
    for _ in 0..SAMPLE_ROWS {
        // Rows that cannot be read are reported when they are read in earnest.
        if !rows.next(&mut row).unwrap_or(false) {
            break;
        }
        for (i, cell) in row.cells.iter().enumerate().take(roles.len()) {
            let is_feature = matches!(roles[i], Role::Feature | Role::Kept);
            let digits = cell.iter().any(u8::is_ascii_digit);
            if !is_feature
                || !digits
                || looked_at[i] == DATES_LOOKED_AT
                || kind(cell) != CellKind::Text
            {
                continue;
            }
            looked_at[i] += 1;
            let fits =
                |format: &&String| !found[i].contains(format) && dates::is_date(cell, format);
            let more: Vec<String> = all.iter().filter(fits).cloned().collect();
            found[i].extend(more);
        }
    }
    found
}

/// Of so many rows one may be broken.
const FEW: usize = 20;

/// The first pass, as the threads that read the pieces share it.
struct Survey<'s, 'a, R> {
    sheet: &'s Sheet<'a, R>,
    params: &'s TableParams,
    roles: Vec<Role>,
    dates: Vec<Vec<String>>,
    /// For each column the first piece known to hold more distinct cells than allowed: those after it need not count.
    overflows: Vec<AtomicUsize>,
    /// Bytes taken by columns and their distinct cells.
    taken: AtomicU64,
}

/// What a piece of the rows holds.
struct Piece<'a> {
    /// Rows of another width: their number, line and width of the first.
    other_width: Option<(usize, u64, usize)>,
    columns: Vec<Column<'a>>,
    /// Rows that have labels, and those that have none.
    n_rows: usize,
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
pub(super) struct Surveyed {
    pub(super) encoding: ColumnEncoding,
    /// Rows of each piece that have labels.
    pub(super) n_rows: Vec<usize>,
    pub(super) reading: Reading,
}

/// Finds the encoding of a table.
pub(super) fn survey<'a, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    pieces: &[R],
    params: &TableParams,
    threads: usize,
) -> Result<Surveyed> {
    let roles = roles(sheet, params)?;
    let survey = Survey {
        sheet,
        params,
        overflows: roles.iter().map(|_| AtomicUsize::new(usize::MAX)).collect(),
        dates: date_formats(&sheet.rows, &roles),
        roles,
        taken: AtomicU64::new(0),
    };
    let numbered = pieces.iter().enumerate().collect();
    let surveyed = map(numbered, threads, |(i, rows)| survey.read(i, rows.clone()))?;
    let mut n_rows = Vec::with_capacity(surveyed.len());
    let mut unlabelled = 0;
    let mut sum = None;
    let mut columns: Vec<Column<'_>> = survey.roles.iter().map(|_| Column::new(None)).collect();
    let mut other_width: Option<(usize, u64, usize)> = None;
    for Piece {
        other_width: others,
        columns: below,
        n_rows: n,
        unlabelled: without_label,
        sum: last,
    } in surveyed
    {
        sum = if n > 0 { last } else { sum };
        other_width = match (other_width, others) {
            (Some((n, line, width)), Some((more, ..))) => Some((n + more, line, width)),
            (one, other) => one.or(other),
        };
        for (i, (column, below)) in columns.iter_mut().zip(below).enumerate() {
            column.append(below, survey.look(i));
        }
        n_rows.push(n);
        unlabelled += without_label;
    }
    for (i, column) in columns.iter_mut().enumerate() {
        column.finish(survey.look(i));
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
                let names = survey.roles.iter().zip(&sheet.names);
                let labels = names.filter(|(role, _)| role.is_label());
                let labels: Vec<String> = labels.map(|(_, name)| format!("{name:?}")).collect();
                let labels = labels.join(", ");
                format!("none of the {n} rows has a label (column {labels}); name another column")
            }
        };
        return Err(sheet.malformed(Place::Whole, reason));
    }
    survey.refuse_missing(&columns)?;
    let (encoding, mut warnings) = survey.decide(&columns)?;
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

impl<'a, R: Rows<'a>> Survey<'_, 'a, R> {
    fn look(&self, column: usize) -> Look<'_> {
        let few = self.params.max_categories;
        let many = few.max(MAX_CODED_CATEGORIES);
        let declared = self.sheet.is_categorical(column);
        let (most, most_numbers) = match self.roles[column] {
            Role::Categorical => (many, many),
            Role::Feature | Role::Kept if declared => (many, many),
            Role::Feature | Role::Kept => (many, few),
            _ => (few, few),
        };
        Look {
            most,
            most_numbers,
            dates: &self.dates[column],
        }
    }

    fn read(&self, piece: usize, mut rows: R) -> Result<Piece<'a>> {
        let n_columns = self.roles.len();
        self.take((n_columns * size_of::<Column<'_>>()) as u64)?;
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
                    self.sheet.check_width(row.line, n_columns, width)?;
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
                self.check(row.line, i, cell, kind)?;
                bytes += column.add(row.line, cell, kind, self.look(i));
            }
            if bytes > 0 {
                self.take(bytes)?;
            }
            n_rows += 1;
        }
        for (column, first) in columns.iter().zip(&self.overflows) {
            if column.overflow.is_some() {
                first.fetch_min(piece, Ordering::Relaxed);
            }
        }
        Ok(Piece {
            other_width,
            columns,
            n_rows,
            unlabelled,
            sum,
        })
    }

    /// Refuses what no column may hold.
    fn check(&self, line: u64, column: usize, cell: &[u8], kind: CellKind) -> Result<()> {
        let of_weights = self.roles[column] == Role::SampleWeight;
        let of_inputs = matches!(self.roles[column], Role::Feature | Role::Kept);
        let strict = self.params.missing == MissingCells::Error;
        let fault = match kind {
            CellKind::Missing if of_weights => CellFault::Missing,
            CellKind::Infinite if strict || !of_inputs => CellFault::NotFinite,
            _ => return Ok(()),
        };
        Err(self.sheet.places().bad(line, column, cell, fault))
    }

    fn refuse_missing(&self, columns: &[Column<'_>]) -> Result<()> {
        if self.params.missing == MissingCells::Fill {
            return Ok(());
        }
        let missing = columns.iter().zip(&self.sheet.names);
        let missing = missing.filter(|(column, _)| column.n_missing > 0);
        let counts = missing.map(|(column, name)| (name.clone(), column.n_missing));
        let columns: Vec<(String, usize)> = counts.collect();
        if columns.is_empty() {
            return Ok(());
        }
        let path = self.sheet.source.path.clone();
        Err(DataError::MissingCells { path, columns })
    }

    /// The kinds of all columns, and what a person should look at.
    fn decide(&self, columns: &[Column<'_>]) -> Result<(ColumnEncoding, Vec<String>)> {
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
                sheet: self.sheet,
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
            return Err(self
                .sheet
                .malformed(Place::Whole, self.nothing_left(&decisions)));
        }
        let mut warnings = Vec::new();
        let names = self.sheet.names.iter();
        let specs = names.zip(decisions).map(|(name, decision)| {
            warnings.extend(decision.warning);
            ColumnSpec {
                name: name.clone(),
                note: decision.note,
                kind: decision.kind,
            }
        });
        let specs: Vec<ColumnSpec> = specs.collect();
        let header = self.sheet.has_header;
        Ok((ColumnEncoding::new(header, specs)?, warnings))
    }

    /// Why there are no features, and what to do.
    fn nothing_left(&self, decisions: &[Decision]) -> String {
        let described = self.sheet.names.iter().zip(decisions);
        let described = described.map(|(name, decision)| match decision.kind {
            ColumnKind::Ignored => format!("{name:?} is {}", decision.note),
            _ => format!("{name:?} is the label"),
        });
        let described: Vec<String> = described.take(8).collect();
        let cut = match self.sheet.delimiter {
            Some(delimiter) => format!(", cut at {delimiter:?}"),
            None => String::new(),
        };
        format!(
            "no column is left for features{cut}: {}; is the label, or the delimiter, right?",
            described.join(", ")
        )
    }

    fn take(&self, bytes: u64) -> Result<()> {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.sheet.source).check_pieces("the columns' distinct cells", taken)
    }
}
