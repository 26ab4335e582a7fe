//! Cross-validation: a model is trained and measured on each fold in turn.

use crate::error::Result;
use crate::evaluation::{Evaluation, mean};
use crate::fitting::Fit;
use crate::table::Table;

/// The figures of each fold.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// One evaluation a fold, of a model trained on the others.
    pub folds: Vec<Evaluation>,
}

impl CrossValidation {
    /// Mean of a figure over the folds and its sample standard deviation; none where a fold has none.
    ///
    /// `scores.mean(|fold| fold.accuracy)`.
    #[allow(clippy::cast_precision_loss, reason = "a number of folds")]
    pub fn mean(&self, figure: impl Fn(&Evaluation) -> Option<f64>) -> Option<(f64, f64)> {
        let figures: Vec<f64> = self.folds.iter().map(figure).collect::<Option<_>>()?;
        let of_all = mean(&figures);
        let squares: f64 = figures.iter().map(|x| (x - of_all) * (x - of_all)).sum();
        let freedom = (figures.len().max(2) - 1) as f64;
        Some((of_all, (squares / freedom).sqrt()))
    }
}

/// Trains on all folds but one and measures on that one, for each of `n_folds`: seeded, by class where there are classes.
///
/// Columns that hold categories are read once over all rows; scalings are fitted anew on each training part.
///
/// ```
/// use tiam::{Mlp, Table, cross_validate};
/// let mlp = Mlp::default().hidden([16]).threads(1);
/// let scores = cross_validate(&mlp, &Table::digits(), 3, 0)?;
/// let (accuracy, deviation) = scores.mean(|fold| fold.accuracy).ok_or("classes have an accuracy")?;
/// assert!(accuracy > 0.9 && deviation < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Table::k_folds`], [`Fit::fit`] and [`Predictor::evaluate`](crate::Predictor::evaluate).
pub fn cross_validate(
    model: &dyn Fit,
    table: &Table,
    n_folds: usize,
    seed: u64,
) -> Result<CrossValidation> {
    let folds = table.k_folds(n_folds, seed)?;
    let score = |fold: crate::Parts| model.fit(&fold.train)?.evaluate(&fold.test);
    Ok(CrossValidation {
        folds: folds.into_iter().map(score).collect::<Result<_>>()?,
    })
}
