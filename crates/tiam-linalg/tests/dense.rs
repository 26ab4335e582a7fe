//! Products, factors and passes over entries against their naive twins.

mod common;

use common::{multiply, random, widen};
use proptest::prelude::*;
use tiam_linalg::{
    Compute, LinalgError, Matrix, SpdFactor, map_entries, product_transposed, sum_entries,
};

fn apart(x: &Matrix<f64>, y: &Matrix<f64>) -> f64 {
    common::distance(x, y)
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
