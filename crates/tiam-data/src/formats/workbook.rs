//! Reader of workbooks: xlsx, xls and ods.

use std::io::{self, Cursor, Read};

use calamine::{
    Data, ExcelDateTime, Reader as _, SheetType, SheetVisible, Sheets, open_workbook_auto_from_rs,
};
use zip::ZipArchive;

use super::{Head, TableReader, chain::Gridded, grid::Grid, guarded};
use crate::{
    ColumnEncoding, Header, LoadParams,
    error::{DataError, Place, Result},
    source::{Source, Zip},
};

/// Where the parts of a file of the old formats of Microsoft Office are listed.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Bytes that a cell of an OpenDocument sheet takes while it is read.
const ODS_CELL: u64 = 64;
/// Cells that a row of an OpenDocument sheet may have.
const ODS_COLUMNS: u64 = 1 << 14;

/// The first sheet of a workbook that can be seen.
pub(super) struct Workbook;

impl TableReader for Workbook {
    const KNOWN_AS: &'static str = "workbooks (xlsx, xls, ods)";

    fn recognises(head: &Head) -> bool {
        head.zip == Zip::Workbook || head.text.starts_with(OLE)
    }
}

impl Gridded for Workbook {
    fn grid<'s>(
        source: &'s Source,
        params: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let bytes = source.read_all()?;
        if source.zip != Zip::None {
            check_parts(&bytes, source)?;
        }
        guarded(source, || first_sheet(&bytes, source, params.table.header))
    }
}

fn malformed(source: &Source, reason: impl ToString) -> DataError {
    DataError::malformed(&source.path, Place::Whole, reason.to_string())
}

/// Refuses parts that unpack to more than one buffer may hold, and OpenDocument sheets that repeat cells beyond it.
fn check_parts(bytes: &[u8], source: &Source) -> Result<()> {
    let fault = |e: zip::result::ZipError| malformed(source, e);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(fault)?;
    let mut total = 0;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(fault)?;
        let is_content = entry.name().is_ok_and(|name| name == "content.xml");
        let mut entry = entry.take(source.limit().saturating_sub(total).saturating_add(1));
        let mut content = Vec::new();
        let read = if is_content {
            entry.read_to_end(&mut content).map(|n| n as u64)
        } else {
            io::copy(&mut entry, &mut io::sink())
        };
        total += read.map_err(|e| malformed(source, e))?;
        source.check("the parts of the workbook", total)?;
        let cells = ods_cells(&content);
        source.check(
            "the repeated cells of the workbook",
            cells.saturating_mul(ODS_CELL),
        )?;
    }
    Ok(())
}

/// Cells of an OpenDocument text, repeated ones as often as they are, but for empty ones at the end of a row.
fn ods_cells(content: &[u8]) -> u64 {
    let (mut cells, mut row, mut used, mut repeats, mut widest) = (0_u64, 0, 0, 0, 0);
    let mut rows = 0_u64;
    for tag in content.split(|&b| b == b'<') {
        let number = |name: &[u8]| {
            let at = tag.windows(name.len()).position(|part| part == name)?;
            let digits = tag[at + name.len()..]
                .iter()
                .take_while(|b| b.is_ascii_digit());
            Some(digits.fold(0_u64, |n, b| {
                n.saturating_mul(10).saturating_add(u64::from(b - b'0'))
            }))
        };
        if tag.starts_with(b"table:table-row") {
            (row, used) = (0, 0);
            repeats = number(b"number-rows-repeated=\"").unwrap_or(1);
        } else if tag.starts_with(b"table:table-cell")
            || tag.starts_with(b"table:covered-table-cell")
        {
            row += number(b"number-columns-repeated=\"")
                .unwrap_or(1)
                .min(ODS_COLUMNS);
            // Anything but an empty cell that only repeats.
            if tag.windows(7).any(|part| part == b"office:") || !tag.ends_with(b"/>") {
                used = row.min(ODS_COLUMNS);
            }
        } else if tag.starts_with(b"/table:table-row") && used > 0 {
            cells = cells.saturating_add(used);
            rows = rows.saturating_add(repeats);
            widest = used.max(widest);
        }
    }
    cells.max(rows.saturating_mul(widest))
}

