//! `tiam train` with an effort: searches for the best model of a table, saves it and reports.

use std::fmt::Write;

use serde::Serialize;
use tiam::{Effort, Evaluation, Mlp, Scalar, Search, SearchRecord, Table, Training};

use crate::artifacts::Artifacts;
use crate::error::CliError;
use crate::flags::config;
use crate::interrupt;
use crate::output;
use crate::progress::Meter;
use crate::report::metrics_table;
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
    train_loss: f64,
    train_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
    model: String,
}

/// Searches, and writes model and configuration.
pub(crate) fn run<T: Scalar>(
    settings: &Settings,
    effort: Effort,
    table: Table,
    saving: &Saving,
) -> Result<(), CliError> {
    let interrupt = interrupt::flag("interrupted: keeping what is best so far (again to kill)");
    let mlp = Mlp::default()
        .activation(settings.activation)
        .start(tiam::Start {
            weights: settings.init,
            ..tiam::Start::default()
        })
        .seed(settings.seed)
        .threads(settings.threads)
        .stopping(settings.stopping()?.interrupt(interrupt));
    let params = tiam::StochasticParams::default().class_weights(settings.class_weights.clone());
    let search = Search::default().mlp(mlp).effort(effort).training(params);
    let prepared = search.prepare::<T>(table, &settings.holdout()?)?;
    settings.class_weights.of(prepared.train.target())?;
    let artifacts = Artifacts::create(&settings.out)?;
    saving.set_aside()?;
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
    artifacts.save_model(&model.recorded(training)?)?;
    artifacts.remove_trace()?;
    let repeatable = Settings {
        effort: Some(effort),
        test_fraction: prepared.test_fraction,
        ..settings.clone()
    };
    artifacts.save_config(&config::write(repeatable, None))?;
    let parts = (&train, test.as_ref());
    let model = artifacts.model_path().display().to_string();
    output::print(&if settings.json {
        to_json(&found, parts, seconds, model)?
    } else {
        to_table(settings, &found, parts, seconds, &model)
    })
}

fn to_json(
    found: &SearchRecord,
    (train, test): (&Evaluation, Option<&Evaluation>),
    seconds: f64,
    model: String,
) -> Result<String, CliError> {
    let values = test.unwrap_or(train);
    let flat = Flat {
        method: "stochastic",
        effort: found.effort,
        stop_reason: &found.stop_reason,
        trainings: found.trainings,
        networks: found.networks,
        seconds,
        out_of_fold_loss: found.out_of_fold.map(|scores| scores.loss),
        train_loss: train.loss,
        train_accuracy: train.accuracy,
        test_loss: test.map(|test| test.loss),
        test_accuracy: test.and_then(|test| test.accuracy),
        r2: values.r2,
        rmse: values.rmse,
        model,
    };
    let text = serde_json::to_string(&flat);
    text.map(|text| text + "\n")
        .map_err(|error| CliError::Failed(error.to_string()))
}

fn to_table(
    settings: &Settings,
    found: &SearchRecord,
    (train, test): (&Evaluation, Option<&Evaluation>),
    seconds: f64,
    model: &str,
) -> String {
    let chosen = found
        .candidates
        .iter()
        .filter(|tried| tried.share > 0.0)
        .count();
    let mut text = format!(
        "data    {}\neffort  {}: {chosen} of {} candidates mixed, {} networks\n{}, {} threads, seed {}\n\n",
        settings.data,
        found.effort,
        found.candidates.len(),
        found.networks,
        settings.precision,
        settings.threads,
        settings.seed,
    );
    text.push_str(&metrics_table(&[("train", Some(train)), ("test", test)]));
    let ended = match found.stop_reason.as_str() {
        "interrupted" => "interrupted, model saved",
        "time_limit" => "time limit reached",
        _ => "done",
    };
    let rows = [
        (
            "stopped",
            format!("{ended} after {} trainings", found.trainings),
        ),
        ("time", format!("{seconds:.2} s")),
        ("model", model.to_owned()),
    ];
    text.push('\n');
    for (name, value) in rows {
        // Writing to a string cannot fail.
        writeln!(text, "{name:<12}{value}").ok();
    }
    text
}
