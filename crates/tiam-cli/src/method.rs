//! The methods of `--method`: their defaults, which flags mean something to them, and their setup.

use tiam_bench::methods::{
    BcdParams, DladmmParams, GradientParams, MDLAM_BAND, MDLAM_RHO, MDLAM_RIDGE, Method,
    MethodParams, Setup,
};
use tiam_core::{Inertia, Schedule};
use tiam_models::{Band, Init, OutputStart, StochasticParams, TiamParams};

use crate::args::TrainOptions;
use crate::error::CliError;
use crate::preset::Preset;
use crate::settings::Settings;
use crate::values::ScheduleName;

/// Defaults that a method's paper settles, or the kind of data where it leaves them open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    pub(crate) rho: f64,
    pub(crate) ridge: f64,
    pub(crate) band: Band,
    pub(crate) inertia: Inertia,
    pub(crate) schedule: ScheduleName,
    pub(crate) init: Init,
    pub(crate) hidden: &'static [usize],
}

impl Defaults {
    /// For this method on data with this preset.
    pub(crate) fn new(method: Method, preset: &Preset) -> Self {
        let (inertia, schedule) = method.inertia();
        let schedule = match schedule {
            Schedule::Fista => ScheduleName::Fista,
            _ => ScheduleName::Constant,
        };
        let own = |rho, ridge, band| Self {
            rho,
            ridge,
            band,
            inertia,
            schedule,
            init: Setup::published(method).start.weights,
            hidden: match method {
                Method::Stochastic => &STOCHASTIC_HIDDEN,
                _ => preset.hidden,
            },
        };
        match method {
            Method::Stochastic => own(preset.rho, StochasticParams::RIDGE, preset.band),
            Method::Mdlam => own(MDLAM_RHO, MDLAM_RIDGE, MDLAM_BAND),
            Method::Dladmm => own(DladmmParams::RHO, 0.0, preset.band),
            Method::Bcd => own(BcdParams::RHO, 0.0, preset.band),
            _ if method.is_gradient() => own(preset.rho, 0.0, preset.band),
            _ => own(preset.rho, TiamParams::RIDGE, preset.band),
        }
    }
}

/// Hidden layers of stochastic TIAM whatever the data: two of 100 were as good as or better than one of 100 or 200 on digits,
/// phoneme and white wine.
const STOCHASTIC_HIDDEN: [usize; 2] = [100, 100];

/// A flag that not every method knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    Rho,
    L1,
    Band,
    Inertia,
    Schedule,
    Guard,
    Solver,
    LearningRate,
    BatchSize,
    Gamma,
    Alpha,
    Epochs,
    StepSchedule,
    Damping,
    Curvature,
    Averaging,
    ClassWeights,
    SampleWeights,
    Patience,
    ValidationFraction,
    TraceTest,
    From,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Self::Rho => "--rho",
            Self::L1 => "--l1",
            Self::Band => "--band",
            Self::Inertia => "--inertia",
            Self::Schedule => "--schedule",
            Self::Guard => "--guard",
            Self::Solver => "--solver",
            Self::LearningRate => "--learning-rate",
            Self::BatchSize => "--batch-size",
            Self::Gamma => "--gamma",
            Self::Alpha => "--alpha",
            Self::Epochs => "--epochs",
            Self::StepSchedule => "--step-schedule",
            Self::Damping => "--damping",
            Self::Curvature => "--curvature",
            Self::Averaging => "--averaging",
            Self::ClassWeights => "--class-weights",
            Self::SampleWeights => "--sample-weights",
            Self::Patience => "--patience",
            Self::ValidationFraction => "--validation-fraction",
            Self::TraceTest => "--trace-test",
            Self::From => "--from",
        }
    }

    /// True where the flag means something to the method.
    pub(crate) fn applies(self, method: Method) -> bool {
        match self {
            Self::Rho => !method.is_gradient() && method != Method::Stochastic,
            // The inertia is what makes `am` and `mdlam` what they are.
            Self::Inertia | Self::Schedule => {
                matches!(method, Method::Tiam | Method::Stochastic)
            }
            Self::L1 | Self::Band | Self::Guard | Self::Solver => method.is_relaxed(),
            Self::LearningRate => method.is_gradient() || method == Method::Stochastic,
            Self::BatchSize => method.is_by_batches(),
            Self::Epochs
            | Self::StepSchedule
            | Self::Damping
            | Self::Curvature
            | Self::Averaging
            | Self::ClassWeights
            | Self::SampleWeights
            | Self::Patience
            | Self::ValidationFraction
            | Self::TraceTest
            | Self::From => method == Method::Stochastic,
            Self::Gamma | Self::Alpha => method == Method::Bcd,
        }
    }
}

