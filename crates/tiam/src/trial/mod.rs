//! Methods side by side on a table of one's own: by turns over the same splits, with what they cost, paired tests and a verdict.

#[cfg(feature = "report")]
mod page;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

pub use self::verdict::{Difference, Interval};

use crate::error::{Error, Result};
use crate::evaluation::{Evaluation, mean};
use crate::fitting::Fit;
use crate::machine::{Ballast, memory, peak_memory, processor_seconds, reset_peak_memory};
use crate::predictor::Predictor;
use crate::table::{Parts, Table};

/// Predictions are repeated for so long, and the quickest counts.
const PREDICTING: Duration = Duration::from_millis(50);

/// A trial before a roll-out: several methods, each fitted to the same training parts of a table and measured on the same test parts.
///
/// ```
/// use tiam::{Mlp, Table, Trial};
/// let trial = Trial::default()
///     .method("narrow", Mlp::default().hidden([2]).threads(1))
///     .method("usual", Mlp::default().threads(1))
///     .splits(3);
/// let found = trial.run(&Table::digits(), &mut |_, _, _| {})?;
/// assert_eq!(found.best().map(|best| &best.name[..]), Some("usual"));
/// assert!(found.differences()[0].score.mean > 0.1 && found.differences()[0].p < 0.05);
/// assert!(found.verdict().starts_with("usual is best:"));
/// # Ok::<(), tiam::Error>(())
/// ```
pub struct Trial {
    methods: Vec<(String, Box<dyn Fit>)>,
    splits: usize,
    test_fraction: f64,
    seed: u64,
    interrupt: Option<Arc<AtomicBool>>,
}

impl Default for Trial {
    /// No method, five splits with a fifth of the samples for testing, seed 0.
    fn default() -> Self {
        Self {
            methods: Vec::new(),
            splits: 5,
            test_fraction: 0.2,
            seed: 0,
            interrupt: None,
        }
    }
}

impl Trial {
    /// Adds a method.
    #[must_use]
    pub fn method(mut self, name: impl Into<String>, method: impl Fit + 'static) -> Self {
        self.methods.push((name.into(), Box::new(method)));
        self
    }

    /// Sets the number of splits, from 1; with fewer than 2 there is no test.
    #[must_use]
    pub fn splits(mut self, splits: usize) -> Self {
        self.splits = splits;
        self
    }

    /// Sets the part of the samples that is for testing.
    #[must_use]
    pub fn test_fraction(mut self, fraction: f64) -> Self {
        self.test_fraction = fraction;
        self
    }

    /// Sets the seed of the first split; the next ones count on.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets what ends the trial once it is true; what all methods have done by then counts.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Fits and measures every method on every split; `on_run` is told how many fits of how many are done, and which comes next.
    ///
    /// A method that fails is left out from there on, with its reason.
    ///
    /// # Errors
    /// As [`Table::split`]; [`Error::Training`] where no split came to its end.
    pub fn run(
        &self,
        table: &Table,
        on_run: &mut dyn FnMut(usize, usize, &str),
    ) -> Result<TrialResult> {
        let table = table.clone().load()?;
        let mut methods: Vec<Runs> = self
            .methods
            .iter()
            .map(|(name, _)| Runs::new(name))
            .collect();
        let of = self.splits * methods.len();
        let (mut measure, mut done) = (None, 0);
        let interrupted =
            || (self.interrupt.as_ref()).is_some_and(|flag| flag.load(Ordering::Relaxed));
        'splits: for split in 0..self.splits as u64 {
            let parts = table.split(self.test_fraction, self.seed.wrapping_add(split))?;
            for ((name, method), runs) in self.methods.iter().zip(&mut methods) {
                on_run(done, of, name);
                done += 1;
                if runs.failed.is_some() {
                    continue;
                }
                let run = run(&**method, &parts);
                if interrupted() {
                    break 'splits;
                }
                match run {
                    Ok((run, by)) => {
                        measure = Some(by);
                        runs.runs.push(run);
                    }
                    Err(error) => runs.failed = Some(error.to_string()),
                }
            }
        }
        let whole = methods.iter().filter(|runs| runs.failed.is_none());
        let splits = whole.map(|runs| runs.runs.len()).min().unwrap_or(0);
        methods
            .iter_mut()
            .for_each(|runs| runs.runs.truncate(splits));
        let reasons = methods.iter().filter_map(|runs| runs.failed.clone());
        let reason = reasons.fold(
            "no method has been run on a whole split".to_owned(),
            |all, one| all + "; " + &one,
        );
        let measure = measure.filter(|_| splits > 0);
        Ok(TrialResult {
            data: table.name(),
            n_samples: table.n_samples()?,
            test_fraction: self.test_fraction,
            splits,
            measure: measure.ok_or(Error::Training { reason })?,
            methods,
        })
    }
}

