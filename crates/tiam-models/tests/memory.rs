//! Reading a model, a checkpoint, a trajectory and a trace takes the stated multiple of the file's size, also when the file is made to take
//! more: counted by the allocator itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tiam_core::{Stopping, Trace};
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, AnyModel, Architecture, Cadence, Checkpoint, Checkpointer, Init, Loss, Model,
    Network, NetworkMeasures, NetworkProblem, RunIdentity, Samples, Session, Target, TiamParams,
    Trajectory, run_in,
};

struct Counting;

thread_local! {
    /// Bytes held by this thread, and most of them so far; other tests run beside.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// An allocation, or a release where `bytes` is negative.
fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

// SAFETY: every call is passed on to the system's allocator unchanged; only two counters are kept, which need no allocation themselves.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes held at a time during a call on this thread beside those held before it, and its result.
fn peak<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = HELD.get();
    PEAK.set(before);
    let result = f();
    ((PEAK.get() - before).unsigned_abs(), result)
}

/// What the documentation of `AnyModel::load`, `Checkpoint::read`, `Trajectory` and `NetworkMeasures` states.
const SLACK: usize = 64 << 10;
const MODEL: usize = 100;
const CHECKPOINT: usize = 100;
const TRAJECTORY: usize = 40;
const TRACE: usize = 16;

/// Pieces of the hostile texts: just past a power of two, when a list that grows has doubled last.
const N: usize = (1 << 16) + 64;

fn list(piece: &str, n: usize) -> String {
    format!("[{}]", vec![piece; n].join(","))
}

/// Lists of little text and much to keep.
fn lists() -> Vec<String> {
    ["0", "[]", "[0]", "{}", "{\"\":0}", "\"\"", "[[0]]"]
        .map(|piece| list(piece, N))
        .to_vec()
}

fn check(name: &str, size: usize, peak: usize, times: usize) {
    println!(
        "{name}: {size} bytes, {:.1} times",
        peak as f64 / size as f64
    );
    assert!(
        peak <= times * size + SLACK,
        "{name}: {peak} bytes for {size}"
    );
}

fn safetensors(header: &str, n_data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + n_data, 0);
    bytes
}

const TENSORS: &str = r#""layers.0.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"layers.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}"#;

fn network(sizes: [usize; 2]) -> Network<f32> {
    let shape = Architecture::new(
        sizes[0],
        &[],
        sizes[1],
        Activation::Relu,
        Loss::CrossEntropy,
    );
    Network::new(shape.unwrap(), Init::He, 0).unwrap()
}

