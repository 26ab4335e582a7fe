//! Tests of the cut into shards, of their sums, and of the threads.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking; these numbers are exact"
)]
use super::*;

/// What a slab holds, of columns of two entries.
fn entries(slab: &Cols<'_, usize>) -> Vec<usize> {
    assert_eq!(slab.n_rows, 2);
    slab.data.to_vec()
}

#[test]
fn a_tile_fills_its_share_of_the_cache() {
    // Between the least and the most columns a tile may have, one column more would not fit.
    for n_rows in [97, 200, 1000, 3001] {
        for (tile, size) in [(tile_cols::<f32>(n_rows), 4), (tile_cols::<f64>(n_rows), 8)] {
            let column = n_rows * size;
            assert!(
                tile * column <= 384 * 1024 && (tile + 1) * column > 384 * 1024,
                "{tile} columns of {n_rows} rows"
            );
        }
    }
    let ends = [0, 1, 24, 25, 6143, 6144, 6145, 1_000_000].map(tile_cols::<f32>);
    assert_eq!(ends, [4096, 4096, 4096, 3932, 16, 16, 16, 16]);
}

#[test]
fn a_cut_keeps_every_column_and_its_rows() {
    let (data, long): (Vec<usize>, Vec<usize>) = ((0..14).collect(), (20..41).collect());
    for at in 0..=7 {
        let (head, tail) = Cols::new(&data, 2).split_at(at);
        assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
        assert_eq!([entries(&head), entries(&tail)].concat(), data);
        let mut written = data.clone();
        let (head, tail) = ColsMut::new(&mut written, 2).split_at(at);
        assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
        assert_eq!((head.n_rows, tail.n_rows), (2, 2));
        assert_eq!(([head.data, tail.data]).concat(), data);
        // Several at once, whose columns have different lengths.
        let (head, tail) = [Cols::new(&data[..], 2), Cols::new(&long[..], 3)].split_at(at);
        assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
        assert_eq!([entries(&head[0]), entries(&tail[0])].concat(), data);
        assert_eq!((head[1].n_cols(), tail[1].n_cols()), (at, 7 - at));
        assert_eq!([head[1].data, tail[1].data].concat(), long);
        assert_eq!((head[1].n_rows, tail[1].n_rows), (3, 3));
    }
    let none: [Cols<'_, usize>; 0] = [];
    assert_eq!(none.n_cols(), 0);
}

#[test]
fn tiles_follow_each_other_and_none_is_empty() {
    let data: Vec<usize> = (0..16).collect();
    for n in 0..=8 {
        for tile in 1..=9 {
            let mut seen = Vec::new();
            for_tiles(Cols::new(&data[..2 * n], 2), tile, |slab| {
                assert!(slab.n_cols() > 0 && slab.n_cols() <= tile);
                // Only the last may be short.
                assert!(seen.len() % (2 * tile) == 0);
                seen.extend(entries(&slab));
            });
            assert_eq!(seen, data[..2 * n]);
        }
    }
}

#[test]
fn a_buffer_grows_when_it_is_too_short_and_never_shrinks() {
    let mut v = vec![5, 6];
    assert_eq!(buffer(&mut v, 1), [5]);
    assert_eq!(buffer(&mut v, 2), [5, 6]);
    assert_eq!(buffer(&mut v, 3), [5, 6, 0]);
    assert_eq!(buffer(&mut v, 0), [0; 0]);
    assert_eq!(v, [5, 6, 0]);
}

/// The shards a sweep over columns is cut into.
fn cuts(threads: usize, n_cols: usize, flops_per_col: usize) -> Vec<usize> {
    let mut compute = Compute::<f64>::new(threads).unwrap();
    let data: Vec<usize> = (0..n_cols).collect();
    let n = n_shards_of(1, n_cols, flops_per_col);
    let mut seen = vec![Vec::new(); n];
    let body = |_: &mut WorkerScratch<f64>, seen: &mut Vec<usize>, slab: Cols<'_, usize>| {
        seen.extend(slab.data);
    };
    compute.sweep(Cols::new(&data, 1), &mut seen, &body);
    assert_eq!(seen.concat(), data);
    seen.iter().map(Vec::len).collect()
}

