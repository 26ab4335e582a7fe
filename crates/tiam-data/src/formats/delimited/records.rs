//! Parser that cuts text into rows and cells and keeps the line number of each row.
//!
//! The csv crate is not used: it takes broken quotes without a word, sees no quote after a space, counts LF only, and
//! copies every cell.

use std::{borrow::Cow, ops::Range};

use crate::{
    error::{DataError, Place, Result},
    source::Source,
    table::{Row, Rows, parallel},
};

/// The rows of a text (RFC 4180, with LF, CRLF or CR). Blank lines are skipped but counted.
#[derive(Clone)]
pub(crate) struct Records<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    delimiter: u8,
    /// Whether runs of blanks are one delimiter.
    runs: bool,
    /// What a line that is skipped begins with.
    comment: Option<u8>,
    /// The number of cells behind which an empty one does not count.
    width: usize,
    /// Whether a byte is the delimiter or ends a line.
    ends_cell: [bool; 256],
    source: &'a Source,
    /// Maximum number of cells in a row.
    most: usize,
}

/// Bytes that a column may take beside its text and its distinct cells, for cells, name, role and action.
const COLUMN: u64 = 1024;
/// The delimiter that stands for runs of blanks.
pub(super) const RUNS: u8 = b' ';
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Smallest piece worth a hand-over to another thread, in bytes.
const MIN_PIECE: usize = 1 << 20;
/// Pieces a thread, so that no thread waits long for the last piece of another.
const PIECES_PER_THREAD: usize = 8;

impl<'a> Records<'a> {
    /// The same from here on, cut at another delimiter.
    pub(super) fn cut_at(&self, delimiter: u8) -> Self {
        Self {
            at: self.at,
            line: self.line,
            comment: self.comment,
            ..Self::new(self.text, delimiter, self.source)
        }
    }

    /// The same with lines skipped that begin so.
    pub(super) fn commented(mut self, comment: Option<u8>) -> Self {
        self.comment = comment;
        self
    }

    /// The same with an empty cell left out behind so many.
    pub(super) fn without_empty_after(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// The same from a place on: a byte and its line.
    pub(super) fn placed_at(mut self, (at, line): (usize, u64)) -> Self {
        (self.at, self.line) = (at, line);
        self
    }

    /// The byte at which the next row is looked for, and its line.
    pub(super) fn place(&self) -> (usize, u64) {
        (self.at, self.line)
    }

    /// The byte behind the last end of a line, and its line; none where a row may hold ends of lines, between quotes, or has no end.
    pub(super) fn place_after_last_line(&self) -> Option<(usize, u64)> {
        let rest = self.rest();
        let end = rest.iter().rposition(|&b| b == b'\n')? + 1;
        let lines = (!rest.contains(&b'"')).then(|| count_line_ends(&rest[..end]))?;
        Some((self.at + end, self.line + lines))
    }

    /// The rest of the text.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.rest()
    }

