//! The paper's claims, each with the test that decides it.

use tiam_core::student;
use tiam_report::{Column, NumberFormat, Section, Table, row};

use super::selection::Mean;

/// Chance of such runs if neither side were right, below which a claim is decided.
const SIGNIFICANT: f64 = 0.05;
/// Fewer runs decide nothing.
const FEWEST: usize = 5;

/// A claim that was tested.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What is claimed, and by whom.
    pub text: String,
    /// Where it was tested.
    pub tested_on: String,
    /// The figures in words.
    pub figures: String,
    /// What the runs say.
    pub evidence: Evidence,
}

/// What runs say of a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Runs, or pairs of runs.
    pub n: usize,
    /// Size of the effect, above 0 in favour of the claim: the mean difference over the deviation of the differences (Cohen's d of pairs); of counts,
    /// the share in favour less the share against.
    pub effect: f64,
    /// The chance of so clear a result, either way, if there were no effect.
    pub p: f64,
}

/// What is found of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The runs are in favour, and that is hardly chance.
    Holds,
    /// The runs are against it, and that is hardly chance.
    DoesNotHold,
    /// The runs do not decide.
    Undecided,
}

impl Evidence {
    /// Student's paired test of differences that are above 0 in favour of the claim; where all are equal, the sign test.
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    pub fn paired(differences: &[f64]) -> Self {
        let n = differences.len();
        let Some(Mean {
            mean, deviation, ..
        }) = Mean::of(differences.iter().copied())
        else {
            return Self::counted(0, 0);
        };
        if deviation <= f64::EPSILON * mean.abs() {
            let decided = differences.iter().filter(|x| x.abs() > 0.0).count();
            let favour = differences.iter().filter(|x| **x > 0.0).count();
            return Self {
                n,
                ..Self::counted(favour, decided)
            };
        }
        let effect = mean / deviation;
        let t = effect * (n as f64).sqrt();
        Self {
            n,
            effect,
            p: student::two_sided(t, n - 1),
        }
    }

    /// The exact sign test of so many runs in favour among `n`.
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    pub fn counted(favour: usize, n: usize) -> Self {
        let fewer = favour.min(n - favour);
        // C(n, k) / 2ⁿ, each from the one before.
        let mut term = 0.5_f64.powf(n as f64);
        let mut tail = 0.0;
        for k in 0..=fewer {
            tail += term;
            term *= (n - k) as f64 / (k + 1) as f64;
        }
        Self {
            n,
            effect: if n == 0 {
                0.0
            } else {
                2.0 * favour as f64 / n as f64 - 1.0
            },
            p: (2.0 * tail).min(1.0),
        }
    }

    /// Whether an estimate with its standard error lies within `margin` of `wanted`: two one-sided tests for, one against.
    pub fn within(estimate: f64, error: f64, n: usize, wanted: f64, margin: f64) -> Self {
        let degrees = n.saturating_sub(2);
        let room = margin - (estimate - wanted).abs();
        let two_sided = student::two_sided(room / error, degrees);
        Self {
            n,
            effect: room / margin,
            p: if room > 0.0 {
                0.5 * two_sided
            } else {
                two_sided
            },
        }
    }

    fn verdict(&self, p: f64) -> Verdict {
        if self.n < FEWEST || p.is_nan() || p >= SIGNIFICANT {
            Verdict::Undecided
        } else if self.effect > 0.0 {
            Verdict::Holds
        } else {
            Verdict::DoesNotHold
        }
    }
}

/// Holm's correction: the chance that any of these would look so clear.
#[allow(clippy::cast_precision_loss, reason = "a number of tests")]
fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*a].total_cmp(&ps[*b]));
    let (mut corrected, mut largest) = (vec![0.0; ps.len()], 0.0_f64);
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max(ps[i] * (ps.len() - rank) as f64).min(1.0);
        corrected[i] = largest;
    }
    corrected
}

/// A claim in one place, its corrected chance and what is found.
type Place<'a> = (&'a Claim, f64, Verdict);

/// The claims by their text.
fn decided(claims: &[Claim]) -> Vec<(&str, Vec<Place<'_>>)> {
    let mut families: Vec<(&str, Vec<&Claim>)> = Vec::new();
    for claim in claims {
        match families.iter_mut().find(|(text, _)| *text == claim.text) {
            Some((_, family)) => family.push(claim),
            None => families.push((&claim.text, vec![claim])),
        }
    }
    let mut decided = Vec::new();
    for (text, family) in families {
        let ps: Vec<f64> = family.iter().map(|claim| claim.evidence.p).collect();
        let corrected = family.into_iter().zip(holm(&ps));
        let places = corrected.map(|(claim, p)| (claim, p, claim.evidence.verdict(p)));
        decided.push((text, places.collect()));
    }
    decided
}

/// All claims, a table each, and how many hold.
pub(super) fn section(claims: &[Claim]) -> Section {
    let section = Section::new("claims", "The paper's claims, tested");
    if claims.is_empty() {
        return section.text("No experiment that tests a claim was run.");
    }
    let families = decided(claims);
    let places = || families.iter().flat_map(|(_, places)| places);
    let count = |verdict| places().filter(|place| place.2 == verdict).count();
    section
        .text(format!(
            "{} tests of {} claims: {} hold, {} do not hold, {} are undecided.",
            claims.len(),
            families.len(),
            count(Verdict::Holds),
            count(Verdict::DoesNotHold),
            count(Verdict::Undecided),
        ))
        .text(
            "A claim is decided where p, Holm's correction over the places it is tested in included, is below 0.05 and at least five pairs were run; \
             else it is undecided. Pairs share data, split and start and differ by method alone; their differences are put to Student's paired test, \
             counts to the sign test. Effect: the mean difference over the deviation of the differences, above 0 in favour of the claim.",
        )
        .with_all(families.iter().map(|(text, places)| table(text, places)))
}

fn table(text: &str, places: &[Place<'_>]) -> Table {
    let columns = [
        Column::text("tested on"),
        Column::text("found"),
        Column::text("figures"),
        Column::fixed("n", 0),
        Column::fixed("effect", 2),
        Column::number("p", "", NumberFormat::Auto),
    ];
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    let row = |(claim, p, verdict): &Place<'_>| {
        let found = match verdict {
            Verdict::Holds => "holds",
            Verdict::DoesNotHold => "does not hold",
            Verdict::Undecided => "undecided",
        };
        let Evidence { n, effect, .. } = claim.evidence;
        row![
            &claim.tested_on,
            found,
            &claim.figures,
            n as f64,
            effect,
            *p
        ]
    };
    Table::new(text, columns).rows(places.iter().map(row))
}

#[cfg(test)]
#[path = "../../tests/unit/reproduce_claims.rs"]
mod tests;
