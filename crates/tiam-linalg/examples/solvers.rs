//! One ridge least-squares block, three ways to step: how far each gets, step by step.
//!
//! `cargo run --release -p tiam-linalg --example solvers`

use tiam_linalg::{Compute, Inertia, LinalgError, Matrix, Solver, WeightBlock, WeightProblem};

const N_IN: usize = 60;
const N_OUT: usize = 20;
const N_SAMPLES: usize = 2_000;

fn main() -> Result<(), LinalgError> {
    // Columns of very different scale, so that the block is ill-conditioned.
    let wave = |i: usize, j: usize| ((i * 7919 + j * 104_729) % 1009) as f64 / 504.5 - 1.0;
    let inputs = Matrix::from_fn(N_IN, N_SAMPLES, |i, j| wave(i, j) / (1.0 + i as f64 / 6.0));
    let target = Matrix::from_fn(N_OUT, N_SAMPLES, |i, j| wave(i + 131, j) + wave(i % 5, j));
    let bias = vec![0.0; N_OUT];
    let problem = WeightProblem {
        inputs: &inputs,
        bias: &bias,
        target: &target,
        rho: 1.0,
        ridge: 0.1,
        l1: 0.0,
    };
    let mut compute = Compute::new(1)?;
    let triple = Inertia {
        start: 0.95,
        gradient: 0.95,
        correction: 0.3,
    };
    let cases = [
        (
            "backtracking, no inertia",
            Solver::Backtracking,
            Inertia::NONE,
        ),
        (
            "backtracking, (.95, .95, .3), guarded",
            Solver::Backtracking,
            triple,
        ),
        ("conjugate gradients", Solver::CG, Inertia::NONE),
        ("Cholesky", Solver::Cholesky, Inertia::NONE),
    ];
    println!("‖∇φ(W)‖ after 1, 5, 20 and 80 steps:");
    for (name, solver, inertia) in cases {
        let mut block = WeightBlock::new(Matrix::zeros(N_OUT, N_IN), N_SAMPLES, solver);
        block.refresh_product(&inputs, &mut compute);
        let mut norms = Vec::new();
        for step in 1..=80 {
            let report = block.propose(&problem, inertia, &mut compute);
            if !report.change.improves() {
                block.propose(&problem, Inertia::NONE, &mut compute);
            }
            block.accept(&inputs, &mut compute);
            if [1, 5, 20, 80].contains(&step) {
                norms.push(format!(
                    "{:9.2e}",
                    block.gradient_norm(&problem, &mut compute)
                ));
            }
        }
        println!("{name:38} {}", norms.join(" "));
    }
    Ok(())
}
