//! What a batch's samples report and contribute, with weights and with targets that are met.

use tiam_linalg::Activation::{Elu, Identity, Relu};
use tiam_linalg::prox::LossSum;
use tiam_linalg::{
    Compute, CurvatureForm, ForwardFrom, LossTarget, Matrix, StochasticBatch, forward_loss,
    gather_columns, gather_labels,
};

use super::{Setting, assert_close, plain_step};

/// Of the named samples, by a forward pass over copies of them.
fn forward(setting: &Setting, classes: bool, indices: &[usize]) -> LossSum {
    let (mut inputs, mut values, mut labels) = (Matrix::default(), Matrix::default(), Vec::new());
    gather_columns(&mut inputs, &setting.inputs, indices);
    gather_columns(&mut values, &setting.values, indices);
    gather_labels(&mut labels, &setting.labels, indices);
    let target = match classes {
        true => LossTarget::classes(&labels, values.n_rows()),
        false => LossTarget::values(&values),
    };
    let from = ForwardFrom::Inputs(&inputs);
    let mut compute = Compute::new(1).unwrap();
    forward_loss(&&setting.layers()[..], Elu, from, target, &mut compute)
}

fn reported(setting: &Setting, batch: StochasticBatch<'_, f64>, threads: usize) -> LossSum {
    let mut blocks = setting.blocks(CurvatureForm::Identity);
    blocks.gradient(Elu, batch, false, &mut Compute::new(threads).unwrap())
}

fn assert_same(found: LossSum, wanted: LossSum) {
    let apart = (found.loss - wanted.loss).abs();
    assert!(
        apart <= 1e-13 * (1.0 + wanted.loss.abs()),
        "{found:?} {wanted:?}"
    );
    assert_eq!(found.correct, wanted.correct);
}

#[test]
fn a_batch_reports_the_loss_of_the_samples_it_names() {
    // The second of several tiles, and of a size that is shared out.
    for (sizes, n) in [(&[4, 6, 3][..], 10), (&[70, 50, 5], 1600), (&[2, 3], 1)] {
        let setting = Setting::random(sizes, n, 3);
        let indices: Vec<usize> = (0..n).map(|i| (i * 7 + 2) % n).chain([n / 2]).collect();
        for classes in [true, false] {
            let wanted = forward(&setting, classes, &indices);
            for threads in [1, 2, 3] {
                let batch = setting.batch(classes, &indices);
                assert_same(reported(&setting, batch, threads), wanted);
            }
        }
        let none = reported(&setting, setting.batch(true, &[]), 2);
        assert_eq!(none, LossSum::default());
    }
}

#[test]
fn a_weight_scales_a_samples_loss_and_its_error() {
    let setting = Setting::random(&[4, 6, 3], 12, 4);
    let weights: Vec<f64> = (0..12).map(|i| 0.25 * f64::from(i % 5)).collect();
    let indices: Vec<usize> = (2..12).rev().collect();
    for classes in [true, false] {
        let batch = StochasticBatch {
            weights: Some(&weights),
            ..setting.batch(classes, &indices)
        };
        let (mut loss, mut wanted) = (LossSum::default(), Vec::new());
        for &i in &indices {
            let one = forward(&setting, classes, &[i]);
            loss.loss += weights[i] * one.loss;
            loss.correct += one.correct;
            let share = weights[i] / indices.len() as f64;
            let of_one = setting.gradient(Elu, classes, &[i]);
            wanted.resize_with(of_one.len(), Vec::new);
            for (sum, one) in wanted.iter_mut().zip(&of_one) {
                sum.resize(one.len(), 0.0);
                sum.iter_mut().zip(one).for_each(|(s, g)| *s += share * g);
            }
        }
        assert_same(reported(&setting, batch, 1), loss);
        assert_close(&plain_step(&setting, Elu, batch, 1), &wanted, 1e-12);
    }
}

/// One layer w x of numbers: errors are w x − y.
fn line(inputs: &[f64], values: &[f64]) -> Setting {
    let row = |x: &[f64]| Matrix::from_vec(1, x.len(), x.to_vec()).unwrap();
    Setting {
        weights: vec![row(&[1.0])],
        biases: vec![vec![0.0]],
        inputs: row(inputs),
        labels: vec![0; inputs.len()],
        values: row(values),
    }
}

