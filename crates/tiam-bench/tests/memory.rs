//! Test of the memory figures of the cost experiment. The file holds one test, because it measures its process.

use tiam_bench::reproduce::{Ballast, memory, peak_memory, reset_peak_memory};

const PIECE: usize = 100 << 10;

fn pieces(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|_| vec![1u8; PIECE]).collect()
}

#[test]
fn memory_that_the_allocator_kept_is_measured_again_behind_ballast() {
    if memory().is_none() || !reset_peak_memory() {
        return;
    }
    let freed = pieces(300);
    // Above the freed memory, so that it cannot go back to the system.
    let pin = pieces(1);
    drop(freed);
    let ballast = Ballast::take();
    let before = memory().unwrap();
    assert!(reset_peak_memory());
    let again = pieces(300);
    let grown = peak_memory().unwrap() - before;
    assert!(grown as usize >= 300 * PIECE * 7 / 8, "{grown}");
    drop((pin, ballast, again));
}
