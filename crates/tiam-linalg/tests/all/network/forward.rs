//! The forward pass against the equations written out.

use tiam_linalg::Activation::{self, Elu};
use tiam_linalg::prox::LossSum;
use tiam_linalg::{
    AffineLayer, AffineLayers, Compute, ForwardFrom, Gradients, LossTarget, Matrix, Monotone, Real,
    biased, forward, forward_loss, forward_one, loss_gradient,
};

use super::backward::Setting;
use crate::common::{distance, map, multiply, random};

/// z_L, sample by sample.
fn naive(setting: &Setting, h: Activation) -> Matrix<f64> {
    let mut a = setting.inputs.clone();
    let mut z = a.clone();
    for (w, b) in setting.weights.iter().zip(&setting.biases) {
        let product = multiply(w, &a);
        z = Matrix::from_fn(product.n_rows(), product.n_cols(), |i, j| {
            product[(i, j)] + b[i]
        });
        a = map(&z, |z| h.apply(z));
    }
    z
}

/// Σ −log softmax_y(z) and the samples whose first largest output is the label's, or ½ ‖z − y‖².
fn naive_loss(setting: &Setting, z: &Matrix<f64>, classes: bool) -> LossSum {
    let mut sum = LossSum::default();
    for j in 0..z.n_cols() {
        let (z, y) = (z.col(j), setting.values.col(j));
        if classes {
            let label = setting.labels[j] as usize;
            sum.loss += z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label];
            sum.correct += usize::from(z.iter().all(|&other| other <= z[label]));
        } else {
            sum.loss += z
                .iter()
                .zip(y)
                .map(|(z, y)| 0.5 * (z - y) * (z - y))
                .sum::<f64>();
        }
    }
    sum
}

/// Sizes with several tiles and of which samples are shared out, wide first and wide last; then small ones.
const SETTINGS: [(&[usize], usize); 6] = [
    (&[30, 90, 40, 7], 1300),
    (&[90, 30, 7], 1300),
    (&[5, 6, 4, 3], 9),
    (&[3, 4, 1], 2),
    (&[3, 5], 20),
    (&[2, 3, 3], 0),
];

#[test]
fn a_pass_is_layer_after_layer_from_the_inputs_or_from_their_product() {
    for (sizes, n) in SETTINGS {
        let setting = Setting::random(sizes, n, 11);
        let (layers, wanted) = (setting.layers(), naive(&setting, Elu));
        let product = multiply(&setting.weights[0], &setting.inputs);
        for threads in [1, 2, 3] {
            let compute = &mut Compute::new(threads).unwrap();
            for from in [
                ForwardFrom::Inputs(&setting.inputs),
                ForwardFrom::FirstProduct(&product),
            ] {
                let mut z = Matrix::from_fn(wanted.n_rows(), n, |_, _| f64::NAN);
                forward(&mut z, &layers, Elu, from, compute);
                assert!(distance(&z, &wanted) <= 1e-12, "{sizes:?} {threads}");
                for classes in [true, false] {
                    let target = setting.target(classes);
                    let found = forward_loss(&layers, Elu, from, target, compute);
                    let loss = naive_loss(&setting, &wanted, classes);
                    assert!((found.loss - loss.loss).abs() <= 1e-12 * (1.0 + loss.loss));
                    assert_eq!(found.correct, loss.correct);
                }
            }
        }
    }
}

#[test]
fn a_pass_of_one_sample_is_layer_after_layer() {
    // Widths with every remainder of the blocks of rows.
    for sizes in [&[5, 100, 100, 2][..], &[3, 64, 83, 17], &[7, 1], &[1, 3, 1]] {
        let setting = Setting::random(sizes, 4, 13);
        let (layers, wanted) = (setting.layers(), naive(&setting, Elu));
        let compute = &mut Compute::new(1).unwrap();
        for sample in 0..4 {
            let mut z = vec![f64::NAN; wanted.n_rows()];
            forward_one(&mut z, &layers, Elu, setting.inputs.col(sample), compute);
            let near = |(z, y): (&f64, &f64)| (z - y).abs() <= 1e-12 * (1.0 + y.abs());
            assert!(z.iter().zip(wanted.col(sample)).all(near), "{sizes:?}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let setting = Setting::random(&[30, 90, 40, 7], 1300, 12);
    let layers = setting.layers();
    let loss = |threads| {
        let from = ForwardFrom::Inputs(&setting.inputs);
        let compute = &mut Compute::new(threads).unwrap();
        forward_loss(&layers, Elu, from, setting.target(true), compute)
            .loss
            .to_bits()
    };
    assert_eq!(loss(1), loss(2));
    assert_eq!(loss(1), loss(3));
}

#[test]
fn a_gradient_reports_the_loss_of_its_samples_and_how_many_are_classified_correctly() {
    for (sizes, n) in SETTINGS {
        let setting = Setting::random(sizes, n, 14);
        let (layers, z) = (setting.layers(), naive(&setting, Elu));
        let mut gradients = Gradients::zeros(&layers);
        let all: Vec<usize> = (0..n).rev().collect();
        for classes in [true, false] {
            let wanted = naive_loss(&setting, &z, classes);
            for (threads, batch) in [(1, None), (2, None), (3, Some(&all[..]))] {
                let (out, target) = (&mut gradients, setting.target(classes));
                let compute = &mut Compute::new(threads).unwrap();
                let found =
                    loss_gradient(out, &layers, Elu, &setting.inputs, target, batch, compute);
                assert!((found.loss - wanted.loss).abs() <= 1e-12 * (1.0 + wanted.loss));
                assert_eq!(found.correct, wanted.correct);
            }
        }
    }
}

/// Layers that cannot give their first weights: all a pass from the first product asks for is the bias.
struct WithoutFirst<'a>(Vec<AffineLayer<'a, f64>>);

impl AffineLayers<f64> for WithoutFirst<'_> {
    fn n_layers(&self) -> usize {
        self.0.len()
    }
    fn layer(&self, l: usize) -> AffineLayer<'_, f64> {
        assert!(l > 0, "the first weights were asked for");
        self.0[l]
    }
    fn first_bias(&self) -> &[f64] {
        self.0[0].bias
    }
}

