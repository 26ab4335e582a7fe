//! Reader of delimited text: CSV, TSV and their relatives.

mod blocks;
mod records;
mod sniff;

pub(crate) use blocks::BLOCK;
pub(super) use blocks::Blocks;
pub(super) use blocks::read_in_blocks;

use std::borrow::Cow;

use super::{Head, TableReader, chain::Tabular};
use crate::{
    ColumnEncoding, ColumnRef, Header, LabelColumn, LoadParams, TableParams,
    error::{DataError, Place, Result},
    source::Source,
    table::{self, Row, Rows, Sheet},
};
pub(super) use records::Records;
use sniff::Heads;

/// Text with a row a line.
pub(super) struct Delimited;

impl TableReader for Delimited {
    const KNOWN_AS: &'static str = "CSV/TSV text (plain or gzip)";

    /// Anything without a zero byte.
    fn recognises(head: &Head) -> bool {
        !head.text.contains(&0)
    }
}

/// A text, and what is to be said of it.
pub(super) struct Text<'s> {
    bytes: Cow<'s, [u8]>,
    note: Option<String>,
}

impl Tabular for Delimited {
    type Content<'s> = Text<'s>;
    type Rows<'a> = Records<'a>;

    fn open<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Text<'s>> {
        let (bytes, encoding) = source.read_text()?;
        let note = encoding.map(|encoding| format!("the text is {encoding}"));
        Ok(Text { bytes, note })
    }

    fn sheet<'a, 's: 'a>(
        text: &'a Text<'s>,
        source: &'a Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Sheet<'a, Records<'a>>> {
        let mut layout = Layout::find(&text.bytes, source, &params.table, encoding)?;
        layout.notes.extend(text.note.clone());
        Ok(layout.sheet(&text.bytes, source))
    }
}

/// How a text is cut into rows and cells, and where the first row begins.
struct Layout {
    names: Vec<String>,
    has_header: bool,
    first_line: u64,
    delimiter: u8,
    comment: Option<u8>,
    width: usize,
    notes: Vec<String>,
    at: usize,
    line: u64,
}

