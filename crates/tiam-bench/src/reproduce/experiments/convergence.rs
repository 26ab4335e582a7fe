//! Convergence experiment: TIAM, plain alternation and mDLAM on the same objective from the same start.

use tiam_report::{Axis, Column, NumberFormat, Plot, Section, Table, method_title, row};

use super::super::claims::{Claim, Evidence};
use super::super::library::{DataName, Library};
use super::super::record::{Curve, Record};
use super::super::selection::{Mean, Runs};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use super::courses::{self, Against, iterations, seconds};
use crate::error::BenchError;
use crate::methods::{Method, Setup};

const NAME: &str = "convergence";
const METHODS: [Method; 3] = [Method::Tiam, Method::Am, Method::Mdlam];

/// Iterations and starts.
fn extent(data: DataName, size: Size) -> (usize, u64) {
    match (data, size.full) {
        (DataName::Mnist, true) => (40, size.seeds.min(2)),
        (DataName::Mnist, false) => (10, 1),
        (_, true) => (200, size.seeds),
        (_, false) => (60, size.seeds),
    }
}

/// The settings by name; only inertia and schedule are the methods' own.
fn settings() -> [(&'static str, Setup); 2] {
    [
        ("mdlam", Setup::published(Method::Mdlam)),
        ("slow-band", Setup::published(Method::Tiam)),
    ]
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
        let (iterations, seeds) = extent(data, size);
        for (setting, shared) in settings() {
            // By turns, so that a slow minute of the machine meets all methods.
            for seed in 0..seeds {
                for method in METHODS {
                    let setup = shared.with_inertia_of(method);
                    Training::new(NAME, &setup, &set, iterations, seed)
                        .case(setting)
                        .label("setting", setting)
                        .curve(true)
                        .run(session)?;
                }
            }
        }
    }
    Ok(())
}

/// One data set in one setting.
struct Case<'a> {
    data: &'a str,
    setting: String,
    runs: Runs<'a>,
}

fn cases(records: &[Record]) -> Vec<Case<'_>> {
    let by_data = Runs::of(records, NAME).by_data().into_iter();
    let by_setting = by_data.flat_map(|(data, runs)| {
        let settings = runs.by("setting").into_iter();
        settings.map(move |(setting, runs)| Case {
            data,
            setting,
            runs,
        })
    });
    by_setting.collect()
}

/// The section; with `detail`, every picture, otherwise F against iterations only.
pub(super) fn section(records: &[Record], detail: bool) -> Section {
    let cases = cases(records);
    Section::new(NAME, "Convergence")
        .text(
            "TIAM (.95, .95, .3), plain alternation (AM) and mDLAM's inertia minimise the same F from the same start; only the inertia \
             differs. An iteration is a pass over the data. Setting `mdlam`: ρ = 1e-3, μ = 0.05, band 100, 0.5, 0.001, weights and biases \
             N(0, 0.1²), z_L started at ±1. Setting `slow-band`: ρ = 1e-3, μ = 0.01, band 10, 0.9, 0.01, He's start. Neither is tuned on the data, so \
             accuracies differ from those of the accuracy experiment. F includes the penalties, so it is comparable within a setting only; while \
             the band shrinks it may rise.",
        )
        .text(sentence(&cases))
        .with(table(&cases))
        .with_all(cases.iter().flat_map(|case| plots(case, detail)))
}

fn plots(case: &Case<'_>, detail: bool) -> Vec<Plot> {
    let plot = |what: &str, against: (&str, Against), label: &str, y: fn(&Curve) -> &[f64]| {
        let methods = METHODS
            .iter()
            .map(|m| (m.name(), case.runs.method(m.name())));
        let series = courses::medians(methods, against.1, y);
        let title = format!("{what}, {} ({})", case.data, case.setting);
        let y = match what.starts_with("Band") {
            true => Axis::log10(label),
            false => courses::axis(label, &series),
        };
        Plot::new(title, Axis::linear(against.0), y).series(series)
    };
    type Quantity = (&'static str, &'static str, fn(&Curve) -> &[f64]);
    let quantities: [Quantity; 3] = [
        ("Objective", "F", |c| &c.objective),
        ("Network loss", "loss a training sample [nat]", |c| {
            &c.train_loss
        }),
        ("Band violation", "max |a − h(z)|", |c| &c.violation),
    ];
    let shown = if detail { quantities.len() } else { 1 };
    let by_iteration = quantities[..shown]
        .iter()
        .map(|(what, label, y)| plot(what, ("iteration", iterations), label, *y));
    let in_time = quantities
        .iter()
        .filter(|_| detail)
        .map(|(what, label, y)| plot(&format!("{what} in time"), ("time [s]", seconds), label, *y));
    by_iteration.chain(in_time).collect()
}

