//! Reader of ARFF, the format of Weka.

use std::borrow::Cow;

use super::{
    Head, TableReader,
    chain::Gridded,
    grid::{Grid, lines},
};
use crate::{ColumnEncoding, LoadParams, error::Result, source::Source};

/// Declared attributes, then rows, dense or sparse. Nominal attributes are categories whatever their values look like.
pub(super) struct Arff;

impl TableReader for Arff {
    const KNOWN_AS: &'static str = "ARFF";

    /// The first line that is neither blank nor a comment names the relation, or declares an attribute.
    fn recognises(head: &Head) -> bool {
        let mut lines = lines(&head.text).map(|(_, line)| line);
        let first = lines.find(|line| !line.is_empty() && line[0] != b'%');
        first.is_some_and(|line| {
            keyword(line, "@relation")
                .or(keyword(line, "@attribute"))
                .is_some()
        })
    }
}

impl Gridded for Arff {
    fn grid<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let (text, _encoding) = source.read_text()?;
        let mut grid = Grid::new(source);
        let mut in_data = false;
        for (line, text) in lines(&text) {
            match text {
                [] | [b'%', ..] => {}
                [b'{', sparse @ ..] if in_data => sparse_row(&mut grid, line, sparse)?,
                dense if in_data => dense_row(&mut grid, line, dense)?,
                _ if keyword(text, "@data").is_some() => in_data = true,
                _ if keyword(text, "@relation").is_some() => {}
                _ => match keyword(text, "@attribute") {
                    Some(declared) => attribute(&mut grid, line, declared)?,
                    None => {
                        let reason = "before @data a line begins with @relation, @attribute or %";
                        return Err(grid.malformed(line, reason));
                    }
                },
            }
        }
        Ok(grid)
    }
}

/// What follows a keyword, in any case.
fn keyword<'t>(line: &'t [u8], word: &str) -> Option<&'t [u8]> {
    let (begin, rest) = line.split_at_checked(word.len())?;
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    (ends && begin.eq_ignore_ascii_case(word.as_bytes())).then(|| rest.trim_ascii())
}

/// Adds the column that a declaration describes.
fn attribute(grid: &mut Grid<'_>, line: u64, declared: &[u8]) -> Result<()> {
    let (name, kind) = match token(declared, |b| b.is_ascii_whitespace() || b == b'{') {
        Ok((name, kind)) if !name.is_empty() && !kind.is_empty() => (name, kind.trim_ascii()),
        Ok(_) => return Err(grid.malformed(line, "an attribute needs a name and a type")),
        Err(reason) => return Err(grid.malformed(line, reason)),
    };
    let Ok(name) = String::from_utf8(name.into_owned()) else {
        return Err(grid.malformed(line, "the name is not valid UTF-8"));
    };
    if let Some(values) = kind.strip_prefix(b"{") {
        let first = token(values, |b| matches!(b, b',' | b'}'));
        let first = first.map_err(|reason| grid.malformed(line, reason))?.0;
        let first = String::from_utf8_lossy(&first).trim().to_owned();
        return grid.add_column(name, first, true);
    }
    let is = |word: &str| keyword(kind, word).is_some();
    if ["numeric", "real", "integer"].into_iter().any(is) {
        grid.add_column(name, "0", false)
    } else if is("string") || is("date") {
        grid.add_column(name, "", false)
    } else {
        let kind = String::from_utf8_lossy(&kind[..kind.len().min(40)]).into_owned();
        let known = "numeric, real, integer, string, date and {values} are";
        Err(grid.malformed(
            line,
            format!("the type {kind:?} of {name:?} is not supported; {known}"),
        ))
    }
}

/// Cells separated by commas, or by white space where there is no comma.
fn dense_row(grid: &mut Grid<'_>, line: u64, mut text: &[u8]) -> Result<()> {
    grid.begin_row(line)?;
    let commas = text.contains(&b',');
    let ends = |b: u8| {
        if commas {
            b == b','
        } else {
            b.is_ascii_whitespace()
        }
    };
    let n = grid.n_columns();
    for column in 0.. {
        let (cell, rest) = token(text, ends).map_err(|reason| grid.malformed(line, reason))?;
        if column < n {
            grid.put(column, &cell)?;
        }
        let rest = rest.trim_ascii();
        text = if commas {
            rest.get(1..).unwrap_or(rest)
        } else {
            rest
        };
        if rest.is_empty() {
            let found = column + 1;
            let reason = format!("{found} cells where {n} were expected");
            return if found == n {
                Ok(())
            } else {
                Err(grid.malformed(line, reason))
            };
        }
    }
    Ok(())
}

/// Pairs of position and value: what is not given is 0, or the first value of a nominal attribute.
fn sparse_row(grid: &mut Grid<'_>, line: u64, text: &[u8]) -> Result<()> {
    grid.begin_row(line)?;
    let mut text = text.trim_ascii();
    while let Some(first) = text.first() {
        match first {
            b'}' => return Ok(()),
            b',' => text = text[1..].trim_ascii_start(),
            _ => {}
        }
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (position, rest) = text.split_at(digits);
        let position = std::str::from_utf8(position)
            .ok()
            .and_then(|p| p.parse().ok());
        let Some(position) = position.filter(|&position: &usize| position < grid.n_columns())
        else {
            let n = grid.n_columns();
            return Err(grid.malformed(line, format!("a position from 0 below {n} is needed")));
        };
        let cell = token(rest.trim_ascii_start(), |b| matches!(b, b',' | b'}'));
        let (cell, rest) = cell.map_err(|reason| grid.malformed(line, reason))?;
        grid.put(position, &cell)?;
        text = rest.trim_ascii_start();
    }
    Err(grid.malformed(line, "the sparse row never ends; its } is missing"))
}

/// A value, in single or double quotes or bare, and what follows it: the byte that ends it first.
fn token(
    text: &[u8],
    ends: impl Fn(u8) -> bool,
) -> std::result::Result<(Cow<'_, [u8]>, &[u8]), String> {
    let text = text.trim_ascii_start();
    let Some(&quote @ (b'\'' | b'"')) = text.first() else {
        let length = text.iter().position(|&b| ends(b)).unwrap_or(text.len());
        let (value, rest) = text.split_at(length);
        return Ok((Cow::Borrowed(value.trim_ascii()), rest));
    };
    let mut value = Vec::new();
    let mut bytes = text[1..].iter().enumerate();
    while let Some((at, &b)) = bytes.next() {
        if b == quote {
            let rest = text[at + 2..].trim_ascii_start();
            if rest.first().is_none_or(|&b| ends(b))
                || text[at + 2..].first().is_some_and(|&b| ends(b))
            {
                return Ok((Cow::Owned(value), rest));
            }
            return Err("a quoted value goes on after its closing quote".to_owned());
        }
        let escaped = if b == b'\\' {
            bytes.next().map(|(_, b)| b)
        } else {
            None
        };
        value.push(match escaped {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(&other) => other,
            None => b,
        });
    }
    Err("a quoted value never ends".to_owned())
}