impl Layout {
    /// The rows of a text of this layout.
    fn sheet<'a>(&self, text: &'a [u8], source: &'a Source) -> Sheet<'a, Records<'a>> {
        let rows = Records::new(text, self.delimiter, source)
            .commented(self.comment)
            .without_empty_after(self.width)
            .placed_at((self.at, self.line));
        Sheet {
            source,
            first_width: self.names.len(),
            names: self.names.clone(),
            has_header: self.has_header,
            first_line: self.first_line,
            delimiter: Some(char::from(self.delimiter)),
            declared_categorical: Vec::new(),
            files: Vec::new(),
            notes: self.notes.clone(),
            rows,
        }
    }

    /// Finds delimiter and header.
    fn find(
        text: &[u8],
        source: &Source,
        params: &TableParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        let mut rows = Records::new(text, b',', source).commented(params.comment);
        for _ in 0..params.skip_rows {
            rows.skip_line();
        }
        let above = sniff::skip_preamble(&mut rows, source);
        let cut = sniff::cut(&rows, params.delimiter.or(above.delimiter))?;
        rows = rows.cut_at(cut.delimiter);
        let mut sample = sniff::sample(rows.clone());
        let mut width = cut.width;
        let before = width;
        while let Some(less) = sniff::width_without_empty(&sample, width) {
            width = less;
        }
        if width < before {
            notes.push("an empty last column is left out".to_owned());
        }
        let kept = if width > 1 { width } else { usize::MAX };
        rows = rows.without_empty_after(kept);
        sample = sniff::sample(rows.clone());
        let titles = sniff::titles(&sample, width);
        // R leaves out the name of the rows' names.
        let nameless = titles > 0 && width > 2 && sample[titles - 1].len() == width - 1;
        let titles = titles - usize::from(nameless);
        let mut first = Row::default();
        for _ in 0..titles {
            rows.next(&mut first)?;
        }
        sample.drain(..titles);
        if let Some(skipped) = Some(above.comments + titles).filter(|n| *n > 0) {
            notes.push(format!("{skipped} lines above the table are skipped"));
        }
        if !rows.clone().next(&mut first)? {
            let reason = "the file holds no rows";
            return Err(DataError::malformed(&source.path, Place::Whole, reason));
        }
        let mut head = Row::default();
        // `#x,y` names the columns.
        let mut comment = None;
        if let Some(last) = above.last_comment.filter(|_| params.header != Header::No) {
            let mut row = Row::default();
            let found = last.cut_at(cut.delimiter).next(&mut row)?;
            let names = |row: &Row<'_>| !row.cells.iter().any(|cell| table::kind(cell).is_number());
            let fits = found && row.cells.len() == width && names(&row);
            comment = fits.then_some(row);
        }
        let mut heads = match &comment {
            Some(row) if names_columns(encoding, &row.cells) => Heads::default(),
            _ => heads(&sample, params, encoding),
        };
        if nameless {
            heads = Heads { n: 1, names: 0 };
        }
        for row in 0..heads.n {
            let mut read = Row::default();
            rows.next(&mut read)?;
            if row == heads.names {
                head = read;
            }
        }
        if heads.n > 1 {
            notes.push(format!(
                "{} header rows; the names are those of line {}",
                heads.n, head.line
            ));
        }
        if nameless {
            head.cells.insert(0, (&[][..]).into());
        }
        if let Some(row) = comment.filter(|_| heads.n == 0) {
            heads.n = 1;
            head = Row {
                line: first.line,
                ..row
            };
        }
        let has_header = heads.n > 0;
        let names = if has_header {
            sniff::header_names(&head, &source.path, &mut notes)?
        } else {
            table::position_names(width.max(1), encoding)
        };
        let (at, line) = rows.place();
        Ok(Self {
            names,
            has_header,
            first_line: first.line,
            delimiter: cut.delimiter,
            comment: params.comment,
            width: kept,
            notes,
            at,
            line,
        })
    }
}

/// Whether most of the cells are names of columns of an earlier table.
fn names_columns(encoding: Option<&ColumnEncoding>, cells: &[Cow<'_, [u8]>]) -> bool {
    let Some(encoding) = encoding.filter(|encoding| encoding.has_header()) else {
        return false;
    };
    let known = table::positions(encoding.columns().iter().map(|column| &column.name));
    let is_known = |cell: &&Cow<'_, [u8]>| known.contains_key(&cell[..]);
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    cells.iter().filter(is_known).count() * 2 > filled
}

/// The header rows: as asked for; those that hold names that are known or asked for; or those that are found.
fn heads(
    sample: &sniff::Sample<'_>,
    params: &TableParams,
    encoding: Option<&ColumnEncoding>,
) -> Heads {
    match params.header {
        Header::Yes => return Heads { n: 1, names: 0 },
        Header::No => return Heads::default(),
        Header::Auto => {}
    }
    let found = sniff::headers(sample);
    let holds = |row: usize, name: &str| {
        let cells = sample.get(row).into_iter().flatten();
        cells.clone().any(|cell| cell[..] == *name.as_bytes())
    };
    let known = |row: usize| {
        let cells = sample.get(row);
        cells.is_some_and(|cells| names_columns(encoding, cells))
    };
    let asked = |row: usize| match &params.label {
        LabelColumn::Column(ColumnRef::Name(name)) => holds(row, name.trim()),
        LabelColumn::Column(ColumnRef::Position(p)) => found.n > 0 && holds(row, &p.to_string()),
        _ => false,
    };
    let named = std::iter::once(found.names)
        .chain((0..found.n.max(1)).rev())
        .find(|row| known(*row) || asked(*row));
    match named {
        Some(names) => Heads {
            n: found.n.max(names + 1),
            names,
        },
        None => found,
    }
}
