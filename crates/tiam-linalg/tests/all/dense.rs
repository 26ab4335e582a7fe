//! Products, factors and passes over entries against their naive twins.

use crate::common::{multiply, random, widen};
use proptest::prelude::*;
use tiam_linalg::{
    Compute, LinalgError, Matrix, SpdFactor, map_entries, outer_product, product,
    product_transposed, sum_entries,
};

fn apart(x: &Matrix<f64>, y: &Matrix<f64>) -> f64 {
    crate::common::distance(x, y)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn transposed_product_is_the_sum(m in 1..9_usize, k in 1..9_usize, n in 0..60_usize, seed in 0..1000_u64) {
        let (left, right) = (random::<f64>(m, k, seed), random::<f64>(m, n, seed + 1));
        let mut out = random(k, n, seed + 2);
        product_transposed(&mut out, &left, &right, &mut Compute::new(2)?);
        prop_assert!(apart(&out, &multiply(&left.transposed(), &right)) < 1e-14);
    }

    #[test]
    fn solves_leave_no_residual(n in 1..40_usize, cols in 1..30_usize, seed in 0..1000_u64) {
        let a = random::<f64>(n, n + 3, seed);
        let (gram, c, ridge) = (multiply(&a, &a.transposed()), 0.7, 0.4);
        let m = Matrix::from_fn(n, n, |i, j| c * gram[(i, j)] + if i == j { ridge } else { 0.0 });
        let mut factor = SpdFactor::new(n);
        factor.factor(&gram, c, ridge)?;
        let right = random::<f64>(n, cols, seed + 1);
        let mut x = right.clone();
        factor.solve(&mut x, &mut Compute::new(3)?);
        let scale = 1e-13 * (1.0 + m.norm_sq().sqrt() * x.norm_sq().sqrt());
        prop_assert!(apart(&multiply(&m, &x), &right) < scale);
        let mut x = right.transposed();
        factor.solve_right(&mut x);
        prop_assert!(apart(&multiply(&x, &m), &right.transposed()) < scale);
    }

    #[test]
    fn entries_and_sums_are_those_of_a_loop(n in 1..300_usize, cols in 0..9_usize, threads in 1..4_usize, seed in 0..1000_u64) {
        let (x, y) = (random::<f64>(n, cols, seed), random::<f64>(n, cols, seed + 1));
        let rows = random::<f64>(n, 1, seed + 2).into_vec();
        let start = random::<f64>(n, cols, seed + 3);
        let mut compute = Compute::new(threads)?;
        let mut out = start.clone();
        let f = |o: f64, [x, y]: [f64; 2], r: f64| (o + 2.0 * x - y * r, [x * r, y]);
        let sums = map_entries(&mut out, [&x, &y], &rows, &mut compute, f);
        let twin = Matrix::from_fn(n, cols, |i, j| start[(i, j)] + 2.0 * x[(i, j)] - y[(i, j)] * rows[i]);
        prop_assert_eq!(out.as_slice(), twin.as_slice());
        let (mut xr, mut sum) = (0.0, 0.0);
        for j in 0..cols {
            for (i, r) in rows.iter().enumerate() {
                xr += x[(i, j)] * r;
                sum += y[(i, j)];
            }
        }
        prop_assert!((sums[0] - xr).abs() + (sums[1] - sum).abs() < 1e-11);
        let again = sum_entries([&x, &y], &rows, &mut compute, |[x, y], r| [x * r, y]);
        prop_assert!((sums[0] - again[0]).abs() + (sums[1] - again[1]).abs() < 1e-12);
    }
}

