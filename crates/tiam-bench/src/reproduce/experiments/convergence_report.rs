//! Report section of the convergence experiment.

use super::super::claims::{Claim, Verdict};
use super::super::number::NumberFormat;
use super::super::palette::{SeriesColor, method_title};
use super::super::plot::{Axis, Plot, Series};
use super::super::record::{Curve, Record};
use super::super::report::{Block, Section};
use super::super::selection::{Mean, Selection, text};
use super::super::table::{Cell, Column, Table};

const METHODS: [&str; 3] = ["tiam", "am", "mdlam"];

/// One data set in one setting.
struct Case<'a> {
    data: &'a str,
    setting: String,
    runs: Selection<'a>,
}

fn cases<'a>(records: &'a [Record]) -> Vec<Case<'a>> {
    let all = Selection::of(records, "convergence");
    let mut cases = Vec::new();
    for data in all.data_sets() {
        let of_data = all.data(data);
        for setting in of_data.label_values("setting") {
            cases.push(Case {
                data,
                setting: text(&setting),
                runs: of_data.label("setting", setting),
            });
        }
    }
    cases
}

/// The section; with `detail`, every picture, otherwise F against iterations only.
pub(in super::super) fn section(records: &[Record], detail: bool) -> Section {
    let section = Section::new("convergence", "Convergence");
    let cases = cases(records);
    let mut section = section.with(Block::paragraph(
        "TIAM (.95, .95, .3), plain alternation (AM) and mDLAM's inertia minimise the same F from the same start; only the inertia \
         differs. Setting `mdlam`: ρ = 1e-3, μ = 0.05, band 100, 0.5, 0.001, weights and biases N(0, 0.1²), z_L started at ±1. \
         Setting `slow-band`: ρ = 1e-3, μ = 0.01, band 10, 0.9, 0.01, He's start. F includes the penalties, so it is \
         comparable within a setting only; while the band shrinks it may rise.",
    ));
    section = section
        .with(Block::paragraph(sentence(&cases)))
        .with(table(&cases));
    for case in &cases {
        for plot in plots(case, detail) {
            section = section.with(plot);
        }
    }
    section
}

fn plots(case: &Case<'_>, detail: bool) -> Vec<Plot> {
    let title = |what: &str| format!("{what}, {} ({})", case.data, case.setting);
    type Column = fn(&Curve) -> Vec<f64>;
    let series = |x: Column, y: Column| -> Vec<Series> {
        METHODS
            .iter()
            .filter_map(|method| {
                let first = case.runs.method(method).seed(0);
                let curve = first.0.first()?.curve.as_ref()?;
                let points = x(curve).into_iter().zip(y(curve)).collect();
                let color = SeriesColor::method(method);
                Some(Series::line(method_title(method), color, points))
            })
            .collect()
    };
    let iteration: Column = |c| c.iteration.iter().map(|k| *k as f64).collect();
    let seconds: Column = |c| c.seconds.clone();
    let objective: Column = |c| c.objective.clone();
    let loss: Column = |c| c.train_loss.clone();
    let violation: Column = |c| c.violation.clone();
    let plot = |what: &str, x_axis: Axis, y_axis: Axis, x: Column, y: Column| Plot {
        title: title(what),
        x: x_axis,
        y: y_axis,
        series: series(x, y),
        guides: Vec::new(),
    };
    let by_iteration = || Axis::linear("iteration");
    let mut plots = vec![plot(
        "Objective",
        by_iteration(),
        Axis::log10("F"),
        iteration,
        objective,
    )];
    if !detail {
        return plots;
    }
    let others = [
        ("Network loss", "loss a training sample [nat]", loss),
        ("Band violation", "max |a − h(z)|", violation),
    ];
    let in_time = [("Objective", "F", objective)].into_iter().chain(others);
    for (what, label, y) in others {
        plots.push(plot(what, by_iteration(), Axis::log10(label), iteration, y));
    }
    for (what, label, y) in in_time {
        let what = format!("{what} in time");
        let time = Axis::linear("time [s]");
        plots.push(plot(&what, time, Axis::log10(label), seconds, y));
    }
    plots
}

/// The first iteration, and the seconds then, from which on F stays at most `target`: while the band is wide, F dips below what it
/// is worth once the band has shrunk.
fn reaches(curve: &Curve, target: f64) -> Option<(f64, f64)> {
    let at = match curve.objective.iter().rposition(|f| *f > target) {
        Some(above) => above + 1,
        None => 0,
    };
    Some((*curve.iteration.get(at)? as f64, *curve.seconds.get(at)?))
}