    /// Steps over a line.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
        self.at += rest.iter().position(is_end).unwrap_or(rest.len());
        self.end_line();
    }

    /// The rows of a whole text, which is that of `source`.
    pub(super) fn new(text: &'a [u8], delimiter: u8, source: &'a Source) -> Self {
        let mark = text.starts_with(BYTE_ORDER_MARK);
        let runs = delimiter == RUNS;
        let mut ends_cell = [false; 256];
        for end in [delimiter, b'\n', b'\r'] {
            ends_cell[usize::from(end)] = true;
        }
        ends_cell[usize::from(b'\t')] |= runs;
        Self {
            text,
            at: if mark { BYTE_ORDER_MARK.len() } else { 0 },
            line: 1,
            delimiter,
            runs,
            comment: None,
            width: usize::MAX,
            ends_cell,
            source,
            most: usize::try_from(source.expansion() / COLUMN).unwrap_or(usize::MAX),
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn malformed(&self, line: u64, reason: &str) -> DataError {
        DataError::malformed(&self.source.path, Place::Line(line), reason)
    }

    /// Steps over lines that are comments, empty or hold white space only. (With tabs for delimiters, a line of tabs is a row of
    /// empty cells.)
    pub(super) fn skip_blank_lines(&mut self) {
        loop {
            while self.comment.is_some() && self.rest().first() == self.comment.as_ref() {
                self.skip_line();
            }
            if (self.rest().first()).is_some_and(|b| !b.is_ascii_whitespace()) {
                return;
            }
            let spaces = self.count_blanks(b" \t");
            match self.rest().get(spaces) {
                None | Some(b'\n' | b'\r') => self.at += spaces,
                Some(_) => return,
            }
            if !self.end_line() {
                return;
            }
        }
    }

    /// Blanks that begin the rest and are not delimiters.
    fn count_blanks(&self, blanks: &[u8]) -> usize {
        let blank = |b: &&u8| blanks.contains(b) && (self.runs || **b != self.delimiter);
        self.rest().iter().take_while(blank).count()
    }

    /// Steps over blanks; tells whether the line goes on.
    fn skip_blanks(&mut self) -> bool {
        self.at += self.count_blanks(b" \t");
        (self.rest().first()).is_some_and(|b| !matches!(b, b'\n' | b'\r'))
    }

    /// Steps over one line end, if there is one here.
    fn end_line(&mut self) -> bool {
        match self.rest() {
            [b'\r', b'\n', ..] => self.at += 2,
            [b'\r' | b'\n', ..] => self.at += 1,
            _ => return false,
        }
        self.line += 1;
        true
    }

    /// Reads up to, not including, the delimiter or line end.
    fn cell(&mut self) -> Result<Cow<'a, [u8]>> {
        if let Some(b' ' | b'"') = self.rest().first() {
            let spaces = self.count_blanks(b" ");
            if self.rest().get(spaces) == Some(&b'"') {
                self.at += spaces + 1;
                return self.quoted_cell();
            }
        }
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|&b| self.ends_cell[usize::from(b)])
            .unwrap_or(rest.len());
        self.at += length;
        Ok(Cow::Borrowed(rest[..length].trim_ascii()))
    }

    /// Reads a cell after its opening quote.
    fn quoted_cell(&mut self) -> Result<Cow<'a, [u8]>> {
        let mut text = Cow::Borrowed(&[][..]);
        let mut line_ends = 0;
        loop {
            let rest = self.rest();
            let Some(length) = rest.iter().position(|&b| b == b'"') else {
                let reason = "a quoted cell begins here and never ends";
                return Err(self.malformed(self.line, reason));
            };
            let part = &rest[..length];
            line_ends += count_line_ends(part);
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().extend_from_slice(part);
            }
            self.at += length + 1;
            if self.rest().first() != Some(&b'"') {
                break;
            }
            text.to_mut().push(b'"');
            self.at += 1;
        }
        if !self.runs {
            self.at += self.count_blanks(b" ");
        }
        if (self.rest().first()).is_some_and(|b| !self.ends_cell[usize::from(*b)]) {
            let reason =
                "a quoted cell goes on after its closing quote; double the quotes inside it";
            return Err(self.malformed(self.line, reason));
        }
        self.line += line_ends;
        Ok(match text {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.trim_ascii()),
            Cow::Owned(bytes) => Cow::Owned(bytes.trim_ascii().to_vec()),
        })
    }

    /// The rest cut at line ends into parts of at least `size` bytes.
    fn parts(&self, size: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut from = self.at;
        while from < self.text.len() {
            let near = (from + size).min(self.text.len());
            let line_end = self.text[near..].iter().position(|&b| b == b'\n');
            let to = line_end.map_or(self.text.len(), |at| near + at + 1);
            parts.push(from..to);
            from = to;
        }
        parts
    }
}

impl<'a> Rows<'a> for Records<'a> {
    fn next(&mut self, row: &mut Row<'a>) -> Result<bool> {
        self.skip_blank_lines();
        row.cells.clear();
        row.line = self.line;
        if self.at >= self.text.len() {
            return Ok(false);
        }
        if self.runs {
            self.skip_blanks();
        }
        loop {
            let cell = self.cell()?;
            if row.cells.len() >= self.most {
                let bytes = (row.cells.len() as u64 + 1).saturating_mul(COLUMN);
                self.source.check_pieces("the columns", bytes)?;
            }
            row.cells.push(cell);
            let goes_on = match self.runs {
                true => self.skip_blanks(),
                false => self.rest().first() == Some(&self.delimiter),
            };
            if !goes_on {
                self.end_line();
                if row.cells.len() > self.width
                    && row.cells[self.width..].iter().all(|c| c.is_empty())
                {
                    row.cells.truncate(self.width);
                }
                return Ok(true);
            }
            self.at += usize::from(!self.runs);
        }
    }

    /// One piece only where the text holds a quote: between quotes a line end need not end a row.
    fn pieces(&self, threads: usize) -> Vec<Self> {
        let length = self.rest().len();
        let size = (length / threads.saturating_mul(PIECES_PER_THREAD).max(1)).max(MIN_PIECE);
        if threads < 2 || length <= size {
            return vec![self.clone()];
        }
        let parts = self.parts(size);
        let count = |part: &Range<usize>| {
            let text = &self.text[part.clone()];
            Ok((!text.contains(&b'"')).then(|| count_line_ends(text)))
        };
        let counted = parallel::map(parts.iter().collect(), threads, count);
        let counted = counted.map(|lines| lines.into_iter().collect::<Option<Vec<u64>>>());
        let Ok(Some(line_ends)) = counted else {
            return vec![self.clone()];
        };
        let mut line = self.line;
        let piece = |(part, n): (Range<usize>, u64)| {
            let piece = Self {
                text: &self.text[..part.end],
                at: part.start,
                line,
                ..self.clone()
            };
            line += n;
            piece
        };
        parts.into_iter().zip(line_ends).map(piece).collect()
    }
}

/// LF, CRLF and CR each end one line.
fn count_line_ends(text: &[u8]) -> u64 {
    if !text.contains(&b'\r') {
        return text.iter().filter(|&&b| b == b'\n').count() as u64;
    }
    let line_end = |i: &usize| match text[*i] {
        b'\n' => *i == 0 || text[*i - 1] != b'\r',
        b => b == b'\r',
    };
    (0..text.len()).filter(line_end).count() as u64
}
