//! Convergence experiment: TIAM, plain alternation and mDLAM on the same objective from the same start.

use tiam_report::{
    Axis, Column, NumberFormat, Plot, Section, Series, SeriesColor, Table, method_title, row,
};

use super::super::claims::Claim;
use super::super::library::{DataName, Library};
use super::super::record::{Curve, Record};
use super::super::selection::{Mean, Runs};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use crate::error::BenchError;
use crate::methods::{Method, Setup};

const NAME: &str = "convergence";
const METHODS: [Method; 3] = [Method::Tiam, Method::Am, Method::Mdlam];
const DATA: [DataName; 4] = [
    DataName::Cora,
    DataName::Citeseer,
    DataName::Mnist,
    DataName::Digits,
];

/// Iterations: (quick, full).
fn iterations(data: DataName, size: Size) -> usize {
    match (data, size.full) {
        (DataName::Mnist, true) => 100,
        (DataName::Mnist, false) => 10,
        (_, true) => 200,
        (_, false) => 60,
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
    for data in DATA {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        let only_one = data == DataName::Mnist;
        let seeds = if only_one { 1 } else { size.seeds };
        for (setting, shared) in settings() {
            for method in METHODS {
                let setup = shared.with_inertia_of(method);
                for seed in 0..seeds {
                    Training::new(NAME, &setup, &set, iterations(data, size), seed)
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
             differs. Setting `mdlam`: ρ = 1e-3, μ = 0.05, band 100, 0.5, 0.001, weights and biases N(0, 0.1²), z_L started at ±1. \
             Setting `slow-band`: ρ = 1e-3, μ = 0.01, band 10, 0.9, 0.01, He's start. F includes the penalties, so it is \
             comparable within a setting only; while the band shrinks it may rise.",
        )
        .text(sentence(&cases))
        .with(table(&cases))
        .with_all(cases.iter().flat_map(|case| plots(case, detail)))
}

fn plots(case: &Case<'_>, detail: bool) -> Vec<Plot> {
    type Column = fn(&Curve) -> Vec<f64>;
    let plot = |what: &str, x_axis: Axis, label: &str, x: Column, y: Column| {
        let series = METHODS.iter().filter_map(|method| {
            let name = method.name();
            let curve = case.runs.method(name).seed(0).first()?.curve.as_ref()?;
            let points = x(curve).into_iter().zip(y(curve)).collect();
            Some(Series::line(
                method_title(name),
                SeriesColor::method(name),
                points,
            ))
        });
        let title = format!("{what}, {} ({})", case.data, case.setting);
        Plot::new(title, x_axis, Axis::log10(label)).series(series)
    };
    let iteration: Column = |c| c.iteration.iter().map(|k| *k as f64).collect();
    let quantities: [(&str, &str, Column); 3] = [
        ("Objective", "F", |c| c.objective.clone()),
        ("Network loss", "loss a training sample [nat]", |c| {
            c.train_loss.clone()
        }),
        ("Band violation", "max |a − h(z)|", |c| {
            c.violation.clone()
        }),
    ];
    let by_iteration = quantities
        .map(|(what, label, y)| plot(what, Axis::linear("iteration"), label, iteration, y));
    if !detail {
        return by_iteration.into_iter().take(1).collect();
    }
    let in_time = quantities.map(|(what, label, y)| {
        let what = format!("{what} in time");
        plot(
            &what,
            Axis::linear("time [s]"),
            label,
            |c| c.seconds.clone(),
            y,
        )
    });
    by_iteration.into_iter().chain(in_time).collect()
}

/// The first iteration, and the seconds then, from which on F stays at most `target`: while the band is wide, F dips below what it
/// is worth once the band has shrunk.
fn reaches(curve: &Curve, target: f64) -> Option<(f64, f64)> {
    let above = curve.objective.iter().rposition(|f| *f > target);
    let at = above.map_or(0, |above| above + 1);
    Some((*curve.iteration.get(at)? as f64, *curve.seconds.get(at)?))
}

/// How TIAM compares with another method's last F: its shares of that one's iterations and of its seconds, means over the seeds. `None` where some
/// seed never gets there, which makes the mean meaningless.
fn shares(case: &Case<'_>, other: &str) -> Option<[Mean; 2]> {
    let share = |record: &&Record| {
        let tiam = case.runs.method("tiam").seed(record.seed);
        let curve = tiam.first()?.curve.as_ref()?;
        let (iterations, seconds) = reaches(curve, record.figure("objective")?)?;
        Some((
            iterations / record.figure("iterations")?,
            seconds / record.figure("seconds")?,
        ))
    };
    let others = case.runs.method(other);
    let shares: Option<Vec<(f64, f64)>> = others.0.iter().map(share).collect();
    let shares = shares?;
    let iterations = Mean::of(shares.iter().map(|share| share.0))?;
    Some([iterations, Mean::of(shares.iter().map(|share| share.1))?])
}

fn table(cases: &[Case<'_>]) -> Table {
    let mut rows = Vec::new();
    for case in cases {
        for method in METHODS {
            let runs = case.runs.method(method.name());
            if runs.is_empty() {
                continue;
            }
            let shares = shares(case, method.name()).filter(|_| method != Method::Tiam);
            let share = |n: usize| Mean::cell(shares.map(|shares| shares[n]));
            rows.push(row![
                case.data,
                &case.setting,
                method_title(method.name()),
                runs.cell("iterations"),
                runs.cell("objective"),
                runs.cell("train_loss"),
                runs.cell("test_accuracy"),
                share(0),
                share(1),
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
        Column::percent("TIAM is there after, of the iterations", 0),
        Column::percent("and of the seconds", 0),
    ];
    Table::new("After the last iteration", columns).rows(rows).note(
        "The last two columns: the share of the method's iterations, and of its time, after which TIAM from the same start has \
         an F as low as the method's last, and keeps it; missing where some seed never has. Means and deviations over seeds.",
    )
}

fn sentence(cases: &[Case<'_>]) -> String {
    let found = cases.iter().filter_map(|case| {
        let [share, _] = shares(case, "mdlam")?;
        let (data, setting) = (case.data, &case.setting);
        Some(format!("{data} ({setting}) {:.0} %", 100.0 * share.mean))
    });
    let found: Vec<String> = found.collect();
    if found.is_empty() {
        return "TIAM did not reach mDLAM's last F on any data set of these runs.".to_owned();
    }
    format!(
        "TIAM has, and keeps, mDLAM's last F after this share of mDLAM's iterations: {}.",
        found.join(", ")
    )
}

/// The paper's claims that these runs test.
pub(super) fn claims(records: &[Record]) -> Vec<Claim> {
    let cases = cases(records);
    let against = |other: &str, text: &str, limit: f64| -> Vec<Claim> {
        let has_both = |case: &&Case<'_>| {
            let has = |method| !case.runs.method(method).is_empty();
            has(other) && has("tiam")
        };
        let claim = |case: &Case<'_>| {
            let share = shares(case, other).map(|[iterations, _]| iterations.mean);
            Claim {
                text: text.to_owned(),
                tested_on: format!("{}, setting {}", case.data, case.setting),
                holds: share.is_some_and(|share| share <= limit),
                figures: match share {
                    Some(share) => format!("after {:.0} % of the iterations", 100.0 * share),
                    None => "not reached from every start".to_owned(),
                },
            }
        };
        cases.iter().filter(has_both).map(claim).collect()
    };
    let plain = "Inertia speeds up: TIAM has plain alternation's last F earlier";
    let mdlam =
        "TIAM has mDLAM's last F in at most half its iterations (our aim; the paper claims faster)";
    [against("am", plain, 0.99), against("mdlam", mdlam, 0.5)].concat()
}
