//! The kinds of columns of texts in memory, found by the first pass over tables.

use std::{borrow::Cow, path::Path};

use super::{Cells, MemoryColumn};
use crate::{
    error::Result,
    source::Source,
    table::{ColumnSpec, LabelColumn, Row, Rows, Sheet, TableParams, survey},
};

/// What stands for the columns of numbers while the kinds of the others are found: a number that makes a feature.
pub(super) const STAND_IN: &[u8] = b"0.5";

/// The columns whose kinds have to be found, as the rows of a file.
#[derive(Clone)]
struct TextRows<'a> {
    columns: &'a [&'a Cells],
    next: usize,
    n: usize,
}

impl<'a> Rows<'a> for TextRows<'a> {
    fn next(&mut self, row: &mut Row<'a>) -> Result<bool> {
        if self.next == self.n {
            return Ok(false);
        }
        row.cells.clear();
        let cells = self.columns.iter().map(|cells| cells.text(self.next));
        row.cells.extend(cells.map(Cow::Borrowed));
        self.next += 1;
        row.line = self.next as u64;
        Ok(true)
    }
}

/// The kinds of the columns of texts, in their order.
pub(super) fn texts_of(
    columns: &[MemoryColumn],
    params: &TableParams,
) -> Result<(Vec<ColumnSpec>, Vec<String>)> {
    let is_text = |column: &&MemoryColumn| matches!(column.cells, Cells::Texts { .. });
    let texts: Vec<&MemoryColumn> = columns.iter().filter(is_text).collect();
    if texts.is_empty() {
        return Ok(Default::default());
    }
    let mut names: Vec<String> = texts.iter().map(|column| column.name.clone()).collect();
    let mut cells: Vec<&Cells> = texts.iter().map(|column| &column.cells).collect();
    let declared = |cells: &&Cells| {
        matches!(
            cells,
            Cells::Texts {
                categorical: true,
                ..
            }
        )
    };
    let declared_categorical = cells.iter().map(declared).collect();
    // Where there are numbers too, no text needs to be kept for want of another feature.
    if let Some(numbers) = columns.iter().find(|column| !is_text(column)) {
        names.push(numbers.name.clone());
        cells.push(&numbers.cells);
    }
    let source = Source::in_memory(Path::new(Cells::PATH));
    let sheet = Sheet {
        source: &source,
        first_width: names.len(),
        names,
        has_header: true,
        first_line: 1,
        delimiter: None,
        declared_categorical,
        notes: Vec::new(),
        files: Vec::new(),
        rows: TextRows {
            columns: &cells,
            next: 0,
            n: cells.first().map_or(0, |cells| cells.len()),
        },
    };
    let params = TableParams {
        label: LabelColumn::None,
        missing: params.missing,
        max_categories: params.max_categories,
        ..TableParams::default()
    };
    let found = survey::survey(&sheet, std::slice::from_ref(&sheet.rows), &params, 1)?;
    let specs = found.encoding.columns().iter().take(texts.len()).cloned();
    Ok((specs.collect(), found.reading.warnings))
}