/// A model file whose metadata are changed as text.
fn model(change: impl Fn(&str) -> String) -> Vec<u8> {
    let metadata = serde_json::to_string(Model::new(network([1, 2])).metadata()).unwrap();
    let text = serde_json::to_string(&change(&metadata)).unwrap();
    safetensors(
        &format!(r#"{{"__metadata__":{{"tiam":{text}}},{TENSORS}}}"#),
        16,
    )
}

fn hostile_headers() -> Vec<(&'static str, Vec<u8>)> {
    let empty = |i: usize| format!(r#""{i}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#);
    let twice = vec![TENSORS; N / 100].join(",");
    let keys: Vec<String> = (0..N).map(|i| format!(r#""{i}":"""#)).collect();
    let long = TENSORS.replace("[2,1]", &list("0", N));
    let beyond = TENSORS.replace("8,16", &format!("8,{}", 1_u64 << 60));
    let overlapping = TENSORS.replace("8,16", "4,12");
    let tensors: Vec<String> = (0..N).map(empty).collect();
    let mut promise = safetensors("{}", 0);
    promise[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let mut files = vec![
        ("a long header promised", promise),
        (
            "tensors beyond the end",
            safetensors(&format!("{{{beyond}}}"), 16),
        ),
        (
            "overlapping tensors",
            safetensors(&format!("{{{overlapping}}}"), 16),
        ),
        (
            "tensors named twice",
            safetensors(&format!("{{{twice}}}"), 16),
        ),
        (
            "many tensors",
            safetensors(&format!("{{{}}}", tensors.join(",")), 0),
        ),
        (
            "many keys",
            safetensors(
                &format!("{{\"__metadata__\":{{{}}},{TENSORS}}}", keys.join(",")),
                16,
            ),
        ),
        ("a long shape", safetensors(&format!("{{{long}}}"), 16)),
    ];
    for junk in lists() {
        files.push((
            "junk",
            safetensors(&format!(r#"{{"x":{junk},{TENSORS}}}"#), 16),
        ));
    }
    files
}

fn models(folder: &Path) {
    let path = folder.join("model");
    let read = |name: &str, bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let (any, result) = peak(|| AnyModel::load(&path).map(drop));
        check(name, bytes.len(), any, MODEL);
        let (one, _) = peak(|| Model::<f32>::load(&path).map(drop));
        check(name, bytes.len(), one, MODEL);
        result
    };
    for (name, bytes) in hostile_headers() {
        read(name, &bytes).unwrap_err();
    }
    for junk in lists() {
        let extra = |m: &str| m.replace(r#""extra":{}"#, &format!(r#""extra":{{"x":{junk}}}"#));
        read("extra", &model(extra)).unwrap();
    }
    let names = |m: &str| {
        m.replace(
            r#""class_names":[]"#,
            &format!(r#""class_names":{}"#, list("\"\"", N)),
        )
    };
    read("names", &model(names)).unwrap_err();
    let sizes = |m: &str| m.replace("[1,2]", &list("1", N));
    read("layers", &model(sizes)).unwrap_err();
    let loss = |m: &str| m.replace("cross_entropy", &"x".repeat(N));
    read("a loss of a long name", &model(loss)).unwrap();
    let deep = |m: &str| {
        m.replace(
            r#""extra":{}"#,
            &format!(r#""extra":{{"x":{}}}"#, "[".repeat(N)),
        )
    };
    read("nested", &model(deep)).unwrap_err();

    // A sound file of weights: its bytes, and the weights by row and by column.
    Model::new(network([2000, 500])).save(&path).unwrap();
    let size = fs::metadata(&path).unwrap().len() as usize;
    let (taken, _) = peak(|| AnyModel::load(&path).unwrap());
    check("weights", size, taken, 3);
}

/// A checkpoint that says `junk` of its run.
fn checkpoint(folder: &Path, junk: Value) -> std::path::PathBuf {
    let target = Target::Classes {
        labels: vec![0, 1],
        n_classes: 2,
    };
    let samples = Samples::<f64>::new(Matrix::from_fn(1, 2, |_, j| j as f64), target).unwrap();
    let shape = Architecture::new(1, &[], 2, Activation::Relu, Loss::CrossEntropy).unwrap();
    let stopping = Stopping::default().max_iterations(1);
    let config = TiamParams::default().stopping(stopping).check().unwrap();
    let network = Network::<f64>::new(shape, Init::He, 0).unwrap();
    let problem = NetworkProblem::new(network, &samples, config.clone()).unwrap();
    let identity = || RunIdentity::default().parameter("junk", junk);
    let mut saver = Checkpointer::new(folder, identity).every(Cadence::Iterations(1));
    let session = Session {
        checkpoints: Some(&mut saver),
        resume: None,
    };
    run_in(problem, config.driver().clone(), &mut [], session).unwrap();
    Checkpoint::latest(folder)
        .unwrap()
        .newest
        .unwrap()
        .path()
        .to_owned()
}

fn checkpoints(folder: &Path) {
    let path = folder.join("checkpoint");
    for (name, bytes) in hostile_headers() {
        fs::write(&path, &bytes).unwrap();
        let (taken, result) = peak(|| Checkpoint::read(&path).map(drop));
        result.unwrap_err();
        check(name, bytes.len(), taken, CHECKPOINT);
    }
    for junk in lists() {
        let path = checkpoint(folder, serde_json::from_str(&junk).unwrap());
        let size = fs::metadata(&path).unwrap().len() as usize;
        let (taken, result) = peak(|| Checkpoint::read(&path).map(drop));
        result.unwrap();
        check("a checkpoint's parameters", size, taken, CHECKPOINT);
    }
}

/// A trajectory with other inputs and weights, as text.
fn trajectory(change: [(&str, &str); 1]) -> String {
    let numbers = json!({"objective": [1.0], "violation": [0.0], "restarts": [0], "weights": [], "biases": []});
    let record = json!({
        "features": 1, "hidden": [1], "classes": 2, "samples": 1, "activation": "relu", "rho": 1.0, "mu": 0.0,
        "epsilon": {"start": 1.0, "decay": 1.0, "floor": 1.0}, "p": [0.0, 0.0, 0.0], "schedule": "constant", "guard": true, "iterations": 0,
        "x": "X", "labels": "LABELS", "weights": "WEIGHTS", "biases": [], "expected": numbers,
    });
    let text = change
        .into_iter()
        .fold(record.to_string(), |text, (name, list)| {
            text.replace(&format!("\"{name}\""), list)
        });
    text.replace("\"X\"", "[]")
        .replace("\"LABELS\"", "[]")
        .replace("\"WEIGHTS\"", "[]")
}

fn trajectories() {
    let read = |name: &str, text: &str| {
        let (taken, result) = peak(|| serde_json::from_str::<Trajectory>(text).map(drop));
        check(name, text.len(), taken, TRAJECTORY);
        result
    };
    for (at, piece) in [
        ("X", "[]"),
        ("X", "[0]"),
        ("LABELS", "0"),
        ("WEIGHTS", "[]"),
        ("WEIGHTS", "[[]]"),
        ("WEIGHTS", "[[0]]"),
    ] {
        let text = trajectory([(at, &list(piece, N))]);
        read(piece, &text).unwrap();
    }
    for junk in lists() {
        read("no matrix", &format!(r#"{{"epsilon":{junk}}}"#)).unwrap_err();
    }
    let row = r#"{"iteration":0,"objective":0,"violation":0,"restarts":0,"rel_change":null,"seconds":0,"inertia":INERTIA,"measures":{"train_loss":0,"train_accuracy":null,"epsilon":0}}"#;
    let inertia = serde_json::to_string(&tiam_core::Inertia::NONE).unwrap();
    let text = format!(
        r#"{{"more":{},"rows":{}}}"#,
        list("[[0]]", 100),
        list(&row.replace("INERTIA", &inertia), 3000)
    );
    let (taken, result) = peak(|| serde_json::from_str::<Trace<NetworkMeasures>>(&text).map(drop));
    result.unwrap();
    check("a trace", text.len(), taken, TRACE);
}

// One test alone in its binary: others would be counted too.
#[test]
fn what_is_read_takes_the_stated_multiple_of_its_size() {
    let folder = tempfile::tempdir().unwrap();
    models(folder.path());
    checkpoints(folder.path());
    trajectories();
}
