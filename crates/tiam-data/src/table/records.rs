//! Parser that cuts text into rows and cells and keeps the line number of each row.

use std::{borrow::Cow, ops::Range, path::Path};

use crate::{
    error::{DataError, Result},
    source::Source,
};

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row<'a> {
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its cells, trimmed.
    pub(crate) cells: Vec<Cow<'a, [u8]>>,
}

/// The rows of a text (RFC 4180, with LF, CRLF or CR). Blank lines are skipped but counted.
#[derive(Clone)]
pub(crate) struct Rows<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    delimiter: u8,
    /// Whether a byte is the delimiter or ends a line.
    ends_cell: [bool; 256],
    path: &'a Path,
    /// Maximum number of cells in a row, and the file whose size sets it.
    most: Option<(usize, &'a Source)>,
}

/// Bytes that a column may take beside its text and its distinct cells, for cells, name, role and action.
const COLUMN: u64 = 384;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<'a> Rows<'a> {
    pub(crate) fn new(text: &'a [u8], delimiter: u8, path: &'a Path) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let mut ends_cell = [false; 256];
        for end in [delimiter, b'\n', b'\r'] {
            ends_cell[usize::from(end)] = true;
        }
        Self {
            text,
            at,
            line: 1,
            delimiter,
            ends_cell,
            path,
            most: None,
        }
    }

    /// Limits the columns to those for which the file may make the loader allocate.
    pub(crate) fn limited(mut self, source: &'a Source) -> Self {
        let most = usize::try_from(source.expansion() / COLUMN).unwrap_or(usize::MAX);
        self.most = Some((most, source));
        self
    }

    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The text that is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// The rows of a part of the rest that begins `lines` lines further on.
    pub(crate) fn part(&self, part: Range<usize>, lines: u64) -> Self {
        Self {
            text: &self.text[..self.at + part.end],
            at: self.at + part.start,
            line: self.line + lines,
            ..self.clone()
        }
    }

    /// Replaces `row` by the next one; false at the end.
    pub(crate) fn next(&mut self, row: &mut Row<'a>) -> Result<bool> {
        self.skip_blank_lines();
        row.cells.clear();
        row.line = self.line;
        if self.at >= self.text.len() {
            return Ok(false);
        }
        loop {
            let cell = self.cell()?;
            if let Some((most, source)) = self.most
                && row.cells.len() >= most
            {
                let bytes = (row.cells.len() as u64 + 1).saturating_mul(COLUMN);
                source.check_pieces("the columns", bytes)?;
            }
            row.cells.push(cell);
            if self.text.get(self.at) == Some(&self.delimiter) {
                self.at += 1;
            } else {
                self.end_line();
                return Ok(true);
            }
        }
    }

    /// Steps over lines that are empty or hold white space only. (With tabs for delimiters, a line of tabs is a row of
    /// empty cells.)
    fn skip_blank_lines(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            if rest.first().is_some_and(|b| !b.is_ascii_whitespace()) {
                return;
            }
            let blank = |b: &&u8| (**b == b' ' || **b == b'\t') && **b != self.delimiter;
            let spaces = rest.iter().take_while(blank).count();
            match rest.get(spaces) {
                None | Some(b'\n' | b'\r') => self.at += spaces,
                Some(_) => return,
            }
            if !self.end_line() {
                return;
            }
        }
    }

    /// Steps over one line end, if there is one here.
    fn end_line(&mut self) -> bool {
        match self.text.get(self.at..) {
            Some([b'\r', b'\n', ..]) => self.at += 2,
            Some([b'\r' | b'\n', ..]) => self.at += 1,
            _ => return false,
        }
        self.line += 1;
        true
    }

    /// Reads up to, not including, the delimiter or line end.
    fn cell(&mut self) -> Result<Cow<'a, [u8]>> {
        let rest = &self.text[self.at..];
        if let Some(b' ' | b'"') = rest.first() {
            let spaces = rest
                .iter()
                .take_while(|&&b| b == b' ' && b != self.delimiter)
                .count();
            if rest.get(spaces) == Some(&b'"') {
                self.at += spaces + 1;
                return self.quoted_cell();
            }
        }
        let length = rest
            .iter()
            .position(|&b| self.ends_cell[usize::from(b)])
            .unwrap_or(rest.len());
        self.at += length;
        Ok(Cow::Borrowed(rest[..length].trim_ascii()))
    }

    /// Reads a cell after its opening quote.
    fn quoted_cell(&mut self) -> Result<Cow<'a, [u8]>> {
        let line = self.line;
        let bad = |reason| DataError::BadQuote {
            path: self.path.to_path_buf(),
            line,
            reason,
        };
        let mut text = Cow::Borrowed(&self.text[self.at..self.at]);
        let mut start = self.at;
        let mut line_ends = 0;
        loop {
            let rest = &self.text[start..];
            let Some(length) = rest.iter().position(|&b| b == b'"') else {
                return Err(bad("a quoted cell begins here and never ends"));
            };
            let part = &rest[..length];
            line_ends += count_line_ends(part);
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().extend_from_slice(part);
            }
            if rest.get(length + 1) != Some(&b'"') {
                self.at = start + length + 1;
                break;
            }
            text.to_mut().push(b'"');
            start += length + 2;
        }
        let rest = &self.text[self.at..];
        self.at += rest
            .iter()
            .take_while(|&&b| b == b' ' && b != self.delimiter)
            .count();
        match self.text.get(self.at) {
            Some(&b) if b != self.delimiter && b != b'\n' && b != b'\r' => {
                return Err(bad(
                    "a quoted cell goes on after its closing quote; double the quotes inside it",
                ));
            }
            _ => {}
        }
        self.line += line_ends;
        Ok(match text {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.trim_ascii()),
            Cow::Owned(bytes) => Cow::Owned(bytes.trim_ascii().to_vec()),
        })
    }
}

/// LF, CRLF and CR each end one line.
pub(crate) fn count_line_ends(text: &[u8]) -> u64 {
    if !text.contains(&b'\r') {
        return text.iter().filter(|&&b| b == b'\n').count() as u64;
    }
    let line_end = |i: &usize| match text[*i] {
        b'\n' => *i == 0 || text[*i - 1] != b'\r',
        b => b == b'\r',
    };
    (0..text.len()).filter(line_end).count() as u64
}
