//! First pass over a table: what each column is.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use foldhash::fast::RandomState;

use super::{
    cell::{CellKind, Places, has_decimal_comma, kind, positions, quote},
    encoding::{ColumnEncoding, ColumnKind, ColumnSpec},
    params::{ColumnRef, LabelColumn, MAX_AUTO_CLASSES, MAX_MIXED_CATEGORIES, TableParams, Task},
    pieces::map,
    records::{Row, Rows},
};
use crate::error::{DataError, Result};

/// What was asked for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Feature,
    Categorical,
    Label,
    SampleWeight,
    Ignored,
}

/// What the cells of a column were so far.
#[derive(Default)]
struct Column<'a> {
    n_fractions: usize,
    n_integers: usize,
    n_texts: usize,
    /// Line and text of the first cell that is no number.
    first_text: Option<(u64, Vec<u8>)>,
    /// Distinct cells, at most `max_categories`, and the line where each is first.
    distinct: HashMap<Cow<'a, [u8]>, u64, RandomState>,
    /// Line of the first distinct cell past that.
    overflow: Option<u64>,
}

impl<'a> Column<'a> {
    #[allow(
        clippy::ptr_arg,
        reason = "a cell that the text holds is kept without a copy"
    )]
    fn add(&mut self, line: u64, cell: &Cow<'a, [u8]>, kind: CellKind, max_categories: usize) {
        match kind {
            CellKind::Integer => self.n_integers += 1,
            CellKind::Fraction => self.n_fractions += 1,
            _ => {
                self.n_texts += 1;
                self.first_text.get_or_insert_with(|| (line, cell.to_vec()));
            }
        }
        if self.overflow.is_none() && !self.distinct.contains_key(cell) {
            self.distinguish(line, cell.clone(), max_categories);
        }
    }

    /// Keeps a cell that was not seen before.
    fn distinguish(&mut self, line: u64, cell: Cow<'a, [u8]>, max_categories: usize) {
        if self.distinct.len() < max_categories {
            self.distinct.insert(cell, line);
        } else {
            self.overflow = Some(line);
        }
    }

    /// Joins what the same column was further down.
    fn append(&mut self, below: Self, max_categories: usize) {
        self.n_fractions += below.n_fractions;
        self.n_integers += below.n_integers;
        self.n_texts += below.n_texts;
        self.first_text = self.first_text.take().or(below.first_text);
        let mut cells: Vec<_> = below.distinct.into_iter().collect();
        cells.sort_unstable_by_key(|(_, line)| *line);
        for (cell, line) in cells {
            if self.overflow.is_some() {
                return;
            }
            if !self.distinct.contains_key(&cell) {
                self.distinguish(line, cell, max_categories);
            }
        }
        // Where the cells below fill the room and no other is here, the one past them has no room here either.
        self.overflow = self.overflow.or(below.overflow);
    }

    /// Whether a cell that is no number is more likely a mistake than a category.
    fn is_broken_numeric(&self) -> bool {
        let n_numbers = self.n_integers + self.n_fractions;
        let many = self.distinct.len() > MAX_MIXED_CATEGORIES || self.overflow.is_some();
        self.n_texts > 0 && n_numbers >= self.n_texts && (self.n_fractions > 0 || many)
    }
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

/// The columns of the rows of a piece, and the number of these rows.
fn columns<'a>(
    (piece, mut rows): (usize, Rows<'a>),
    overflows: &Overflows,
    roles: &[Role],
    params: &TableParams,
    places: &Places<'_>,
) -> Result<(Vec<Column<'a>>, usize)> {
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
        for (i, (cell, column)) in row.cells.iter().zip(&mut columns).enumerate() {
            if roles[i] == Role::Ignored {
                continue;
            }
            match kind(cell) {
                CellKind::Missing => return Err(places.missing(row.line, i, cell)),
                CellKind::Infinite => return Err(places.infinite(row.line, i, cell)),
                found => column.add(row.line, cell, found, params.max_categories),
            }
        }
        n_rows += 1;
    }
    overflows.note(&columns, piece);
    Ok((columns, n_rows))
}

/// Reads the rows of all pieces once; returns the encoding and the number of rows of each piece.
pub(crate) fn survey<'a>(
    pieces: &[Rows<'a>],
    threads: usize,
    roles: &[Role],
    params: &TableParams,
    places: &Places<'_>,
    has_header: bool,
) -> Result<(ColumnEncoding, Vec<usize>)> {
    let never = |_: &Role| AtomicUsize::new(usize::MAX);
    let overflows = Overflows(roles.iter().map(never).collect());
    let read = |(i, rows): (usize, &Rows<'a>)| {
        columns((i, rows.clone()), &overflows, roles, params, places)
    };
    let mut columns: Vec<Column<'_>> = roles.iter().map(|_| Column::default()).collect();
    let mut n_rows = Vec::with_capacity(pieces.len());
    for (below, n) in map(pieces.iter().enumerate().collect(), threads, read)? {
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
