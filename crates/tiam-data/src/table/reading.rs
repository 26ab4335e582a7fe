//! What was met while a table was read.

use serde::{Deserialize, Serialize};

use super::Met;

/// What was met while a table was read; columns are counted as the encoding has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Rows that were left out because a label is missing.
    pub unlabelled: usize,
    /// Missing cells of each column.
    pub missing: Vec<usize>,
    /// Cells of each column that the encoding of an earlier table does not know: other categories, and texts that are no numbers.
    pub unknown: Vec<usize>,
    /// Rows read with the encoding of an earlier table that have such a cell, or one missing where none was.
    pub rows: usize,
    /// Rows of another width than the table's, and the line of the first.
    pub other_width: Option<(usize, u64)>,
    /// How the file was understood, where that is not plain.
    pub notes: Vec<String>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

impl Reading {
    pub(super) fn of(n_columns: usize) -> Self {
        Self {
            missing: vec![0; n_columns],
            unknown: vec![0; n_columns],
            ..Self::default()
        }
    }

    /// Missing cells in all.
    pub fn n_missing(&self) -> usize {
        self.missing.iter().sum()
    }

    /// Cells in all that the encoding of an earlier table does not know.
    pub fn n_unknown(&self) -> usize {
        self.unknown.iter().sum()
    }

    /// Counts a cell; tells whether it is one that the encoding does not know.
    pub(super) fn note(&mut self, column: usize, met: Met) -> bool {
        match met {
            Met::Known => false,
            Met::Missing(known) => {
                self.missing[column] += 1;
                !known
            }
            Met::Unknown => {
                self.unknown[column] += 1;
                true
            }
        }
    }

    pub(super) fn note_width(&mut self, line: u64) {
        let (n, first) = self.other_width.unwrap_or((0, line));
        self.other_width = Some((n + 1, first));
    }

    /// Joins what was met further down.
    pub fn append(&mut self, below: Self) {
        let add = |to: &mut Vec<usize>, more: Vec<usize>| {
            to.resize(to.len().max(more.len()), 0);
            to.iter_mut().zip(more).for_each(|(n, more)| *n += more);
        };
        add(&mut self.missing, below.missing);
        add(&mut self.unknown, below.unknown);
        self.unlabelled += below.unlabelled;
        self.rows += below.rows;
        self.other_width = match (self.other_width, below.other_width) {
            (Some((n, first)), Some((more, _))) => Some((n + more, first)),
            (one, other) => one.or(other),
        };
        self.notes.extend(below.notes);
        self.warnings.extend(below.warnings);
    }
}
