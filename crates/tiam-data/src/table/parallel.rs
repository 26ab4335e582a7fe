//! Work on several items at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::error::Result;

/// The results of all items, in their order; failing that the error of the first item that has one.
pub(crate) fn map<I: Send, R: Send>(
    items: Vec<I>,
    threads: usize,
    f: impl Fn(I) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let threads = threads.min(items.len());
    // Where the system refuses threads, this one does the work.
    let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
    let Some(Ok(pool)) = pool else {
        return items.into_iter().map(f).collect();
    };
    let first_failure = AtomicUsize::new(usize::MAX);
    let work = |(i, item)| {
        // The error of an item before it is given instead.
        if i > first_failure.load(Ordering::Relaxed) {
            return None;
        }
        let result = f(item);
        if result.is_err() {
            first_failure.fetch_min(i, Ordering::Relaxed);
        }
        Some(result)
    };
    let results: Vec<_> = pool.install(|| items.into_par_iter().enumerate().map(work).collect());
    results.into_iter().flatten().collect()
}
