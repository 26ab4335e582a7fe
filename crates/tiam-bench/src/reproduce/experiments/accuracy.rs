//! Accuracy experiment: every method on every data set with every activation, parameters chosen by the same search.

use tiam_models::Activation;

use super::super::library::{DataName, DataSet, Library};
use super::super::selection::Mean;
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use super::candidates::candidates;
use crate::error::BenchError;
use crate::methods::{Method, Setup};

mod chosen;
mod claims;
mod section;

pub(super) use claims::claims;
pub(super) use section::section;

const NAME: &str = "accuracy";
const ACTIVATIONS: [Activation; 3] = [Activation::Relu, Activation::LeakyRelu, Activation::Elu];
/// The network without hidden layers, trained by Adam: a yardstick.
const LINEAR: &str = "linear";
/// The drawn split on which a search is judged beside the usual one, by its seed; no test uses it.
const JUDGED: u64 = 1000;

/// Settings that a search tries.
const CANDIDATES: usize = 16;

/// What is compared: a method, or a yardstick.
#[derive(Clone, Copy, Debug)]
struct Entrant {
    name: &'static str,
    method: Method,
    is_linear: bool,
}

impl Entrant {
    fn all() -> impl Iterator<Item = Self> {
        let methods = Method::compared().iter().map(|&method| Self {
            name: method.name(),
            method,
            is_linear: false,
        });
        methods.chain(std::iter::once(Self {
            name: LINEAR,
            method: Method::Adam,
            is_linear: true,
        }))
    }

    fn training<'a>(
        &self,
        setup: &'a Setup,
        set: &'a DataSet,
        extent: Extent,
        seed: u64,
        activation: Activation,
    ) -> Training<'a> {
        let training = Training::new(NAME, setup, set, extent.iterations, seed)
            .entrant(self.name)
            .activation(activation);
        match self.is_linear {
            true => training.hidden(Vec::new()),
            false => training,
        }
    }

    /// A linear model has no activation to choose.
    fn activations(&self, extent: Extent) -> &'static [Activation] {
        let n = if self.is_linear {
            1
        } else {
            extent.activations
        };
        &ACTIVATIONS[..n]
    }
}

/// The size of the experiment on one data set.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Iterations, or epochs, of every method alike.
    iterations: usize,
    candidates: usize,
    activations: usize,
    /// Starts on the usual split with the chosen activation.
    starts: u64,
    /// Those with another one.
    other_starts: u64,
    /// Drawn splits, with the chosen activation.
    splits: u64,
    /// Whether a drawn split judges the search too.
    two_judges: bool,
}

impl Extent {
    fn of(data: DataName, size: Size) -> Self {
        if !size.full {
            return Self {
                iterations: if data == DataName::Mnist { 15 } else { 40 },
                candidates: 4,
                activations: 1,
                starts: size.seeds,
                other_starts: size.seeds,
                splits: 0,
                two_judges: false,
            };
        }
        let usual = Self {
            iterations: 100,
            candidates: CANDIDATES,
            activations: ACTIVATIONS.len(),
            starts: size.seeds,
            other_starts: size.seeds.min(3),
            splits: 2 * size.seeds,
            two_judges: true,
        };
        match data {
            // A run of a full-batch method takes as long as a hundred on a graph.
            DataName::Mnist => Self {
                iterations: 20,
                starts: size.seeds.min(5),
                other_starts: 1,
                splits: 0,
                two_judges: false,
                ..usual
            },
            // 18,515 and 34,025 features: an epoch of a gradient method takes three to ten times as long as on Cora.
            DataName::Citeseer => Self {
                candidates: CANDIDATES / 2,
                two_judges: false,
                ..usual
            },
            DataName::CoauthorCs => Self {
                iterations: 40,
                candidates: CANDIDATES / 2,
                starts: 0,
                splits: size.seeds.min(5),
                two_judges: false,
                ..usual
            },
            // Its usual split is drawn too.
            DataName::Digits => Self { splits: 0, ..usual },
            _ => usual,
        }
    }
}

/// What was chosen for an entrant on one data set.
struct Choice {
    entrant: Entrant,
    setup: Setup,
    activation: Activation,
}

