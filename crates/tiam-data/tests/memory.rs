//! Loading a table of numbers takes the memory that [`LoadParams`] states: counted by the allocator itself.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{folder, gzip, write};
use tiam_data::{LoadParams, Real, load};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; only two counters are kept.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 60_000;
const COLUMNS: usize = 20;

/// Most bytes held at a time while a file is loaded.
fn peak<T: Real>(path: &std::path::Path, threads: usize) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let data = load::<T>(path, &LoadParams::default().threads(threads)).unwrap();
    assert_eq!((data.n_samples(), data.n_features()), (ROWS, COLUMNS));
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn a_table_of_numbers_takes_the_text_and_its_numbers() {
    let mut text = String::new();
    for i in 0..ROWS {
        for j in 0..COLUMNS {
            let mixed = (i * COLUMNS + j).wrapping_mul(2_654_435_761) >> 9;
            write!(text, "{}.{:07},", mixed % 10, mixed % 9_999_991).unwrap();
        }
        writeln!(text, "k{}", i % 10).unwrap();
    }
    let folder = folder();
    let plain = write(&folder, "t.csv", &text);
    let packed = write(&folder, "t.csv.gz", gzip(text.as_bytes()));
    let (n_bytes, n_values) = (text.len(), ROWS * COLUMNS);
    drop(text);
    for threads in [1, 2] {
        // The stated sum; the columns' distinct cells, labels and buffers are the tenth.
        let stated = |width: usize, text: usize| (text + width * n_values) * 11 / 10;
        assert!(peak::<f32>(&plain, threads) <= stated(4, n_bytes));
        assert!(peak::<f64>(&plain, threads) <= stated(8, n_bytes));
        // The length of a compressed text shows only at its end.
        assert!(peak::<f64>(&packed, threads) <= stated(8, 3 * n_bytes));
    }
}