/// The first recorded iteration from which on F stays at most `target`: while the band is wide, F dips below what it is worth once the band
/// has shrunk.
fn reaches(curve: &Curve, target: f64) -> Option<usize> {
    let above = curve.objective.iter().rposition(|f| *f > target);
    let at = above.map_or(0, |above| above + 1);
    // The start is no achievement.
    (at < curve.objective.len()).then_some(at.max(1))
}

/// How many times less TIAM takes than the other: what the other takes to the end over what TIAM takes to an F as low as the other's last, where it gets
/// there and stays; else what the other takes to TIAM's last F over what TIAM takes to the end.
fn speed_up(tiam: &Record, other: &Record, cost: Against) -> Option<f64> {
    let (own, theirs) = (tiam.curve.as_ref()?, other.curve.as_ref()?);
    let (own_cost, their_cost) = (cost(tiam, own), cost(other, theirs));
    if let Some(at) = reaches(own, *theirs.objective.last()?) {
        return Some(their_cost.last()? / own_cost.get(at)?);
    }
    let at = reaches(theirs, *own.objective.last()?)?;
    Some(their_cost.get(at)? / own_cost.last()?)
}

/// The logarithms of the speed-ups from each start.
fn log_speed_ups(case: &Case<'_>, other: Method, cost: Against) -> Vec<f64> {
    let others = case.runs.method(other.name());
    let tiam = case.runs.method(Method::Tiam.name());
    let found = tiam.0.iter().filter_map(|own| {
        let factor = speed_up(own, others.counterpart(own)?, cost)?;
        Some(factor.ln())
    });
    found.filter(|log| log.is_finite()).collect()
}

/// The geometric mean of the speed-ups, with the factor of a deviation.
fn mean_speed_up(logs: &[f64]) -> Option<(f64, f64)> {
    let mean = Mean::of(logs.iter().copied())?;
    Some((mean.mean.exp(), mean.deviation.exp()))
}

fn table(cases: &[Case<'_>]) -> Table {
    let mut rows = Vec::new();
    for case in cases {
        for method in METHODS {
            let runs = case.runs.method(method.name());
            if runs.is_empty() {
                continue;
            }
            let factor = |cost: Against| {
                let logs = log_speed_ups(case, method, cost);
                let found = mean_speed_up(&logs).filter(|_| method != Method::Tiam);
                found.map_or_else(String::new, |(mean, by)| format!("{mean:.2} ×/÷ {by:.2}"))
            };
            rows.push(row![
                case.data,
                &case.setting,
                method_title(method.name()),
                runs.cell("iterations"),
                runs.cell("objective"),
                runs.cell("train_loss"),
                runs.cell("test_accuracy"),
                factor(iterations),
                factor(seconds),
            ]);
        }
    }
    let columns = [
        Column::text("data"),
        Column::text("setting"),
        Column::text("method"),
        Column::fixed("iterations", 0),
        Column::number("F", "", NumberFormat::Auto),
        Column::number("training loss", "nat", NumberFormat::Auto),
        Column::percent("test accuracy", 1),
        Column::text("TIAM's speed-up in iterations"),
        Column::text("in seconds"),
    ];
    Table::new("After the last iteration", columns).rows(rows).note(
        "Speed-up: the method's iterations (seconds) over those after which TIAM from the same start has, and keeps, an F as low as the method's last; \
         where it never has, the iterations (seconds) after which the method has TIAM's last F over all of TIAM's. Geometric means, and the factor of a \
         deviation; other columns: means and deviations.",
    )
}

fn sentence(cases: &[Case<'_>]) -> String {
    let found = cases.iter().filter_map(|case| {
        let (mean, _) = mean_speed_up(&log_speed_ups(case, Method::Mdlam, iterations))?;
        Some(format!("{} ({}) {mean:.1}", case.data, case.setting))
    });
    let found: Vec<String> = found.collect();
    format!(
        "TIAM's speed-up over mDLAM in iterations to an equal F: {}.",
        found.join(", ")
    )
}

/// The paper's claims that these runs test.
pub(super) fn claims(records: &[Record]) -> Vec<Claim> {
    let cases = cases(records);
    let mut claims = Vec::new();
    for (other, name) in [(Method::Am, "plain alternation"), (Method::Mdlam, "mDLAM")] {
        for (cost, unit) in [(iterations as Against, "iterations"), (seconds, "seconds")] {
            for case in &cases {
                let logs = log_speed_ups(case, other, cost);
                let Some((mean, by)) = mean_speed_up(&logs) else {
                    continue;
                };
                claims.push(Claim {
                    text: format!("TIAM reaches {name}'s last F in fewer {unit}"),
                    tested_on: format!("{}, setting {}", case.data, case.setting),
                    figures: format!("{mean:.2} times fewer (×/÷ {by:.2})"),
                    evidence: Evidence::paired(&logs),
                });
            }
        }
    }
    claims
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_convergence.rs"]
mod tests;
