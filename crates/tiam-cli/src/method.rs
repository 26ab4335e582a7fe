//! The network and its method as the front door takes them.

use tiam::{
    Holdout, LoadParams, Method, Mlp, Predictor, StochasticParams, Streaming, Table, TableParams,
};
use tiam_core::Stopping;
use tiam_data::{ColumnRef, GraphParams};

use crate::error::CliError;
use crate::rivals;
use crate::settings::{Settings, TEST_FRACTION};
use crate::values::{DataSource, ScalingName};

impl Settings {
    /// The data with how they are read.
    pub(crate) fn table(&self) -> Result<Table, CliError> {
        let columns = |names: &[String]| names.iter().filter_map(|name| reference(name)).collect();
        let table = TableParams {
            header: self.header,
            task: self.task,
            categorical: columns(&self.categorical),
            ignore: columns(&self.ignore),
            keep: columns(&self.keep),
            delimiter: self.delimiter.map(|delimiter| delimiter.0),
            decimal: self.decimal,
            comment: self.comment.map(|comment| comment.0),
            skip_rows: self.skip_rows,
            missing: self.missing,
            sample_weights: self.sample_weights.as_deref().and_then(reference),
            max_categories: self.max_categories,
            ..TableParams::default()
        };
        let graph = GraphParams::default().hops(self.hops).seed(self.seed);
        let params = LoadParams::default().threads(self.threads);
        let mut params = params.table(table).graph(graph);
        params.text_encoding = self.encoding;
        params.format = self.format;
        let table = self.data.table()?.precision(self.precision);
        let table = table.params(params).label(&self.label);
        if !self.stream {
            return Ok(table);
        }
        let streaming = with(Streaming::default(), self.cache.clone(), Streaming::cache);
        let streaming = with(streaming, self.pool_blocks, Streaming::pool_blocks);
        Ok(table.streamed(streaming))
    }

    /// What is held out of the data for testing.
    pub(crate) fn holdout(&self) -> Result<Holdout, CliError> {
        let Some(path) = &self.test else {
            return Ok(Holdout::Fraction(
                self.test_fraction.unwrap_or(TEST_FRACTION),
            ));
        };
        let table = self.table()?;
        let test = DataSource::Paths(vec![path.clone()]).table()?;
        let test = test
            .precision(self.precision)
            .params(table.load_params().clone());
        Ok(Holdout::Test(Box::new(test)))
    }

    /// The network with its method, to be trained from a model where there is one.
    pub(crate) fn mlp(&self, from: Option<Predictor>) -> Result<Mlp, CliError> {
        let start = tiam::Start {
            weights: self.init,
            ..rivals::start(self.method)
        };
        let mlp = Mlp::default()
            .hidden(self.hidden.clone())
            .activation(self.activation)
            .start(start)
            .seed(self.seed)
            .threads(self.threads)
            .stopping(self.stopping()?);
        let mlp = match self.scaling {
            ScalingName::Auto => mlp,
            ScalingName::Kind(kind) => mlp.scaling(kind),
        };
        let mlp = with(mlp, self.validation_fraction, Mlp::validation_fraction);
        let mlp = with(mlp, from, Mlp::go_on_from);
        match self.method {
            Method::Stochastic => Ok(mlp.method(self.stochastic())),
            Method::Tiam => Ok(mlp.method(self.relaxed())),
            _ => rivals::add(mlp, self),
        }
    }

    /// The network with its method as a skilled user would run it on so many samples, ended by these rules and its own number of iterations.
    pub(crate) fn skilled_mlp(&self, n_samples: usize, rules: &Stopping) -> Result<Mlp, CliError> {
        let own = |iterations| rules.clone().max_iterations(iterations);
        if !self.method.is_gradient() {
            return Ok(self.mlp(None)?.stopping(own(self.most_iterations())));
        }
        let epochs = StochasticParams::default_epochs(n_samples);
        let batch_size = StochasticParams::default_batch_size(n_samples);
        let mlp = self.mlp(None)?.hidden(tiam::Preset::HIDDEN_BY_BATCHES);
        let mlp = rivals::add_skilled(mlp, self, (epochs, batch_size))?;
        Ok(mlp.stopping(own(epochs)))
    }

    /// Epochs and samples a step of stochastic TIAM over N samples.
    pub(crate) fn epochs_and_batch(&self, n_samples: usize) -> Option<(usize, usize)> {
        let epochs = self
            .epochs
            .unwrap_or_else(|| StochasticParams::default_epochs(n_samples));
        let batch = self
            .batch_size
            .unwrap_or_else(|| StochasticParams::default_batch_size(n_samples));
        (self.method == Method::Stochastic).then_some((epochs, batch))
    }

    /// Most iterations over N samples, and what they are called.
    pub(crate) fn length(&self, n_samples: usize) -> (usize, &'static str) {
        match self.epochs_and_batch(n_samples) {
            Some((epochs, _)) => (self.iterations.unwrap_or(epochs).min(epochs), "epoch"),
            None => (self.most_iterations(), "iteration"),
        }
    }

    /// Checks the method's parameters without data.
    pub(crate) fn check_method(&self) -> Result<(), CliError> {
        let (stopping, threads) = (self.stopping()?, self.threads);
        stopping.check()?;
        match self.method {
            Method::Stochastic => {
                let params = self.stochastic().stopping(stopping);
                params.threads(threads).check().map(drop)?;
            }
            Method::Tiam => {
                let params = self.relaxed().stopping(stopping);
                params.threads(threads).check().map(drop)?;
            }
            _ => rivals::check(self)?,
        }
        Ok(())
    }
}

/// Parameters with a value that was given, or as they are.
pub(crate) fn with<P, V>(params: P, value: Option<V>, set: fn(P, V) -> P) -> P {
    match value {
        Some(value) => set(params, value),
        None => params,
    }
}

/// A reference parses from any text.
fn reference(text: &str) -> Option<ColumnRef> {
    text.parse().ok()
}
