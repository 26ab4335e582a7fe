//! Time of one mini-batch gradient: 784-100-100-10, ReLU, cross-entropy, single precision.
//!
//! `cargo run --release -p tiam-linalg --example gradient_step`

use std::time::Instant;

use tiam_linalg::{
    AffineLayer, Compute, Gradients, LinalgError, LossTarget, Matrix, Relu, loss_gradient,
};

const SIZES: [usize; 4] = [784, 100, 100, 10];
const N_SAMPLES: usize = 20_000;
const ROUNDS: usize = 15;

fn main() -> Result<(), LinalgError> {
    let wave = |i: usize, j: usize| ((i * 7919 + j * 104_729) % 1009) as f32 / 504.5 - 1.0;
    let inputs = Matrix::from_fn(SIZES[0], N_SAMPLES, wave);
    let labels: Vec<u32> = (0..10).cycle().take(N_SAMPLES).collect();
    let draw = |pair: &[usize]| Matrix::from_fn(pair[1], pair[0], |i, j| 0.05 * wave(i, j));
    let weights: Vec<Matrix<f32>> = SIZES.windows(2).map(draw).collect();
    let biases: Vec<Vec<f32>> = SIZES[1..].iter().map(|&n| vec![0.0; n]).collect();
    let parameters = weights.iter().zip(&biases);
    let layers: Vec<AffineLayer<'_, f32>> = parameters
        .map(|(weights, bias)| AffineLayer { weights, bias })
        .collect();
    // Neighbours in the batch are far apart in memory, as after a shuffle.
    let order: Vec<usize> = (0..N_SAMPLES).map(|i| i * 7919 % N_SAMPLES).collect();
    let mut gradients = Gradients::zeros(&layers[..]);
    println!("milliseconds a step, the median of {ROUNDS} epochs' means:");
    for threads in [1, 2] {
        let mut compute = Compute::new(threads)?;
        for batch in [128, 500, 2000] {
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                let clock = Instant::now();
                // Inside the pool for the epoch, so that a step need not wake the workers.
                compute.install(|compute| {
                    for batch in order.chunks_exact(batch) {
                        let (net, target) = (&layers[..], LossTarget::Classes(&labels));
                        let out = &mut gradients;
                        loss_gradient(out, net, Relu, &inputs, target, Some(batch), compute);
                    }
                });
                let steps = (N_SAMPLES / batch) as f64;
                times.push(1e3 * clock.elapsed().as_secs_f64() / steps);
            }
            times.sort_by(f64::total_cmp);
            println!(
                "{threads} thread(s), batch {batch}: {:.3}",
                times[ROUNDS / 2]
            );
        }
    }
    Ok(())
}
