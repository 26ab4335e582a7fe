//! Sensitivity experiment: TIAM's parameters and the network's shape, varied one at a time.

use tiam_models::{Band, TiamParams};
use tiam_report::{
    Axis, Column, NumberFormat, Plot, Section, Series, SeriesColor, Style, Table, row,
};

use super::super::library::{DataName, DataSet, Library};
use super::super::record::Record;
use super::super::selection::{Mean, Runs, percent};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use crate::error::BenchError;
use crate::methods::{Method, Setup, any_form};

const NAME: &str = "sensitivity";
const WIDTH: usize = 100;
const LAYERS: usize = 2;

/// A parameter that is varied, and its value while others vary.
struct Variation {
    parameter: &'static str,
    value: f64,
    params: TiamParams,
    hidden: Vec<usize>,
}

/// The parameters from which the variations start: graphs and other data want different bands.
fn base(data: DataName) -> TiamParams {
    let band = if data.is_graph() {
        Band::default()
    } else {
        Band::constant(0.03)
    };
    any_form().rho(1e-3).band(band)
}

/// In the quick size every second value, and fewer depths and widths.
fn variations(data: DataName, full: bool) -> Vec<Variation> {
    let mut all = Vec::new();
    let mut vary = |parameter, values: &[f64], change: &dyn Fn(f64) -> (TiamParams, Vec<usize>)| {
        for &value in values {
            let (params, hidden) = change(value);
            all.push(Variation {
                parameter,
                value,
                params,
                hidden,
            });
        }
    };
    let every = if full { 1 } else { 2 };
    let picked = |values: &[f64]| values.iter().copied().step_by(every).collect::<Vec<f64>>();
    let params = || base(data);
    let with = |params: TiamParams| (params, vec![WIDTH; LAYERS]);
    let band = |start, decay, floor| {
        with(params().band(Band {
            start,
            decay,
            floor,
        }))
    };
    let rhos = picked(&[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]);
    vary("rho", &rhos, &|rho| with(params().rho(rho)));
    let ridges = picked(&[1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]);
    vary("ridge", &ridges, &|ridge| with(params().ridge(ridge)));
    let starts = picked(&[0.01, 0.03, 0.1, 1.0, 10.0, 100.0, 1000.0]);
    vary("band start", &starts, &|start| band(start, 0.9, 0.01));
    let decays = picked(&[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0]);
    vary("band decay", &decays, &|decay| band(10.0, decay, 0.01));
    let floors = picked(&[1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 1.0]);
    vary("band floor", &floors, &|floor| {
        with(params().band(Band::constant(floor)))
    });
    let depths: &[f64] = if full {
        &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    } else {
        &[1.0, 3.0, 8.0]
    };
    // Depth counts layers of weights, as the paper does: 1 is a linear model.
    vary("depth", depths, &|depth| {
        (params(), vec![WIDTH; depth as usize - 1])
    });
    let widths: &[f64] = if full {
        &[25.0, 50.0, 100.0, 200.0, 400.0, 800.0]
    } else {
        &[25.0, 100.0, 400.0]
    };
    vary("width", widths, &|width| {
        (params(), vec![width as usize; LAYERS])
    });
    all
}

pub(super) fn run(
    session: &mut Session<'_>,
    library: &mut Library,
    size: Size,
) -> Result<(), BenchError> {
    for data in [DataName::Cora, DataName::Pubmed, DataName::Digits] {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        if !size.full && data.is_graph() {
            session.skip(NAME, data.name(), "part of the full size only (--full)");
            continue;
        }
        vary(session, &set, size)?;
    }
    Ok(())
}

fn vary(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    for variation in variations(set.name, size.full) {
        let setup = Setup::relaxed(Method::Tiam, variation.params);
        let name = variation.parameter.replace(' ', "-");
        let iterations = if size.full { 100 } else { 40 };
        for seed in 0..size.seeds {
            Training::new(NAME, &setup, set, iterations, seed)
                .case(format!("{name}-{}", variation.value))
                .label("parameter", variation.parameter)
                .label("value", variation.value)
                .hidden(variation.hidden.clone())
                .run(session)?;
        }
    }
    Ok(())
}

/// The section.
pub(super) fn section(records: &[Record]) -> Section {
    let by_parameter = Runs::of(records, NAME).by("parameter");
    Section::new(NAME, "Sensitivity")
        .text(
            "One parameter varied at a time, TIAM's inertias throughout. Depth counts layers of weights (1 is a linear model), width the \
             units of both hidden layers.",
        )
        .text(sentence(&by_parameter))
        .with(table(&by_parameter))
        .with_all(by_parameter.iter().map(|(name, runs)| plot(runs, name)))
}

