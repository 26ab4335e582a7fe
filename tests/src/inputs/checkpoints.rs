//! The state of a run.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::LazyLock;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Map, Value};
use tiam_bench::methods::{Method, MethodParams, RunParams, Setup};
use tiam_core::Stopping;
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, Cadence, Checkpoint, Checkpointer, Network, RunIdentity, Samples,
    Session, StochasticData, Target, TrainError, Trained,
};
use twox_hash::XxHash3_128;

use super::{folder, write};

/// The methods whose runs are saved here, each with a state of its own kind.
const METHODS: [Method; 5] = [
    Method::Stochastic,
    Method::Tiam,
    Method::Adam,
    Method::Dladmm,
    Method::Bcd,
];
/// Iterations before a run is saved, and after it is gone on with.
const DONE: usize = 2;
const MORE: usize = 2;
/// Numbers a run does not come to by itself.
const STRANGE: [f64; 8] = [
    0.0,
    -1.0,
    1e300,
    -1e38,
    1e-300,
    f64::NAN,
    f64::INFINITY,
    9007199254740993.0,
];

/// A checkpoint as each of [`METHODS`] leaves it.
static SAVED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| METHODS.map(saved).to_vec());

/// A checkpoint: after a byte that chooses the method a file as it is, or, since checksums keep changes out, one sealed here. That has the
/// number of its changes, the changes, four bytes each, and in place of the header a JSON text, or an object of what is to be
/// different in it. What is read is gone on with: it is refused, ends for a reason, or gives a network of finite numbers.
pub fn checkpoint(bytes: &[u8]) {
    let Some((&[how, n_changes], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let which = usize::from(how) % METHODS.len();
    let file = if how & 128 > 0 {
        rest.to_vec()
    } else {
        let (changes, text) = rest.split_at(rest.len().min(4 * usize::from(n_changes)));
        sealed(&SAVED[which], changes, text)
    };
    let folder = folder();
    let path = write(&folder, "c", &file);
    match Checkpoint::read(&path) {
        Ok(checkpoint) => gone_on(METHODS[which], &checkpoint),
        Err(error) => assert!(error.to_string().contains(path.to_str().unwrap())),
    }
}

fn gone_on(method: Method, checkpoint: &Checkpoint) {
    let most = checkpoint.iteration().saturating_add(MORE);
    let session = Session {
        checkpoints: None,
        resume: Some(checkpoint),
    };
    let network = match trained(method, most, session) {
        Ok(trained) => {
            assert!(trained.trace.rows.len() <= most + 1);
            trained.network
        }
        Err(TrainError::Failed { network, .. }) => *network,
        Err(error) => {
            assert!(error.to_string().contains("checkpoint"), "{error}");
            return;
        }
    };
    for layer in network.layers() {
        let mut numbers = layer.weights.as_slice().iter().chain(&layer.bias);
        assert!(numbers.all(|x| x.is_finite()), "{method}");
    }
}

fn trained(
    method: Method,
    iterations: usize,
    session: Session<'_, '_>,
) -> Result<Trained<f32>, TrainError<f32>> {
    let inputs = Matrix::from_fn(2, 20, |i, j| ((i + j) % 5) as f32 / 5.0);
    let labels = (0..20).map(|j| j % 2).collect();
    let target = Target::Classes {
        labels,
        n_classes: 2,
    };
    let samples = Samples::new(inputs, target)?;
    let shape = Architecture::new(2, &[3], 2, Activation::Relu, samples.target().loss())?;
    let mut setup = Setup::published(method);
    // Its limit is a parameter of its own.
    if let MethodParams::Stochastic(params) = &mut setup.params {
        let params = params.clone().epochs(DONE + MORE);
        setup.params = MethodParams::Stochastic(params.stop_after(Some(iterations)));
    }
    let network: Network<f32> = setup.start.network(shape, 1)?;
    let run = RunParams::new(1, 1, Stopping::default().max_iterations(iterations));
    setup.train_in(
        network,
        StochasticData::new(&samples),
        run,
        session,
        &mut |_| {},
    )
}

fn saved(method: Method) -> Vec<u8> {
    let folder = folder();
    let mut saver =
        Checkpointer::new(folder.path(), RunIdentity::default).every(Cadence::Iterations(DONE));
    let session = Session {
        checkpoints: Some(&mut saver),
        resume: None,
    };
    trained(method, DONE, session).unwrap();
    let newest = Checkpoint::latest(folder.path()).unwrap().newest.unwrap();
    fs::read(newest.path()).unwrap()
}

/// A tensor that can be changed.
struct Part {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The file with changed tensors and another header, and checksums that hold.
fn sealed(file: &[u8], changes: &[u8], text: &[u8]) -> Vec<u8> {
    let mut parts = parts(file);
    for change in changes.chunks_exact(4) {
        changed(&mut parts, [change[0], change[1], change[2], change[3]]);
    }
    let header = header(file, &parts, text);
    let metadata = HashMap::from([
        ("checksum".to_owned(), checksum(header.as_bytes())),
        ("tiam-checkpoint".to_owned(), header),
    ]);
    let views = parts.iter().filter_map(|(name, part)| {
        let view = TensorView::new(part.dtype, part.shape.clone(), &part.bytes);
        view.ok().map(|view| (name, view))
    });
    serialize(views, Some(metadata)).unwrap()
}

fn parts(file: &[u8]) -> BTreeMap<String, Part> {
    let tensors = SafeTensors::deserialize(file).unwrap();
    let part = |view: &TensorView<'_>| Part {
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: view.data().to_vec(),
    };
    let named = tensors
        .iter()
        .map(|(name, view)| (name.to_owned(), part(&view)));
    named.collect()
}

/// One number of a tensor becomes a strange one or loses a bit; or the tensor is emptied, turned or taken away.
fn changed(parts: &mut BTreeMap<String, Part>, [which, what, at, value]: [u8; 4]) {
    let Some(name) = parts
        .keys()
        .nth(usize::from(which) % parts.len().max(1))
        .cloned()
    else {
        return;
    };
    let Some(part) = parts.get_mut(&name) else {
        return;
    };
    let size = if part.dtype == Dtype::F64 { 8 } else { 4 };
    match what % 8 {
        0 => drop(parts.remove(&name)),
        1 => (part.shape, part.bytes) = (vec![0; part.shape.len()], Vec::new()),
        2 => part.shape.reverse(),
        _ if part.bytes.is_empty() => {}
        3 => {
            let at = usize::from(at) % part.bytes.len();
            part.bytes[at] ^= value;
        }
        _ => {
            let strange = STRANGE[usize::from(value) % STRANGE.len()];
            let at = size * (usize::from(at) % (part.bytes.len() / size));
            let slot = &mut part.bytes[at..at + size];
            if size == 8 {
                slot.copy_from_slice(&strange.to_le_bytes());
            } else {
                slot.copy_from_slice(&(strange as f32).to_le_bytes());
            }
        }
    }
}

/// The header of the file, with the tensors' checksums: overlaid by the text where that is an object, or the text itself.
fn header(file: &[u8], parts: &BTreeMap<String, Part>, text: &[u8]) -> String {
    let (_, metadata) = SafeTensors::read_metadata(file).unwrap();
    let own = &metadata.metadata().as_ref().unwrap()["tiam-checkpoint"];
    let mut header: Map<String, Value> = serde_json::from_str(own).unwrap();
    let sums = parts
        .iter()
        .map(|(name, part)| (name.clone(), checksum(&part.bytes).into()));
    header.insert("checksums".to_owned(), Value::Object(sums.collect()));
    let text = String::from_utf8_lossy(text);
    match serde_json::from_str(&text) {
        Ok(Value::Object(other)) => header.extend(other),
        _ if text.is_empty() => {}
        _ => return text.into_owned(),
    }
    serde_json::to_string(&header).unwrap()
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", XxHash3_128::oneshot(bytes))
}
