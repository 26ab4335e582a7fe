//! The chosen method with its parameters, as the trainer takes them.

use tiam_bench::methods::{BcdParams, DladmmParams, GradientParams, Method, MethodParams, Setup};
use tiam_models::{OutputStart, StochasticParams, TiamParams};

use crate::error::CliError;
use crate::settings::Settings;

impl Settings {
    /// The method with its parameters and its start.
    pub(crate) fn setup(&self) -> Setup {
        let mut setup = Setup::published(self.method);
        setup.start.weights = self.init;
        setup.params = match setup.params {
            MethodParams::Stochastic(params) => MethodParams::Stochastic(self.stochastic(params)),
            MethodParams::Relaxed(_) => MethodParams::Relaxed(self.relaxed()),
            MethodParams::Gradient(params) => MethodParams::Gradient(self.gradient(params)),
            MethodParams::Dladmm(_) => {
                MethodParams::Dladmm(DladmmParams::default().rho(self.rho).ridge(self.ridge))
            }
            MethodParams::Bcd(_) => MethodParams::Bcd(self.bcd()),
        };
        setup
    }

    fn relaxed(&self) -> TiamParams {
        let output_start = match self.method {
            Method::Mdlam => OutputStart::Targets,
            _ => OutputStart::Forward,
        };
        TiamParams::default()
            .rho(self.rho)
            .ridge(self.ridge)
            .l1(self.l1)
            .band(self.band)
            .output_start(output_start)
            .inertia(self.inertia)
            .schedule(self.schedule.clone())
            .guard(self.guard)
            .solver(self.solver)
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

    fn stochastic(&self, params: StochasticParams) -> StochasticParams {
        let params = params
            .ridge(self.ridge)
            .inertia(self.inertia)
            .schedule(self.schedule.clone())
            .step_schedule(self.step_schedule)
            .curvature(self.curvature)
            .class_weights(self.class_weights.clone())
            .patience(self.patience)
            .stop_after(self.iterations);
        let params = with(params, self.epochs, StochasticParams::epochs);
        let params = with(params, self.batch_size, StochasticParams::batch_size);
        let params = with(params, self.learning_rate, StochasticParams::step);
        let params = with(params, self.damping, StochasticParams::damping);
        with(params, self.averaging, StochasticParams::averaging)
    }

    fn gradient(&self, params: GradientParams) -> GradientParams {
        let params = params.ridge(self.ridge);
        let params = with(params, self.learning_rate, GradientParams::learning_rate);
        with(params, self.batch_size, |params, n| params.batch_size(n))
    }

    fn bcd(&self) -> BcdParams {
        let params = BcdParams::default().rho(self.rho).ridge(self.ridge);
        let params = with(params, self.gamma, BcdParams::gamma);
        with(params, self.alpha, BcdParams::alpha)
    }

    /// Checks the method's parameters without data.
    pub(crate) fn check_method(&self) -> Result<(), CliError> {
        let (stopping, threads) = (self.stopping()?, self.threads);
        stopping.check()?;
        let checked = match self.setup().params {
            MethodParams::Stochastic(params) => {
                params.stopping(stopping).threads(threads).check().map(drop)
            }
            MethodParams::Relaxed(params) => {
                params.stopping(stopping).threads(threads).check().map(drop)
            }
            MethodParams::Gradient(params) => params.threads(threads).check().map(drop),
            MethodParams::Dladmm(params) => params.threads(threads).check().map(drop),
            MethodParams::Bcd(params) => params.threads(threads).check().map(drop),
        };
        Ok(checked?)
    }
}

/// Parameters with a value that was given, or as they are.
fn with<P, V>(params: P, value: Option<V>, set: fn(P, V) -> P) -> P {
    match value {
        Some(value) => set(params, value),
        None => params,
    }
}
