//! A steady-state iteration allocates nothing, and a prediction only its result: counted by the allocator itself, of a program in which
//! nothing else runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use tiam_core::{BlockProblem, Inertia};
use tiam_linalg::{Real, Solver};
use tiam_models::{
    Activation, Architecture, Init, Network, NetworkProblem, Samples, StochasticData,
    StochasticParams, StochasticProblem, Target, TiamParams,
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

fn samples<T: Real>((n, n_in): (usize, usize)) -> Samples<T> {
    let n_classes = 10;
    let inputs = tiam_linalg::Matrix::from_fn(n_in, n, |i, j| {
        T::from_f64(((i * 37 + j * 11) % 97) as f64 / 48.0 - 1.0)
    });
    let labels = (0..n).map(|j| (j % n_classes) as u32).collect();
    Samples::new(inputs, Target::Classes { labels, n_classes }).unwrap()
}

fn network<T: Real>(samples: &Samples<T>, hidden: &[usize]) -> Network<T> {
    let (n_in, loss) = (samples.inputs().n_rows(), samples.target().loss());
    let sizes = Architecture::new(n_in, hidden, 10, Activation::Elu, loss).unwrap();
    Network::new(sizes, Init::He, 0).unwrap()
}

/// Allocator calls and bytes of ten iterations, after ten that may allocate.
fn ten_after_ten(mut iterate: impl FnMut(usize)) -> (usize, usize) {
    (0..10).for_each(&mut iterate);
    let before = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    (10..20).for_each(&mut iterate);
    (
        CALLS.load(Ordering::Relaxed) - before.0,
        BYTES.load(Ordering::Relaxed) - before.1,
    )
}

fn steady_state<T: Real>(solver: Solver, threads: usize, shape: (usize, usize)) -> (usize, usize) {
    let samples = samples::<T>(shape);
    let params = TiamParams::default().solver(solver).threads(threads);
    let network = network(&samples, &[50, 50]);
    let mut problem = NetworkProblem::new(network, &samples, params.check().unwrap()).unwrap();
    ten_after_ten(|k| iterate(&mut problem, k))
}

/// Epochs of batches, with a layer wide enough for a sketch and one narrow enough for all of its curvature.
fn steady_epochs<T: Real>(threads: usize) -> (usize, usize) {
    let samples = samples::<T>((3_000, 40));
    let params = StochasticParams::default().epochs(20).refresh(3);
    let config = params.threads(threads).check().unwrap();
    let network = network(&samples, &[90, 20]);
    let data = StochasticData::new(&samples);
    let mut problem = StochasticProblem::new(network, data, config).unwrap();
    ten_after_ten(|k| {
        problem.begin_iteration(k);
        problem.propose(0, StochasticParams::INERTIA);
        problem.accept(0);
        let _ = (problem.objective(), problem.violation(), problem.measures());
    })
}

fn main() {
    a_steady_state_iteration_allocates_nothing();
    the_dual_form_makes_nothing_of_the_size_of_the_features_squared();
    a_row_takes_one_allocation();
    println!("allocations: as stated");
}

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
    assert_eq!(steady_epochs::<f32>(1).0, 0, "f32, batches");
    assert_eq!(steady_epochs::<f64>(1).0, 0, "f64, batches");
    let (calls, bytes) = steady_epochs::<f32>(2);
    println!("batches, two threads, ten epochs: {calls} allocations, {bytes} bytes");
    assert!(
        bytes < 64 * 1024,
        "two threads, batches: {bytes} bytes in ten epochs"
    );
    // More workers than cores: one that has nothing to do at first makes nothing later.
    for _ in 0..4 {
        let (calls, bytes) = steady_epochs::<f32>(16);
        println!("batches, 16 threads, ten epochs: {calls} allocations, {bytes} bytes");
        assert!(bytes < 64 * 1024, "16 threads, batches: {bytes} bytes");
    }
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

/// A prediction of one row allocates the outputs that it hands over, nothing else, whatever the row is made of.
fn a_row_takes_one_allocation() {
    let data = tiam_data::blobs::<f32>(200, 5, 2, 4.0, 0).unwrap();
    let csv = tempfile::NamedTempFile::new().unwrap();
    let line = |i: usize| format!("{},{},{}\n", i % 7, ["a", "b"][i % 2], ["x", "y"][i % 2]);
    let text = (0..100).map(line).collect::<String>();
    std::fs::write(csv.path(), "n,t,label\n".to_owned() + &text).unwrap();
    let mlp = tiam::Mlp::default().hidden([100, 100]).threads(1);
    let numbers = mlp.fit(&tiam::Table::from(data)).unwrap();
    let texts = mlp.fit(&tiam::Table::read(csv.path()).unwrap()).unwrap();
    let (row, cells) = ([0.5_f32, 1.0, -0.5, 2.0, 0.0], ["3", "b"]);
    let calls = ten_after_ten(|_| drop(numbers.predict_row(&row).unwrap())).0;
    assert_eq!(calls, 10, "a row of numbers");
    let calls = ten_after_ten(|_| drop(texts.predict_row(&cells).unwrap())).0;
    assert_eq!(calls, 10, "a row of texts");
    let many: Vec<f32> = row.iter().copied().cycle().take(5 * 100).collect();
    let calls = ten_after_ten(|_| drop(numbers.predict(&many).unwrap())).0;
    assert_eq!(calls, 20, "a hundred rows: classes and probabilities");
}