/// The cells of the first sheet, with words about it and the others.
fn first_sheet<'s>(bytes: &[u8], source: &'s Source, header: Header) -> Result<Grid<'s>> {
    let workbook = open_workbook_auto_from_rs(Cursor::new(bytes));
    let mut workbook =
        workbook.map_err(|e| malformed(source, format!("not a workbook that can be read: {e}")))?;
    let sheets = workbook.sheets_metadata().iter();
    let seen =
        sheets.filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible);
    let names: Vec<String> = seen.map(|sheet| sheet.name.clone()).collect();
    let Some((first, others)) = names.split_first() else {
        return Err(malformed(
            source,
            "the workbook has no sheet that can be seen",
        ));
    };
    let mut cells = SheetCells::new(source, header);
    match &mut workbook {
        Sheets::Xlsx(workbook) => {
            let reader = workbook.worksheet_cells_reader(first);
            let mut reader = reader.map_err(|e| malformed(source, e))?;
            while let Some(cell) = reader.next_cell().map_err(|e| malformed(source, e))? {
                let (row, column) = cell.get_position();
                cells.put(row, column as usize, &cell.get_value().clone().into())?;
            }
        }
        Sheets::Xlsb(_) => {
            return Err(malformed(
                source,
                "a binary workbook; save it as xlsx or CSV",
            ));
        }
        other => {
            let range = other
                .worksheet_range(first)
                .map_err(|e| malformed(source, e))?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                cells.put(top + row as u32, left as usize + column, value)?;
            }
        }
    }
    let mut words = format!("sheet {first:?}");
    if !others.is_empty() {
        words += &format!(
            " (not read: {})",
            others
                .iter()
                .map(|o| format!("{o:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    let mut grid = cells.grid()?;
    grid.words = words;
    Ok(grid)
}

/// Cells as they come, row by row. The first row names the columns if all its cells are text.
struct SheetCells<'s> {
    grid: Grid<'s>,
    header: Header,
    row: Option<u32>,
    first: Vec<(usize, Data)>,
    first_done: bool,
    names: Vec<String>,
    /// The first column that a cell stands in, and the one after the last.
    columns: [usize; 2],
}

impl<'s> SheetCells<'s> {
    fn new(source: &'s Source, header: Header) -> Self {
        Self {
            grid: Grid::new(source),
            header,
            row: None,
            first: Vec::new(),
            first_done: false,
            names: Vec::new(),
            columns: [usize::MAX, 0],
        }
    }

    fn put(&mut self, row: u32, column: usize, value: &Data) -> Result<()> {
        if *value == Data::Empty {
            return Ok(());
        }
        let new_row = self.row != Some(row);
        if new_row && self.row.is_some() && !self.first_done {
            self.end_first_row()?;
        }
        let [first, end] = self.columns;
        self.columns = [first.min(column), end.max(column + 1)];
        if self.row.is_none() || !self.first_done {
            self.row = Some(row);
            self.first.push((column, value.clone()));
            return Ok(());
        }
        if new_row {
            self.row = Some(row);
            self.grid.begin_row(u64::from(row) + 1)?;
        }
        put_value(&mut self.grid, column, value)
    }

    /// Takes the first row for names or for cells.
    fn end_first_row(&mut self) -> Result<()> {
        self.first_done = true;
        let is_text = |(_, value): &(usize, Data)| matches!(value, Data::String(_));
        self.grid.has_header = match self.header {
            Header::Yes => true,
            Header::No => false,
            Header::Auto => self.first.iter().all(is_text),
        };
        let first = std::mem::take(&mut self.first);
        if self.grid.has_header {
            self.names = vec![String::new(); self.columns[1]];
            for (column, value) in first {
                self.names[column] = value.to_string().trim().to_owned();
            }
            return Ok(());
        }
        self.grid.begin_row(u64::from(self.row.unwrap_or(0)) + 1)?;
        first
            .iter()
            .try_for_each(|(column, value)| put_value(&mut self.grid, *column, value))
    }

    fn grid(mut self) -> Result<Grid<'s>> {
        if !self.first_done {
            self.end_first_row()?;
        }
        // What stands left of the first cell is no column.
        let [first, end] = self.columns;
        let first = first.min(end);
        self.grid.shift_left(first as u32);
        for column in first..end {
            let name = self.names.get(column).filter(|name| !name.is_empty());
            let name = name
                .cloned()
                .unwrap_or_else(|| format!("c{}", column - first));
            self.grid.add_column(name, "", false)?;
        }
        Ok(self.grid)
    }
}

fn put_value(grid: &mut Grid<'_>, column: usize, value: &Data) -> Result<()> {
    match value {
        // A formula's error is no value.
        Data::Empty | Data::Error(_) => grid.put(column, b""),
        Data::Int(i) => grid.put_shown(column, i),
        Data::Float(x) => grid.put_number(column, *x),
        Data::Bool(b) => grid.put_shown(column, b),
        Data::DateTime(time) => grid.put_shown(column, moment(time)),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            grid.put(column, text.as_bytes())
        }
    }
}

/// A date, a time or both; a duration in days.
fn moment(time: &ExcelDateTime) -> String {
    if time.is_duration() {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let mut clock = format!("{hour:02}:{minute:02}:{second:02}");
    if milli > 0 {
        clock += &format!(".{milli:03}");
    }
    match time.as_f64() {
        whole if whole.fract().abs() <= 0.0 => date,
        fraction if fraction < 1.0 => clock,
        _ => format!("{date} {clock}"),
    }
}
