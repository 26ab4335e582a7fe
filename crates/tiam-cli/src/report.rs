//! Reports the result of a training: a table for people, JSON for programs.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use tiam_bench::methods::Method;
use tiam_core::StopReason;
use tiam_models::Network;

use crate::error::CliError;
use crate::fit::{End, Fitted};
use crate::metrics::Metrics;
use crate::provenance::Training;
use crate::samples::Scalar;

/// Everything that is reported about a training.
pub(crate) struct Report {
    /// Data and network in words, a line each.
    pub(crate) headline: String,
    pub(crate) method: Method,
    pub(crate) end: End,
    pub(crate) iterations: usize,
    pub(crate) seconds: f64,
    /// Without measuring, where that is timed apart.
    pub(crate) training_seconds: Option<f64>,
    pub(crate) objective: Option<f64>,
    pub(crate) violation: Option<f64>,
    pub(crate) restarts: usize,
    pub(crate) train: Metrics,
    pub(crate) test: Option<Metrics>,
    pub(crate) model: PathBuf,
}

/// One flat object; numbers that do not apply or are not finite are null.
#[derive(Serialize)]
struct Flat<'a> {
    method: &'a str,
    stop_reason: String,
    iterations: usize,
    seconds: f64,
    training_seconds: Option<f64>,
    objective: Option<f64>,
    violation: Option<f64>,
    restarts: usize,
    train_loss: f64,
    train_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
    model: String,
}

impl Report {
    /// From a run and its figures.
    pub(crate) fn new<T: Scalar>(
        headline: String,
        fitted: &Fitted<T>,
        train: Metrics,
        test: Option<Metrics>,
        model: PathBuf,
    ) -> Self {
        let last = fitted.last_row();
        Self {
            headline,
            method: fitted.method,
            end: fitted.end.clone(),
            iterations: last.map_or(0, |row| row.iteration),
            seconds: last.map_or(0.0, |row| row.seconds),
            training_seconds: last.and_then(|row| row.measures.training_seconds),
            objective: last.map(|row| row.objective),
            violation: last.map(|row| row.violation),
            restarts: last.map_or(0, |row| row.restarts),
            train,
            test,
            model,
        }
    }

    /// What the model file keeps of it.
    pub(crate) fn training(&self) -> Training {
        Training {
            method: self.method.name().to_owned(),
            stop_reason: self.stop_reason(),
            iterations: self.iterations,
            objective: self.objective,
            violation: self.violation,
            restarts: self.restarts,
            train_loss: Some(self.train.loss).filter(|x| x.is_finite()),
            train_accuracy: self.train.accuracy,
            test_loss: self.test.map(|m| m.loss).filter(|x| x.is_finite()),
            test_accuracy: self.test.and_then(|m| m.accuracy),
        }
    }

    /// The stop reason as files write it; `failed` for a run that could not go on.
    fn stop_reason(&self) -> String {
        match &self.end {
            End::Failed(_) => "failed".to_owned(),
            End::Stopped(reason) => match serde_json::to_value(reason) {
                Ok(serde_json::Value::String(name)) => name,
                _ => reason.to_string(),
            },
        }
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> Result<String, CliError> {
        let values = self.test.unwrap_or(self.train);
        let flat = Flat {
            method: self.method.name(),
            stop_reason: self.stop_reason(),
            iterations: self.iterations,
            seconds: self.seconds,
            training_seconds: self.training_seconds,
            objective: self.objective,
            violation: self.violation,
            restarts: self.restarts,
            train_loss: self.train.loss,
            train_accuracy: self.train.accuracy,
            test_loss: self.test.map(|m| m.loss),
            test_accuracy: self.test.and_then(|m| m.accuracy),
            r2: values.r2,
            rmse: values.rmse,
            model: self.model.display().to_string(),
        };
        let text = serde_json::to_string(&flat);
        text.map(|text| text + "\n")
            .map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The table.
    pub(crate) fn to_table(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        text.push_str(&metrics_table(&[
            ("train", Some(self.train)),
            ("test", self.test),
        ]));
        text.push('\n');
        let unit = if self.method == Method::Stochastic {
            "epochs"
        } else {
            "iterations"
        };
        let iterations = format!("{} after {} {unit}", self.end_in_words(), self.iterations);
        let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.6e}"));
        let rows = [
            ("stopped", iterations),
            ("objective F", number(self.objective)),
            ("violation", number(self.violation)),
            ("restarts", self.restarts.to_string()),
            ("time", format!("{:.2} s", self.seconds)),
            ("model", self.model.display().to_string()),
        ];
        // Stochastic TIAM has neither a band nor a guard.
        let meaningless = |name| matches!(name, "violation" | "restarts");
        let shown = |name| self.method != Method::Stochastic || !meaningless(name);
        for (name, value) in rows.into_iter().filter(|(name, _)| shown(*name)) {
            // Writing to a string cannot fail.
            writeln!(text, "{name:<12}{value}").ok();
        }
        text
    }

    fn end_in_words(&self) -> String {
        match &self.end {
            End::Stopped(StopReason::Interrupted) => "interrupted, model saved,".to_owned(),
            End::Stopped(StopReason::MaxIterations) if self.method == Method::Stochastic => {
                "done".to_owned()
            }
            End::Stopped(reason) => format!("{reason},"),
            End::Failed(_) => "failed".to_owned(),
        }
    }
}

/// A column of figures for each part of the data.
pub(crate) fn metrics_table(parts: &[(&str, Option<Metrics>)]) -> String {
    type Figure = (&'static str, fn(&Metrics) -> Option<String>);
    let figures: [Figure; 5] = [
        ("samples", |m| Some(m.n_samples.to_string())),
        ("loss", |m| Some(format!("{:.5}", m.loss))),
        ("accuracy", |m| {
            m.accuracy.map(|a| format!("{:.2} %", 100.0 * a))
        }),
        ("rmse", |m| m.rmse.map(|x| format!("{x:.5}"))),
        ("r2", |m| m.r2.map(|x| format!("{x:.5}"))),
    ];
    let mut text = String::new();
    if parts.iter().any(|(name, _)| !name.is_empty()) {
        write!(text, "{:<12}", "").ok();
        for (name, _) in parts {
            write!(text, "{name:>12}").ok();
        }
        text.push('\n');
    }
    for (name, figure) in figures {
        let cells: Vec<_> = parts
            .iter()
            .map(|(_, m)| m.as_ref().and_then(figure))
            .collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        write!(text, "{name:<12}").ok();
        for cell in cells {
            write!(text, "{:>12}", cell.as_deref().unwrap_or("-")).ok();
        }
        text.push('\n');
    }
    text
}

/// The network in words.
pub(crate) fn describe<T: Scalar>(network: &Network<T>) -> String {
    let shape = network.architecture();
    format!(
        "network {} ({}), {} parameters",
        shape.describe(),
        shape.activation,
        shape.n_parameters()
    )
}
