//! The parameters of a multilayer perceptron and its training.

use std::sync::Arc;

use tiam_core::{Stopping, TraceRow};
use tiam_data::{ColumnEncoding, Dataset, Parts as DataParts, ScalingKind};
use tiam_linalg::{Reduction, Solver};
use tiam_models::{
    Activation, Architecture, Ensemble, Init, Loss, ModelError, Network, NetworkMeasures, Session,
    StochasticData, StochasticParams, TiamParams, TrainError,
};

use crate::encoding::Encoding;
use crate::error::{Error, Result};
use crate::fitting::{End, Fitted, Holdout, Prepared};
use crate::giveaway;
use crate::method::Method;
use crate::predictor::Predictor;
use crate::preset::Preset;
use crate::provenance::{BlockSolver, Provenance, Training};
use crate::scalar::{Precision, Scalar};
use crate::search::SearchRecord;
use crate::start::Start;
use crate::table::{DataKind, Table};
use crate::trainer::{Job, OnRow, Rule, RunParams, Trainer};

/// Held out of the training data for early stopping where nothing else is said.
const VALIDATION_FRACTION: f64 = 0.1;

tiam_models::parameters! {
    /// A multilayer perceptron to be: its parameters and those of its training.
    ///
    /// | parameter | default | meaning |
    /// |---|---|---|
    /// | `hidden` | 100, 100 by batches, else [`Preset`] | sizes of the hidden layers |
    /// | `activation` | ReLU | of the hidden layers |
    /// | `init` | He | starting weights |
    /// | `loss` | cross-entropy for classes, squared for values, logistic for several answers of no or yes | R |
    /// | `scaling` | [`Preset`] | of the inputs, fitted on the training data |
    /// | `method` | [`Preset`]: by batches, for graphs by the full batch | [`StochasticParams`], [`TiamParams`] or a [`Trainer`] of one's own |
    /// | `stopping` | the method's own limits | rules that end training |
    /// | `validation_fraction` | 0.1 with patience, else 0 | held out of the training data |
    /// | `go_on_from` | none | a model to go on from, with its shape, columns and scaling |
    /// | `seed` | 0 | of the starting weights, the order of the samples and the validation part |
    /// | `reduction` | none | the other processes of the run, which share out the samples; the same bits on any number of them, but for local steps |
    /// | `threads` | all cores | the same number gives the same model to the bit |
    ///
    /// ```
    /// use tiam::{Mlp, StochasticParams, Table};
    /// let parts = Table::digits().split(0.2, 0)?;
    /// let mlp = Mlp::default().hidden([32]).method(StochasticParams::default().epochs(5)).threads(1);
    /// let model = mlp.fit(&parts.train)?;
    /// assert!(model.evaluate(&parts.test)?.accuracy.is_some_and(|share| share > 0.9));
    /// # Ok::<(), tiam::Error>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct Mlp {
        /// Sizes of the hidden layers.
        hidden: Option<Vec<usize>> = None, own;
        /// Sets the activation of the hidden layers.
        activation: Activation = Activation::default();
        /// Sets starting weights and biases.
        start: Start = Start::default();
        /// Sets the loss R; it must be for what the labels are.
        loss: Option<Loss> = None, into;
        /// Sets how inputs are scaled.
        scaling: Option<ScalingKind> = None, into;
        /// The method with its parameters.
        method: Option<Arc<dyn Trainer>> = None, own;
        /// Sets the rules that end training, in place of the method's own. By batches, the number of epochs stays the method's.
        stopping: Option<Stopping> = None, into;
        /// Stopping rules of the user's own.
        rules: Vec<Rule> = Vec::new(), own;
        /// Sets the part of the training data that is held out for early stopping.
        validation_fraction: Option<f64> = None, into;
        /// The model to go on from.
        from: Option<Arc<Predictor>> = None, own;
        /// Sets the seed.
        seed: u64 = 0;
        /// Sets the number of worker threads, from 1.
        threads: usize = std::thread::available_parallelism().map_or(1, usize::from);
        /// Sets the other processes of the run, which share out the samples: all of them train with the same data and settings.
        reduction: Option<Arc<dyn Reduction>> = None, into;
    }
}

impl Mlp {
    /// Sets the sizes of the hidden layers; none for a linear model.
    #[must_use]
    pub fn hidden(mut self, sizes: impl Into<Vec<usize>>) -> Self {
        self.hidden = Some(sizes.into());
        self
    }