pub(super) fn run(
    session: &mut Session<'_>,
    library: &mut Library,
    size: Size,
) -> Result<(), BenchError> {
    for data in DataName::ALL {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        if data == DataName::Mnist && !size.full {
            session.skip(NAME, data.name(), "part of the full size only (--full)");
            continue;
        }
        let extent = Extent::of(data, size);
        let second = library.drawn(data, JUDGED).filter(|_| extent.two_judges);
        let judges: Vec<&DataSet> = std::iter::once(&*set).chain(&second).collect();
        let choose = |entrant| search(session, &judges, entrant, extent);
        let choices = Entrant::all().map(choose);
        let choices: Vec<Choice> = choices.collect::<Result<_, BenchError>>()?;
        for seed in 0..extent.starts {
            for choice in &choices {
                for &activation in choice.entrant.activations(extent) {
                    if activation == choice.activation || seed < extent.other_starts {
                        test(session, &set, choice, extent, seed, activation)?;
                    }
                }
            }
        }
        for split in 0..extent.splits {
            if let Some(set) = library.drawn(data, split) {
                for choice in &choices {
                    test(session, &set, choice, extent, split, choice.activation)?;
                }
            }
        }
        published(session, &set, size)?;
    }
    Ok(())
}

/// The candidate with the best mean accuracy on the validation parts, with ReLU; the first of equals. All are judged on the first set, the better
/// quarter on the others too. Then the activation is chosen with it in the same way.
fn search(
    session: &mut Session<'_>,
    judges: &[&DataSet],
    entrant: Entrant,
    extent: Extent,
) -> Result<Choice, BenchError> {
    let all = candidates(entrant.method, extent.iterations, extent.candidates);
    let mut judge = |i: usize, set: &DataSet, activation, part| {
        let (name, setup) = &all[i];
        let record = entrant
            .training(setup, set, extent, 0, activation)
            .case(format!("{activation}-{part}-{i}"))
            .label("part", part)
            .label("candidate", name.as_str())
            .searching()
            .run(session)?;
        let accuracy = record.figure("validation_accuracy");
        // A run that failed is worse than any that did not.
        Ok::<f64, BenchError>(accuracy.filter(|_| !record.failed()).unwrap_or(-1.0))
    };
    let (first, others) = judges.split_at(1);
    let mut scores: Vec<(usize, Vec<f64>)> = Vec::new();
    for i in 0..all.len() {
        scores.push((i, vec![judge(i, first[0], ACTIVATIONS[0], "search")?]));
    }
    if !others.is_empty() {
        // Stable: the first of equals stays first.
        scores.sort_by(|a, b| mean(&b.1).total_cmp(&mean(&a.1)));
        scores.truncate(all.len().div_ceil(4));
        for (i, found) in &mut scores {
            for set in others {
                found.push(judge(*i, set, ACTIVATIONS[0], "search")?);
            }
        }
    }
    let best = best(&scores).unwrap_or_default();
    let mut scores = Vec::new();
    for &activation in entrant.activations(extent) {
        let found = judges.iter();
        let found = found.map(|set| judge(best, set, activation, "activation"));
        scores.push((activation, found.collect::<Result<_, _>>()?));
    }
    Ok(Choice {
        entrant,
        setup: all[best].1.clone(),
        activation: self::best(&scores).unwrap_or(ACTIVATIONS[0]),
    })
}

fn mean(scores: &[f64]) -> f64 {
    Mean::of(scores.iter().copied()).map_or(-1.0, |found| found.mean)
}

/// The one with the best mean; the first of equals.
fn best<C: Copy>(scores: &[(C, Vec<f64>)]) -> Option<C> {
    let means = scores
        .iter()
        .map(|(choice, scores)| (*choice, mean(scores)));
    let better = |a: (C, f64), b: (C, f64)| if b.1 > a.1 { b } else { a };
    means.reduce(better).map(|(choice, _)| choice)
}

/// One method after the other from the same start, so that a slow minute of the machine meets all.
fn test(
    session: &mut Session<'_>,
    set: &DataSet,
    choice: &Choice,
    extent: Extent,
    seed: u64,
    activation: Activation,
) -> Result<(), BenchError> {
    choice
        .entrant
        .training(&choice.setup, set, extent, seed, activation)
        .case(activation.to_string())
        .label("part", "test")
        .curve(activation == choice.activation && seed < 10)
        .run(session)
        .map(drop)
}

/// mDLAM's published code in its own setting on Cora, for comparison with what it prints.
fn published(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    if set.name != DataName::Cora {
        return Ok(());
    }
    let setup = Setup::mdlam_code();
    for seed in 0..size.seeds {
        Training::new(NAME, &setup, set, 200, seed)
            .case("published")
            .label("part", "published")
            .label("code", "mDLAM")
            .label("published", "61.7 %, one start")
            .run(session)?;
    }
    Ok(())
}
