//! Reader of JSON: lines of objects, an array of them, or what pandas writes.

use std::{collections::HashMap, fmt};

use foldhash::fast::RandomState;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Head, TableReader, chain::Gridded, grid::Grid};
use crate::{
    ColumnEncoding, LoadParams,
    error::{DataError, Place, Result},
    source::Source,
};

type Parsed<V> = std::result::Result<V, serde_json::Error>;

/// Objects, one a row, whose keys name the columns, or arrays of cells. What is nested within an object is flattened: `a.b`, `a.0`. A
/// key that a row lacks, and null, is a missing cell.
pub(super) struct Json;

impl TableReader for Json {
    const KNOWN_AS: &'static str = "JSON (lines or an array of objects)";

    /// An object that begins with a key, or an array of objects or arrays.
    fn recognises(head: &Head) -> bool {
        let mut bytes = without_mark(&head.text)
            .iter()
            .filter(|b| !b.is_ascii_whitespace());
        match (bytes.next(), bytes.next()) {
            (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'{')) => true,
            (Some(b'['), Some(b'[')) => bytes
                .next()
                .is_some_and(|b| b"\"-0123456789ntf[".contains(b)),
            _ => false,
        }
    }
}

impl Gridded for Json {
    const MAY_LACK_COLUMNS: bool = true;

    fn grid<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let (text, _encoding) = source.read_text()?;
        document(without_mark(&text), source)
    }
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

fn document<'s>(text: &[u8], source: &'s Source) -> Result<Grid<'s>> {
    let table = || Table::new(source, text);
    if text.trim_ascii_start().first() == Some(&b'[') {
        return table().rows(text);
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let first = values.next().transpose().map_err(|e| table().broken(&e))?;
    match (first, values.next()) {
        (Some(only), None) => object(only, table),
        (first, second) => {
            let mut table = table();
            for row in first.map(Ok).into_iter().chain(second).chain(values) {
                table.row(row.map_err(|e| table.broken(&e))?)?;
            }
            Ok(table.grid)
        }
    }
}

/// A whole object: a row, or what pandas writes with the names of columns for keys.
fn object<'s, 't>(only: &'t RawValue, table: impl Fn() -> Table<'s, 't>) -> Result<Grid<'s>> {
    let mut members = table();
    members.member_values(only)?;
    let find = |name: &str| {
        members
            .values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, v)| *v)
    };
    let all = |bracket| {
        members
            .values
            .iter()
            .all(|(_, value)| value.get().starts_with(bracket))
    };
    match (find("columns"), find("schema"), find("data")) {
        (Some(columns), _, Some(data)) if data.get().starts_with('[') => {
            let mut names = table();
            names.flattens = false;
            names.row(columns)?;
            let names = names.grid.texts_of_row(0);
            let mut grid = table().rows(data.get().as_bytes())?;
            grid.rename(names)?;
            Ok(grid)
        }
        (None, Some(_), Some(data)) => table().rows(data.get().as_bytes()),
        _ if !members.values.is_empty() && (all('[') || all('{')) => {
            let mut columns = table();
            columns.flattens = false;
            for (_, values) in &members.values {
                columns.row(values)?;
            }
            let names = members.values.into_iter().map(|(name, _)| name);
            columns.grid.transposed(names)
        }
        _ => {
            let mut table = table();
            table.row(only)?;
            Ok(table.grid)
        }
    }
}

/// A grid, and what it takes to fill it with values.
struct Table<'s, 't> {
    grid: Grid<'s>,
    source: &'s Source,
    /// Columns by name, where rows are objects.
    columns: HashMap<String, usize, RandomState>,
    /// Whether rows are objects, once there is one.
    keyed: Option<bool>,
    /// Whether objects and arrays within a row are flattened.
    flattens: bool,
    /// Keys down to the value that is read.
    name: String,
    /// The error that ended the reading of a value.
    failure: Option<DataError>,
    /// Members of an object, unread.
    values: Vec<(String, &'t RawValue)>,
    text: &'t [u8],
    /// A place in the text, and its line.
    at: (usize, u64),
}

impl<'s, 't> Table<'s, 't> {
    fn new(source: &'s Source, text: &'t [u8]) -> Self {
        Self {
            grid: Grid::new(source),
            source,
            columns: HashMap::default(),
            keyed: None,
            flattens: true,
            name: String::new(),
            failure: None,
            values: Vec::new(),
            text,
            at: (0, 1),
        }
    }

    /// The error about text that is not JSON, which names a line.
    fn broken(&self, error: &serde_json::Error) -> DataError {
        let place = Place::Line(error.line() as u64);
        DataError::malformed(&self.source.path, place, format!("not valid JSON: {error}"))
    }