#[test]
fn from_the_first_product_the_first_weights_are_not_needed() {
    for sizes in [&[4, 5, 3][..], &[4, 3]] {
        let setting = Setting::random(sizes, 6, 13);
        let layers = WithoutFirst(setting.layers());
        let product = multiply(&setting.weights[0], &setting.inputs);
        let mut z = Matrix::zeros(3, 6);
        let compute = &mut Compute::new(1).unwrap();
        forward(
            &mut z,
            &layers,
            Elu,
            ForwardFrom::FirstProduct(&product),
            compute,
        );
        assert!(distance(&z, &naive(&setting, Elu)) <= 1e-14);
    }
    let setting = Setting::random(&[4, 5, 3], 6, 13);
    assert_eq!((&setting.layers()[..]).first_bias(), setting.biases[0]);
}

#[test]
fn a_bias_is_added_to_a_copy_of_the_product() {
    fn check<T: Real>() {
        let product: Matrix<T> = random(3, 7, 1);
        let bias: Vec<T> = random(3, 1, 2).into_vec();
        let mut out = Matrix::from_fn(3, 7, |_, _| T::nan());
        biased(&mut out, &product, &bias);
        let wanted = Matrix::from_fn(3, 7, |i, j| product[(i, j)] + bias[i]);
        assert_eq!(out, wanted);
    }
    check::<f32>();
    check::<f64>();
}

macro_rules! refused {
    ($($name:ident: $message:literal, $call:expr;)*) => {$(
        #[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let setting = Setting::random(&[3, 4, 2], 5, 2);
            let call: fn(&Setting, &dyn AffineLayers<f64>, &mut Compute<f64>) = $call;
            call(&setting, &&setting.layers()[..], &mut Compute::new(1).unwrap());
        }
    )*};
}
refused! {
    no_layer_panics: "no layer", |s, _, c| {
        let none: [AffineLayer<'_, f64>; 0] = [];
        forward(&mut Matrix::zeros(2, 5), &&none[..], Elu, ForwardFrom::Inputs(&s.inputs), c);
    };
    inputs_of_another_number_panic: "the start's rows differ", |s, layers, c| {
        let from = ForwardFrom::Inputs(&s.values);
        forward(&mut Matrix::zeros(2, 5), layers, Elu, from, c);
    };
    a_product_of_another_number_panics: "the start's rows differ", |s, layers, c| {
        let from = ForwardFrom::FirstProduct(&s.inputs);
        forward(&mut Matrix::zeros(2, 5), layers, Elu, from, c);
    };
    an_output_of_other_rows_panics: "the output's rows differ", |s, layers, c| {
        forward(&mut Matrix::zeros(3, 5), layers, Elu, ForwardFrom::Inputs(&s.inputs), c);
    };
    an_output_of_other_samples_panics: "forward: samples differ", |s, layers, c| {
        forward(&mut Matrix::zeros(2, 4), layers, Elu, ForwardFrom::Inputs(&s.inputs), c);
    };
    labels_of_other_samples_panic: "forward_loss: samples differ", |s, layers, c| {
        let target = LossTarget::classes(&s.labels[1..], s.values.n_rows());
        forward_loss(layers, Elu, ForwardFrom::Inputs(&s.inputs), target, c);
    };
    a_bias_of_other_rows_panics: "biased: rows differ", |s, _, _| {
        biased(&mut Matrix::zeros(2, 5), &s.values, &[0.0; 3]);
    };
}
