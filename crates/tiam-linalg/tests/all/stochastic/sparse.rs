//! Sparse inputs give what the same inputs give with their zeros.

use super::*;
use tiam_linalg::{Inputs, SparseMatrix};

/// About a fifth of the entries, with so many values; some columns have none.
fn some(n_rows: usize, n_cols: usize, n_values: usize) -> Matrix<f64> {
    let noise = random::<f64>(n_rows, n_cols, 77);
    Matrix::from_fn(n_rows, n_cols, |i, j| match noise[(i, j)] {
        x if x < 0.6 || j % 7 == 3 => 0.0,
        _ => ((i * 31 + j * 17) % n_values + 1) as f64 / n_values as f64 - 0.3,
    })
}

/// Three steps with everything on; weights, biases and what the gradients gained.
fn steps(
    layers: &[AffineLayer<'_, f64>],
    form: CurvatureForm,
    batch: StochasticBatch<'_, f64>,
    threads: usize,
) -> Vec<f64> {
    let mut draws = random::<f64>(1, 200_000, 99).into_vec().into_iter();
    let mut draw = || draws.next().unwrap();
    let mut blocks = StochasticBlocks::new(&layers, &|_| form, &mut draw);
    let compute = &mut Compute::new(threads).unwrap();
    let step = StochasticStep {
        length: 0.3,
        inertia: crate::common::inertia(0.7, 0.6, 0.2),
        averaging: 0.5,
    };
    let mut seen = Vec::new();
    for i in 0..3 {
        let found = blocks.gradient(Relu, batch, i < 2, compute);
        if i < 2 {
            blocks.refresh_curvature(RULE, compute);
        }
        seen.extend([found.loss, blocks.directions(1e-3, compute)]);
        blocks.advance(step, compute);
    }
    seen.extend(
        crate::common::averaged(&blocks, layers)
            .into_iter()
            .flatten(),
    );
    seen
}

/// Sums of gradients, and factors that are multiplied when the directions are made; values in a table, and too many for one.
#[test]
fn steps_are_those_of_dense_inputs() {
    for (sizes, n) in [
        (&[70, 100, 9, 3][..], 500),
        (&[40, 3], 30),
        (&[700, 760, 4], 230),
    ] {
        for n_values in [5, 1000] {
            let mut setting = Setting::random(sizes, n, 5);
            setting.inputs = some(sizes[0], n, n_values);
            setting
                .weights
                .iter_mut()
                .flat_map(|w| w.as_mut_slice())
                .for_each(|w| *w *= 0.2);
            let sparse = SparseMatrix::from_dense(&setting.inputs, &mut Compute::new(2).unwrap());
            assert_eq!(sparse.to_dense(), setting.inputs);
            let mut indices: Vec<usize> = (0..n).rev().collect();
            indices[0] = n / 2;
            let weights: Vec<f64> = (0..n).map(|j| (j % 3) as f64).collect();
            let dense = StochasticBatch {
                weights: Some(&weights),
                error_tolerance: Some(0.4),
                ..setting.batch(true, &indices)
            };
            let batch = StochasticBatch {
                inputs: Inputs::Sparse(&sparse),
                ..dense
            };
            let forms = [
                CurvatureForm::Identity,
                CurvatureForm::Full,
                CurvatureForm::Sketch { rank: 12 },
            ];
            for form in forms
                .into_iter()
                .filter(|form| sizes[0] < 700 || *form != CurvatureForm::Full)
            {
                let layers = setting.layers();
                let wanted = steps(&layers, form, dense, 1);
                let found = steps(&layers, form, batch, 2);
                let size = wanted.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                let apart = distance(&found, &wanted);
                assert!(
                    apart <= 1e-10 * size,
                    "{sizes:?} {form:?}: {apart:e} of {size}"
                );
            }
        }
    }
}

#[test]
fn entries_are_kept_whatever_their_number_and_kind() {
    let check = |dense: &Matrix<f64>| {
        let sparse = SparseMatrix::from_dense(dense, &mut Compute::new(2).unwrap());
        let n_entries = dense.as_slice().iter().filter(|x| **x != 0.0).count();
        assert_eq!(
            (sparse.n_rows(), sparse.n_cols()),
            (dense.n_rows(), dense.n_cols())
        );
        assert_eq!(sparse.n_entries(), n_entries);
        assert_eq!(&sparse.to_dense(), dense);
    };
    check(&Matrix::zeros(3, 0));
    check(&Matrix::zeros(3, 2));
    // As many values as a table has, one more, and rows beyond two bytes.
    for n_values in [256, 257] {
        check(&Matrix::from_fn(20, 30, |i, j| {
            ((i * 30 + j) % n_values) as f64 + 1.0
        }));
    }
    check(&Matrix::from_fn(70_000, 2, |i, j| {
        if i % 9_999 == j { 2.5 } else { 0.0 }
    }));
    // Minus zero is a zero, and a NaN is kept.
    let odd = Matrix::from_vec(3, 1, vec![-0.0, f64::NAN, 1.0]).unwrap();
    let sparse = SparseMatrix::from_dense(&odd, &mut Compute::new(2).unwrap());
    assert_eq!(sparse.n_entries(), 2);
    assert!(sparse.to_dense()[(1, 0)].is_nan());
}

#[test]
fn lists_are_for_few_entries_and_fewer_where_weights_fill_no_cache() {
    let faster = |sizes: &[usize], share: f64| {
        let setting = Setting::random(sizes, 1, 1);
        let blocks = setting.blocks(CurvatureForm::Identity);
        blocks.are_lists_faster(share)
    };
    assert!(faster(&[40, 9, 3], 0.3) && !faster(&[40, 9, 3], 0.31) && !faster(&[31, 9, 3], 0.1));
    assert!(faster(&[700, 760, 4], 0.1) && !faster(&[700, 760, 4], 0.19));
}
