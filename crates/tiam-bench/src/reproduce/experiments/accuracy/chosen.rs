//! What the search chose, read from its records.

use super::NAME;
use crate::methods::Method;
use crate::reproduce::record::Record;
use crate::reproduce::selection::Runs;

/// The choice for one entrant on one data set.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'a> {
    pub(super) data: &'a str,
    /// A method or a yardstick, by its name in the records.
    pub(super) entrant: &'a str,
    pub(super) tried: usize,
    pub(super) candidate: String,
    pub(super) activation: String,
    /// Mean validation accuracy with that activation.
    pub(super) accuracy: f64,
    /// The lowest accuracy of a candidate on the first validation part.
    pub(super) worst: f64,
}

impl<'a> Chosen<'a> {
    /// All choices, in the order of the runs.
    pub(super) fn all(records: &'a [Record]) -> Vec<Self> {
        let judged = Runs::of(records, NAME).part("activation");
        let tried = Runs::of(records, NAME).part("search");
        let groups = judged.groups(|r| (r.data.as_str(), r.method.as_str()));
        let of = |((data, entrant), runs): ((&'a str, &'a str), Runs<'a>)| {
            let by_activation = runs.by("activation").into_iter();
            let means = by_activation.filter_map(|(activation, runs)| {
                Some((runs.mean("validation_accuracy")?.mean, activation))
            });
            // The first of equals.
            let best = means.reduce(|best, next| if next.0 > best.0 { next } else { best });
            let (accuracy, activation) = best?;
            let tried = tried.data(data).method(entrant);
            let found = tried.figures("validation_accuracy").into_iter();
            Some(Self {
                data,
                entrant,
                tried: tried.by("candidate").len(),
                candidate: runs.first()?.label("candidate"),
                activation,
                accuracy,
                worst: found.fold(f64::INFINITY, f64::min),
            })
        };
        groups.into_iter().filter_map(of).collect()
    }

    /// Its test runs with the chosen activation.
    pub(super) fn tests(&self, tests: &Runs<'a>) -> Runs<'a> {
        tests
            .data(self.data)
            .method(self.entrant)
            .label("activation", self.activation.as_str())
    }

    /// True for the paper's gradient rivals; SAMT is a rival of its own.
    pub(super) fn is_gradient(&self) -> bool {
        let named = |method: &Method| method.name() == self.entrant;
        let own = Method::ALL.into_iter().find(named);
        own.is_some_and(|method| method.is_gradient() && method != Method::Samt)
    }
}
