//! Statistics of one column, collected in the first pass, and the kind that follows from them.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;

use super::{
    Sheet, TableParams, Task,
    cell::{CellKind, has_decimal_comma, parse},
    encoding::ColumnKind,
    params::{MAX_AUTO_CLASSES, MAX_MIXED_CATEGORIES},
};
use crate::error::{CellFault, DataError, Result};

/// Bytes to keep a distinct cell in a map that may be about to grow, in its piece and once the pieces are joined.
const DISTINCT: u64 = 256;

/// What the cells of a column were so far.
#[derive(Default)]
pub(super) struct Column<'a> {
    n_fractions: usize,
    n_integers: usize,
    n_texts: usize,
    /// Line and text of the first cell that is no number.
    first_text: Option<(u64, Vec<u8>)>,
    /// Distinct cells, at most `max_categories`, and the line where each is first.
    distinct: HashMap<Cow<'a, [u8]>, u64, RandomState>,
    /// Line of the first distinct cell past that.
    pub(super) overflow: Option<u64>,
}

impl<'a> Column<'a> {
    pub(super) fn new(overflow: Option<u64>) -> Self {
        Self {
            overflow,
            ..Self::default()
        }
    }

    /// Counts a cell; returns the bytes it takes to keep it.
    #[allow(
        clippy::ptr_arg,
        reason = "a cell that the text holds is kept without a copy"
    )]
    pub(super) fn add(
        &mut self,
        line: u64,
        cell: &Cow<'a, [u8]>,
        kind: CellKind,
        max_categories: usize,
    ) -> u64 {
        match kind {
            CellKind::Integer => self.n_integers += 1,
            CellKind::Fraction => self.n_fractions += 1,
            _ => {
                self.n_texts += 1;
                self.first_text.get_or_insert_with(|| (line, cell.to_vec()));
            }
        }
        if self.overflow.is_some() || self.distinct.contains_key(cell) {
            return 0;
        }
        self.distinguish(line, cell.clone(), max_categories);
        match cell {
            Cow::Borrowed(_) => DISTINCT,
            Cow::Owned(cell) => DISTINCT + cell.len() as u64,
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
    pub(super) fn append(&mut self, below: Self, max_categories: usize) {
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

/// The role that the parameters give a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Feature,
    Categorical,
    Label,
    SampleWeight,
    Ignored,
}

/// A column whose kind is to be decided, by the rules of [`TableParams`].
pub(super) struct Candidate<'c, 's, R> {
    pub(super) column: &'c Column<'c>,
    pub(super) position: usize,
    pub(super) sheet: &'c Sheet<'s, R>,
    pub(super) params: &'c TableParams,
}

impl<R> Candidate<'_, '_, R> {
    fn is_numeric(&self) -> bool {
        self.column.n_texts == 0
    }

    /// The kind of a column that has this role.
    pub(super) fn kind(&self, role: Role) -> Result<ColumnKind> {
        match role {
            Role::Ignored => Ok(ColumnKind::Ignored),
            Role::Feature if self.is_numeric() => Ok(ColumnKind::Numeric),
            Role::Feature => {
                self.refuse_broken()?;
                self.kind(Role::Categorical)
            }
            Role::Categorical => Ok(ColumnKind::Categorical {
                categories: self.categories()?,
            }),
            Role::SampleWeight if self.is_numeric() => Ok(ColumnKind::SampleWeight),
            Role::SampleWeight => {
                Err(self.not_a_number("and its column holds the samples' weights"))
            }
            Role::Label => self.label(),
        }
    }

    fn label(&self) -> Result<ColumnKind> {
        let column = self.column;
        match self.params.task {
            Task::Values if self.is_numeric() => Ok(ColumnKind::ValueLabel),
            Task::Values => Err(self
                .not_a_number("and values were asked for; ask for classes, or correct the cell")),
            Task::Classes => self.classes(),
            Task::Auto if !self.is_numeric() => {
                self.refuse_broken()?;
                self.classes()
            }
            Task::Auto if column.n_fractions > 0 || column.overflow.is_some() => {
                Ok(ColumnKind::ValueLabel)
            }
            Task::Auto => Ok(match self.classes()? {
                ColumnKind::ClassLabel { names, .. } if names.len() > MAX_AUTO_CLASSES => {
                    ColumnKind::ValueLabel
                }
                classes => classes,
            }),
        }
    }

    fn classes(&self) -> Result<ColumnKind> {
        let numeric = self.is_numeric();
        let mut names = self.categories()?;
        if numeric {
            // `+ 0.0` makes -0 and 0 one class.
            let parsed = names.iter().filter_map(|n| parse::<f64>(n.as_bytes()));
            let mut values: Vec<f64> = parsed.map(|v| v + 0.0).collect();
            values.sort_by(f64::total_cmp);
            names = values.iter().map(f64::to_string).collect();
            names.dedup();
        }
        Ok(ColumnKind::ClassLabel { names, numeric })
    }

    /// The distinct cells in byte order.
    fn categories(&self) -> Result<Vec<String>> {
        if let Some(line) = self.column.overflow {
            let fault = CellFault::TooManyCategories(self.params.max_categories);
            return Err(self.bad(line, b"", fault));
        }
        let text = |(cell, line): (&Cow<'_, [u8]>, &u64)| match std::str::from_utf8(cell) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.bad(*line, cell, CellFault::NotUtf8)),
        };
        let mut texts = (self.column.distinct.iter().map(text)).collect::<Result<Vec<_>>>()?;
        texts.sort_unstable();
        Ok(texts)
    }

    fn refuse_broken(&self) -> Result<()> {
        if self.column.is_broken_numeric() {
            return Err(self.not_a_number(
                "as most cells of its column are; correct it, or list the column as categorical",
            ));
        }
        match &self.column.first_text {
            Some((_, cell)) if self.sheet.delimiter != Some(',') && has_decimal_comma(cell) => {
                Err(self.not_a_number("numbers need a decimal point, not a comma"))
            }
            _ => Ok(()),
        }
    }

    /// The error about the first cell that is no number.
    fn not_a_number(&self, reason: &'static str) -> DataError {
        let first = self.column.first_text.as_ref();
        let (line, cell) = first.map_or((1, &[][..]), |(line, cell)| (*line, cell));
        self.bad(line, cell, CellFault::NotANumber(reason))
    }

    fn bad(&self, line: u64, cell: &[u8], fault: CellFault) -> DataError {
        self.sheet.places().bad(line, self.position, cell, fault)
    }
}
