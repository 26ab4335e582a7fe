//! Reading of delimited text a block at a time, in memory that does not depend on the length of the file.

use super::{Layout, Records};
use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar,
    error::Result,
    source::{Source, Stream},
    table::{self, Row, Rows, Sheet},
};

/// Bytes read at a time.
pub(crate) const BLOCK: usize = 8 << 20;

/// A text of which some rows at a time are in memory.
pub(crate) struct Blocks<'s> {
    source: &'s Source,
    stream: Stream<'s>,
    /// Bytes to be handed over at a time, and those looked at for whole rows.
    size: usize,
    window: usize,
    text: Vec<u8>,
    layout: Layout,
    /// Where the rows that were handed over end, and the line there.
    end: (usize, u64),
    goes_on: bool,
    is_first: bool,
    /// Whether the text in memory was looked at.
    is_seen: bool,
}

impl<'s> Blocks<'s> {
    /// Reads the beginning, and finds delimiter and header. Rows are handed over `size` bytes at a time, or one that is longer.
    pub(crate) fn new(
        source: &'s Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
        size: usize,
    ) -> Result<Self> {
        let mut stream = source.stream()?;
        let mut text = Vec::new();
        // The layout is found from as much text whatever the size.
        let goes_on = read_more(&mut stream, &mut text, source, BLOCK)?;
        let layout = Layout::find(&text, source, &params.table, encoding)?;
        Ok(Self {
            end: (0, layout.line),
            source,
            stream,
            size,
            window: size,
            text,
            layout,
            goes_on,
            is_first: true,
            is_seen: false,
        })
    }

    /// The next rows, which are some; the first ones may be none.
    pub(crate) fn next(&mut self) -> Result<Option<Sheet<'_, Records<'_>>>> {
        loop {
            if self.is_seen {
                self.text.drain(..self.end.0);
                (self.layout.at, self.layout.line) = (0, self.end.1);
                if self.goes_on && self.text.len() < self.window {
                    self.goes_on =
                        read_more(&mut self.stream, &mut self.text, self.source, self.size)?;
                }
            }
            self.is_seen = true;
            let (begin, is_first) = (self.layout.at, self.is_first);
            let limit = (begin + self.window).min(self.text.len());
            let is_last = !self.goes_on && limit == self.text.len();
            let rows = self.layout.sheet(&self.text[..limit], self.source).rows;
            self.end = match is_last {
                true => (limit, self.layout.line),
                false => last_row(rows.clone(), &self.text[..limit]),
            };
            if self.end.0 > begin && (is_first || has_rows(&rows)) {
                self.is_first = false;
                self.window = self.size;
                let mut sheet = self.layout.sheet(&self.text[..self.end.0], self.source);
                if !is_first {
                    sheet.notes.clear();
                }
                return Ok(Some(sheet));
            }
            if is_last {
                return Ok(None);
            }
            if self.end.0 <= begin {
                // A row is longer than what was looked at.
                self.window *= 2;
            }
        }
    }

    /// The table without its rows.
    pub(crate) fn heading(&self) -> Sheet<'s, ()> {
        let source = self.source;
        self.layout.sheet(&[], source).with_rows(|_| ())
    }
}

/// Reads a file with the columns of an earlier one, and hands its rows over in their order.
pub(in crate::formats) fn read_in_blocks<T: Scalar>(
    source: &Source,
    params: &LoadParams,
    encoding: &ColumnEncoding,
    each: &mut dyn FnMut(Dataset<T>) -> bool,
) -> Result<()> {
    let mut blocks = Blocks::new(source, params, Some(encoding), BLOCK)?;
    while let Some(sheet) = blocks.next()? {
        if !each(table::read(&sheet, params, Some(encoding))?) {
            break;
        }
    }
    Ok(())
}

/// Appends a block; tells whether there may be more.
fn read_more(
    stream: &mut Stream<'_>,
    text: &mut Vec<u8>,
    source: &Source,
    size: usize,
) -> Result<bool> {
    let mut block = Vec::new();
    let read = stream.fill(&mut block, size)?;
    source.check("a block of rows", (text.len() + read) as u64)?;
    text.extend_from_slice(&block);
    Ok(read == size)
}

fn has_rows(rows: &Records<'_>) -> bool {
    // A row that cannot be read is reported when it is read in earnest.
    rows.clone().next(&mut Row::default()).unwrap_or(true)
}

/// Where the last row begins, which may go on in the next block, and its line.
fn last_row(mut rows: Records<'_>, text: &[u8]) -> (usize, u64) {
    if let Some(place) = rows.place_after_last_line() {
        return place;
    }
    let mut row = Row::default();
    loop {
        let begin = rows.place();
        match rows.next(&mut row) {
            Ok(true) if rows.place().0 < text.len() => {}
            _ => return begin,
        }
    }
}
