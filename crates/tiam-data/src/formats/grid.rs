//! Tables whose cells are not the very text of a file: the cells one after the other, row by row.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt::Display,
    io::Write,
};

use crate::{
    ColumnEncoding,
    error::{DataError, Place, Result},
    source::Source,
    table::{self, Row, Rows, Sheet},
};

/// Bytes that a column may take beside its cells, for name, role and action.
const COLUMN: u64 = 384;
const CELLS: &str = "the cells of the table";
/// Pieces a thread, so that no thread waits long for the last piece of another.
const PIECES_PER_THREAD: usize = 8;
/// Fewest rows worth a hand-over to another thread.
const MIN_PIECE: usize = 1 << 10;
/// Whole numbers below it are written with all their digits.
const DIGITS: f64 = 1e17;

/// Where a cell ends among the bytes of its row, and its column.
#[derive(Debug, Clone, Copy)]
struct At {
    column: u32,
    end: u32,
}

/// Where a row begins.
#[derive(Debug, Clone, Copy)]
struct Start {
    line: u64,
    byte: usize,
    cell: usize,
}

/// A table that a reader fills cell by cell. A cell that a row lacks has the text of its column's `absent`.
pub(super) struct Grid<'s> {
    source: &'s Source,
    bytes: Vec<u8>,
    cells: Vec<At>,
    rows: Vec<Start>,
    columns: Vec<Column>,
    /// Whether the file gives the names of the columns.
    pub(super) has_header: bool,
    /// What is to be said of the file beside its name.
    pub(super) words: String,
    /// Rows for training, where those after them are a test part.
    pub(super) n_train: Option<usize>,
    number: Vec<u8>,
}

struct Column {
    name: String,
    absent: Cow<'static, str>,
    is_categorical: bool,
}