/// How TIAM compares with another method's last F, a pair of shares a seed: of its iterations and of its seconds.
fn shares(case: &Case<'_>, other: &str) -> Vec<Option<(f64, f64)>> {
    let others = case.runs.method(other);
    let share = |record: &&Record| {
        let tiam = case.runs.method("tiam").seed(record.seed);
        let curve = tiam.0.first()?.curve.as_ref()?;
        let (iterations, seconds) = reaches(curve, *record.figures.get("objective")?)?;
        let all = |name: &str| record.figures.get(name).copied();
        Some((iterations / all("iterations")?, seconds / all("seconds")?))
    };
    others.0.iter().map(share).collect()
}

fn mean_share(case: &Case<'_>, other: &str, of: fn(&(f64, f64)) -> f64) -> Option<Mean> {
    let shares = shares(case, other);
    // A seed that never gets there makes the mean meaningless.
    let all: Option<Vec<(f64, f64)>> = shares.into_iter().collect();
    Mean::of(all?.iter().map(of))
}

fn table(cases: &[Case<'_>]) -> Table {
    let mut rows = Vec::new();
    for case in cases {
        for method in METHODS {
            let runs = case.runs.method(method);
            if runs.is_empty() {
                continue;
            }
            let (iterations, seconds) = if method == "tiam" {
                (Cell::Missing, Cell::Missing)
            } else {
                let share = |of| Mean::cell(mean_share(case, method, of));
                (share(|s: &(f64, f64)| s.0), share(|s: &(f64, f64)| s.1))
            };
            rows.push(vec![
                Cell::text(case.data),
                Cell::text(&case.setting),
                Cell::text(method_title(method)),
                Mean::cell(runs.mean("iterations")),
                Mean::cell(runs.mean("objective")),
                Mean::cell(runs.mean("train_loss")),
                Mean::cell(runs.mean("test_accuracy")),
                iterations,
                seconds,
            ]);
        }
    }
    let share = |heading: &str| Column::number(heading, "", NumberFormat::Percent(0));
    Table {
        title: "After the last iteration".to_owned(),
        columns: vec![
            Column::text("data"),
            Column::text("setting"),
            Column::text("method"),
            Column::number("iterations", "", NumberFormat::Fixed(0)),
            Column::number("F", "", NumberFormat::Auto),
            Column::number("training loss", "nat", NumberFormat::Auto),
            Column::number("test accuracy", "", NumberFormat::Percent(1)),
            share("TIAM is there after, of the iterations"),
            share("and of the seconds"),
        ],
        rows,
        note: "The last two columns: the share of the method's iterations, and of its time, after which TIAM from the same start has \
               an F as low as the method's last, and keeps it; missing where some seed never has. Means and deviations over seeds."
            .to_owned(),
    }
}

fn sentence(cases: &[Case<'_>]) -> String {
    let found: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let share = mean_share(case, "mdlam", |s| s.0)?;
            let (data, setting) = (case.data, &case.setting);
            Some(format!("{data} ({setting}) {:.0} %", 100.0 * share.mean))
        })
        .collect();
    if found.is_empty() {
        return "TIAM did not reach mDLAM's last F on any data set of these runs.".to_owned();
    }
    format!(
        "TIAM has, and keeps, mDLAM's last F after this share of mDLAM's iterations: {}.",
        found.join(", ")
    )
}

/// The paper's claims that these runs test.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let against = |other: &'static str, text: &str, limit: f64| {
        let text = text.to_owned();
        move |case: &Case<'_>| {
            if case.runs.method(other).is_empty() || case.runs.method("tiam").is_empty() {
                return None;
            }
            let share = mean_share(case, other, |s| s.0);
            let figures = match share {
                Some(share) => format!("after {:.0} % of the iterations", 100.0 * share.mean),
                None => "not reached from every start".to_owned(),
            };
            Some(Claim {
                text: text.clone(),
                tested_on: format!("{}, setting {}", case.data, case.setting),
                verdict: Verdict::of(share.is_some_and(|share| share.mean <= limit)),
                figures,
            })
        }
    };
    let cases = cases(records);
    let plain = against(
        "am",
        "Inertia speeds up: TIAM has plain alternation's last F earlier",
        0.99,
    );
    let mdlam = against(
        "mdlam",
        "TIAM has mDLAM's last F in at most half its iterations (our aim; the paper claims faster)",
        0.5,
    );
    let plain = cases.iter().filter_map(plain);
    plain.chain(cases.iter().filter_map(mdlam)).collect()
}
