use super::*;
use tiam_linalg::{Activation, Compute, Matrix, loss_gradient};
use tiam_models::{Architecture, Init, Loss, Samples, Target};

const N: usize = 9;
const RIDGE: f64 = 0.4;
const FORMS: [StepSizes; 4] = [
    StepSizes::Scalar,
    StepSizes::Row,
    StepSizes::Column,
    StepSizes::Element,
];

fn network() -> Network<f64> {
    let shape = Architecture::new(4, &[5, 3], 3, Activation::Elu, Loss::CrossEntropy);
    Network::new(shape.unwrap(), Init::He, 3).unwrap()
}

/// f and its gradient over N samples, the gradient without the ridge and as a sum.
fn loss(network: &Network<f64>) -> (f64, Gradients<f64>) {
    let inputs = Matrix::from_fn(4, N, |i, j| ((7 * i + 5 * j) as f64).sin());
    let labels = (0..N).map(|j| (j % 3) as u32).collect();
    let n_classes = 3;
    let samples = Samples::new(inputs, Target::Classes { labels, n_classes }).unwrap();
    let code = Loss::CrossEntropy.code().unwrap();
    let target = samples.target().as_loss_target(&*code);
    let mut sums = Gradients::zeros(network);
    let mut compute = Compute::new(1).unwrap();
    let (out, h, x) = (&mut sums, Activation::Elu, samples.inputs());
    let sum = loss_gradient(out, network, h, x, target, None, &mut compute);
    let norm_sq: f64 = network.layers().iter().map(|l| l.weights.norm_sq()).sum();
    ((sum.loss + 0.5 * RIDGE * norm_sq) / N as f64, sums)
}

fn step(sizes: StepSizes, sums: &Gradients<f64>) -> Step<'_, f64> {
    Step {
        sizes,
        meta_rate: 0.1,
        rate: 0.7,
        sums,
        scale: 1.0 / N as f64,
        ridge: RIDGE / N as f64,
    }
}

#[test]
fn step_sizes_are_trained_by_the_gradient_of_the_loss_after_the_step() {
    const H: f64 = 1e-5;
    for sizes in FORMS {
        for l in 0..3 {
            let (_, before) = loss(&network());
            let mut direction = vec![0.0; 24];
            let mut after = |factors: &[f64]| {
                let mut network = network();
                step(sizes, &before).move_layer(&mut network, l, factors, &mut direction);
                network
            };
            let n_sizes = sizes.count(&network().layers()[l]);
            let factors: Vec<f64> = (0..n_sizes).map(|k| 1.0 + 0.1 * k as f64).collect();
            let slopes: Vec<f64> = (0..n_sizes)
                .map(|k| {
                    let mut at = |h: f64| {
                        let mut factors = factors.clone();
                        factors[k] += h;
                        loss(&after(&factors)).0
                    };
                    (at(H) - at(-H)) / (2.0 * H)
                })
                .collect();
            let mut network = after(&factors);
            let (_, sums) = loss(&network);
            let products = step(sizes, &sums).products(&mut network, l, &direction, n_sizes);
            for (slope, [product, _]) in slopes.iter().zip(products) {
                // H² of the third derivative, and rounding by H.
                assert!((slope + 0.7 * product).abs() < 1e-9, "{sizes:?}, layer {l}");
            }
        }
    }
}

/// On a quadratic c is what a step leaves of the slope: above ½ the step was short, below it long.
#[test]
fn short_steps_grow_and_long_ones_shrink_within_bounds() {
    let (_, sums) = loss(&network());
    let step = step(StepSizes::Row, &sums);
    let mut factors = [1.0, 1.0, 1.0, 1.0, 9.99, 0.1001];
    let products = [
        [2.0, 2.0],
        [0.5, 1.0],
        [-100.0, 1.0],
        [0.0, 0.0],
        [9.0, 9.0],
        [-9.0, 9.0],
    ];
    step.train(&mut factors, &products);
    let expected = [0.05_f64.exp(), 1.0, (-0.3_f64).exp(), 1.0, 10.0, 0.1];
    for (found, expected) in factors.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{factors:?}");
    }
}
