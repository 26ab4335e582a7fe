//! `tiam train`: reads and prepares data, trains, saves and reports.

use std::path::Path;

use tiam::{
    ClassWeights, DataKind, Effort, End, Evaluation, Fitted, Method, Mlp, ModelReport, Precision,
    Predictor, Prepared, Scalar,
};
use tiam_core::{CoreError, Guard};
use tiam_linalg::Compute;

use crate::artifacts::Artifacts;
use crate::error::CliError;
use crate::fit::{Run, fit};
use crate::flags::Given;
use crate::flags::config;
use crate::output;
use crate::processes::{self, Others, is_first};
use crate::reading;
use crate::report::{Report, describe, describe_label};
use crate::resume::{Resumed, Saving, cut_short_search, repeatable};
use crate::search;
use crate::settings::Settings;

/// Runs the command, together with the other processes where there are some.
pub(crate) fn run(given: &Given) -> Result<(), CliError> {
    processes::together(|others| run_with(given.clone(), others))
}

fn run_with(given: Given, others: &Others) -> Result<(), CliError> {
    let asked = given.settings(DataKind::Digits);
    let folder = asked.resume.as_deref();
    let search = folder.map(cut_short_search).transpose()?.flatten();
    let resumed = match (folder, &search) {
        (Some(folder), None) => Some(Resumed::open(folder)?),
        _ => None,
    };
    let options = match (&search, &resumed, &asked.config) {
        (Some(search), ..) => given.over(search)?,
        (None, Some(resumed), _) => given.over(&resumed.options)?,
        (None, None, Some(path)) => given.over(&config::read(path)?)?,
        (None, None, None) => given,
    };
    if search.is_some() && !options.may_search() {
        let reason = "--resume goes on with a search; leave out the flags that mean one network";
        return Err(CliError::Usage(reason.to_owned()));
    }
    let options = streamed_if_large(options);
    // Wrong parameters are found before data are read; what depends on the data is settled after.
    if let Some(method) = options.method() {
        options.check(method)?;
    }
    let settings = options.settings(DataKind::Digits);
    settings.check_method()?;
    let saving = Saving::new(
        asked.checkpoint_every,
        asked.keep_checkpoints,
        (&settings.out, search.is_some()),
    );
    let run = Run {
        saving: &saving,
        resumed: resumed.as_ref(),
        others,
    };
    match settings.precision {
        Precision::F32 => train_as::<f32>(&options, &settings, run),
        Precision::F64 => train_as::<f64>(&options, &settings, run),
    }
}

