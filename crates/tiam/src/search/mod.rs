//! The search for the best model of a table: encodings and ridges tried on folds, the folds' networks mixed and calibrated.

mod build;
mod candidate;
mod folds;
mod inputs;
mod kept;
mod mix;
mod plan;
mod record;

use std::path::PathBuf;
use std::time::Instant;

use tiam_data::Split;
use tiam_linalg::Matrix;
use tiam_models::{AffineScaling, ModelError, StochasticParams, Target, ValueScaling};

pub use self::candidate::{Candidate, Effort};
pub use self::inputs::Inputs;
pub use self::mix::Scores;
pub use self::record::{SearchRecord, Tried};

use self::folds::{Ended, Job, Shared};
use self::kept::Kept;
use self::plan::{Data, Plan, is_skewed};
use crate::error::Result;
use crate::fitting::{Holdout, Prepared};
use crate::mlp::Mlp;
use crate::predictor::Predictor;
use crate::scalar::{Precision, Scalar};
use crate::table::Table;

tiam_models::parameters! {
    /// A search for the best model of a table, by itself.
    ///
    /// Each candidate (an encoding of the inputs, a ridge, perhaps logarithms of the values) is trained on all folds but one, for every
    /// fold. What the networks answer for the folds that they have not seen decides: candidates are mixed by greedy selection with
    /// replacement (Caruana et al., ICML 2004), and the probabilities get the temperature that suits these answers best (Guo et al., ICML
    /// 2017). The model is the networks of the candidates chosen, those of all folds. Encodings are fitted once on all training
    /// samples; they see no labels.
    ///
    /// | parameter | default | meaning |
    /// |---|---|---|
    /// | `mlp` | [`Mlp::default`] | activation, starting weights, seed, threads, time limit and interrupt; the rest is the search's |
    /// | `effort` | good | how much is tried, in counted operations |
    /// | `training` | [`StochasticParams::default`] | of each network, but for ridge and epochs |
    /// | `folds` | 4; 8 for the best; for large data 10, of which one is held out | of the training samples |
    /// | `candidates` | by effort and data | what is tried, in this order |
    /// | `keep` | none | a folder in which finished trainings are kept until all is tried: the same search goes on from there, and gives the same model |
    /// | `mixed`, `bagged`, `calibrated` | true | the parts of the model: several candidates, the networks of all folds, a temperature |
    ///
    /// ```
    /// use tiam::{Search, Table};
    /// let parts = Table::digits().split(0.8, 0)?;
    /// let model = Search::default().fit(&parts.train)?;
    /// let search = model.provenance().search.as_ref().ok_or("the model keeps it")?;
    /// assert!(search.networks >= 4 && search.candidates.len() >= 4);
    /// assert!(model.evaluate(&parts.test)?.accuracy > Some(0.93));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct Search {
        /// Sets activation, starting weights, seed, threads, time limit and interrupt, by those of a network.
        mlp: Mlp = Mlp::default();
        /// Sets how much is tried.
        effort: Effort = Effort::default();
        /// Sets the parameters of each training but ridge and epochs.
        training: StochasticParams = StochasticParams::default();
        /// Sets what is tried, in place of what suits effort and data.
        candidates: Option<Vec<Candidate>> = None, into;
        /// Sets the number of folds, at least 2, each held out in turn.
        folds: Option<usize> = None, into;
        /// Sets the folder in which finished trainings are kept until all is tried.
        keep: Option<PathBuf> = None, into;
        /// Sets whether several candidates are mixed.
        mixed: bool = true;
        /// Sets whether a candidate's networks of all folds are kept, or only the first.
        bagged: bool = true;
        /// Sets whether the probabilities get a temperature.
        calibrated: bool = true;
    }
}

/// Told of every training that has ended: how many, of how many.
pub type OnTraining<'a> = dyn FnMut(usize, usize) + 'a;

impl Search {
    /// Searches on a table and keeps what it takes to predict.
    ///
    /// # Errors
    /// As [`Mlp::fit`]; [`Error::Model`](crate::Error::Model) for a model to go on from or a loss of the user's own, with which there is no search.
    pub fn fit(&self, train: &Table) -> Result<Predictor> {
        match train.scalar() {
            Precision::F32 => self.fit_as::<f32>(train),
            Precision::F64 => self.fit_as::<f64>(train),
        }
    }

    fn fit_as<T: Scalar>(&self, train: &Table) -> Result<Predictor> {
        if self.effort == Effort::Single {
            return self.mlp.clone().method(self.training.clone()).fit(train);
        }
        let prepared = self.prepare::<T>(train.clone(), &Holdout::default())?;
        self.train(&prepared, &mut |_, _| {})
    }