#[test]
fn a_sweep_is_cut_by_its_shape_alone() {
    let worth = MIN_SHARD_FLOPS;
    for threads in [1, 2, 3, 8, 41] {
        assert_eq!(
            cuts(threads, 13, worth),
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
        );
        // As many shards as whole shares of that work, and one, from those there may be.
        assert_eq!(cuts(threads, 12, worth / 12 - 1), [12]);
        assert_eq!(cuts(threads, 12, worth / 12), [6, 6]);
        assert_eq!(cuts(threads, 12, worth / 4), [3, 3, 3, 3]);
        assert_eq!(cuts(threads, 12, worth / 2), [2, 2, 2, 2, 2, 2]);
        assert_eq!(cuts(threads, 240, worth), [10; 24]);
        // No more than columns, and one even of none.
        assert_eq!(cuts(threads, 3, worth), [1, 2]);
        assert_eq!(cuts(threads, 1, worth), [1]);
        assert_eq!(cuts(threads, 0, worth), [0]);
        assert_eq!(cuts(threads, 2, usize::MAX), [1, 1]);
    }
    assert_eq!(n_shards_of(64, 255, usize::MAX), 2);
    assert_eq!(n_shards_of(64, 256, usize::MAX), 4);
    assert_eq!(n_shards_of(64, 63, usize::MAX), 1);
}

/// Sums whose rounding shows the order they were added in.
#[test]
fn sums_have_the_same_bits_on_any_number_of_threads() {
    const N: usize = 3000;
    let data: Vec<f64> = (0..N)
        .map(|i| (i as f64 * 0.7).sin() * 10f64.powi(i as i32 % 9))
        .collect();
    let found = [1, 2, 3, 8].map(|threads| {
        let mut compute = Compute::<f64>::new(threads).unwrap();
        let body = |_: &mut WorkerScratch<f64>, sum: &mut [f64], slab: Cols<'_, f64>| {
            slab.data.iter().for_each(|x| sum[0] += x);
            slab.data.iter().sum::<f64>()
        };
        let slab = Cols::new(&data, 1);
        let (total, sum) = compute.sum_over_samples(1, MIN_SHARD_FLOPS, slab, &body);
        assert_eq!(total.to_bits(), sum[0].to_bits());
        total.to_bits()
    });
    assert_eq!(found, [found[0]; 4]);
    // By hand: 24 shards, halved down to threes.
    let shards: Vec<f64> = (0..24)
        .map(|i| data[N * i / 24..N * (i + 1) / 24].iter().sum())
        .collect();
    fn add(shards: &[f64]) -> f64 {
        match shards {
            [x] => *x,
            _ => add(&shards[..shards.len() / 2]) + add(&shards[shards.len() / 2..]),
        }
    }
    assert_eq!(found[0], add(&shards).to_bits());
    assert_ne!(found[0], data.iter().sum::<f64>().to_bits());
}

#[test]
fn the_largest_of_shards_keeps_a_nan() {
    let of = |x: [f64; 3]| x.map(Largest).into_iter().reduce(Total::merge).unwrap().0;
    assert_eq!(of([1.0, 3.0, 2.0]), 3.0);
    for bad in [
        [f64::NAN, 3.0, 2.0],
        [1.0, f64::NAN, 2.0],
        [1.0, 3.0, f64::NAN],
    ] {
        assert!(of(bad).is_nan());
    }
}

#[test]
fn work_that_is_split_runs_in_the_pool_and_other_work_stays_with_the_caller() {
    // A number of threads that no machine's default pool has.
    const THREADS: usize = 41;
    let mut compute = Compute::<f64>::new(THREADS).unwrap();
    assert_eq!(compute.n_threads(), THREADS);
    let data = [0_u8; 2];
    let mut wheres = |flops_per_col| {
        let mut seen = vec![(false, 0); n_shards_of(1, data.len(), flops_per_col)];
        let body = |_: &mut WorkerScratch<f64>, seen: &mut (bool, usize), _: Cols<'_, u8>| {
            let inside = rayon::current_thread_index().is_some();
            *seen = (inside, rayon::current_num_threads());
        };
        compute.sweep(Cols::new(&data, 1), &mut seen, &body);
        seen
    };
    assert_eq!(wheres(MIN_SHARD_FLOPS), [(true, THREADS); 2]);
    let alone = wheres(1);
    assert!(alone.len() == 1 && !alone[0].0);
    // Installed, everything is within the pool, which is there again afterwards.
    let within = |c: &mut Compute<f64>| (c.n_threads(), rayon::current_num_threads());
    assert_eq!(compute.install(within), (THREADS, THREADS));
    assert_eq!(
        Compute::<f32>::new(1).unwrap().install(|c| c.n_threads()),
        1
    );
    // Also after a panic.
    let panicking = || compute.install(|_| panic!("expected"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).is_err());
    assert_eq!(compute.install(within), (THREADS, THREADS));
}

#[test]
fn no_thread_is_refused() {
    let refused = Compute::<f32>::new(0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "n_threads = 0 is not allowed: it must be at least 1"
    );
}