    /// Reads the rows of an array.
    fn rows(mut self, array: &'t [u8]) -> Result<Grid<'s>> {
        let mut json = serde_json::Deserializer::from_slice(array);
        let done = json
            .deserialize_seq(Each(&mut self))
            .and_then(|()| json.end());
        self.finish(done)?;
        Ok(self.grid)
    }

    fn member_values(&mut self, object: &'t RawValue) -> Result<()> {
        let mut json = serde_json::Deserializer::from_str(object.get());
        let done = json.deserialize_map(Each(self));
        self.finish(done)
    }

    fn finish(&mut self, done: Parsed<()>) -> Result<()> {
        match (self.failure.take(), done) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(self.broken(&error)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Line on which a value begins; values come in the order of the text.
    fn line_of(&mut self, value: &RawValue) -> u64 {
        let at = value
            .get()
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        let between = self.text.get(self.at.0..at).unwrap_or_default();
        let line_ends = between.iter().filter(|&&b| b == b'\n').count() as u64;
        self.at = (at.max(self.at.0), self.at.1 + line_ends);
        self.at.1
    }

    /// Reads a row.
    fn row(&mut self, value: &RawValue) -> Result<()> {
        let line = self.line_of(value);
        let keyed = match value.get().as_bytes()[0] {
            b'{' => true,
            b'[' => false,
            _ => {
                let reason = "a row is needed here: an object, or an array of cells";
                return Err(self.grid.malformed(line, reason));
            }
        };
        if *self.keyed.get_or_insert(keyed) != keyed {
            let reason = "some rows are objects and some arrays";
            return Err(self.grid.malformed(line, reason));
        }
        self.grid.has_header = keyed;
        self.grid.begin_row(line)?;
        let mut json = serde_json::Deserializer::from_str(value.get());
        let done = json.deserialize_any(Value {
            table: self,
            position: None,
        });
        match (self.failure.take(), done) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(self
                .grid
                .malformed(line, format!("not valid JSON: {error}"))),
            (None, Ok(())) => Ok(()),
        }
    }

    /// The column by the keys down to it, or by its position in an array.
    fn column(&mut self, position: Option<usize>) -> Result<usize> {
        if let Some(position) = position.filter(|_| self.keyed == Some(false)) {
            while self.grid.n_columns() <= position {
                let name = format!("c{}", self.grid.n_columns());
                self.grid.add_column(name, "", false)?;
            }
            return Ok(position);
        }
        if let Some(&column) = self.columns.get(&self.name) {
            return Ok(column);
        }
        let column = self.grid.n_columns();
        self.grid.add_column(self.name.clone(), "", false)?;
        self.columns.insert(self.name.clone(), column);
        Ok(column)
    }

    /// Ends the reading of a value by an error of ours.
    fn fail<E: serde::de::Error>(&mut self, error: DataError) -> E {
        self.failure = Some(error);
        E::custom("")
    }
}

/// The elements of an array as rows, or the members of an object, unread.
struct Each<'v, 's, 't>(&'v mut Table<'s, 't>);

impl<'t> Visitor<'t> for Each<'_, '_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut rows: A) -> std::result::Result<(), A::Error> {
        while let Some(row) = rows.next_element::<&RawValue>()? {
            self.0.row(row).map_err(|e| self.0.fail::<A::Error>(e))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(member) = members.next_entry()? {
            self.0.values.push(member);
            let n = self.0.values.len();
            (self.0.grid.check_columns(n)).map_err(|e| self.0.fail::<A::Error>(e))?;
        }
        Ok(())
    }
}

/// A value of a row; `position` is that within an array.
struct Value<'v, 's, 't> {
    table: &'v mut Table<'s, 't>,
    position: Option<usize>,
}

impl Value<'_, '_, '_> {
    fn put<E: serde::de::Error>(
        self,
        put: impl FnOnce(&mut Grid<'_>, usize) -> Result<()>,
    ) -> std::result::Result<(), E> {
        let column = self.table.column(self.position);
        let done = column.and_then(|column| put(&mut self.table.grid, column));
        done.map_err(|e| self.table.fail(e))
    }

    /// Steps down to a member or element.
    fn below(&mut self, key: impl fmt::Display) -> usize {
        let length = self.table.name.len();
        let dot = if length > 0 { "." } else { "" };
        self.table.name += &format!("{dot}{key}");
        length
    }

    /// Refuses what is nested where rows are not flattened: arrays of cells, and whole columns.
    fn check_flat<E: serde::de::Error>(&mut self) -> std::result::Result<(), E> {
        let nested = self.position.is_some() || !self.table.name.is_empty();
        if nested && !(self.table.flattens && self.table.keyed == Some(true)) {
            let reason = "a cell holds an array or an object";
            let error = self.table.grid.malformed(self.table.at.1, reason);
            return Err(self.table.fail(error));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cell")
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put(column, b""))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put_shown(column, value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put_shown(column, value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put_shown(column, value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put_number(column, value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<(), E> {
        self.put(|grid, column| grid.put(column, value.as_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut cells: A) -> std::result::Result<(), A::Error> {
        self.check_flat()?;
        for position in 0.. {
            let length = self.below(position);
            let value = Value {
                table: self.table,
                position: Some(position),
            };
            let more = cells.next_element_seed(value)?;
            self.table.name.truncate(length);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut cells: A) -> std::result::Result<(), A::Error> {
        self.check_flat()?;
        while let Some(key) = cells.next_key::<String>()? {
            let length = self.below(key);
            cells.next_value_seed(Value {
                table: self.table,
                position: None,
            })?;
            self.table.name.truncate(length);
        }
        Ok(())
    }
}