    /// Sets how the starting weights are drawn.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.start.weights = init;
        self
    }

    /// Sets the method with its parameters; seed and threads are those set here.
    #[must_use]
    pub fn method(mut self, method: impl Trainer + 'static) -> Self {
        self.method = Some(Arc::new(method));
        self
    }

    /// Ends training once `holds` is true of a row of the trace, with these words as the reason; may be given several times.
    ///
    /// ```
    /// use tiam::{Mlp, Table};
    /// let mlp = Mlp::default().hidden([16]).stop_when("loss below 0.5", |row| row.measures.train_loss < 0.5);
    /// let model = mlp.fit(&Table::digits())?;
    /// let training = model.provenance().training.as_ref();
    /// assert!(training.is_some_and(|t| t.stop_reason.contains("loss below 0.5") && t.iterations < 30));
    /// # Ok::<(), tiam::Error>(())
    /// ```
    #[must_use]
    pub fn stop_when(
        mut self,
        words: impl Into<String>,
        holds: impl Fn(&TraceRow<NetworkMeasures>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Rule::new(words, holds));
        self
    }

    /// Goes on from a model of the same precision. Hidden layers, activation, loss, columns and scaling are the model's; those set here do not
    /// count. A loss of the user's own is given to the model before: [`Predictor::with_loss`].
    #[must_use]
    pub fn go_on_from(mut self, model: Predictor) -> Self {
        self.from = Some(Arc::new(model));
        self
    }

    /// The method that trains data of this kind.
    pub fn method_for(&self, kind: DataKind) -> Arc<dyn Trainer> {
        let preset = Preset::of(kind);
        match (&self.method, preset.method) {
            (Some(method), _) => Arc::clone(method),
            (None, Method::Tiam) => Arc::new(
                TiamParams::default()
                    .rho(preset.rho)
                    .band(preset.band)
                    .solver(Solver::AUTO),
            ),
            (None, _) => Arc::new(StochasticParams::default()),
        }
    }

    /// Trains on a table and keeps what it takes to predict. Of data that bring a split of their own, the training part counts.
    ///
    /// # Errors
    /// [`Error::Data`] for data that cannot be read, [`Error::NoLabels`], [`Error::OneClass`]; [`Error::Model`] for parameters out of
    /// range; [`Error::Failed`], with the last good model, when numbers stop being finite.
    pub fn fit(&self, train: &Table) -> Result<Predictor> {
        self.fit_watched(train, &mut |_| {})
    }

    /// [`fit`](Self::fit) that tells every row of the trace: the start, then each epoch or iteration.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_watched(&self, train: &Table, on_row: &mut OnRow<'_>) -> Result<Predictor> {
        match train.scalar() {
            Precision::F32 => self.fit_as::<f32>(train, on_row),
            Precision::F64 => self.fit_as::<f64>(train, on_row),
        }
    }

    fn fit_as<T: Scalar>(&self, train: &Table, on_row: &mut OnRow<'_>) -> Result<Predictor> {
        let prepared = self.prepare::<T>(train.clone(), &Holdout::default())?;
        let network = self.network(&prepared)?;
        let fitted = self.train(network, &prepared, false, Session::default(), on_row)?;
        let training = fitted.training();
        let end = fitted.end.clone();
        let model = self.predictor(&fitted, &prepared, training)?;
        match end {
            End::Stopped(_) => Ok(model),
            End::Failed(error) => Err(Error::Failed {
                error,
                last: Box::new(model),
            }),
        }
    }

    /// Reads, splits, encodes and scales data: the first part of [`fit`](Self::fit), for programs that save runs on the way or compare
    /// methods on the same samples. Scalings are fitted on the training part only; columns and categories are those of the whole table.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn prepare<T: Scalar>(&self, table: Table, holdout: &Holdout) -> Result<Prepared<T>> {
        self.prepare_in(table, holdout, false)
    }

    /// [`prepare`](Self::prepare), or the same with features and values in their own units.
    pub(crate) fn prepare_in<T: Scalar>(
        &self,
        table: Table,
        holdout: &Holdout,
        own_units: bool,
    ) -> Result<Prepared<T>> {
        if let Some(streaming) = table.streaming() {
            return match own_units {
                true => Err(table.streamed_error()),
                false => self.prepare_stream(&table, streaming, holdout),
            };
        }
        let from = self.from.as_deref();
        let network = from.map(Predictor::network).transpose()?;
        // Codes of categories are learnt anew, so that none of a row tells of its own label.
        let columns = from.and_then(Predictor::column_encoding);
        let columns = columns.map(ColumnEncoding::unlearnt);
        let described = table.without_cells();
        let (source, name) = (table.to_string(), table.name());
        let data = table.into_data::<T>(columns.as_ref())?;
        let kind = described.kind_of(&data);
        described.check(kind, &data)?;
        let test_fraction = match holdout {
            Holdout::Fraction(fraction) if data.split().is_none() => Some(*fraction),
            _ => None,
        };
        let mut parts = self.divide(data, test_fraction.unwrap_or(0.0), kind)?;
        // Medians for missing numbers, and codes of categories, are those of the training part.
        parts.train.learn_columns(self.seed);
        let own_columns = parts.train.encoding().cloned();
        if let Some(columns) = &own_columns {
            for part in [&mut parts.validation, &mut parts.test] {
                part.fill_with(columns.clone());
            }
        }
        let mut reading = parts.train.reading().cloned();
        if let Some(reading) = &mut reading {
            reading.warnings.extend(giveaway::warnings(&parts.train));
        }
        let mut test_reading = None;
        let mut test_source = source.clone();
        let test = match holdout {
            Holdout::Nothing => None,
            Holdout::Fraction(_) => Some(parts.test),
            Holdout::Test(test) => {
                test_source = test.to_string();
                let data = Table::clone(test).into_data(own_columns.as_ref())?;
                test_reading = data.reading().cloned();
                Some(test_part(data)?)
            }
        };
        let scaling = self.scaling.unwrap_or(Preset::of(kind).scaling);
        let mut encoding = match from {
            Some(from) => Encoding::of_model(from.metadata(), own_columns),
            None => {
                let label = described.load_params().table.label.to_string();
                Encoding::fit(&parts.train, scaling, &source, &label)?
            }
        };
        if own_units {
            (encoding.input_scaling, encoding.output_scaling) = (None, None);
        }
        let weights = parts.train.sample_weights().map(<[f64]>::to_vec);
        let some = |data: Dataset<T>, source: &str| {
            let some = Some(data).filter(|data| data.n_samples() > 0);
            some.map(|data| encoding.samples(data, source)).transpose()
        };
        Ok(Prepared {
            train: encoding.samples(parts.train, &source)?,
            weights,
            validation: some(parts.validation, &source)?,
            test: test.map_or(Ok(None), |test| some(test, &test_source))?,
            kind,
            scaling,
            // That of a part of the digits says nothing about the digits.
            test_fraction: test_fraction
                .filter(|_| kind != DataKind::Digits || described.is_all_digits()),
            reading,
            test_reading,
            name,
            graph: described.load_params().graph.clone(),
            from: network,
            stream: None,
            encoding,
        })
    }

    /// The parts of the data's own split, or of one drawn; a validation part is carved out of the training part where there is
    /// none and one is asked for. The training part stays where it is in memory.
    fn divide<T: Scalar>(
        &self,
        data: Dataset<T>,
        test_fraction: f64,
        kind: DataKind,
    ) -> Result<DataParts<T>> {
        let validation = self.validation_part(kind)?;
        let mut split = match data.split() {
            Some(split) => split.clone(),
            None => data.make_split(0.0, test_fraction, self.seed)?,
        };
        if validation > 0.0 && split.validation().is_empty() {
            split = split.carve_validation(data.labels(), validation, self.seed)?;
        }
        Ok(data.into_parts(&split)?)
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.from.is_some()
    }

    /// The part of the training data to be held out.
    pub(crate) fn validation_part(&self, kind: DataKind) -> Result<f64> {
        let method = self.method_for(kind);
        let default = match method.needs_validation() {
            true => VALIDATION_FRACTION,
            false => 0.0,
        };
        let validation = self.validation_fraction.unwrap_or(default);
        if validation > 0.0 && !method.by_batches() {
            let allowed = "0 for a method that looks at no validation part";
            return Err(ModelError::parameter("validation_fraction", validation, allowed).into());
        }
        Ok(validation)
    }

    /// The network at its start for these samples.
    ///
    /// # Errors
    /// [`Error::Model`] for layers of no units, or starting weights out of range.
    pub fn network<T: Scalar>(&self, prepared: &Prepared<T>) -> Result<Network<T>> {
        if let Some(network) = &prepared.from {
            return Ok(network.clone());
        }
        let method = self.method_for(prepared.kind);
        let default = || match method.by_batches() {
            true => Preset::HIDDEN_BY_BATCHES.to_vec(),
            false => Preset::of(prepared.kind).hidden.to_vec(),
        };
        let hidden = self.hidden.clone().unwrap_or_else(default);
        let (train, activation) = (&prepared.train, self.activation);
        let target = train.target();
        let loss = self
            .loss
            .clone()
            .unwrap_or_else(|| match prepared.encoding.has_flags() {
                true => Loss::Logistic,
                false => target.loss(),
            });
        let n_inputs = train.inputs().n_rows();
        let shape = Architecture::new(n_inputs, &hidden, target.n_outputs(), activation, loss)?;
        Ok(self.start.network(shape, self.seed)?)
    }

    /// Trains a network on prepared samples, whatever its end: the second part of [`fit`](Self::fit). The test part is measured after
    /// every epoch if it is to be watched, and decides nothing.
    ///
    /// # Errors
    /// [`Error::Model`] for parameters or data that do not fit, [`Error::Training`] for an end that a trainer of one's own made up.
    pub fn train<T: Scalar>(
        &self,
        network: Network<T>,
        prepared: &Prepared<T>,
        watch_test: bool,
        session: Session<'_, '_>,
        on_row: &mut OnRow<'_>,
    ) -> Result<Fitted<T>> {
        let method = self.method_for(prepared.kind);
        if self.reduction.is_some() && !method.shares_samples() {
            let allowed =
                "one that shares out samples, in several processes: dladmm and bcd do not";
            return Err(ModelError::parameter("method", method.name(), allowed).into());
        }
        let data = StochasticData {
            train: &prepared.train,
            weights: prepared.weights.as_deref(),
            // The full-batch methods have no use for the validation part that a graph brings.
            validation: prepared.validation.as_ref().filter(|_| method.by_batches()),
            test: prepared.test.as_ref().filter(|_| watch_test),
            stream: prepared.stream.as_deref(),
        };
        let run = RunParams {
            seed: self.seed,
            threads: self.threads,
            reduction: self.reduction.clone(),
            stopping: self.stopping.clone(),
            rules: self.rules.clone(),
        };
        let job = Job {
            network,
            data,
            run,
            session,
            on_row: &mut |row| on_row(row),
        };
        let (network, trace, solvers, end) = match T::train(&*method, job) {
            Ok(done) => {
                let end = End::Stopped(done.reason);
                (done.network, done.trace, done.solvers, end)
            }
            Err(TrainError::Failed {
                error,
                network,
                trace,
                solvers,
            }) => (*network, *trace, solvers, End::Failed(error)),
            Err(TrainError::Refused(error)) => return Err(error.into()),
            Err(other) => {
                let reason = other.to_string();
                return Err(Error::Training { reason });
            }
        };
        Ok(Fitted {
            network,
            trace,
            solvers,
            end,
            method: method.name().to_owned(),
        })
    }

    /// The trained network with what it takes to use it: the last part of [`fit`](Self::fit).
    ///
    /// # Errors
    /// [`Error::Model`] when network and encoding do not fit.
    pub fn predictor<T: Scalar>(
        &self,
        fitted: &Fitted<T>,
        prepared: &Prepared<T>,
        training: Training,
    ) -> Result<Predictor> {
        let provenance = Provenance {
            training: Some(training),
            solvers: fitted.solvers.iter().map(BlockSolver::of).collect(),
            ..self.provenance(prepared)
        };
        let networks = vec![fitted.network.clone()];
        let model = Predictor::new(networks, None, &prepared.encoding, &provenance)?;
        Ok(model.threads(self.threads))
    }

    /// The model that a search has found.
    pub(crate) fn mixed_predictor<T: Scalar>(
        &self,
        prepared: &Prepared<T>,
        networks: Vec<Network<T>>,
        ensemble: Ensemble,
        search: SearchRecord,
    ) -> Result<Predictor> {
        let provenance = Provenance {
            search: Some(search),
            ..self.provenance(prepared)
        };
        let model = Predictor::new(networks, Some(ensemble), &prepared.encoding, &provenance)?;
        Ok(model.threads(self.threads))
    }

    /// What a model keeps of the data, whatever its training.
    fn provenance<T: Scalar>(&self, prepared: &Prepared<T>) -> Provenance {
        let is_graph = prepared.kind == DataKind::Graph;
        Provenance {
            data: Some(prepared.name.clone()),
            data_kind: Some(prepared.kind),
            hops: is_graph.then_some(prepared.graph.hops),
            graph_seed: Some(prepared.graph.seed).filter(|seed| is_graph && *seed != self.seed),
            seed: Some(self.seed),
            test_fraction: prepared.test_fraction,
            ..Provenance::default()
        }
    }
}

/// The part of the data that is for testing, where they bring a split; else all of them.
pub(crate) fn test_part<T: Scalar>(data: Dataset<T>) -> Result<Dataset<T>> {
    match data.split().map(|split| split.test()) {
        Some(test) if !test.is_empty() => Ok(data.subset(test)?),
        _ => Ok(data),
    }
}
