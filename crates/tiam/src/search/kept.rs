//! Finished trainings in a folder, so that a search which was cut short goes on where it stopped.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tiam_models::{Architecture, Model, ModelError, Network, RunIdentity};

use super::Search;
use super::folds::Job;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::fitting::Prepared;
use crate::scalar::Scalar;

const IDENTITY: &str = "search.json";

/// The folder of a search.
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// The folder, if it is empty or of the same search.
    pub(super) fn open(folder: &Path, search: &RunIdentity) -> Result<Self> {
        let path = folder.join(IDENTITY);
        let failed = |source| ModelError::Io {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        match fs::read(&path) {
            Ok(bytes) => {
                let found = serde_json::from_slice::<RunIdentity>(&bytes);
                let reason = match found {
                    Ok(found) => found
                        .difference(search)
                        .map(|difference| format!("is of another search: {difference}")),
                    Err(error) => Some(format!("is no record of a search: {error}")),
                };
                if let Some(reason) = reason {
                    return Err(ModelError::Format { path, reason }.into());
                }
            }
            Err(_) => {
                let text = serde_json::to_vec(search).map_err(|error| Error::Training {
                    reason: error.to_string(),
                })?;
                fs::write(&path, text).map_err(failed)?;
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, (candidate, fold): Job) -> PathBuf {
        self.folder.join(format!("{candidate}-{fold}.safetensors"))
    }

    /// The network of a job that was done before. A file that cannot be read counts as none.
    pub(super) fn load<T: Scalar>(&self, job: Job, shape: &Architecture) -> Option<Network<T>> {
        let model = Model::<T>::load(self.path(job)).ok()?;
        (model.network().architecture() == shape).then(|| model.network().clone())
    }

    /// Keeps the network of a job: whole, or not at all. What cannot be kept is trained again.
    pub(super) fn save<T: Scalar>(&self, job: Job, network: &Network<T>) {
        let path = self.path(job);
        let temporary = path.with_extension("tmp");
        let bytes = Model::new(network.clone()).to_bytes();
        let written = bytes.is_ok_and(|bytes| fs::write(&temporary, bytes).is_ok());
        if !written || fs::rename(&temporary, &path).is_err() {
            fs::remove_file(&temporary).ok();
        }
    }

    /// Takes the files away, and the folder if nothing else is in it.
    pub(super) fn remove(&self, jobs: &[Job]) {
        for path in jobs
            .iter()
            .map(|job| self.path(*job))
            .chain([self.folder.join(IDENTITY)])
        {
            fs::remove_file(path).ok();
        }
        fs::remove_dir(&self.folder).ok();
    }
}

/// Data and parameters on which the networks of a search depend.
pub(super) fn identity<T: Scalar>(
    search: &Search,
    plan: &Plan,
    prepared: &Prepared<T>,
) -> RunIdentity {
    let mlp = &search.mlp;
    let value = |what: serde_json::Result<Value>| what.unwrap_or_default();
    let identity = RunIdentity::default()
        .samples("training data", &prepared.train)
        .parameter("candidates", value(serde_json::to_value(&plan.candidates)))
        .parameter("folds", json!([plan.folds, plan.held_out]))
        .parameter("training", value(serde_json::to_value(&search.training)))
        .parameter("activation", mlp.activation.to_string())
        .parameter("start", format!("{:?}", mlp.start))
        .parameter("seed", mlp.seed)
        .parameter("version", env!("CARGO_PKG_VERSION"));
    match &prepared.weights {
        Some(weights) => identity.weights("sample weights", weights),
        None => identity,
    }
}