/// Refuses flags that would silently do nothing.
pub(crate) fn check_flags(all: &TrainOptions, method: Method) -> Result<(), CliError> {
    let options = &all.method;
    let given = [
        (Flag::Rho, options.rho.is_some()),
        (Flag::L1, options.l1.is_some()),
        (Flag::Band, options.band.is_some()),
        (Flag::Inertia, options.inertia.is_some()),
        (Flag::Schedule, options.schedule.is_some()),
        (Flag::Guard, options.guard.is_some()),
        (Flag::Solver, options.solver.is_some()),
        (Flag::LearningRate, options.learning_rate.is_some()),
        (Flag::BatchSize, options.batch_size.is_some()),
        (Flag::Gamma, options.gamma.is_some()),
        (Flag::Alpha, options.alpha.is_some()),
        (Flag::Epochs, options.epochs.is_some()),
        (Flag::StepSchedule, options.step_schedule.is_some()),
        (Flag::Damping, options.damping.is_some()),
        (Flag::Curvature, options.curvature.is_some()),
        (Flag::Averaging, options.averaging.is_some()),
        (Flag::ClassWeights, options.class_weights.is_some()),
        (Flag::SampleWeights, all.data.sample_weights.is_some()),
        (Flag::Patience, options.patience.is_some()),
        (
            Flag::ValidationFraction,
            all.data.validation_fraction.is_some(),
        ),
        (Flag::TraceTest, all.run.trace_test),
        (Flag::From, all.network.from.is_some()),
    ];
    let lost = given
        .iter()
        .find(|(flag, given)| *given && !flag.applies(method));
    let Some((flag, _)) = lost else { return Ok(()) };
    let known: Vec<&str> = Method::ALL
        .into_iter()
        .filter(|m| flag.applies(*m))
        .map(Method::name)
        .collect();
    let (name, known) = (flag.name(), known.join(", "));
    Err(CliError::Usage(format!(
        "{name} means nothing to --method {method}; it is for {known}"
    )))
}

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
            .schedule(self.schedule.into())
            .guard(self.guard.into())
            .solver(self.solver.into())
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
        let mut params = params
            .ridge(self.ridge)
            .inertia(self.inertia)
            .schedule(self.schedule.into())
            .step_schedule(self.step_schedule)
            .curvature(self.curvature)
            .class_weights(self.class_weights.clone())
            .patience(self.patience)
            .stop_after(self.iterations);
        if let Some(epochs) = self.epochs {
            params = params.epochs(epochs);
        }
        if let Some(size) = self.batch_size {
            params = params.batch_size(size);
        }
        if let Some(step) = self.learning_rate {
            params = params.step(step);
        }
        if let Some(damping) = self.damping {
            params = params.damping(damping);
        }
        match self.averaging {
            Some(averaging) => params.averaging(averaging),
            None => params,
        }
    }

    fn gradient(&self, params: GradientParams) -> GradientParams {
        let params = params.ridge(self.ridge);
        let params = match self.learning_rate {
            Some(rate) => params.learning_rate(rate),
            None => params,
        };
        match self.batch_size {
            Some(size) => params.batch_size(size),
            None => params,
        }
    }

    fn bcd(&self) -> BcdParams {
        let params = BcdParams::default().rho(self.rho).ridge(self.ridge);
        let params = match self.gamma {
            Some(gamma) => params.gamma(gamma),
            None => params,
        };
        match self.alpha {
            Some(alpha) => params.alpha(alpha),
            None => params,
        }
    }

    /// Checks the method's parameters without data.
    pub(crate) fn check_method(&self) -> Result<(), CliError> {
        let stopping = self.stopping()?;
        stopping.check()?;
        match self.setup().params {
            MethodParams::Stochastic(params) => {
                params.stopping(stopping).threads(self.threads).check()?;
            }
            MethodParams::Relaxed(params) => {
                params.stopping(stopping).threads(self.threads).check()?;
            }
            MethodParams::Gradient(params) => {
                params.threads(self.threads).check()?;
            }
            MethodParams::Dladmm(params) => {
                params.threads(self.threads).check()?;
            }
            MethodParams::Bcd(params) => {
                params.threads(self.threads).check()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_without_meaning_names_the_methods_that_know_it() {
        let mut options = TrainOptions::default();
        options.method.band = Some(Band::default());
        let error = check_flags(&options, Method::Adam).unwrap_err().to_string();
        assert!(
            error.contains("--band") && error.contains("tiam, am, mdlam"),
            "{error}"
        );
        assert!(check_flags(&TrainOptions::default(), Method::Adam).is_ok());
    }
}
