//! Paired differences, and what they say in words.

use serde::Serialize;
use tiam_core::student;

use super::{Measure, Run, Runs, TrialResult};
use crate::evaluation::mean;

/// Chance of so large a difference between equals, below which one counts as measured.
const SIGNIFICANT: f64 = 0.05;
/// Seconds of a fit that nobody minds: a method that is ahead is worth them, measurably or not.
const WORTH_WAITING: f64 = 10.0;
/// Times of which the longer is at most so many of the shorter count as the same.
const AS_FAST: f64 = 1.15;

/// A mean with a 95 % confidence interval: `mean` ± `margin`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Mean of the differences.
    pub mean: f64,
    /// Half the width of the interval; not a number with a single split.
    pub margin: f64,
}

/// The best method against another, over the same splits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The other method.
    pub other: String,
    /// The best method's score less the other's.
    pub score: Interval,
    /// The chance of so large a difference in the score if the methods were equally good: not a number with a single split.
    pub p: f64,
    /// The other's loss less the best method's.
    pub loss: Interval,
    /// The same chance for the loss.
    pub p_loss: f64,
    /// Times that the best method's fits take as long as the other's.
    pub times: f64,
}

impl Difference {
    /// True where the best method is measurably better, in score or in loss.
    pub fn is_measured(&self) -> bool {
        (self.score.mean > 0.0 && self.p < SIGNIFICANT)
            || (self.loss.mean > 0.0 && self.p_loss < SIGNIFICANT)
    }
}

impl TrialResult {
    /// The method with the largest mean score; with equal ones the smaller loss.
    pub fn best(&self) -> Option<&Runs> {
        let key = |runs: &Runs| {
            let number = |x: Option<f64>| x.filter(|x| !x.is_nan()).unwrap_or(f64::NEG_INFINITY);
            (
                number(runs.mean(|run| Some(run.score))),
                number(runs.mean(|run| Some(-run.loss))),
            )
        };
        let whole = self.methods.iter().filter(|runs| runs.is_whole());
        whole.max_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
    }

    /// The best method against each of the others.
    ///
    /// The splits share samples, so that their differences depend on one another: the variance of their mean is taken as
    /// (1/J + n_test/n_train) s² (Nadeau & Bengio, Machine Learning 52, 2003).
    pub fn differences(&self) -> Vec<Difference> {
        let Some(best) = self.best() else {
            return Vec::new();
        };
        let others = self
            .methods
            .iter()
            .filter(|runs| runs.name != best.name && runs.is_whole());
        let seconds = |runs: &Runs| runs.mean(|run| Some(run.costs.seconds)).unwrap_or(f64::NAN);
        let against = |other: &Runs| {
            let paired = |figure: fn(&Run) -> f64| {
                let pairs = best.runs.iter().zip(&other.runs);
                let differences: Vec<f64> = pairs.map(|(a, b)| figure(a) - figure(b)).collect();
                self.test(&differences)
            };
            let ((score, p), (loss, p_loss)) = (paired(|run| run.score), paired(|run| -run.loss));
            Difference {
                other: other.name.clone(),
                score,
                p,
                loss,
                p_loss,
                times: seconds(best) / seconds(other),
            }
        };
        others.map(against).collect()
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of splits")]
    fn test(&self, differences: &[f64]) -> (Interval, f64) {
        let n = differences.len() as f64;
        let mean = mean(differences);
        if differences.len() < 2 {
            return (
                Interval {
                    mean,
                    margin: f64::NAN,
                },
                f64::NAN,
            );
        }
        let squares: f64 = differences.iter().map(|x| (x - mean) * (x - mean)).sum();
        let share = self.test_fraction / (1.0 - self.test_fraction);
        let error = (squares / (n - 1.0) * (1.0 / n + share)).sqrt();
        let degrees = differences.len() - 1;
        let margin = student::quantile_975(degrees) * error;
        let p = match (error > 0.0, mean.abs() > 0.0) {
            (true, _) => student::two_sided(mean / error, degrees),
            // The same difference every time.
            (false, true) => 0.0,
            (false, false) => 1.0,
        };
        (Interval { mean, margin }, p)
    }

    /// Which method to use, and why, in a sentence or two.
    pub fn verdict(&self) -> String {
        let Some(best) = self.best() else {
            return "No method came to its end.".to_owned();
        };
        let (name, differences) = (&best.name, self.differences());
        if differences.is_empty() {
            return format!("{name} is the only method that came to its end.");
        }
        let clauses: Vec<String> = differences.iter().map(|one| self.clause(one)).collect();
        let clauses = clauses.join("; ");
        if self.splits < 2 {
            return format!(
                "{name} is ahead on the one split: {clauses}. One split says little: try more."
            );
        }
        let even = differences.iter().filter(|one| !one.is_measured());
        let quicker = even.filter(|one| one.times > AS_FAST);
        let Some(other) = quicker.max_by(|a, b| a.times.total_cmp(&b.times)) else {
            return format!("{name} is best: {clauses}. Use {name}.");
        };
        let seconds = best.mean(|run| Some(run.costs.seconds)).unwrap_or_default();
        if seconds < WORTH_WAITING {
            return format!(
                "{name} is ahead: {clauses}. Use {name}, whose fit takes {seconds:.2} s, or try more splits to be sure."
            );
        }
        format!(
            "{name} is ahead: {clauses}. But {0} is not measurably worse and {1}: use {0}, or try more splits.",
            other.other,
            speed(1.0 / other.times)
        )
    }

    /// "2.1 ± 0.4 points better than adam, 3 times faster".
    fn clause(&self, one: &Difference) -> String {
        let speed = speed(one.times);
        let how = self.amount(one.score);
        let sure = match one.is_measured() || self.splits < 2 {
            true => "",
            false => " (which may be chance)",
        };
        format!("{how} better than {}{sure}, {speed}", one.other)
    }

    /// A difference of scores in words.
    pub(super) fn amount(&self, score: Interval) -> String {
        let (scale, digits, unit) = match self.measure {
            Measure::Accuracy => (100.0, 1, " points"),
            Measure::R2 => (1.0, 3, " of R²"),
        };
        let (mean, margin) = (scale * score.mean, scale * score.margin);
        match margin.is_nan() {
            true => format!("{mean:.digits$}{unit}"),
            false => format!("{mean:.digits$} ± {margin:.digits$}{unit}"),
        }
    }
}

/// "3 times faster", of a fit that takes `times` as long.
fn speed(times: f64) -> String {
    let text = |times: f64| match times < 9.5 {
        true => format!("{times:.1}"),
        false => format!("{times:.0}"),
    };
    match times {
        _ if times.is_nan() => "of unknown speed".to_owned(),
        _ if times > AS_FAST => format!("{} times slower", text(times)),
        _ if times < 1.0 / AS_FAST => format!("{} times faster", text(1.0 / times)),
        _ => "as fast".to_owned(),
    }
}