fn train_as<T: Scalar>(options: &Given, asked: &Settings, run: Run<'_>) -> Result<(), CliError> {
    check_streaming(options, asked, run.others)?;
    let start = asked.from.as_deref().map(start::<T>).transpose()?;
    let mut table = asked.table()?;
    if options.may_search() {
        table = table.load()?;
        let effort = options.effort(table.kind()?)?;
        // Several answers of no or yes are learnt by one network.
        let has_flags = table
            .layout()?
            .is_some_and(|(columns, _)| columns.has_flags());
        if effort != Effort::Single && !has_flags {
            if run.others.is_some() {
                let reason = "several processes train one network: use --effort single";
                return Err(CliError::Usage(reason.to_owned()));
            }
            return search::run::<T>(asked, effort, table, run.saving);
        }
    }
    let prepared = asked.mlp(start)?.prepare::<T>(table, &asked.holdout()?)?;
    let settings = &options.settings(prepared.kind);
    reading::tell_prepared(&prepared, settings.quiet);
    check_patience(settings, &prepared)?;
    let unused = settings.test_fraction.is_some() && prepared.test_fraction.is_none();
    if unused && settings.test.is_none() && !settings.quiet {
        output::message("note: --test-fraction is not used, the data bring their own split");
    }
    let mlp = settings.mlp(None)?.reduction(run.others.clone());
    options.check(settings.method)?;
    settings.class_weights.of(prepared.train.target())?;
    let artifacts = is_first().then(|| Artifacts::create(&settings.out));
    let artifacts = artifacts.transpose()?;
    if let Some(artifacts) = &artifacts {
        artifacts.leave_alone(settings.from.as_deref())?;
    }
    let fitted = fit(settings, &mlp, &prepared, run)?;
    let Some(artifacts) = artifacts else {
        return Ok(());
    };
    let report = save(settings, (&mlp, run.others), &prepared, &fitted, &artifacts)?;
    run.saving.finish(settings, &fitted);
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

/// The same, streamed where the data are larger than what is read into memory.
fn streamed_if_large(options: Given) -> Given {
    let settings = options.settings(DataKind::Digits);
    let data = settings.data.table();
    if settings.stream || !data.is_ok_and(|data| data.is_too_large()) {
        return options;
    }
    output::message("note: the data are too large to be in memory: --stream is taken");
    options.with_stream()
}

/// Refuses what streaming has no use for, before the data are looked at.
fn check_streaming(options: &Given, asked: &Settings, others: &Others) -> Result<(), CliError> {
    let reason = match asked.stream {
        false if asked.cache.is_some() => "--cache is for --stream; add it",
        false if asked.pool_blocks.is_some() => "--pool-blocks is for --stream; add it",
        true if options.may_search() => {
            "--stream trains one network: leave --effort out, or use --effort single"
        }
        true if asked.class_weights != ClassWeights::Equal => {
            "--class-weights is not for --stream; leave one of them out"
        }
        true if others.is_some() => "--stream is for one process: leave mpirun out",
        _ => return Ok(()),
    };
    Err(CliError::Usage(reason.to_owned()))
}

/// Refuses early stopping where there is nothing to watch.
fn check_patience<T: Scalar>(settings: &Settings, prepared: &Prepared<T>) -> Result<(), CliError> {
    let watches = settings.method == Method::Stochastic && settings.patience.is_some();
    if !watches || prepared.validation.is_some() {
        return Ok(());
    }
    Err(CliError::Usage(match settings.validation_fraction {
        Some(fraction) if fraction <= 0.0 => {
            "--patience watches rows that are held out: leave --validation-fraction 0 out"
                .to_owned()
        }
        _ => format!(
            "{} rows are too few for --patience, which holds some of them out to watch; leave it out, or give more rows",
            prepared.train.n_samples()
        ),
    }))
}

/// A model to go on from.
fn start<T: Scalar>(path: &Path) -> Result<Predictor, CliError> {
    let model = Predictor::load(path)?;
    let precision = model.precision();
    if precision == T::PRECISION {
        return Ok(model);
    }
    let path = path.display();
    Err(CliError::Usage(format!(
        "{path} is of {precision}; go on with --precision {precision}"
    )))
}

/// Measures the network and writes model, trace and configuration.
fn save<T: Scalar>(
    settings: &Settings,
    (mlp, others): (&Mlp, &Others),
    prepared: &Prepared<T>,
    fitted: &Fitted<T>,
    artifacts: &Artifacts,
) -> Result<Report, CliError> {
    let mut compute = Compute::new(settings.threads)?;
    let scaling = prepared.encoding.output_scaling.as_ref();
    let (network, names) = (&fitted.network, &prepared.encoding.class_names);
    let mut whole =
        |samples| Evaluation::measure_classes(network, samples, names, scaling, &mut compute);
    let (train, test) = match &prepared.test {
        None => (whole(&prepared.train)?, None),
        Some(test) => {
            let test = whole(test)?;
            let train = Evaluation::measure(network, &prepared.train, scaling, &mut compute)?;
            (train, Some(test))
        }
    };
    let seen = test.clone().unwrap_or_else(|| train.clone());
    let mut report = Report::new(
        headline(settings, others, prepared, fitted),
        settings.method,
        prepared,
        fitted,
        (train, test),
        artifacts.model_path(),
    );
    let model = mlp.predictor(fitted, prepared, report.training.clone())?;
    let wanted = !settings.no_report;
    artifacts.save_model(&model)?;
    artifacts.save_trace(&fitted.trace, &fitted.solvers)?;
    let solver = config::solver_used(settings.solver, &fitted.solvers);
    let settings = Settings {
        solver,
        ..repeatable(settings, prepared)
    };
    let is_graph = prepared.kind == DataKind::Graph;
    let written = config::write(settings, fitted.cut_short_after());
    artifacts.save_config(&written)?;
    if !wanted || is_graph || matches!(fitted.end, End::Failed(_)) {
        return Ok(report);
    }
    let page = ModelReport::of_training(&model, prepared, fitted, seen)?
        .model_file(report.model.display().to_string())
        .parameters(config::entries(&written));
    report.page = Some(artifacts.save_report(&page.to_html())?);
    Ok(report)
}

fn headline<T: Scalar>(
    settings: &Settings,
    others: &Others,
    prepared: &Prepared<T>,
    fitted: &Fitted<T>,
) -> String {
    let processes = match others {
        None => String::new(),
        Some(others) => format!("{} processes, each of ", others.size()),
    };
    let (threads, seed) = (settings.threads, settings.seed);
    let precision = settings.precision;
    let network = describe(&fitted.network);
    let label = describe_label(&prepared.encoding);
    format!(
        "data          {}\nlabel         {label}\n{network}\nrun           {precision}, {processes}{threads} threads, seed {seed}",
        settings.data
    )
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
        format!(
            "The last good model, of iteration {},",
            report.training.iterations
        )
    };
    format!(
        "training failed: {error}; {advice}. {model} is in {}",
        report.model.display()
    )
}