impl<'s> Grid<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            bytes: Vec::new(),
            cells: Vec::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            has_header: true,
            words: String::new(),
            n_train: None,
            number: Vec::new(),
        }
    }

    /// Adds a column; `absent` is the cell of a row that does not give it.
    pub(super) fn add_column(
        &mut self,
        name: String,
        absent: impl Into<Cow<'static, str>>,
        is_categorical: bool,
    ) -> Result<()> {
        self.check_columns(self.columns.len() + 1)?;
        let absent = absent.into();
        self.columns.push(Column {
            name,
            absent,
            is_categorical,
        });
        Ok(())
    }

    /// Refuses more columns than the file may have.
    pub(super) fn check_columns(&self, n: usize) -> Result<()> {
        let bytes = (n as u64).saturating_mul(COLUMN);
        self.source.check_pieces("the columns", bytes)?;
        self.source.check("the columns", bytes)
    }

    pub(super) fn n_columns(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn begin_row(&mut self, line: u64) -> Result<()> {
        let (byte, cell) = (self.bytes.len(), self.cells.len());
        self.source
            .append(&mut self.rows, &[Start { line, byte, cell }], CELLS)
    }

    /// Puts a cell into the last row; white space around it is not kept.
    pub(super) fn put(&mut self, column: usize, text: &[u8]) -> Result<()> {
        let Some(row) = self.rows.last() else {
            return Ok(());
        };
        self.source
            .append(&mut self.bytes, text.trim_ascii(), CELLS)?;
        let end = u32::try_from(self.bytes.len() - row.byte);
        let (Ok(column), Ok(end)) = (u32::try_from(column), end) else {
            return Err(self.malformed(row.line, "the row is longer than 4 GiB"));
        };
        self.source
            .append(&mut self.cells, &[At { column, end }], CELLS)
    }

    /// Puts what is displayed.
    pub(super) fn put_shown(&mut self, column: usize, value: impl Display) -> Result<()> {
        let mut text = std::mem::take(&mut self.number);
        text.clear();
        // Writing into memory does not fail.
        let _ = write!(text, "{value}");
        let done = self.put(column, &text);
        self.number = text;
        done
    }

    /// Puts a number so that it parses back to the same bits; NaN as missing.
    pub(super) fn put_number(&mut self, column: usize, value: f64) -> Result<()> {
        if value.is_nan() {
            self.put(column, b"")
        } else if value.abs() < DIGITS && (value.abs() > 1.0 / DIGITS || value.abs() <= 0.0) {
            self.put_shown(column, value)
        } else {
            self.put_shown(column, format_args!("{value:e}"))
        }
    }

    pub(super) fn malformed(&self, line: u64, reason: impl Into<String>) -> DataError {
        DataError::malformed(&self.source.path, Place::Line(line), reason)
    }

    /// Takes columns away; says for each that was there what it is now.
    #[cfg(feature = "formats")]
    pub(super) fn without_columns(&mut self, goes: impl Fn(&str) -> bool) -> Vec<Option<usize>> {
        let mut kept = 0..;
        let now = |column: &Column| {
            if goes(&column.name) {
                None
            } else {
                kept.next()
            }
        };
        let now = self.columns.iter().map(now).collect();
        self.columns.retain(|column| !goes(&column.name));
        now
    }

    /// Renumbers the columns of all cells: by as many to the left.
    pub(super) fn shift_left(&mut self, by: u32) {
        for cell in &mut self.cells {
            cell.column = cell.column.saturating_sub(by);
        }
    }

    /// The cell at a place among all cells, and its column.
    fn cell(&self, row: Start, at: usize) -> (usize, &[u8]) {
        let from = if at == row.cell {
            0
        } else {
            self.cells[at - 1].end as usize
        };
        let At { column, end } = self.cells[at];
        (
            column as usize,
            &self.bytes[row.byte + from..row.byte + end as usize],
        )
    }

    fn cells_of(&self, row: usize) -> std::ops::Range<usize> {
        let end = self
            .rows
            .get(row + 1)
            .map_or(self.cells.len(), |next| next.cell);
        self.rows[row].cell..end
    }

    /// The cells that a row gives.
    pub(super) fn texts_of_row(&self, row: usize) -> Vec<String> {
        let text = |at| String::from_utf8_lossy(self.cell(self.rows[row], at).1).into_owned();
        self.cells_of(row).map(text).collect()
    }

    /// Names the columns, of which there are as many or fewer.
    pub(super) fn rename(&mut self, names: Vec<String>) -> Result<()> {
        let (n, found) = (names.len(), self.n_columns());
        if found > n {
            let reason = format!("{n} names for {found} columns");
            return Err(DataError::malformed(
                &self.source.path,
                Place::Whole,
                reason,
            ));
        }
        for name in &names[found..] {
            self.add_column(name.clone(), "", false)?;
        }
        for (column, name) in self.columns.iter_mut().zip(names) {
            column.name = name;
        }
        self.has_header = true;
        Ok(())
    }

    /// The same cells with rows for columns: row `i` becomes the column of the `i`th name.
    pub(super) fn transposed(&self, names: impl Iterator<Item = String>) -> Result<Self> {
        let mut turned = Self::new(self.source);
        for name in names {
            turned.add_column(name, "", false)?;
        }
        for line in 0..self.n_columns() {
            turned.begin_row(1 + line as u64)?;
            for row in 0..self.n_rows() {
                // Cells mostly stand in the order of their columns.
                let cells = self.cells_of(row);
                let at = cells.start + line;
                let here = |at: &usize| self.cells[*at].column as usize == line;
                let found = Some(at).filter(|at| cells.contains(at) && here(at));
                if let Some(at) = found.or_else(|| cells.clone().find(here)) {
                    turned.put(row, self.cell(self.rows[row], at).1)?;
                }
            }
        }
        Ok(turned)
    }

    /// Gives this grid the columns of another one, in this one's order and those it lacked after them; the other is left as it is.
    pub(super) fn align(&mut self, other: &Grid<'_>) -> Result<()> {
        let known: HashSet<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        for column in other
            .columns
            .iter()
            .filter(|column| !known.contains(&column.name))
        {
            self.add_column(
                column.name.clone(),
                column.absent.clone(),
                column.is_categorical,
            )?;
        }
        Ok(())
    }

    /// Puts the columns into the order of the names, which are those of the columns.
    pub(super) fn sort_columns(&mut self, order: &[String]) {
        let places: HashMap<&str, usize> = order.iter().map(String::as_str).zip(0..).collect();
        let place = |column: &Column| places.get(column.name.as_str()).copied().unwrap_or(0);
        let new: Vec<usize> = self.columns.iter().map(place).collect();
        for cell in &mut self.cells {
            cell.column = new[cell.column as usize] as u32;
        }
        self.columns.sort_by_key(place);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    /// The table that was filled in.
    pub(super) fn sheet(
        &self,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Sheet<'_, GridRows<'_>>> {
        let Some(first) = self.rows.first() else {
            let reason = "the file holds no rows";
            return Err(DataError::malformed(
                &self.source.path,
                Place::Whole,
                reason,
            ));
        };
        let n_cells = self.rows.len().saturating_mul(self.columns.len());
        if n_cells > self.cells.len() {
            // Before time is spent on cells that no file holds; as many bytes as they take in single precision.
            let bytes = (n_cells as u64).saturating_mul(size_of::<f32>() as u64);
            self.source.check("the encoded features", bytes)?;
        }
        let names = if self.has_header {
            self.names()
        } else {
            table::position_names(self.columns.len(), encoding)
        };
        self.check_names(&names)?;
        Ok(Sheet {
            source: self.source,
            has_header: self.has_header,
            first_line: first.line,
            first_width: names.len(),
            names,
            delimiter: None,
            declared_categorical: self.columns.iter().map(|c| c.is_categorical).collect(),
            files: Vec::new(),
            notes: Some(self.words.clone())
                .filter(|words| !words.is_empty())
                .into_iter()
                .collect(),
            rows: GridRows {
                grid: self,
                at: 0,
                end: self.rows.len(),
            },
        })
    }

    fn check_names(&self, names: &[String]) -> Result<()> {
        let mut sorted: Vec<usize> = (0..names.len()).collect();
        sorted.sort_by_key(|&column| (&names[column], column));
        let same = |pair: &&[usize]| names[pair[0]] == names[pair[1]];
        let Some(&[first, second]) = sorted.windows(2).find(same) else {
            return Ok(());
        };
        let name = &names[first];
        let reason = format!("columns {first} and {second} are both named {name:?}; rename one");
        Err(DataError::malformed(
            &self.source.path,
            Place::Whole,
            reason,
        ))
    }
}

/// Some rows of a grid.
#[derive(Clone)]
pub(super) struct GridRows<'g> {
    grid: &'g Grid<'g>,
    at: usize,
    end: usize,
}

impl<'g> Rows<'g> for GridRows<'g> {
    fn next(&mut self, row: &mut Row<'g>) -> Result<bool> {
        row.cells.clear();
        if self.at >= self.end {
            return Ok(false);
        }
        let grid = self.grid;
        let start = grid.rows[self.at];
        row.line = start.line;
        let absent = |column: &'g Column| Cow::Borrowed(column.absent.as_bytes());
        row.cells.extend(grid.columns.iter().map(absent));
        for at in grid.cells_of(self.at) {
            let (column, text) = grid.cell(start, at);
            row.cells[column] = Cow::Borrowed(text);
        }
        self.at += 1;
        Ok(true)
    }

    fn pieces(&self, threads: usize) -> Vec<Self> {
        let n = self.end - self.at;
        let size = (n / threads.saturating_mul(PIECES_PER_THREAD).max(1)).max(MIN_PIECE);
        if threads < 2 || n <= size {
            return vec![self.clone()];
        }
        let piece = |at| Self {
            at,
            end: (at + size).min(self.end),
            ..*self
        };
        (self.at..self.end).step_by(size).map(piece).collect()
    }
}

/// The lines of a text with their numbers, from 1; a byte order mark is not part of the first.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    (1..).zip(text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii))
}