fn plot(runs: &Runs<'_>, name: &str) -> Plot {
    let by_data = runs.by_data().into_iter().enumerate();
    let series = by_data.map(|(i, (data, runs))| {
        let found = runs.points("value", "test_accuracy");
        let points = found.iter().map(|(at, mean)| (*at, mean.mean)).collect();
        let ends = |m: &Mean| (m.mean - m.deviation, m.mean + m.deviation);
        Series::line(data, SeriesColor::Other(i), points)
            .styled(Style::LineAndPoints)
            .spread(found.iter().map(|(_, mean)| ends(mean)).collect())
    });
    let x = match name {
        "rho" => Axis::log10("ρ"),
        "ridge" => Axis::log10("μ"),
        "band start" => Axis::log10("ε at the start"),
        "band floor" => Axis::log10("ε (constant)"),
        "width" => Axis::log10("units of a hidden layer"),
        other => Axis::linear(other),
    };
    let y = Axis::percent("test accuracy [%]");
    Plot::new(format!("Test accuracy by {name}"), x, y).series(series)
}

/// Lowest and highest mean accuracy of one parameter on one data set, with the values that gave them.
fn extremes(runs: &Runs<'_>) -> Option<((f64, Mean), (f64, Mean))> {
    let found = runs.points("value", "test_accuracy");
    let by_mean = |a: &&(f64, Mean), b: &&(f64, Mean)| a.1.mean.total_cmp(&b.1.mean);
    Some((
        *found.iter().min_by(by_mean)?,
        *found.iter().max_by(by_mean)?,
    ))
}

type ByParameter<'a> = [(String, Runs<'a>)];

fn table(by_parameter: &ByParameter<'_>) -> Table {
    let mut rows = Vec::new();
    for (parameter, varied) in by_parameter {
        for (data, runs) in varied.by_data() {
            if let Some((low, high)) = extremes(&runs) {
                let mean = |mean| Mean::cell(Some(mean));
                rows.push(row![
                    parameter,
                    data,
                    high.0,
                    mean(high.1),
                    low.0,
                    mean(low.1)
                ]);
            }
        }
    }
    let value = |heading| Column::number(heading, "", NumberFormat::Auto);
    let columns = [
        Column::text("parameter"),
        Column::text("data"),
        value("best value"),
        Column::percent("test accuracy there", 1),
        value("worst value"),
        Column::percent("and there", 1),
    ];
    Table::new("Best and worst value of each parameter", columns).rows(rows).note(
        "Means and deviations over starts. The test part chooses here, so the best is slightly optimistic.",
    )
}

/// Which parameter matters most, and which least.
fn sentence(by_parameter: &ByParameter<'_>) -> String {
    let mut found: Vec<(f64, String)> = Vec::new();
    for (parameter, varied) in by_parameter {
        for (data, runs) in varied.by_data() {
            if let Some((low, high)) = extremes(&runs) {
                let range = high.1.mean - low.1.mean;
                found.push((range, format!("{parameter} on {data}")));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (Some(most), Some(least)) = (found.first(), found.last()) else {
        return "Nothing was varied in these runs.".to_owned();
    };
    let mut text = format!(
        "Over the ranges tried, test accuracy moves most with {} ({} between best and worst) and least with {} ({}).",
        most.1,
        percent(most.0).replace('%', "points"),
        least.1,
        percent(least.0).replace('%', "points")
    );
    for (data, linear, best) in without_hidden_layers(by_parameter) {
        text += &format!(
            " On {data} the model without hidden layers (depth 1, {}) {} every deeper one ({} at best).",
            percent(linear),
            if linear >= best {
                "is ahead of"
            } else {
                "is not ahead of"
            },
            percent(best)
        );
    }
    text
}

/// Data set, mean accuracy at depth 1, and the best at greater depths.
fn without_hidden_layers<'a>(by_parameter: &ByParameter<'a>) -> Vec<(&'a str, f64, f64)> {
    let depth = by_parameter.iter().filter(|(name, _)| name == "depth");
    let by_data = depth.flat_map(|(_, runs)| runs.by_data());
    let found = by_data.filter_map(|(data, runs)| {
        let points = runs.points("value", "test_accuracy");
        let ((_, linear), deeper) = points.split_first()?;
        let best = deeper.iter().map(|(_, mean)| mean.mean).reduce(f64::max)?;
        Some((data, linear.mean, best))
    });
    found.collect()
}
