//! Training by batches as a problem for the driver of `tiam-core`.

use std::sync::Arc;
use std::time::Instant;

use tiam_core::{BlockChange, BlockProblem, Inertia, StopReason};
use tiam_linalg::{CurvatureForm, LossSum, Matrix, Real, Reduction, SparseMatrix, StateVisitor};

use super::choices::{ClassWeights, CurvatureChoice};
use super::params::StochasticConfig;
use super::state::{EpochInRun, State};
use super::stream::SampleStream;
use super::weighting::sample_weights;
use crate::data::{Samples, Target};
use crate::error::{ModelError, Result};
use crate::measures::NetworkMeasures;
use crate::network::{Evaluation, Network};
use crate::solvers::SolverChoice;
use crate::trainer::TrainingProblem;

/// Samples on which the start is measured.
const START_SAMPLES: usize = 1000;

/// The data of training by batches.
#[derive(Clone, Copy, Debug)]
pub struct StochasticData<'d, T> {
    /// The samples to learn from.
    pub train: &'d Samples<T>,
    /// A weight for each of them, at least 0; only their ratios count.
    pub weights: Option<&'d [f64]>,
    /// Measured after every epoch, and what early stopping looks at.
    pub validation: Option<&'d Samples<T>>,
    /// Measured after every epoch, and nothing else.
    pub test: Option<&'d Samples<T>>,
    /// All samples to learn from, where they are not in memory; `train` are then some of them, for the start to be measured on.
    pub stream: Option<&'d dyn SampleStream<T>>,
}

impl<'d, T: Real> StochasticData<'d, T> {
    /// Samples to learn from, without weights or other parts.
    pub fn new(train: &'d Samples<T>) -> Self {
        Self {
            train,
            weights: None,
            validation: None,
            test: None,
            stream: None,
        }
    }

    /// The same with all samples to learn from, of which `train` are some.
    #[must_use]
    pub fn stream(self, stream: &'d dyn SampleStream<T>) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }

    /// N, the number of samples to learn from.
    pub fn n_samples(&self) -> usize {
        (self.stream).map_or_else(|| self.train.n_samples(), SampleStream::n_samples)
    }

    /// Refuses weights beside a stream, which has none.
    fn check(&self, class_weights: &ClassWeights) -> Result<()> {
        match self.stream {
            Some(_) if *class_weights != ClassWeights::Equal => {
                let allowed = "equal where samples are streamed";
                Err(ModelError::parameter(
                    "class-weights",
                    class_weights,
                    allowed,
                ))
            }
            Some(_) if self.weights.is_some() => {
                let allowed = "none where samples are streamed";
                Err(ModelError::parameter("sample-weights", "given", allowed))
            }
            Some(stream) if stream.n_samples() == 0 => Err(ModelError::Empty { what: "samples" }),
            _ => Ok(()),
        }
    }
}

/// Stochastic TIAM as a problem of one block whose step is an epoch.
///
/// The objective is the weighted mean loss over the epoch's batches, each before its step, plus μ/2 Σ_l ‖W_l‖²; that of
/// the start is measured on the first thousand samples. The loss and accuracy on the training samples are those of the batches
/// too, so they cost nothing and are those of the moving iterate, not of the averaged network. The guard belongs off.
pub struct StochasticProblem<'d, T> {
    state: State<T>,
    data: StochasticData<'d, T>,
    /// The inputs, where that pays.
    sparse: Option<SparseMatrix<T>>,
    weights: Option<Vec<T>>,
    epochs: usize,
    done: usize,
    objective: f64,
    measures: NetworkMeasures,
    training_seconds: f64,
    candidate: Option<NetworkMeasures>,
    best: Option<Best<T>>,
    /// Why the samples could not be read.
    fault: Option<ModelError>,
}

/// The best network on the validation part.
struct Best<T> {
    network: Network<T>,
    loss: f64,
    /// Epochs since.
    age: usize,
}

