//! The methods that TIAM is compared with: their defaults and parameters. The feature `reproduce` brings them.

#[cfg(feature = "reproduce")]
mod known {
    use tiam::{Method, Mlp, Preset, Start};
    use tiam_bench::methods::{
        BcdParams, DladmmParams, GradientParams, MDLAM_BAND, MDLAM_RHO, MDLAM_RIDGE, MethodParams,
        Setup,
    };
    use tiam_models::OutputStart;

    use crate::error::CliError;
    use crate::method::with;
    use crate::settings::Settings;

    /// Puts what a method's paper settles in the place of what suits the data.
    pub(crate) fn suit(preset: &mut Preset) {
        match preset.method {
            Method::Mdlam => (preset.rho, preset.band) = (MDLAM_RHO, MDLAM_BAND),
            Method::Dladmm => preset.rho = DladmmParams::RHO,
            Method::Bcd => preset.rho = BcdParams::RHO,
            _ => {}
        }
    }

    /// The default of `--ridge`.
    pub(crate) fn ridge(method: Method) -> f64 {
        match method {
            Method::Mdlam => MDLAM_RIDGE,
            _ => 0.0,
        }
    }

    /// Where the method's paper starts.
    pub(crate) fn start(method: Method) -> Start {
        Setup::published(method).start
    }

    /// The network trained by the rival that the settings name.
    pub(crate) fn add(mlp: Mlp, settings: &Settings) -> Result<Mlp, CliError> {
        Ok(mlp.method(setup(settings)))
    }

    /// Checks the rival's parameters without data.
    pub(crate) fn check(settings: &Settings) -> Result<(), CliError> {
        let threads = settings.threads;
        let checked = match setup(settings).params {
            MethodParams::Stochastic(params) => params.threads(threads).check().map(drop),
            MethodParams::Relaxed(params) => params.threads(threads).check().map(drop),
            MethodParams::Gradient(params) => params.threads(threads).check().map(drop),
            MethodParams::Dladmm(params) => params.threads(threads).check().map(drop),
            MethodParams::Bcd(params) => params.threads(threads).check().map(drop),
        };
        Ok(checked?)
    }

    /// The largest learning rates of cycles, as a skilled user would try first.
    const RATE: f64 = 0.01;

    /// A gradient method as a skilled user runs it: in batches of B samples, over so many epochs, in one cycle of the learning rate. The
    /// others as their papers have them.
    pub(crate) fn add_skilled(
        mlp: Mlp,
        settings: &Settings,
        (epochs, batch_size): (usize, usize),
    ) -> Result<Mlp, CliError> {
        let mut setup = setup(settings);
        if let MethodParams::Gradient(params) = setup.params {
            let params = params.batch_size(batch_size).one_cycle(epochs);
            let params = match settings.method {
                Method::Adam => params.learning_rate(RATE),
                _ => params,
            };
            setup.params = MethodParams::Gradient(params);
        }
        Ok(mlp.method(setup))
    }

    fn setup(settings: &Settings) -> Setup {
        let mut setup = Setup::published(settings.method);
        setup.params = match setup.params {
            MethodParams::Stochastic(_) => MethodParams::Stochastic(settings.stochastic()),
            MethodParams::Relaxed(_) if settings.method == Method::Mdlam => {
                MethodParams::Relaxed(settings.relaxed().output_start(OutputStart::Targets))
            }
            MethodParams::Relaxed(_) => MethodParams::Relaxed(settings.relaxed()),
            MethodParams::Gradient(params) => MethodParams::Gradient(gradient(settings, params)),
            MethodParams::Dladmm(params) => MethodParams::Dladmm(with(
                params.rho(settings.rho),
                settings.ridge,
                DladmmParams::ridge,
            )),
            MethodParams::Bcd(params) => {
                let params = with(params.rho(settings.rho), settings.ridge, BcdParams::ridge);
                let params = with(params, settings.gamma, BcdParams::gamma);
                MethodParams::Bcd(with(params, settings.alpha, BcdParams::alpha))
            }
        };
        setup
    }

    fn gradient(settings: &Settings, params: GradientParams) -> GradientParams {
        let params = with(params, settings.ridge, GradientParams::ridge);
        let params = with(
            params,
            settings.learning_rate,
            GradientParams::learning_rate,
        );
        with(params, settings.batch_size, |params, n| {
            params.batch_size(n)
        })
    }
}

#[cfg(not(feature = "reproduce"))]
mod known {
    use tiam::{Method, Mlp, Preset, Start};

    use crate::error::CliError;
    use crate::settings::Settings;

    pub(crate) fn suit(_: &mut Preset) {}

    pub(crate) fn ridge(_: Method) -> f64 {
        0.0
    }

    pub(crate) fn start(_: Method) -> Start {
        Start::default()
    }

    pub(crate) fn add(_: Mlp, settings: &Settings) -> Result<Mlp, CliError> {
        Err(CliError::Usage(format!(
            "--method {} is not built in: install tiam with its feature `reproduce`, or use stochastic or tiam",
            settings.method
        )))
    }

    pub(crate) fn add_skilled(
        mlp: Mlp,
        settings: &Settings,
        _: (usize, usize),
    ) -> Result<Mlp, CliError> {
        add(mlp, settings)
    }

    pub(crate) fn check(settings: &Settings) -> Result<(), CliError> {
        add(Mlp::default(), settings).map(drop)
    }
}

pub(crate) use known::{add, add_skilled, check, ridge, start, suit};
