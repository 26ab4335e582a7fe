//! Reader of the sparse text of libsvm and SVMlight: `label index:value index:value ...`.

use std::borrow::Cow;

use super::{
    Head, TableReader,
    chain::Gridded,
    grid::{Grid, lines},
};
use crate::{ColumnEncoding, ColumnRef, LabelColumn, LoadParams, error::Result, source::Source};

/// Name of the column of labels.
const LABEL: &str = "label";
/// Rows looked at to find the format.
const SAMPLE_ROWS: usize = 20;

/// Sparse rows; features that a row lacks are 0. The label is the column `label`, feature `i` the column `fi`.
pub(super) struct Libsvm;

impl TableReader for Libsvm {
    const KNOWN_AS: &'static str = "libsvm text";

    /// The first rows are numbers, or lists of them, followed by pairs.
    fn recognises(head: &Head) -> bool {
        if head.text.contains(&0) {
            return false;
        }
        let mut n_pairs = 0;
        for (_, line) in lines(head.whole_lines()).take(SAMPLE_ROWS) {
            let mut words = words(line);
            let Some(label) = words.next() else { continue };
            if !label
                .split(|&b| b == b',')
                .all(|part| number(part).is_some())
            {
                return false;
            }
            for word in words {
                if pair(word).is_none_or(|(name, value)| {
                    number(value).is_none() || (name != b"qid" && index(name).is_none())
                }) {
                    return false;
                }
                n_pairs += 1;
            }
        }
        n_pairs > 0
    }
}

impl Gridded for Libsvm {
    const MAY_LACK_COLUMNS: bool = true;

    fn params(params: &LoadParams) -> Cow<'_, LoadParams> {
        Cow::Owned(labelled(params))
    }

    fn grid<'s>(
        source: &'s Source,
        _: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let (text, _encoding) = source.read_text()?;
        let mut grid = Grid::new(source);
        // Columns of the cells so far: the label, and the features from 0.
        let (mut width, mut from_zero) = (1, false);
        for (line, text) in lines(&text) {
            let mut words = words(text);
            let Some(label) = words.next() else { continue };
            grid.begin_row(line)?;
            if label.contains(&b',') {
                return Err(grid.malformed(line, "the row has several labels; one is needed"));
            }
            match number(label) {
                Some(label) => grid.put_number(0, label)?,
                None => grid.put(0, label)?,
            }
            for word in words {
                let Some((name, value)) = pair(word) else {
                    let word = String::from_utf8_lossy(word);
                    return Err(grid.malformed(line, format!("{word:?} is not index:value")));
                };
                if name == b"qid" {
                    continue;
                }
                let Some(index) = index(name) else {
                    let name = String::from_utf8_lossy(name);
                    return Err(grid.malformed(line, format!("{name:?} is not an index")));
                };
                width = width.max(index.saturating_add(2));
                from_zero |= index == 0;
                grid.check_columns(width)?;
                grid.put(1 + index, value)?;
            }
        }
        if let Some(encoding) = encoding {
            let columns = encoding.columns();
            from_zero |= columns.iter().any(|column| column.name == "f0");
            width = width.max(columns.len() + usize::from(!from_zero));
        }
        if !from_zero {
            grid.shift_left(1);
        }
        grid.add_column(LABEL.to_owned(), "", false)?;
        for index in usize::from(!from_zero)..width - 1 {
            grid.add_column(format!("f{index}"), "0", false)?;
        }
        Ok(grid)
    }
}

/// The parameters, with the column of labels as the one that is meant if none is named.
fn labelled(params: &LoadParams) -> LoadParams {
    let mut params = params.clone();
    match params.table.label {
        LabelColumn::Last => params.table.label = LabelColumn::name(LABEL),
        LabelColumn::None => params.table.ignore.push(ColumnRef::Name(LABEL.to_owned())),
        LabelColumn::Column(_) | LabelColumn::Columns(_) => {}
    }
    params
}

/// The words of a line up to a comment.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = line.iter().position(|&b| b == b'#').unwrap_or(line.len());
    line[..end]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

fn pair(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = word.iter().position(|&b| b == b':')?;
    Some((&word[..at], &word[at + 1..]))
}

fn number(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text).ok()
}

fn index(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