/// What says how good a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Of classes; the loss is the log loss.
    Accuracy,
    /// Of values; the loss is the root mean square error.
    R2,
}

/// What a method took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// Seconds of the fit by the clock.
    pub seconds: f64,
    /// The same of all processors together, where the system tells.
    pub processor_seconds: Option<f64>,
    /// Bytes that the fit held beside the table at most, where the system tells.
    pub memory: Option<u64>,
    /// Bytes of the model file.
    pub model_bytes: usize,
    /// Microseconds of a prediction, among all of the test part.
    pub microseconds: f64,
}

/// A fit and its figures on the test part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Accuracy or R²; not a number where all values of the test part are equal.
    pub score: f64,
    /// Log loss or root mean square error.
    pub loss: f64,
    /// What it took.
    #[serde(flatten)]
    pub costs: Costs,
}

/// The runs of a method, a split after the other.
#[derive(Clone, Debug, Serialize)]
pub struct Runs {
    /// The method.
    pub name: String,
    /// On the splits that all methods have come to the end of.
    pub runs: Vec<Run>,
    /// Why it is out, where it failed.
    pub failed: Option<String>,
}

impl Runs {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            runs: Vec::new(),
            failed: None,
        }
    }

    /// It has come to the end of every split.
    fn is_whole(&self) -> bool {
        self.failed.is_none() && !self.runs.is_empty()
    }

    /// Mean of a figure over the splits; none where a run has none.
    pub fn mean(&self, figure: impl Fn(&Run) -> Option<f64>) -> Option<f64> {
        let figures: Vec<f64> = self.runs.iter().map(figure).collect::<Option<_>>()?;
        (!figures.is_empty()).then(|| mean(&figures))
    }
}

/// What came of a [`Trial`].
#[derive(Clone, Debug, Serialize)]
pub struct TrialResult {
    /// Name of the data.
    pub data: String,
    /// Samples, of training and test together.
    pub n_samples: usize,
    /// The part for testing.
    pub test_fraction: f64,
    /// Splits that all methods have come to the end of.
    pub splits: usize,
    /// What [`Run::score`] is.
    pub measure: Measure,
    /// The methods, in the order in which they were added.
    pub methods: Vec<Runs>,
}

fn run(method: &dyn Fit, parts: &Parts) -> Result<(Run, Measure)> {
    let ballast = Ballast::take();
    let resets = reset_peak_memory();
    let (before, used) = (memory(), processor_seconds());
    let begun = Instant::now();
    let model = method.fit(&parts.train)?;
    let seconds = begun.elapsed().as_secs_f64();
    let processor_seconds = used.zip(processor_seconds()).map(|(from, to)| to - from);
    let most = peak_memory().filter(|_| resets);
    drop(ballast);
    let found = model.evaluate(&parts.test)?;
    let costs = Costs {
        seconds,
        processor_seconds,
        memory: before
            .zip(most)
            .map(|(before, most)| most.saturating_sub(before)),
        model_bytes: model.to_bytes()?.len(),
        microseconds: microseconds(&model, &parts.test, found.n_samples)?,
    };
    let (measure, score, loss) = figures(&found);
    Ok((Run { score, loss, costs }, measure))
}

fn figures(found: &Evaluation) -> (Measure, f64, f64) {
    match found.accuracy {
        Some(accuracy) => (
            Measure::Accuracy,
            accuracy,
            found.log_loss().unwrap_or(found.loss),
        ),
        None => (
            Measure::R2,
            found.r2.unwrap_or(f64::NAN),
            found.rmse.unwrap_or(found.loss),
        ),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of rows")]
fn microseconds(model: &Predictor, test: &Table, n: usize) -> Result<f64> {
    let (begun, mut least) = (Instant::now(), f64::INFINITY);
    while begun.elapsed() < PREDICTING {
        let now = Instant::now();
        model.predict_table(test)?;
        least = least.min(now.elapsed().as_secs_f64());
    }
    Ok(least * 1e6 / n.max(1) as f64)
}