impl<'d, T: Real> StochasticProblem<'d, T> {
    /// The problem at the network's parameters, no epoch done.
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when samples, weights and network do not fit, or there is patience without
    /// a validation part; [`ModelError::Linalg`] when threads cannot start.
    pub fn new(
        network: Network<T>,
        data: StochasticData<'d, T>,
        config: StochasticConfig,
    ) -> Result<Self> {
        network.check_samples(data.train)?;
        data.check(&config.class_weights)?;
        if config.patience.is_some() && data.validation.is_none() {
            let allowed = "without patience, or with a validation part";
            return Err(ModelError::parameter("validation", "none", allowed));
        }
        for part in [data.validation, data.test].into_iter().flatten() {
            network.check_samples(part)?;
        }
        let weights = sample_weights(data.train, data.weights, &config.class_weights)?;
        let epochs = config.epochs(data.n_samples());
        let mut state = State::new(network, config)?;
        if let Some(apart) = &state.apart {
            let n = data.train.n_samples();
            apart.check(state.config.batch_size(n), n)?;
            if data.stream.is_some() {
                let allowed = "none where samples are streamed";
                return Err(ModelError::parameter("local-steps", "given", allowed));
            }
        }
        let sparse = match data.stream {
            None => data.train.sparse_inputs(&state.blocks, &mut state.compute),
            Some(_) => None,
        };
        let start = first_samples(data.train, START_SAMPLES)?;
        let start = state.network.evaluate(&start, &mut state.compute)?;
        let measures = NetworkMeasures {
            training_seconds: Some(0.0),
            ..NetworkMeasures::of_training(start.loss, start.accuracy)
        };
        let mut this = Self {
            objective: start.loss
                + ridge_term(&state.network, state.config.ridge(data.n_samples())),
            state,
            sparse,
            data,
            weights,
            epochs,
            done: 0,
            measures,
            training_seconds: 0.0,
            candidate: None,
            best: None,
            fault: None,
        };
        this.measures = this.measure_parts(this.measures);
        Ok(this)
    }

    /// The network: the average of the last iterates, or with patience the best on the validation part.
    pub fn network(&self) -> &Network<T> {
        match &self.best {
            Some(best) if self.state.config.patience.is_some() => &best.network,
            _ => &self.state.network,
        }
    }

    /// An epoch over the samples in memory, or over those that are read for it.
    fn epoch(&mut self, place: EpochInRun) -> Option<LossSum> {
        let state = &mut self.state;
        let Some(stream) = self.data.stream else {
            let weights = self.weights.as_deref();
            return state.epoch(self.data.train, self.sparse.as_ref(), weights, place);
        };
        let number = state.epochs();
        let mut epoch = state.begin(stream.n_samples(), place);
        let read = stream.portions(number, &mut |samples| {
            if let Err(error) = state.network.check_samples(samples) {
                self.fault = Some(error);
                return false;
            }
            let sparse = samples.sparse_inputs(&state.blocks, &mut state.compute);
            state.portion(&mut epoch, samples, sparse.as_ref(), None)
        });
        self.fault = self.fault.take().or(read.err());
        epoch.sum.filter(|_| self.fault.is_none())
    }

    fn measure_parts(&mut self, measures: NetworkMeasures) -> NetworkMeasures {
        let (network, compute) = (&self.state.network, &mut self.state.compute);
        let mut part = |samples: Option<&Samples<T>>| network.evaluate(samples?, compute).ok();
        NetworkMeasures {
            validation: part(self.data.validation),
            test: part(self.data.test),
            ..measures
        }
    }

    /// Keeps the network if it is the best so far on the validation part; NaN never is.
    fn compare_with_best(&mut self) {
        let (Some(_), Some(found)) = (self.state.config.patience, self.measures.validation) else {
            return;
        };
        match &mut self.best {
            Some(best) if found.loss >= best.loss || found.loss.is_nan() => best.age += 1,
            None if found.loss.is_nan() => {}
            best => {
                *best = Some(Best {
                    network: self.state.network.clone(),
                    loss: found.loss,
                    age: 0,
                });
            }
        }
    }
}

