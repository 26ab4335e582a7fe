//! First pass over a table: it finds the kind of each column.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{
    cell::{CellKind, Places, has_decimal_comma, kind, positions, quote},
    column::Column,
    encoding::{ColumnEncoding, ColumnKind, ColumnSpec},
    params::{ColumnRef, LabelColumn, MAX_AUTO_CLASSES, TableParams, Task},
    pieces::map,
    records::{Row, Rows},
};
use crate::{
    error::{DataError, Result},
    source::Source,
};

/// The role that the parameters give a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Feature,
    Categorical,
    Label,
    SampleWeight,
    Ignored,
}

/// The role of each column.
pub(crate) fn roles(
    names: &[String],
    params: &TableParams,
    places: &Places<'_>,
    line: u64,
) -> Result<Vec<Role>> {
    let columns = positions(names.iter());
    let find = |column: &ColumnRef| {
        column
            .find(&columns)
            .ok_or_else(|| DataError::UnknownColumn {
                path: places.path.to_path_buf(),
                line,
                column: column.to_string(),
                available: super::cell::list(names),
            })
    };
    let mut roles = vec![Role::Feature; names.len()];
    for column in &params.categorical {
        roles[find(column)?] = Role::Categorical;
    }
    for column in &params.ignore {
        roles[find(column)?] = Role::Ignored;
    }
    let weights = params.sample_weights.as_ref().map(find).transpose()?;
    if let Some(weights) = weights {
        if roles[weights] != Role::Feature {
            let allowed = "a column that is neither categorical nor ignored";
            let found = format!("{:?}", names[weights]);
            return Err(DataError::parameter("sample_weights", found, allowed));
        }
        roles[weights] = Role::SampleWeight;
    }
    let label = match &params.label {
        LabelColumn::None => None,
        LabelColumn::Last => names.len().checked_sub(1),
        LabelColumn::Column(column) => Some(find(column)?),
    };
    if let Some(label) = label {
        if roles[label] == Role::Ignored {
            let allowed = "columns other than the label; choose another label column, or `none`";
            return Err(DataError::parameter(
                "ignore",
                format!("{:?}", names[label]),
                allowed,
            ));
        }
        if roles[label] == Role::SampleWeight {
            let allowed = "a column other than the label; choose another label column, or `none`";
            let found = format!("{:?}", names[label]);
            return Err(DataError::parameter("sample_weights", found, allowed));
        }
        roles[label] = Role::Label;
    }
    Ok(roles)
}

/// For each column the first piece known to hold more distinct cells than allowed: the pieces after it need not count.
struct Overflows(Vec<AtomicUsize>);

impl Overflows {
    fn before(&self, column: usize, piece: usize) -> bool {
        self.0[column].load(Ordering::Relaxed) < piece
    }

    fn note(&self, columns: &[Column<'_>], piece: usize) {
        for (column, first) in columns.iter().zip(&self.0) {
            if column.overflow.is_some() {
                first.fetch_min(piece, Ordering::Relaxed);
            }
        }
    }
}

/// The first pass.
pub(crate) struct Survey<'s> {
    pub(crate) source: &'s Source,
    pub(crate) roles: &'s [Role],
    pub(crate) params: &'s TableParams,
    pub(crate) places: &'s Places<'s>,
}

/// State shared by the threads that read the pieces.
struct Shared {
    overflows: Overflows,
    /// Bytes taken by columns and their distinct cells.
    taken: AtomicU64,
}

