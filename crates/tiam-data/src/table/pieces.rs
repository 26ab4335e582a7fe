//! Pieces of a text, read in parallel.

use std::{
    panic::resume_unwind,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::records::Rows;
use crate::error::Result;

/// Smallest piece worth a hand-over, in bytes.
const MIN_PIECE: usize = 1 << 20;
/// Pieces a thread, so that no thread waits long for the last piece of another.
const PIECES_PER_THREAD: usize = 8;

/// The rest of a text cut at line ends into pieces of at least `min_piece` bytes, each knowing its first line. One
/// piece only where there is one thread, where the text is short, or where it holds a quote: between quotes a line end
/// need not end a row.
pub(crate) fn pieces<'a>(rows: &Rows<'a>, threads: usize) -> Vec<Rows<'a>> {
    cut(rows, threads, MIN_PIECE)
}

fn cut<'a>(rows: &Rows<'a>, threads: usize, min_piece: usize) -> Vec<Rows<'a>> {
    let rest = rows.rest();
    let size = (rest.len() / threads.saturating_mul(PIECES_PER_THREAD).max(1)).max(min_piece);
    if threads < 2 || rest.len() <= size {
        return vec![rows.clone()];
    }
    let mut parts = Vec::new();
    let mut from = 0;
    while from < rest.len() {
        let near = (from + size).min(rest.len());
        let line_end = rest[near..].iter().position(|&b| b == b'\n');
        let to = line_end.map_or(rest.len(), |at| near + at + 1);
        parts.push(from..to);
        from = to;
    }
    let count = |part: &std::ops::Range<usize>| {
        let text = &rest[part.clone()];
        Ok((!text.contains(&b'"')).then(|| super::records::count_line_ends(text)))
    };
    let Ok(Some(lines)) = map(parts.iter().collect(), threads, count)
        .map(|lines| lines.into_iter().collect::<Option<Vec<u64>>>())
    else {
        return vec![rows.clone()];
    };
    let mut before = 0;
    let mut piece = |(part, lines): (std::ops::Range<usize>, u64)| {
        let piece = rows.part(part, before);
        before += lines;
        piece
    };
    parts.into_iter().zip(lines).map(&mut piece).collect()
}

/// The results of all items, in their order; failing that the error of the first item that has one.
pub(crate) fn map<I: Send, R: Send>(
    items: Vec<I>,
    threads: usize,
    f: impl Fn(I) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let n_workers = threads.min(items.len());
    if n_workers < 2 {
        return items.into_iter().map(f).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    // Items are handed out in order: those left when one fails come after it, and are not needed.
    let failed = AtomicBool::new(false);
    let work = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((i, item)) = next else { break };
            let result = f(item);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.push((i, result));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        // A thread that the system refuses leaves more to the others.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (1..n_workers).filter_map(spawn).collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    });
    results.sort_unstable_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::{DataError, table::records::Row};

    /// Line and cells of each row, or the line that is at fault.
    fn read(pieces: Vec<Rows<'_>>) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut all = Vec::new();
        for mut rows in pieces {
            let mut row = Row::default();
            loop {
                match rows.next(&mut row) {
                    Ok(true) => {
                        all.push((row.line, row.cells.iter().map(|c| c.to_vec()).collect()));
                    }
                    Ok(false) => break,
                    Err(DataError::BadQuote { line, .. }) => {
                        all.push((line, Vec::new()));
                        break;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn pieces_give_the_rows_of_the_whole(
            text in proptest::collection::vec(
                prop_oneof![
                    20 => prop::sample::select(b"1,a. \t\n\r".to_vec()),
                    1 => Just(b'"'),
                ],
                0..200,
            ),
            size in 1_usize..40,
            skipped in 0_usize..3,
        ) {
            let mut rows = Rows::new(&text, b',', Path::new("t"));
            for _ in 0..skipped {
                let _ = rows.next(&mut Row::default());
            }
            let whole = read(vec![rows.clone()]);
            prop_assert_eq!(read(cut(&rows, 1000, size)), whole);
        }
    }

    #[test]
    fn text_without_quotes_is_cut() {
        let text = b"a,b\n1,2\r\n3,4\n\n5,6\n";
        let rows = Rows::new(text, b',', Path::new("t"));
        assert_eq!(cut(&rows, 2, 4).len(), 3);
        assert_eq!(cut(&rows, 1, 4).len(), 1);
        let quoted = Rows::new(b"a,b\n1,2\n\"3\",4\n5,6\n", b',', Path::new("t"));
        assert_eq!(cut(&quoted, 2, 4).len(), 1);
    }

    #[test]
    fn the_first_error_in_order_is_given() {
        let slow_first = |i: usize| {
            if i == 0 {
                thread::sleep(std::time::Duration::from_millis(20));
            }
            match i {
                0 | 1 => Err(DataError::parameter("i", i, "others")),
                _ => Ok(i),
            }
        };
        let error = map((0..9).collect(), 2, slow_first).unwrap_err();
        assert!(matches!(error, DataError::InvalidParameter { ref value, .. } if value == "0"));
        assert_eq!(
            map((0..9).collect(), 3, Ok).unwrap(),
            (0..9).collect::<Vec<_>>()
        );
    }
}
