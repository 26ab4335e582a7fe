//! Statistics of one column, collected in the first pass.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;

use super::{cell::CellKind, params::MAX_MIXED_CATEGORIES};

/// Bytes to keep a distinct cell in a map that may be about to grow, in its piece and once the pieces are joined.
const DISTINCT: u64 = 256;

/// What the cells of a column were so far.
#[derive(Default)]
pub(super) struct Column<'a> {
    pub(super) n_fractions: usize,
    pub(super) n_integers: usize,
    pub(super) n_texts: usize,
    /// Line and text of the first cell that is no number.
    pub(super) first_text: Option<(u64, Vec<u8>)>,
    /// Distinct cells, at most `max_categories`, and the line where each is first.
    pub(super) distinct: HashMap<Cow<'a, [u8]>, u64, RandomState>,
    /// Line of the first distinct cell past that.
    pub(super) overflow: Option<u64>,
}

impl<'a> Column<'a> {
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
    pub(super) fn is_broken_numeric(&self) -> bool {
        let n_numbers = self.n_integers + self.n_fractions;
        let many = self.distinct.len() > MAX_MIXED_CATEGORIES || self.overflow.is_some();
        self.n_texts > 0 && n_numbers >= self.n_texts && (self.n_fractions > 0 || many)
    }
}
