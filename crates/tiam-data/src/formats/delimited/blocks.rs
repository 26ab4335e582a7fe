//! Reading of delimited text a block at a time, in memory that does not depend on the length of the file.

use super::{Layout, Records};
use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar,
    error::Result,
    source::{Source, Stream},
    table::{self, Row, Rows},
};

/// Bytes read at a time.
const BLOCK: usize = 8 << 20;

/// Reads a file with the columns of an earlier one, and hands its rows over in their order.
pub(in crate::formats) fn read_in_blocks<T: Scalar>(
    source: &Source,
    params: &LoadParams,
    encoding: &ColumnEncoding,
    each: &mut dyn FnMut(Dataset<T>) -> bool,
) -> Result<()> {
    let mut stream = source.stream()?;
    let mut text = Vec::new();
    let mut goes_on = read_more(&mut stream, &mut text, source)?;
    let mut layout = Layout::find(&text, source, &params.table, Some(encoding))?;
    let mut is_first = true;
    loop {
        let begin = (layout.at, layout.line);
        let sheet = layout.sheet(&text, source);
        let (end, line) = match goes_on {
            true => last_row(sheet.rows.clone(), text.len()),
            false => (text.len(), layout.line),
        };
        if end > begin.0 && (is_first || has_rows(&sheet.rows)) {
            let mut sheet = sheet;
            sheet.rows = sheet.rows.up_to(end);
            if !each(table::read(&sheet, params, Some(encoding))?) {
                return Ok(());
            }
            is_first = false;
            layout.notes.clear();
        }
        if !goes_on {
            return Ok(());
        }
        text.drain(..end);
        (layout.at, layout.line) = (0, line);
        goes_on = read_more(&mut stream, &mut text, source)?;
    }
}

/// Appends a block; tells whether there may be more.
fn read_more(stream: &mut Stream<'_>, text: &mut Vec<u8>, source: &Source) -> Result<bool> {
    let mut block = Vec::new();
    let read = stream.fill(&mut block, BLOCK)?;
    source.check("a block of rows", (text.len() + read) as u64)?;
    text.extend_from_slice(&block);
    Ok(read == BLOCK)
}

fn has_rows(rows: &Records<'_>) -> bool {
    // A row that cannot be read is reported when it is read in earnest.
    rows.clone().next(&mut Row::default()).unwrap_or(true)
}

/// Where the last row begins, which may go on in the next block, and its line.
fn last_row(mut rows: Records<'_>, end: usize) -> (usize, u64) {
    let mut row = Row::default();
    loop {
        let begin = rows.place();
        match rows.next(&mut row) {
            Ok(true) if rows.place().0 < end => {}
            _ => return begin,
        }
    }
}
