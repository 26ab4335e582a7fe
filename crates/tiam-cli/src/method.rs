//! The methods of `--method`: their defaults, which flags mean something to them, and their setup.

use tiam_bench::methods::{
    BcdParams, DladmmParams, GradientParams, MDLAM_BAND, MDLAM_RHO, MDLAM_RIDGE, Method,
    MethodParams, Setup,
};
use tiam_core::{Inertia, Schedule};
use tiam_models::{Band, Init, OutputStart, TiamParams};

use crate::args::MethodOptions;
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
        };
        match method {
            Method::Mdlam => own(MDLAM_RHO, MDLAM_RIDGE, MDLAM_BAND),
            Method::Dladmm => own(DladmmParams::RHO, 0.0, preset.band),
            Method::Bcd => own(BcdParams::RHO, 0.0, preset.band),
            _ if method.is_gradient() => own(preset.rho, 0.0, preset.band),
            _ => own(preset.rho, TiamParams::RIDGE, preset.band),
        }
    }
}

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
        }
    }

    /// True where the flag means something to the method.
    pub(crate) fn applies(self, method: Method) -> bool {
        match self {
            Self::Rho => !method.is_gradient(),
            // The inertia is what makes `am` and `mdlam` what they are.
            Self::Inertia | Self::Schedule => method == Method::Tiam,
            Self::L1 | Self::Band | Self::Guard | Self::Solver => method.is_relaxed(),
            Self::LearningRate => method.is_gradient(),
            Self::BatchSize => method.is_gradient() && method != Method::Gd,
            Self::Gamma | Self::Alpha => method == Method::Bcd,
        }
    }
}

/// Refuses flags that would silently do nothing.
pub(crate) fn check_flags(options: &MethodOptions) -> Result<(), CliError> {
    let method = options.method.unwrap_or_default();
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
        let options = MethodOptions {
            method: Some(Method::Adam),
            band: Some(Band::default()),
            ..MethodOptions::default()
        };
        let error = check_flags(&options).unwrap_err().to_string();
        assert!(
            error.contains("--band") && error.contains("tiam, am, mdlam"),
            "{error}"
        );
        assert!(check_flags(&MethodOptions::default()).is_ok());
    }
}
