//! What training leaves and replays.

use std::fs;
use std::path::Path;

use tiam_core::{Limit, Trace};
use tiam_linalg::{Compute, Matrix, Real};
use tiam_models::{AnyModel, Loss, Model, NetworkMeasures, Trajectory};

use super::{folder, write};

/// Largest replay: iterations, and entries of the inputs and of all weights.
const REPLAYED: (usize, usize) = (8, 4096);

/// A model file. What loads has finite weights of the stated sizes, answers for a sample, and comes back from what it
/// is saved to, which is the same bytes every time.
pub fn model(bytes: &[u8]) {
    let folder = folder();
    let path = write(&folder, "m", bytes);
    match AnyModel::load(&path) {
        Ok(AnyModel::F32(model)) => sound(&model, folder.path()),
        Ok(AnyModel::F64(model)) => sound(&model, folder.path()),
        Err(error) => {
            assert!(error.to_string().contains(path.to_str().unwrap()));
            assert!(Model::<f32>::load(&path).is_err() && Model::<f64>::load(&path).is_err());
        }
    }
}

fn sound<T: Real>(model: &Model<T>, folder: &Path) {
    let network = model.network();
    let architecture = network.architecture();
    assert_eq!(*architecture, model.metadata().architecture);
    assert_eq!(network.layers().len() + 1, architecture.sizes.len());
    for (layer, pair) in network.layers().iter().zip(architecture.sizes.windows(2)) {
        let shape = (layer.weights.n_cols(), layer.weights.n_rows());
        assert_eq!((shape, layer.bias.len()), ((pair[0], pair[1]), pair[1]));
        let entries = layer.weights.as_slice().iter().chain(&layer.bias);
        assert!(entries.into_iter().all(|w| w.is_finite()));
    }

    let (once, twice) = (folder.join("once"), folder.join("twice"));
    model.save(&once).unwrap();
    let again = Model::<T>::load(&once).unwrap();
    assert_eq!(again, *model);
    again.save(&twice).unwrap();
    assert_eq!(fs::read(once).unwrap(), fs::read(twice).unwrap());

    let sample = Matrix::from_fn(architecture.n_inputs(), 1, |i, _| T::from_f64(i as f64));
    let mut compute = Compute::new(1).unwrap();
    // Large weights or scales may well leave the numbers' range: then an error, or what there is.
    let _ = match architecture.loss {
        Loss::CrossEntropy => model.classes(sample, &mut compute).map(drop),
        Loss::Squared | Loss::Logistic | Loss::Custom(_) => {
            model.values(sample, &mut compute).map(drop)
        }
    };
}

/// A recorded trajectory. What is read is written as the same; a short one is replayed, which may fail or deviate.
pub fn trajectory(bytes: &[u8]) {
    let Ok(trajectory) = serde_json::from_slice::<Trajectory>(bytes) else {
        return;
    };
    let text = serde_json::to_string(&trajectory).unwrap();
    assert_eq!(
        serde_json::from_str::<Trajectory>(&text).unwrap(),
        trajectory
    );
    let n_entries: usize = trajectory.x.iter().map(Vec::len).sum::<usize>()
        + trajectory
            .weights
            .iter()
            .flatten()
            .map(Vec::len)
            .sum::<usize>();
    if trajectory.iterations <= REPLAYED.0
        && n_entries <= REPLAYED.1
        && let Ok(deviation) = trajectory.replay(1)
    {
        assert_eq!(
            trajectory.expected.objective.len(),
            trajectory.iterations + 1
        );
        assert!(!(deviation.objective < 0.0 || deviation.weights < 0.0));
    }
}

/// The trace of a run. What is read is written as the same, and rates can be asked of it.
pub fn trace(bytes: &[u8]) {
    let Ok(trace) = serde_json::from_slice::<Trace<NetworkMeasures>>(bytes) else {
        return;
    };
    let text = serde_json::to_string(&trace).unwrap();
    let again: Trace<NetworkMeasures> = serde_json::from_str(&text).unwrap();
    assert_eq!(again, trace);
    for limit in [Limit::Estimated, Limit::Known(0.0)] {
        if let Ok(report) = trace.fit_rates(0, limit) {
            assert!(report.better().limit.is_finite());
        }
    }
}
