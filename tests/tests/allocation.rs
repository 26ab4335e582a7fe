//! A steady-state iteration allocates nothing: counted by the allocator itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use tiam_core::{BlockProblem, Inertia};
use tiam_linalg::{Real, Solver};
use tiam_models::{
    Activation, Architecture, Init, Network, NetworkProblem, Samples, Target, TiamParams,
};

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; only two counters are added.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn iterate<T: Real>(problem: &mut NetworkProblem<'_, T>, iteration: usize) {
    let inertia = Inertia::new(0.95, 0.95, 0.3).unwrap();
    problem.begin_iteration(iteration);
    for block in 0..problem.n_blocks() {
        if problem.propose(block, inertia).increase > 0.0 {
            problem.propose(block, Inertia::NONE);
        }
        problem.accept(block);
    }
    let _ = (problem.objective(), problem.violation(), problem.measures());
}

/// Allocator calls and bytes of ten iterations, after ten that may allocate; for N samples of n_in features.
fn steady_state<T: Real>(
    solver: Solver,
    threads: usize,
    (n, n_in): (usize, usize),
) -> (usize, usize) {
    let n_classes = 10;
    let inputs = tiam_linalg::Matrix::from_fn(n_in, n, |i, j| {
        T::from_f64(((i * 37 + j * 11) % 97) as f64 / 48.0 - 1.0)
    });
    let labels = (0..n).map(|j| (j % n_classes) as u32).collect();
    let samples = Samples::new(inputs, Target::Classes { labels, n_classes }).unwrap();
    let loss = samples.target().loss();
    let sizes = Architecture::new(n_in, &[50, 50], n_classes, Activation::Elu, loss).unwrap();
    let config = TiamParams::default()
        .solver(solver)
        .threads(threads)
        .check()
        .unwrap();
    let network = Network::<T>::new(sizes, Init::He, 0).unwrap();
    let mut problem = NetworkProblem::new(network, &samples, config).unwrap();
    (0..10).for_each(|k| iterate(&mut problem, k));
    let before = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    (10..20).for_each(|k| iterate(&mut problem, k));
    (
        CALLS.load(Ordering::Relaxed) - before.0,
        BYTES.load(Ordering::Relaxed) - before.1,
    )
}

// One test alone in its binary: others would be counted too.
#[test]
fn a_steady_state_iteration_allocates_nothing() {
    let (tall, wide) = ((3_000, 40), (60, 2_000));
    let cases = [
        (Solver::Backtracking, tall),
        (Solver::Gram, tall),
        (Solver::Cholesky, tall),
        (Solver::CG, tall),
        (Solver::Dual, wide),
        (Solver::DualCholesky, wide),
    ];
    for (solver, shape) in cases {
        assert_eq!(
            steady_state::<f32>(solver, 1, shape).0,
            0,
            "f32, {solver:?}"
        );
        assert_eq!(
            steady_state::<f64>(solver, 1, shape).0,
            0,
            "f64, {solver:?}"
        );
        // With workers, the pool's queue takes a block of a few hundred bytes every few dozen jobs.
        let (calls, bytes) = steady_state::<f32>(solver, 2, shape);
        println!("{solver:?}, two threads, ten iterations: {calls} allocations, {bytes} bytes");
        assert!(
            bytes < 64 * 1024,
            "two threads, {solver:?}: {bytes} bytes in ten iterations"
        );
    }
    the_dual_form_makes_nothing_of_the_size_of_the_features_squared();
}

/// All that twenty iterations ask for, set-up included, is a few matrices of the inputs' and of W's size; those iterations that come
/// after the first ten ask for nothing, so that W is not formed in them.
fn the_dual_form_makes_nothing_of_the_size_of_the_features_squared() {
    let (n, n_in) = (8, 200_000);
    let before = BYTES.load(Ordering::Relaxed);
    let steady = steady_state::<f32>(Solver::Dual, 1, (n, n_in));
    let bytes = BYTES.load(Ordering::Relaxed) - before;
    let inputs = n * n_in * size_of::<f32>();
    let weights = 50 * n_in * size_of::<f32>();
    println!("{n_in} features, {n} samples: {bytes} bytes");
    assert_eq!(steady.0, 0);
    // The data and the form's copy of them; the network's weights.
    assert!(bytes < 4 * inputs + 3 * weights, "{bytes} bytes");
}