impl<T: Real> BlockProblem for StochasticProblem<'_, T> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        1
    }

    fn block_name(&self, _: usize) -> String {
        "all layers, by batches".to_owned()
    }

    fn propose(&mut self, _: usize, inertia: Inertia) -> BlockChange {
        let clock = Instant::now();
        let place = EpochInRun {
            done: self.done,
            of: Some(self.epochs),
            inertia,
        };
        let before = self.objective;
        let Some(sum) = self.epoch(place) else {
            return BlockChange::new(before, f64::NAN);
        };
        self.training_seconds += clock.elapsed().as_secs_f64();
        let found = Evaluation::of(sum, self.data.train.target(), self.data.n_samples());
        let measures = NetworkMeasures::of_training(found.loss, found.accuracy);
        self.candidate = Some(measures);
        BlockChange::between(before, measures.train_loss)
    }

    fn accept(&mut self, _: usize) {
        let Some(measures) = self.candidate.take() else {
            return;
        };
        let clock = Instant::now();
        self.state.settle();
        self.training_seconds += clock.elapsed().as_secs_f64();
        self.done += 1;
        let ridge = self.state.config.ridge(self.data.n_samples());
        let network = &self.state.network;
        self.objective = measures.train_loss + ridge_term(network, ridge);
        self.measures = self.measure_parts(NetworkMeasures {
            training_seconds: Some(self.training_seconds),
            ..measures
        });
        self.compare_with_best();
    }

    fn objective(&mut self) -> f64 {
        self.objective
    }

    fn measures(&mut self) -> NetworkMeasures {
        self.measures
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }

    fn stop(&self) -> Option<StopReason> {
        let (patience, best) = (self.state.config.patience?, self.best.as_ref()?);
        (best.age >= patience).then_some(StopReason::NoImprovement)
    }
}

impl<T: Real> TrainingProblem<T> for StochasticProblem<'_, T> {
    fn network(&self) -> Result<Network<T>> {
        Ok(Self::network(self).clone())
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.state.visit(visitor);
        visitor.count("done", &mut self.done);
        visitor.number("objective", &mut self.objective);
        visitor.number("training_seconds", &mut self.training_seconds);
        let mut has_best = self.best.is_some();
        visitor.flag("best", &mut has_best);
        if has_best {
            let best = self.best.get_or_insert_with(|| Best {
                network: self.state.network.clone(),
                loss: 0.0,
                age: 0,
            });
            best.network.visit_state("best", visitor);
            visitor.number("best.loss", &mut best.loss);
            visitor.count("best.age", &mut best.age);
        }
    }

    fn reduction(&self) -> Option<Arc<dyn Reduction>> {
        self.state.config.reduction.clone()
    }

    fn take_fault(&mut self) -> Option<ModelError> {
        self.fault.take()
    }

    fn solver_choices(&self) -> Vec<SolverChoice> {
        let asked = self.state.config.curvature;
        let sizes = &self.state.network.architecture().sizes;
        let layers = self.state.blocks.curvature_forms().zip(sizes).zip(1..);
        let choice = |((form, n_in), l): ((CurvatureForm, &usize), usize)| SolverChoice {
            block: format!("W_{l}"),
            solver: curvature_name(form),
            reason: match asked {
                CurvatureChoice::Auto => format!("the cheapest for {n_in} inputs"),
                _ => "asked for".to_owned(),
            },
            flops: None,
            actual_seconds: None,
        };
        layers.map(choice).collect()
    }
}

fn curvature_name(form: CurvatureForm) -> String {
    match form {
        CurvatureForm::Sketch { rank } => format!("curvature sketched with rank {rank}"),
        CurvatureForm::Identity => "no curvature".to_owned(),
        form => format!("{} curvature", form.name()),
    }
}

/// μ/2 Σ_l ‖W_l‖².
fn ridge_term<T: Real>(network: &Network<T>, ridge: f64) -> f64 {
    // 0 · ‖W‖² would be NaN where the square overflows.
    if ridge <= 0.0 {
        return 0.0;
    }
    let layers = network.layers().iter();
    0.5 * ridge * layers.map(|layer| layer.weights.norm_sq()).sum::<f64>()
}

/// At most `most` samples, the first ones.
fn first_samples<T: Real>(samples: &Samples<T>, most: usize) -> Result<Samples<T>> {
    let n = samples.n_samples().min(most);
    let first = |from: &Matrix<T>| {
        let n_rows = from.n_rows();
        Matrix::from_vec(n_rows, n, from.as_slice()[..n_rows * n].to_vec())
    };
    let target = match samples.target() {
        Target::Values(values) => Target::Values(first(values)?),
        Target::Classes { labels, n_classes } => Target::Classes {
            labels: labels[..n].to_vec(),
            n_classes: *n_classes,
        },
    };
    Samples::new(first(samples.inputs())?, target)
}