    /// Reads and splits data: the first part of [`fit`](Self::fit). Features and values stay in their own units.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn prepare<T: Scalar>(&self, table: Table, holdout: &Holdout) -> Result<Prepared<T>> {
        let mlp = self.mlp.clone().method(self.training.clone());
        mlp.prepare_in(table, holdout, true)
    }

    /// Tries candidates on folds of prepared samples and mixes the best: the second part of [`fit`](Self::fit).
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`Error::Model`](crate::Error::Model) where the folder to keep trainings in is of another search.
    pub fn train<T: Scalar>(
        &self,
        prepared: &Prepared<T>,
        on_training: &mut OnTraining<'_>,
    ) -> Result<Predictor> {
        let own_loss = self.mlp.loss.as_ref();
        let own_loss = own_loss.filter(|loss| **loss != prepared.train.target().loss());
        if prepared.from.is_some() || own_loss.is_some() || prepared.encoding.has_flags() {
            let (what, allowed) = (
                "effort",
                "single, with a model to go on from, a loss of one's own, or several answers of no and yes",
            );
            return Err(ModelError::parameter(what, self.effort.name(), allowed).into());
        }
        let plan = self.plan(prepared);
        let labels = match prepared.train.target() {
            Target::Classes { labels, .. } => Some(&labels[..]),
            Target::Values(_) => None,
        };
        let n = prepared.train.n_samples();
        let mut folds = match plan.folds {
            0 | 1 => vec![Split::new((0..n).collect(), Vec::new(), Vec::new())?],
            folds => Split::k_folds(n, labels, folds, self.mlp.seed)?,
        };
        folds.truncate(plan.held_out.max(1));
        let mut shared = self.shared(prepared, &plan, &folds)?;
        if let Some(folder) = &self.keep {
            let identity = kept::identity(self, &plan, prepared);
            shared.kept = Some(Kept::open(folder, &identity)?);
        }
        let jobs: Vec<Job> = (0..plan.candidates.len())
            .flat_map(|c| (0..folds.len()).map(move |f| (c, f)))
            .collect();
        let mut done = 0;
        let outcomes = shared.run(&jobs, self.mlp.threads, &mut |_| {
            done += 1;
            on_training(done, jobs.len());
        })?;
        if let Some(kept) = &shared.kept
            && outcomes.iter().all(Ended::is_whole)
        {
            kept.remove(&jobs);
        }
        let parts = (self.mixed, self.bagged, self.calibrated);
        let built = build::build(self.effort, &plan, &shared, outcomes, parts)?;
        self.mlp
            .mixed_predictor(prepared, built.networks, built.ensemble, built.record)
    }

    /// What would be tried on a table, in this order.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn candidates_for(&self, train: &Table) -> Result<Vec<Candidate>> {
        let holdout = Holdout::default();
        Ok(match train.scalar() {
            Precision::F32 => self.plan(&self.prepare::<f32>(train.clone(), &holdout)?),
            Precision::F64 => self.plan(&self.prepare::<f64>(train.clone(), &holdout)?),
        }
        .candidates)
    }

    fn plan<T: Scalar>(&self, prepared: &Prepared<T>) -> Plan {
        let (inputs, target) = (prepared.train.inputs(), prepared.train.target());
        let values = match target {
            Target::Values(values) => Some(values),
            Target::Classes { .. } => None,
        };
        let data = Data {
            n_samples: inputs.n_cols(),
            n_outputs: target.n_outputs(),
            is_values: values.is_some(),
            is_skewed: values.is_some_and(is_skewed),
        };
        let n_features = inputs.n_rows();
        let bins = Inputs::Bins.fit(inputs);
        let with_bins = bins.map_or(n_features, |encoding| encoding.n_inputs());
        let width = |kind| match kind {
            Inputs::Bins => with_bins,
            _ => n_features,
        };
        let mut plan = Plan::new(self.effort, data, width);
        if let Some(candidates) = &self.candidates {
            plan.candidates.clone_from(candidates);
        }
        if let Some(folds) = self.folds {
            plan.folds = folds.clamp(1, data.n_samples);
            plan.held_out = plan.folds;
        }
        plan
    }

    fn shared<'d, T: Scalar>(
        &self,
        prepared: &'d Prepared<T>,
        plan: &'d Plan,
        folds: &'d [Split],
    ) -> Result<Shared<'d, T>> {
        let (features, target) = (prepared.train.inputs(), prepared.train.target());
        let mut inputs = Vec::new();
        for kind in Inputs::ALL {
            if plan
                .candidates
                .iter()
                .any(|candidate| candidate.inputs == kind)
            {
                let encoding = kind.fit(features)?;
                let mut encoded = Matrix::default();
                encoding.encode(features, &mut encoded)?;
                inputs.push((kind, encoding, encoded));
            }
        }
        let values = match target {
            Target::Classes { .. } => Vec::new(),
            Target::Values(values) => {
                let logarithms = plan.candidates.iter().any(|candidate| candidate.logarithm);
                let forms = [false, true].into_iter().take(1 + usize::from(logarithms));
                forms
                    .map(|logarithm| value_scaling(values, logarithm))
                    .collect::<Result<_>>()?
            }
        };
        Ok(Shared {
            candidates: &plan.candidates,
            folds,
            inputs,
            target,
            values,
            weights: prepared.weights.as_deref(),
            params: self.training.clone(),
            activation: self.mlp.activation,
            start: self.mlp.start,
            seed: self.mlp.seed,
            stopping: self.mlp.stopping.clone().unwrap_or_default(),
            begun: Instant::now(),
            kept: None,
        })
    }
}

/// Mean 0 and deviation 1 of values, or of their logarithms.
fn value_scaling<T: Scalar>(values: &Matrix<T>, logarithm: bool) -> Result<ValueScaling> {
    let (mut offset, mut scale, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for output in 0..values.n_rows() {
        let value = |j: usize| tiam_core::Scalar::to_f64(values[(output, j)]);
        let own = |j: usize| if logarithm { value(j).ln() } else { value(j) };
        let column: Vec<f64> = (0..values.n_cols()).map(own).collect();
        let (mean, deviation) = inputs::mean_and_deviation(&column);
        offset.push(mean);
        scale.push(deviation);
        if logarithm {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            bounds.push([low, column.iter().copied().fold(low, f64::max)]);
        }
    }
    let scaling = AffineScaling::new(offset, scale)?;
    Ok(ValueScaling {
        scaling,
        logarithm,
        bounds,
    })
}
