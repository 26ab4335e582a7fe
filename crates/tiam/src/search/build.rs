//! The model made of the networks that a search has trained.

use tiam_models::{Ensemble, Member, Network, Target};

use super::candidate::Effort;
use super::folds::{Ended, Shared, Trained, pick};
use super::mix::{OutOfFold, Scores, Truth};
use super::plan::Plan;
use super::record::{SearchRecord, Tried};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// Networks, how they are mixed, and how that was found.
pub(super) struct Built<T> {
    pub(super) networks: Vec<Network<T>>,
    pub(super) ensemble: Ensemble,
    pub(super) record: SearchRecord,
}

/// Mixes candidates; `parts` say whether several are mixed, the networks of all folds kept, and the probabilities calibrated.
pub(super) fn build<T: Scalar>(
    effort: Effort,
    plan: &Plan,
    shared: &Shared<'_, T>,
    outcomes: Vec<Ended<T>>,
    (mixed, bagged, calibrated): (bool, bool, bool),
) -> Result<Built<T>> {
    let n_folds = shared.folds.len();
    let stop_reason = shared.stop_reason(&outcomes);
    let mut trainings = 0;
    let mut by_candidate: Vec<Vec<Trained<T>>> =
        plan.candidates.iter().map(|_| Vec::new()).collect();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        if let Ended::Trained(trained) = outcome {
            trainings += 1;
            by_candidate[at / n_folds].push(*trained);
        }
    }
    let answers: Vec<Option<Vec<f64>>> = by_candidate
        .iter()
        .map(|trained| joined(trained, n_folds))
        .collect();
    let truth = out_of_fold(shared);
    let choice = choose(&truth, &answers, &by_candidate, mixed, calibrated);
    let mut members = Vec::new();
    let mut networks = Vec::new();
    // Members with the same inputs stand together: these are encoded once.
    for (encoding, (kind, ..)) in shared.inputs.iter().enumerate() {
        let own = plan
            .candidates
            .iter()
            .zip(&mut by_candidate)
            .zip(&choice.shares);
        for ((candidate, trained), share) in
            own.filter(|((c, _), s)| c.inputs == *kind && **s > 0.0)
        {
            trained.truncate(if bagged { n_folds } else { 1 });
            #[allow(clippy::cast_precision_loss, reason = "a number of folds")]
            let share = share / trained.len() as f64;
            for Trained { network, .. } in trained.drain(..) {
                members.push(Member {
                    architecture: network.architecture().clone(),
                    encoding,
                    share,
                    values: shared.scaling(candidate).cloned(),
                });
                networks.push(network);
            }
        }
    }
    if networks.is_empty() {
        let reason = "numbers stopped being finite whatever was tried".to_owned();
        return Err(Error::Training { reason });
    }
    let encodings = shared
        .inputs
        .iter()
        .map(|(_, encoding, _)| encoding.clone());
    let ensemble = Ensemble {
        encodings: encodings.collect(),
        members,
        temperature: choice.temperature,
    };
    let tried = plan.candidates.iter().zip(&answers).zip(&choice.shares);
    let tried = tried.map(|((candidate, answers), share)| Tried {
        candidate: candidate.clone(),
        out_of_fold: answers.as_ref().map(|answers| truth.scores(answers)),
        share: *share,
    });
    let record = SearchRecord {
        effort,
        folds: plan.folds,
        held_out: plan.held_out,
        candidates: tried.collect(),
        out_of_fold: choice.scores,
        temperature: choice.temperature,
        networks: networks.len(),
        multiplications: ensemble.n_multiplications(),
        trainings,
        stop_reason,
    };
    Ok(Built {
        networks,
        ensemble,
        record,
    })
}

struct Choice {
    shares: Vec<f64>,
    temperature: f64,
    scores: Option<Scores>,
}

fn choose<T>(
    truth: &OutOfFold,
    answers: &[Option<Vec<f64>>],
    by_candidate: &[Vec<Trained<T>>],
    mixed: bool,
    calibrated: bool,
) -> Choice {
    if answers.iter().flatten().all(Vec::is_empty) {
        // Nothing was held out, or the search was cut short within its first candidate: the networks that there are.
        let first = by_candidate.iter().position(|trained| !trained.is_empty());
        let share = |c| if Some(c) == first { 1.0 } else { 0.0 };
        return Choice {
            shares: (0..answers.len()).map(share).collect(),
            temperature: 1.0,
            scores: None,
        };
    }
    let shares = truth.chosen(answers, mixed);
    let mix = truth.mixed(answers, &shares);
    let temperature = if calibrated {
        truth.temperature(&mix)
    } else {
        1.0
    };
    Choice {
        scores: Some(truth.scores(&mix)),
        shares,
        temperature,
    }
}

/// The answers of all folds, one after the other; none where a training did not come to its end.
fn joined<T>(trained: &[Trained<T>], n_folds: usize) -> Option<Vec<f64>> {
    let good = |t: &Trained<T>| t.whole() && t.answers.iter().all(|x| x.is_finite());
    let whole = trained.len() == n_folds && trained.iter().all(good);
    whole.then(|| {
        trained
            .iter()
            .flat_map(|t| t.answers.iter().copied())
            .collect()
    })
}

fn out_of_fold<T: Scalar>(shared: &Shared<'_, T>) -> OutOfFold {
    let rows: Vec<usize> = shared
        .folds
        .iter()
        .flat_map(|fold| fold.test().to_vec())
        .collect();
    let truth = match shared.target {
        Target::Classes { labels, .. } => Truth::Classes(pick(labels, &rows)),
        Target::Values(values) => {
            let mut values: Vec<T> = rows.iter().flat_map(|&i| values.col(i).to_vec()).collect();
            shared.values[0].apply(&mut values);
            let numbers = values.iter().map(|y| tiam_core::Scalar::to_f64(*y));
            Truth::Values(numbers.collect())
        }
    };
    OutOfFold {
        truth,
        weights: shared.weights.map(|all| pick(all, &rows)),
        n_outputs: shared.target.n_outputs(),
    }
}