#[test]
fn many_columns_are_split_and_still_the_same() {
    let (left, right) = (random::<f32>(60, 50, 1), random::<f32>(60, 3000, 2));
    let rows = vec![0.0; 60];
    let run = |threads| {
        let mut compute = Compute::new(threads).unwrap();
        let mut out = Matrix::zeros(50, 3000);
        product_transposed(&mut out, &left, &right, &mut compute);
        let [norm_sq] = sum_entries([&right], &rows, &mut compute, |[x], _| [x * x]);
        (out, norm_sq)
    };
    let (one, three) = (run(1), run(3));
    let twin = multiply(&widen(&left).transposed(), &widen(&right));
    // 60 terms below 1.
    assert!(apart(&widen(&one.0), &twin) < 60.0 * 1.2e-7);
    assert!(apart(&widen(&one.0), &widen(&three.0)) < 60.0 * 1.2e-7);
    assert!((one.1 - three.1).abs() < 1e-5 * one.1);
    assert!((one.1 - widen(&right).norm_sq()).abs() < 1e-5 * one.1);
}

#[test]
fn an_indefinite_matrix_is_an_error_that_names_the_pivot_and_solves_to_nan() {
    let mut factor = SpdFactor::new(3);
    let gram = Matrix::from_fn(3, 3, |i, j| {
        if i != j {
            0.0
        } else if i == 1 {
            -1.0
        } else {
            2.0
        }
    });
    let error = factor.factor(&gram, 1.0, 0.5).unwrap_err();
    assert_eq!(error, LinalgError::NotPositiveDefinite { n: 3, pivot: 1 });
    let mut x = Matrix::from_fn(3, 2, |_, _| 1.0_f64);
    factor.solve(&mut x, &mut Compute::new(1).unwrap());
    assert!(x.as_slice().iter().all(|x| x.is_nan()));
    // A larger ridge makes it definite.
    assert!(factor.factor(&gram, 1.0, 1.5).is_ok());
    let nan = Matrix::from_fn(3, 3, |_, _| f64::NAN);
    assert!(factor.factor(&nan, 1.0, 1.0).is_err());
}

#[test]
fn reshaping_keeps_memory_and_counts() {
    let mut m = Matrix::<f64>::zeros(4, 5);
    m.reshape(2, 3);
    assert_eq!((m.n_rows(), m.n_cols(), m.as_slice().len()), (2, 3, 6));
    m.reshape(5, 4);
    assert_eq!(m.col(3).len(), 5);
}

/// left · right, leftᵀ · right' and left · right''ᵀ with m rows, k inner ones and n samples; small ones made twice, the second time over what is there.
fn assert_products((m, k, n): (usize, usize, usize), threads: usize) {
    let mut compute = Compute::new(threads).unwrap();
    let (left, right) = (random::<f64>(m, k, 1), random::<f64>(k, n, 2));
    let tall: Matrix<f64> = random(m, n, 3);
    let scale = 1e-15 * (m.max(k).max(n) as f64 + 8.0);
    let mut out = random(m, n, 4);
    let mut transposed = random(k, n, 5);
    let mut outer = random(m, k, 6);
    for _ in 0..if n < 5_000 && k < 5_000 { 2 } else { 1 } {
        product(&mut out, &left, &right, &mut compute);
        assert!(
            apart(&out, &multiply(&left, &right)) <= scale,
            "{m} {k} {n}"
        );
        product_transposed(&mut transposed, &left, &tall, &mut compute);
        let twin = multiply(&left.transposed(), &tall);
        assert!(apart(&transposed, &twin) <= scale, "{m} {k} {n}");
        outer_product(&mut outer, &tall, &right, &mut compute);
        let twin = multiply(&tall, &right.transposed());
        assert!(apart(&outer, &twin) <= scale, "{m} {k} {n}");
    }
}

#[test]
fn products_of_any_shape_are_the_sums() {
    // As many columns as samples, one more, one fewer; no sample; the 4096 samples of a tile, and one more.
    for sizes in [(3, 7, 6), (3, 6, 6), (3, 5, 6), (1, 1, 1), (2, 4, 0)] {
        assert_products(sizes, 1);
        assert_products(sizes, 3);
    }
    assert_products((3, 2, 4096), 1);
    assert_products((3, 2, 4097), 1);
    // A tile of 3000 rows has 16 samples.
    assert_products((3000, 2, 33), 1);
}

