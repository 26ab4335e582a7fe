//! `tiam train` with an effort: searches for the best model of a table, saves it and reports.

use std::path::PathBuf;

use serde::Serialize;
use tiam::{
    Effort, Encoding, Evaluation, Mlp, ModelReport, Scalar, Search, SearchRecord, Stopping, Table,
    Training,
};

use crate::artifacts::Artifacts;
use crate::error::CliError;
use crate::figures::Facts;
use crate::flags::config;
use crate::interrupt;
use crate::output;
use crate::progress::Meter;
use crate::reading;
use crate::report::{Rest, describe_label, ending, figures, n_missing};
use crate::resume::Saving;
use crate::settings::Settings;

/// The result for programs; candidates and networks are in the model file.
#[derive(Serialize)]
struct Flat<'a> {
    method: &'a str,
    effort: Effort,
    stop_reason: &'a str,
    trainings: usize,
    networks: usize,
    seconds: f64,
    out_of_fold_loss: Option<f64>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// A search as the settings have it.
pub(crate) fn new(settings: &Settings, effort: Effort, stopping: Stopping) -> Search {
    let start = tiam::Start {
        weights: settings.init,
        ..tiam::Start::default()
    };
    let mlp = Mlp::default()
        .activation(settings.activation)
        .start(start)
        .seed(settings.seed)
        .threads(settings.threads)
        .stopping(stopping);
    let params = tiam::StochasticParams::default().class_weights(settings.class_weights.clone());
    Search::default().mlp(mlp).effort(effort).training(params)
}

/// Searches, and writes model and configuration.
pub(crate) fn run<T: Scalar>(
    settings: &Settings,
    effort: Effort,
    table: Table,
    saving: &Saving,
) -> Result<(), CliError> {
    let interrupt = interrupt::flag("interrupted: keeping what is best so far (again to kill)");
    let search = new(settings, effort, settings.stopping()?.interrupt(interrupt));
    let prepared = search.prepare::<T>(table, &settings.holdout()?)?;
    settings.class_weights.of(prepared.train.target())?;
    reading::tell_prepared(&prepared, settings.quiet);
    let artifacts = Artifacts::create(&settings.out)?;
    let repeatable = Settings {
        effort: Some(effort),
        test_fraction: prepared.test_fraction,
        ..settings.clone()
    };
    let written = config::write(repeatable, None);
    let search = search.keep(saving.of_search(&written)?);
    let begun = std::time::Instant::now();
    let mut meter: Option<Meter> = None;
    let model = search.train(&prepared, &mut |done, of| {
        let template = "{bar:30} {pos}/{len} networks [{elapsed}, {eta} left]";
        let meter = meter.get_or_insert_with(|| Meter::new(settings.quiet, of as u64, template));
        let text = format!("of {of} networks");
        meter.show(done as u64, &format!("trained {done:>4}"), text, done == of);
    });
    if let Some(meter) = &meter {
        meter.finish();
    }
    let model = model?;
    let seconds = begun.elapsed().as_secs_f64();
    let train = model.measure(&prepared.train)?;
    let test = prepared
        .test
        .as_ref()
        .map(|test| model.measure(test))
        .transpose()?;
    let found = model
        .provenance()
        .search
        .clone()
        .ok_or_else(|| CliError::Failed("the search has left no record".to_owned()))?;
    let training = Training {
        method: "stochastic".to_owned(),
        stop_reason: found.stop_reason.clone(),
        iterations: found.trainings,
        objective: None,
        violation: None,
        restarts: 0,
        train_loss: Some(train.loss),
        train_accuracy: train.accuracy,
        test_loss: test.as_ref().map(|test| test.loss),
        test_accuracy: test.as_ref().and_then(|test| test.accuracy),
    };
    let model = model.recorded(training)?;
    artifacts.save_model(&model)?;
    artifacts.remove_trace()?;
    artifacts.save_config(&written)?;
    saving.finish_search(settings, &found.stop_reason);
    let seen = test.as_ref().unwrap_or(&train);
    let page = match settings.no_report {
        true => None,
        false => {
            let page = ModelReport::of_search(&model, &prepared, seen.clone())?
                .model_file(artifacts.model_path().display().to_string())
                .parameters(config::entries(&written));
            Some(artifacts.save_report(&page.to_html())?)
        }
    };
    let sizes = (
        Some(train.n_samples),
        test.as_ref().map_or(0, |test| test.n_samples),
    );
    let missing = n_missing(&prepared);
    let facts = Facts::new(&prepared.encoding, sizes, missing, seen).networks(found.networks);
    let done = Done {
        found: &found,
        train: &train,
        test: test.as_ref(),
        seconds,
        model: artifacts.model_path(),
        page,
    };
    output::print(&if settings.json {
        to_json(&done, &facts)?
    } else {
        to_table(settings, &done, &prepared.encoding)
    })
}

/// A search that has ended.
struct Done<'a> {
    found: &'a SearchRecord,
    train: &'a Evaluation,
    test: Option<&'a Evaluation>,
    seconds: f64,
    model: PathBuf,
    page: Option<PathBuf>,
}

fn to_json(done: &Done<'_>, facts: &Facts) -> Result<String, CliError> {
    let found = done.found;
    output::json_line(&Flat {
        method: "stochastic",
        effort: found.effort,
        stop_reason: &found.stop_reason,
        trainings: found.trainings,
        networks: found.networks,
        seconds: done.seconds,
        out_of_fold_loss: found.out_of_fold.map(|scores| scores.loss),
        rest: Rest::new(
            (done.train, done.test),
            (&done.model, done.page.as_deref()),
            facts,
        ),
    })
}

fn to_table(settings: &Settings, done: &Done<'_>, encoding: &Encoding) -> String {
    let found = done.found;
    let chosen = found.candidates.iter().filter(|tried| tried.share > 0.0);
    let (chosen, of) = (chosen.count(), found.candidates.len());
    let (precision, threads, seed) = (settings.precision, settings.threads, settings.seed);
    let mut text = format!(
        "data          {}\nlabel         {}\neffort        {}: {chosen} of {of} candidates mixed, {} networks\n{precision}, {threads} threads, seed {seed}\n\n",
        settings.data,
        describe_label(encoding),
        found.effort,
        found.networks,
    );
    text += &figures(done.train, done.test);
    let ended = match found.stop_reason.as_str() {
        "interrupted" => "interrupted, model saved,",
        "time_limit" => "time limit reached",
        _ => "done",
    };
    let training = format!(
        "{ended} after {} networks, {:.2} s",
        found.trainings, done.seconds
    );
    text + &ending(
        vec![("training", training)],
        &done.model,
        done.page.as_deref(),
    )
}