#[test]
fn an_error_is_met_up_to_and_at_the_bound() {
    // Errors of 0.5, −0.5, 0.625 and 0.
    let setting = line(&[1.0, 2.0, 3.0, 4.0], &[0.5, 2.5, 2.375, 4.0]);
    let moved = |error_tolerance| {
        let batch = StochasticBatch {
            error_tolerance,
            ..setting.batch(false, &[0, 1, 2, 3])
        };
        let loss = reported(&setting, batch, 1).loss;
        assert!((loss - 0.5 * (0.25 + 0.25 + 0.390625)).abs() < 1e-15);
        plain_step(&setting, Identity, batch, 1).remove(0)
    };
    let of_all = -(0.5 - 1.0 + 3.0 * 0.625) / 4.0;
    let of_one = -3.0 * 0.625 / 4.0;
    for (tolerance, wanted) in [
        (None, of_all),
        (Some(0.0), of_all),
        (Some(0.49), of_all),
        (Some(0.5), of_one),
        (Some(0.6), of_one),
        (Some(0.625), 0.0),
    ] {
        assert!(
            (moved(tolerance)[0] - wanted).abs() < 1e-15,
            "{tolerance:?}"
        );
    }
}

#[test]
fn open_samples_keep_their_own_columns() {
    for classes in [true, false] {
        let mut setting = Setting::random(&[4, 6, 5, 3], 70, 5);
        let weights: Vec<f64> = (0..70).map(|i| 0.5 + 0.25 * f64::from(i % 4)).collect();
        if classes {
            let last = setting.weights[2].as_mut_slice();
            last.iter_mut().for_each(|w| *w *= 25.0);
        }
        let indices: Vec<usize> = (0..70).collect();
        let bound = if classes { 0.3 } else { 1.5 };
        // A sample is open whose own step, with the biases' gradients its errors, has one beyond the bound.
        let step = |indices: &[usize], error_tolerance, threads| {
            let batch = StochasticBatch {
                weights: Some(&weights),
                error_tolerance,
                ..setting.batch(classes, indices)
            };
            plain_step(&setting, Relu, batch, threads)
        };
        let open: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|&i| {
                let moved = step(&[i], None, 1);
                let errors = &moved[2][moved[2].len() - 3..];
                errors.iter().any(|e| e.abs() > bound)
            })
            .collect();
        assert!(open.len() > 5 && open.len() < 60, "{open:?}");
        let mut wanted = step(&open, None, 1);
        let share = open.len() as f64 / 70.0;
        wanted.iter_mut().flatten().for_each(|x| *x *= share);
        for threads in [1, 2] {
            let found = step(&indices, Some(bound), threads);
            assert_close(&found, &wanted, 1e-12);
        }
    }
}

#[test]
fn a_sample_that_is_not_a_number_is_open() {
    let setting = line(&[1.0, f64::NAN], &[1.0, 2.0]);
    let batch = StochasticBatch {
        error_tolerance: Some(0.5),
        ..setting.batch(false, &[0, 1])
    };
    assert!(plain_step(&setting, Identity, batch, 1)[0][0].is_nan());
}

macro_rules! refused {
    ($($name:ident: $message:literal, $change:expr;)*) => {$(
        #[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let good = Setting::random(&[3, 4, 2], 5, 2);
            let mut given = Setting::random(&[3, 4, 2], 5, 2);
            let change: fn(&mut Setting) -> (bool, Vec<usize>) = $change;
            let (classes, indices) = change(&mut given);
            let mut blocks = good.blocks(CurvatureForm::Identity);
            let batch = given.batch(classes, &indices);
            blocks.gradient(Relu, batch, false, &mut Compute::new(1).unwrap());
        }
    )*};
}
refused! {
    inputs_of_another_number_panic: "stochastic batch: inputs", |s| {
        s.inputs = Matrix::zeros(4, 5);
        (true, vec![0])
    };
    values_of_another_number_panic: "stochastic batch: outputs", |s| {
        s.values = Matrix::zeros(3, 5);
        (false, vec![0])
    };
    targets_for_other_samples_panic: "stochastic batch: samples", |s| {
        s.labels.pop();
        (true, vec![0])
    };
    an_index_beyond_the_samples_panics: "a sample is not below 5", |_| (true, vec![0, 5]);
}

#[test]
#[should_panic(expected = "stochastic batch: weights")]
fn weights_of_other_samples_panic() {
    let setting = Setting::random(&[3, 4, 2], 5, 2);
    let batch = StochasticBatch {
        weights: Some(&[1.0; 4]),
        ..setting.batch(true, &[0])
    };
    reported(&setting, batch, 1);
}
