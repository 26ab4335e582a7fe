//! Claims on accuracy.

use super::LINEAR;
use super::chosen::Chosen;
use super::section::{Splits, title};
use crate::reproduce::claims::{Claim, Evidence};
use crate::reproduce::library::DataName;
use crate::reproduce::record::Record;
use crate::reproduce::selection::{Mean, Runs, percent};

const ACCURACY: &str = "test_accuracy";

/// TIAM on one data set, and whom it is compared with.
pub(super) struct Match<'c, 'a> {
    pub(super) tiam: &'c Chosen<'a>,
    /// What the claim calls the rival, and the rival.
    pub(super) rivals: Vec<(&'static str, &'c Chosen<'a>)>,
}

/// The gradient method is the one that validation prefers.
pub(super) fn matches<'c, 'a>(chosen: &'c [Chosen<'a>]) -> Vec<Match<'c, 'a>> {
    const RIVALS: [(&str, &str); 7] = [
        ("plain alternation", "am"),
        ("mDLAM", "mdlam"),
        ("dlADMM", "dladmm"),
        ("BCD", "bcd"),
        ("SAMT", "samt"),
        ("stochastic TIAM, ours", "stochastic"),
        ("a linear model", LINEAR),
    ];
    let tiam = chosen.iter().filter(|chosen| chosen.entrant == "tiam");
    let of = |tiam: &'c Chosen<'a>| {
        let here = || chosen.iter().filter(|other| other.data == tiam.data);
        let gradient = here().filter(|other| other.is_gradient());
        let best = gradient.reduce(|a, b| if b.accuracy > a.accuracy { b } else { a });
        let best = best.map(|best| ("the best tuned gradient method", best));
        let named = RIVALS.iter().filter_map(|(name, entrant)| {
            let rival = here().find(|other| other.entrant == *entrant)?;
            Some((*name, rival))
        });
        Match {
            tiam,
            rivals: best.into_iter().chain(named).collect(),
        }
    };
    tiam.map(of).collect()
}

/// The paper's claims that these runs test, and ours.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let chosen = Chosen::all(records);
    let found = matches(&chosen);
    let mut claims = Vec::new();
    for splits in Splits::ALL {
        let tests = splits.tests(records);
        for Match { tiam, rivals } in &found {
            for (name, rival) in rivals {
                let [own, other] = [tiam, rival].map(|chosen| chosen.tests(&tests));
                let tested_on = format!("{}, {}", tiam.data, splits.title());
                let pairs = own.pairs(&other, ACCURACY);
                claims.extend(claim(name, tested_on, title(rival.entrant), &pairs));
            }
        }
    }
    claims.extend(over_graphs(&found, &Splits::Drawn.tests(records)));
    claims
}

/// Those on the mean over all graphs, of drawn splits with the same number.
fn over_graphs(found: &[Match<'_, '_>], tests: &Runs<'_>) -> Vec<Claim> {
    let is_graph = |data: &str| {
        DataName::ALL
            .iter()
            .any(|d| d.name() == data && d.is_graph())
    };
    let graphs: Vec<_> = found.iter().filter(|m| is_graph(m.tiam.data)).collect();
    let [first, _, ..] = graphs[..] else {
        return Vec::new();
    };
    let splits = tests.groups(|r| r.labels.get("split"));
    let of = |name: &str| {
        let means = splits.iter().filter_map(|(_, split)| {
            let pairs = graphs.iter().map(|graph| {
                let (_, rival) = graph.rivals.iter().find(|rival| rival.0 == name)?;
                let [own, other] = [graph.tiam, rival].map(|chosen| chosen.tests(split));
                own.pairs(&other, ACCURACY).pop()
            });
            let (own, other): (Vec<f64>, Vec<f64>) =
                pairs.collect::<Option<Vec<_>>>()?.into_iter().unzip();
            Some((Mean::of(own)?.mean, Mean::of(other)?.mean))
        });
        means.collect::<Vec<_>>()
    };
    let place = format!("the mean over {} graphs, drawn splits", graphs.len());
    let claims = first
        .rivals
        .iter()
        .filter_map(|(name, _)| claim(name, place.clone(), name, &of(name)));
    claims.collect()
}

/// That TIAM's accuracy, the first of each pair, is the higher one; `None` without pairs.
fn claim(name: &str, tested_on: String, rival: &str, pairs: &[(f64, f64)]) -> Option<Claim> {
    let own = Mean::of(pairs.iter().map(|pair| pair.0))?.mean;
    let other = Mean::of(pairs.iter().map(|pair| pair.1))?.mean;
    let differences: Vec<f64> = pairs.iter().map(|(own, other)| own - other).collect();
    Some(Claim {
        text: format!("TIAM generalises better than {name}"),
        tested_on,
        figures: format!("TIAM {}, {rival} {}", percent(own), percent(other)),
        evidence: Evidence::paired(&differences),
    })
}

#[cfg(test)]
#[path = "../../../../tests/unit/reproduce_experiments_accuracy_claims.rs"]
mod tests;