#[test]
fn products_shared_out_among_three_threads_are_the_sums() {
    // 2 m k n flops, 6 million a share.
    assert_products((8, 10, 76_000), 3);
    assert_products((10, 25_100, 24), 3);
}

#[test]
fn solves_shared_out_among_threads_are_those_of_one() {
    let n = 20;
    let a = random::<f64>(n, 30, 7);
    let mut factor = SpdFactor::new(n);
    assert_eq!(factor.n(), n);
    factor
        .factor(&multiply(&a, &a.transposed()), 1.0, 0.5)
        .unwrap();
    let right = random::<f64>(n, 25_000, 8);
    let solve = |threads| {
        let mut x = right.clone();
        factor.solve(&mut x, &mut Compute::new(threads).unwrap());
        x
    };
    assert!(apart(&solve(1), &solve(3)) < 1e-13);
}

/// 128 entries of a column are worked on at a time.
#[test]
fn columns_around_a_strips_length_are_passed_over_whole() {
    for n in [1, 127, 128, 129, 256, 257] {
        let (x, out) = (random::<f64>(n, 3, 9), random::<f64>(n, 3, 10));
        let rows = random::<f64>(n, 1, 11).into_vec();
        let mut mapped = out.clone();
        let mut compute = Compute::new(1).unwrap();
        let f = |o: f64, [x]: [f64; 1], r: f64| (o - 2.0 * x * r, [x * r]);
        let [sum] = map_entries(&mut mapped, [&x], &rows, &mut compute, f);
        let twin = Matrix::from_fn(n, 3, |i, j| out[(i, j)] - 2.0 * x[(i, j)] * rows[i]);
        assert_eq!(mapped, twin);
        let terms = (0..3).flat_map(|j| x.col(j).iter().zip(&rows));
        let twin: f64 = terms.map(|(x, r)| x * r).sum();
        assert!((sum - twin).abs() < 1e-12);
        let [sum] = sum_entries([&x], &rows, &mut compute, |[x], r| [x * r]);
        assert!((sum - twin).abs() < 1e-12);
    }
}

#[test]
fn a_matrix_is_its_columns_one_after_the_other() {
    let m = Matrix::from_fn(3, 2, |i, j| 10 * j + i);
    assert_eq!((m.n_rows(), m.n_cols()), (3, 2));
    assert_eq!(m.as_slice(), &[0, 1, 2, 10, 11, 12]);
    assert_eq!((m.col(0), m.col(1)), (&[0, 1, 2][..], &[10, 11, 12][..]));
    assert_eq!((m[(2, 0)], m[(0, 1)]), (2, 10));
    let t = m.transposed();
    assert_eq!((t.n_rows(), t.n_cols()), (2, 3));
    assert_eq!(t.as_slice(), &[0, 10, 1, 11, 2, 12]);
    let mut changed = m.clone();
    changed.col_mut(1)[0] = 7;
    changed[(2, 1)] = 8;
    changed.as_mut_slice()[1] = 9;
    assert_eq!(changed.into_vec(), [0, 9, 2, 7, 11, 8]);
    let zeros = Matrix::<f64>::zeros(2, 4);
    assert_eq!((zeros.n_rows(), zeros.n_cols()), (2, 4));
    assert!(zeros.as_slice().len() == 8 && zeros.norm_sq() <= 0.0);
    let m = Matrix::from_vec(1, 2, vec![3.0_f32, -4.0]).unwrap();
    assert!((m.norm_sq() - 25.0).abs() < 1e-12);
}

#[test]
fn values_that_do_not_fill_a_matrix_are_an_error_that_counts_them() {
    for (n_rows, n_cols, found) in [(2, 3, 5), (2, 3, 7), (0, 3, 1), (usize::MAX, 2, 0)] {
        let error = Matrix::from_vec(n_rows, n_cols, vec![0.0; found]).unwrap_err();
        let expected = LinalgError::Shape {
            n_rows,
            n_cols,
            found,
        };
        assert_eq!(error, expected);
    }
    assert!(Matrix::from_vec(0, 3, Vec::<f64>::new()).is_ok());
}