impl Survey<'_> {
    fn take(&self, shared: &Shared, bytes: u64) -> Result<()> {
        let taken = shared.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.source
            .check_pieces("the columns' distinct cells", taken)
    }

    /// The columns of the rows of a piece, and the number of these rows.
    fn columns<'a>(
        &self,
        (piece, mut rows): (usize, Rows<'a>),
        shared: &Shared,
    ) -> Result<(Vec<Column<'a>>, usize)> {
        let Self {
            roles,
            params,
            places,
            ..
        } = *self;
        let Shared { overflows, .. } = shared;
        self.take(shared, (roles.len() * size_of::<Column<'_>>()) as u64)?;
        let delimiter = rows.delimiter();
        let fresh = |i: usize| Column {
            // Which line does not matter: a piece above has an earlier one.
            overflow: overflows.before(i, piece).then_some(0),
            ..Column::default()
        };
        let mut columns: Vec<Column<'_>> = (0..roles.len()).map(fresh).collect();
        let mut row = Row::default();
        let mut n_rows = 0;
        while rows.next(&mut row)? {
            check_width(&row, roles.len(), delimiter, places)?;
            let mut bytes = 0;
            for (i, (cell, column)) in row.cells.iter().zip(&mut columns).enumerate() {
                if roles[i] == Role::Ignored {
                    continue;
                }
                match kind(cell) {
                    CellKind::Missing => return Err(places.missing(row.line, i, cell)),
                    CellKind::Infinite => return Err(places.infinite(row.line, i, cell)),
                    found => bytes += column.add(row.line, cell, found, params.max_categories),
                }
            }
            if bytes > 0 {
                self.take(shared, bytes)?;
            }
            n_rows += 1;
        }
        overflows.note(&columns, piece);
        Ok((columns, n_rows))
    }

    /// Reads the rows of all pieces once; returns the encoding and the number of rows of each piece.
    pub(crate) fn run<'a>(
        &self,
        pieces: &[Rows<'a>],
        threads: usize,
        has_header: bool,
    ) -> Result<(ColumnEncoding, Vec<usize>)> {
        let Self {
            roles,
            params,
            places,
            ..
        } = *self;
        let never = |_: &Role| AtomicUsize::new(usize::MAX);
        let shared = Shared {
            overflows: Overflows(roles.iter().map(never).collect()),
            taken: AtomicU64::new(0),
        };
        let read = |(i, rows): (usize, &Rows<'a>)| self.columns((i, rows.clone()), &shared);
        let mut surveyed = map(pieces.iter().enumerate().collect(), threads, read)?.into_iter();
        // There is a piece.
        let (mut columns, n) = surveyed.next().unwrap_or_default();
        let mut n_rows = vec![n];
        for (below, n) in surveyed {
            for (column, below) in columns.iter_mut().zip(below) {
                column.append(below, params.max_categories);
            }
            n_rows.push(n);
        }
        let path = places.path.to_path_buf();
        if n_rows.iter().sum::<usize>() == 0 {
            return Err(DataError::TableEmpty {
                path,
                reason: "there are no data rows",
            });
        }
        if !roles
            .iter()
            .any(|r| matches!(r, Role::Feature | Role::Categorical))
        {
            let reason = "no column is left for features; is the label or the delimiter right?";
            return Err(DataError::TableEmpty { path, reason });
        }
        let decide = Decide {
            params,
            places,
            delimiter: pieces.first().map_or(b',', Rows::delimiter),
        };
        let mut specs = Vec::with_capacity(columns.len());
        for (i, column) in columns.iter().enumerate() {
            let kind = match roles[i] {
                Role::Ignored => ColumnKind::Ignored,
                Role::Feature => decide.feature(column, i)?,
                Role::Categorical => ColumnKind::Categorical {
                    categories: decide.categories(column, i)?,
                },
                Role::Label => decide.label(column, i)?,
                Role::SampleWeight => decide.sample_weight(column, i)?,
            };
            specs.push(ColumnSpec {
                name: places.names[i].clone(),
                kind,
            });
        }
        Ok((ColumnEncoding::new(has_header, specs)?, n_rows))
    }
}

pub(crate) fn check_width(
    row: &Row<'_>,
    expected: usize,
    delimiter: u8,
    places: &Places<'_>,
) -> Result<()> {
    if row.cells.len() == expected {
        return Ok(());
    }
    Err(DataError::RaggedRow {
        path: places.path.to_path_buf(),
        line: row.line,
        expected,
        actual: row.cells.len(),
        delimiter: char::from(delimiter),
    })
}

/// The rules of [`TableParams`].
struct Decide<'a> {
    params: &'a TableParams,
    places: &'a Places<'a>,
    delimiter: u8,
}

impl Decide<'_> {
    fn feature(&self, column: &Column<'_>, i: usize) -> Result<ColumnKind> {
        if column.n_texts == 0 {
            return Ok(ColumnKind::Numeric);
        }
        self.refuse_broken(column, i)?;
        Ok(ColumnKind::Categorical {
            categories: self.categories(column, i)?,
        })
    }

    fn sample_weight(&self, column: &Column<'_>, i: usize) -> Result<ColumnKind> {
        if column.n_texts == 0 {
            return Ok(ColumnKind::SampleWeight);
        }
        Err(self.not_a_number(column, i, "and its column holds the samples' weights"))
    }

    fn label(&self, column: &Column<'_>, i: usize) -> Result<ColumnKind> {
        let numeric = column.n_texts == 0;
        match self.params.task {
            Task::Values if numeric => Ok(ColumnKind::ValueLabel),
            Task::Values => Err(self.not_a_number(
                column,
                i,
                "and values were asked for; ask for classes, or correct the cell",
            )),
            Task::Classes => self.classes(column, i, numeric),
            Task::Auto if !numeric => {
                self.refuse_broken(column, i)?;
                self.classes(column, i, false)
            }
            Task::Auto => {
                if column.n_fractions > 0 || column.overflow.is_some() {
                    return Ok(ColumnKind::ValueLabel);
                }
                match self.classes(column, i, true)? {
                    ColumnKind::ClassLabel { names, .. } if names.len() > MAX_AUTO_CLASSES => {
                        Ok(ColumnKind::ValueLabel)
                    }
                    classes => Ok(classes),
                }
            }
        }
    }

    fn classes(&self, column: &Column<'_>, i: usize, numeric: bool) -> Result<ColumnKind> {
        let texts = self.categories(column, i)?;
        if !numeric {
            return Ok(ColumnKind::ClassLabel {
                names: texts,
                numeric,
            });
        }
        // `+ 0.0` makes -0 and 0 one class.
        let parsed = texts
            .iter()
            .filter_map(|t| t.parse::<f64>().ok())
            .filter(|v| v.is_finite());
        let mut values: Vec<f64> = parsed.map(|v| v + 0.0).collect();
        values.sort_by(f64::total_cmp);
        let mut names: Vec<String> = values.iter().map(f64::to_string).collect();
        names.dedup();
        Ok(ColumnKind::ClassLabel { names, numeric })
    }

    /// The distinct cells in byte order.
    fn categories(&self, column: &Column<'_>, i: usize) -> Result<Vec<String>> {
        if let Some(line) = column.overflow {
            let (at, limit) = (self.places.at(line, i), self.params.max_categories);
            return Err(DataError::TooManyCategories { at, limit });
        }
        let line = column.first_text.as_ref().map_or(1, |(line, _)| *line);
        let texts = column
            .distinct
            .keys()
            .map(|cell| Ok(self.places.text(line, i, cell)?.to_owned()));
        let mut texts = texts.collect::<Result<Vec<_>>>()?;
        texts.sort_unstable();
        Ok(texts)
    }

    fn refuse_broken(&self, column: &Column<'_>, i: usize) -> Result<()> {
        if column.is_broken_numeric() {
            let reason =
                "as most cells of its column are; correct it, or list the column as categorical";
            return Err(self.not_a_number(column, i, reason));
        }
        match &column.first_text {
            Some((_, cell)) if self.delimiter != b',' && has_decimal_comma(cell) => {
                Err(self.not_a_number(column, i, "numbers need a decimal point, not a comma"))
            }
            _ => Ok(()),
        }
    }

    fn not_a_number(&self, column: &Column<'_>, i: usize, reason: &'static str) -> DataError {
        let (line, cell) = column
            .first_text
            .as_ref()
            .map_or((1, &[][..]), |(line, cell)| (*line, cell));
        DataError::NotANumber {
            at: self.places.at(line, i),
            cell: quote(cell),
            reason,
        }
    }
}
