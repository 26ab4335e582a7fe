//! `tiam train`: reads and prepares data, trains, saves and reports.

use tiam_bench::methods::Method;
use tiam_core::{CoreError, Guard};
use tiam_linalg::Compute;
use tiam_models::{Model, ModelMetadata};

use crate::artifacts::Artifacts;
use crate::error::CliError;
use crate::fit::{End, Fitted, fit};
use crate::flags::Given;
use crate::flags::config;
use crate::metrics::measure;
use crate::output;
use crate::prepare::{DataFacts, Prepared, prepare};
use crate::provenance::{BlockSolver, Provenance};
use crate::report::{Report, describe};
use crate::resume::{Resumed, Saving, repeatable};
use crate::samples::Scalar;
use crate::settings::Settings;
use crate::values::{DataKind, Precision};

/// Runs the command.
pub(crate) fn run(given: Given) -> Result<(), CliError> {
    let asked = given.settings(DataKind::Digits);
    let resumed = asked.resume.as_deref().map(Resumed::open).transpose()?;
    let options = match (&resumed, &asked.config) {
        (Some(resumed), _) => given.over(&resumed.options)?,
        (None, Some(path)) => given.over(&config::read(path)?)?,
        (None, None) => given,
    };
    // Wrong parameters are found before data are read; what depends on the data is settled after.
    if let Some(method) = options.method() {
        options.check(method)?;
    }
    let settings = options.settings(DataKind::Digits);
    settings.check_method()?;
    let saving = Saving::new(
        asked.checkpoint_every,
        asked.keep_checkpoints,
        &settings.out,
    );
    match settings.precision {
        Precision::F32 => train_as::<f32>(&options, &settings, &saving, resumed.as_ref()),
        Precision::F64 => train_as::<f64>(&options, &settings, &saving, resumed.as_ref()),
    }
}

fn train_as<T: Scalar>(
    options: &Given,
    reading: &Settings,
    saving: &Saving,
    resumed: Option<&Resumed>,
) -> Result<(), CliError> {
    let prepared = prepare::<T>(reading)?;
    let settings = &options.settings(prepared.facts.kind);
    options.check(settings.method)?;
    settings.class_weights.of(prepared.train.target())?;
    let artifacts = Artifacts::create(&settings.out)?;
    artifacts.leave_alone(settings.from.as_deref())?;
    let fitted = fit(settings, &prepared, saving, resumed)?;
    let report = save(settings, &prepared, &fitted, &artifacts)?;
    saving.finish(settings, &fitted);
    output::print(&if settings.json {
        report.to_json()?
    } else {
        report.to_table()
    })?;
    match &fitted.end {
        End::Stopped(_) => Ok(()),
        End::Failed(error) => Err(CliError::Failed(failure(error, settings, &report))),
    }
}

/// Measures the network and writes model, trace and configuration.
fn save<T: Scalar>(
    settings: &Settings,
    prepared: &Prepared<T>,
    fitted: &Fitted<T>,
    artifacts: &Artifacts,
) -> Result<Report, CliError> {
    let facts = &prepared.facts;
    let mut compute = Compute::new(settings.threads)?;
    let mut on = |samples| {
        measure(
            &fitted.network,
            samples,
            facts.output_scaling.as_ref(),
            &mut compute,
        )
    };
    let train = on(&prepared.train)?;
    let test = prepared.test.as_ref().map(on).transpose()?;
    let report = Report::new(
        headline(settings, fitted),
        fitted,
        train,
        test,
        artifacts.model_path(),
    );
    let metadata = metadata(settings, facts, fitted, &report)?;
    artifacts.save_model(&Model::from_parts(fitted.network.clone(), metadata)?)?;
    artifacts.save_trace(&fitted.trace, &fitted.solvers)?;
    let solver = config::solver_used(settings.solver, &fitted.solvers);
    let settings = Settings {
        solver,
        ..repeatable(settings, prepared)
    };
    artifacts.save_config(&config::write(settings, fitted.cut_short_after()))?;
    Ok(report)
}

fn headline<T: Scalar>(settings: &Settings, fitted: &Fitted<T>) -> String {
    let (threads, seed) = (settings.threads, settings.seed);
    let precision = settings.precision;
    let network = describe(&fitted.network);
    format!(
        "data    {}\n{network}\n{precision}, {threads} threads, seed {seed}",
        settings.data
    )
}

fn metadata<T: Scalar>(
    settings: &Settings,
    facts: &DataFacts,
    fitted: &Fitted<T>,
    report: &Report,
) -> Result<ModelMetadata, CliError> {
    let provenance = Provenance {
        data: Some(settings.data.short_name()),
        data_kind: Some(facts.kind),
        columns: facts.encoding.clone(),
        hops: (facts.kind == DataKind::Graph).then_some(settings.hops),
        seed: Some(settings.seed),
        test_fraction: facts.test_fraction,
        training: Some(report.training()),
        solvers: fitted.solvers.iter().map(BlockSolver::of).collect(),
    };
    Ok(ModelMetadata {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: fitted.network.architecture().clone(),
        feature_names: facts.feature_names.clone(),
        class_names: facts.class_names.clone(),
        input_scaling: facts.input_scaling.clone(),
        output_scaling: facts.output_scaling.clone(),
        extra: provenance.to_extra()?,
    })
}

/// What happened, where, and what to do next.
fn failure(error: &CoreError, settings: &Settings, report: &Report) -> String {
    let advice = match settings.guard {
        _ if settings.method.is_gradient() || settings.method == Method::Stochastic => {
            "use a smaller --learning-rate or scale the inputs (--scaling standard)"
        }
        _ if !settings.method.is_relaxed() => {
            "use another --rho or scale the inputs (--scaling standard)"
        }
        Guard::Off => "turn the guard on (--guard on) or use smaller inertia (--inertia 0.5,0.5,0)",
        Guard::On => {
            "use smaller inertia (--inertia 0.5,0.5,0), scale the inputs (--scaling standard) or use --precision f64"
        }
    };
    let guarded = settings.method.is_relaxed() && settings.guard == Guard::On;
    let model = if guarded {
        "The model as the failing iteration left it, all numbers finite,".to_owned()
    } else {
        format!("The last good model, of iteration {},", report.iterations)
    };
    format!(
        "training failed: {error}; {advice}. {model} is in {}",
        report.model.display()
    )
}
