//! Reader of Parquet.

use ::parquet::{
    basic::{LogicalType, TimeUnit},
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
};
use bytes::Bytes;

use super::{Head, TableReader, chain::Gridded, grid::Grid, guarded};
use crate::{
    ColumnEncoding, LoadParams,
    error::{DataError, Place, Result},
    source::Source,
};

/// What the index of a pandas table is called, where it is stored as a column.
const INDEX: &str = "__index_level_";

/// Rows of named cells; structures are flattened as `a.b`. Dates and times become text as in ISO 8601.
pub(super) struct Parquet;

impl TableReader for Parquet {
    const KNOWN_AS: &'static str = "Parquet";

    fn recognises(head: &Head) -> bool {
        head.text.starts_with(b"PAR1")
    }
}

impl Gridded for Parquet {
    fn grid<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let bytes = Bytes::from(source.read_all()?.into_owned());
        guarded(source, || grid(bytes, source))
    }
}

fn malformed(source: &Source, error: impl ToString) -> DataError {
    DataError::malformed(&source.path, Place::Whole, error.to_string())
}

fn grid(bytes: Bytes, source: &Source) -> Result<Grid<'_>> {
    let reader = SerializedFileReader::new(bytes).map_err(|e| malformed(source, e))?;
    for chunk in reader
        .metadata()
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
    {
        let begins = [
            Some(chunk.data_page_offset()),
            chunk.dictionary_page_offset(),
        ];
        // The crate panics over these.
        if chunk.compressed_size() < 0 || begins.into_iter().flatten().any(|at| at < 0) {
            return Err(malformed(source, "a column begins before the file"));
        }
        let bytes = u64::try_from(chunk.uncompressed_size()).unwrap_or(u64::MAX);
        source.check("a column of a row group", bytes)?;
    }
    let mut grid = Grid::new(source);
    let schema = reader.metadata().file_metadata().schema_descr();
    // Nanoseconds come as plain integers.
    let mut nanoseconds = Vec::new();
    for leaf in schema.columns() {
        let name = leaf.path().string();
        let unit = match leaf.logical_type_ref() {
            Some(LogicalType::Timestamp(timestamp)) => Some(&timestamp.unit),
            _ => None,
        };
        nanoseconds.push(matches!(unit, Some(TimeUnit::NANOS)));
        grid.add_column(name, "", false)?;
    }
    let kept: Vec<Option<usize>> = grid.without_columns(|name| name.starts_with(INDEX));
    let rows = reader
        .get_row_iter(None)
        .map_err(|e| malformed(source, e))?;
    for (row, line) in rows.zip(1..) {
        grid.begin_row(line)?;
        let mut cells = Cells {
            grid: &mut grid,
            nanoseconds: &nanoseconds,
            kept: &kept,
            leaf: 0,
            line,
        };
        cells.put_row(&row.map_err(|e| malformed(source, e))?)?;
    }
    Ok(grid)
}

/// The cells of a row, put into the columns of the schema's leaves one after the other.
struct Cells<'c, 's> {
    grid: &'c mut Grid<'s>,
    nanoseconds: &'c [bool],
    kept: &'c [Option<usize>],
    leaf: usize,
    line: u64,
}

impl Cells<'_, '_> {
    fn put_row(&mut self, row: &Row) -> Result<()> {
        row.get_column_iter()
            .try_for_each(|(name, field)| self.put(name, field))
    }

    fn put(&mut self, name: &str, field: &Field) -> Result<()> {
        if let Field::Group(row) = field {
            return self.put_row(row);
        }
        let leaf = self.leaf;
        self.leaf += 1;
        let Some(&Some(column)) = self.kept.get(leaf) else {
            return Ok(());
        };
        let grid = &mut *self.grid;
        match field {
            Field::Null => Ok(()),
            Field::Float(x) => grid.put_number(column, f64::from(*x)),
            Field::Float16(x) => grid.put_number(column, f64::from(*x)),
            Field::Double(x) => grid.put_number(column, *x),
            Field::Str(text) => grid.put(column, text.as_bytes()),
            Field::Bytes(bytes) => grid.put(column, bytes.data()),
            Field::TimestampMillis(t) => {
                grid.put_shown(column, timestamp(i128::from(*t) * 1_000_000))
            }
            Field::TimestampMicros(t) => grid.put_shown(column, timestamp(i128::from(*t) * 1000)),
            Field::Long(t) if self.nanoseconds.get(leaf) == Some(&true) => {
                grid.put_shown(column, timestamp((*t).into()))
            }
            Field::TimeMillis(t) => grid.put_shown(column, time(i128::from(*t) * 1_000_000)),
            Field::TimeMicros(t) => grid.put_shown(column, time(i128::from(*t) * 1000)),
            Field::ListInternal(_) | Field::MapInternal(_) | Field::Group(_) => {
                let reason = format!("column {name:?} holds lists; leave it out of the file");
                Err(grid.malformed(self.line, reason))
            }
            plain => grid.put_shown(column, plain),
        }
    }
}

const DAY: i128 = 86_400_000_000_000;

/// Date and time of so many nanoseconds since 1970, with as much of the second as is not zero.
fn timestamp(nanoseconds: i128) -> String {
    // A 64-bit count of milliseconds is no farther than this many days.
    let days = i32::try_from(nanoseconds.div_euclid(DAY)).unwrap_or(i32::MAX);
    format!(
        "{} {}",
        Field::Date(days),
        time(nanoseconds.rem_euclid(DAY))
    )
}

fn time(nanoseconds: i128) -> String {
    let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let time = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if rest == 0 {
        return time;
    }
    format!("{time}.{rest:09}").trim_end_matches('0').to_owned()
}
