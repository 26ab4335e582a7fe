//! Shows progress on standard error: a bar on a terminal, a few plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tiam_core::TraceRow;
use tiam_models::NetworkMeasures;

use crate::output;

/// Plain lines for a run that reaches its iteration limit, apart from those of [`LONGEST_SILENCE`].
const LINES: usize = 10;
/// After this time a line is due, whatever the iteration.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// Watches a training and tells how far it is.
pub(crate) enum Progress {
    /// `--quiet`.
    Silent,
    /// On a terminal.
    Bar(ProgressBar),
    /// Elsewhere.
    Lines {
        /// Iterations between two lines.
        every: usize,
        /// What an iteration is called.
        unit: &'static str,
        /// When the last one was written.
        last: Instant,
    },
}

impl Progress {
    /// For a run of at most this many iterations, which are called `unit`s.
    pub(crate) fn new(iterations: usize, unit: &'static str, quiet: bool) -> Self {
        if quiet {
            Self::Silent
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new(iterations as u64);
            let style =
                ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} [{elapsed}, {eta} left]");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            Self::Bar(bar)
        } else {
            Self::Lines {
                every: iterations.div_ceil(LINES).max(1),
                unit,
                last: Instant::now(),
            }
        }
    }

    /// Shows a row, that of the start included.
    pub(crate) fn show(&mut self, row: &TraceRow<NetworkMeasures>) {
        match self {
            Self::Silent => {}
            Self::Bar(bar) => {
                bar.set_position(row.iteration as u64);
                bar.set_message(numbers(row));
            }
            Self::Lines { every, unit, last } => {
                if row.iteration.is_multiple_of(*every) || last.elapsed() >= LONGEST_SILENCE {
                    *last = Instant::now();
                    output::message(&format!("{unit} {:>5}  {}", row.iteration, numbers(row)));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Objective, loss and accuracy on the training part.
fn numbers(row: &TraceRow<NetworkMeasures>) -> String {
    let mut text = format!(
        "objective {:.6e}  loss {:.5}",
        row.objective, row.measures.train_loss
    );
    if let Some(accuracy) = row.measures.train_accuracy {
        text.push_str(&format!("  accuracy {:.2} %", 100.0 * accuracy));
    }
    let parts = [
        ("validation", row.measures.validation),
        ("test", row.measures.test),
    ];
    for (name, part) in parts {
        match part.map(|part| (part.accuracy, part.loss)) {
            Some((Some(accuracy), _)) => {
                text.push_str(&format!("  {name} {:.2} %", 100.0 * accuracy))
            }
            Some((None, loss)) => text.push_str(&format!("  {name} loss {loss:.5}")),
            None => {}
        }
    }
    text
}
