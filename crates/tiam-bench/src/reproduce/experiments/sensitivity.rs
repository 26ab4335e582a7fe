//! Sensitivity experiment: TIAM's parameters and the network's shape, varied one at a time.

use serde_json::json;
use tiam_models::{Activation, Band, TiamParams};

use super::super::library::{DataName, DataSet, Library};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use crate::error::BenchError;
use crate::methods::{Method, Setup};

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

/// The band and ρ from which the variations start: graphs and other data want different ones.
fn base(data: DataName) -> (f64, Band) {
    if data.is_graph() {
        (1e-3, Band::default())
    } else {
        (1e-3, Band::constant(0.03))
    }
}

fn variations(data: DataName, full: bool) -> Vec<Variation> {
    let (rho, band) = base(data);
    let params = || TiamParams::default().rho(rho).band(band);
    let hidden = || vec![WIDTH; LAYERS];
    let pick = |values: &[f64]| -> Vec<f64> {
        let every = if full { 1 } else { 2 };
        values.iter().copied().step_by(every).collect()
    };
    let mut all = Vec::new();
    let mut add = |parameter, value, params, hidden| {
        all.push(Variation {
            parameter,
            value,
            params,
            hidden,
        });
    };
    for rho in pick(&[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]) {
        add("rho", rho, params().rho(rho), hidden());
    }
    for ridge in pick(&[1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]) {
        add("ridge", ridge, params().ridge(ridge), hidden());
    }
    for start in pick(&[0.01, 0.03, 0.1, 1.0, 10.0, 100.0, 1000.0]) {
        let band = Band {
            start,
            decay: 0.9,
            floor: 0.01,
        };
        add("band start", start, params().band(band), hidden());
    }
    for decay in pick(&[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0]) {
        let band = Band {
            start: 10.0,
            decay,
            floor: 0.01,
        };
        add("band decay", decay, params().band(band), hidden());
    }
    for floor in pick(&[1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 1.0]) {
        let band = Band::constant(floor);
        add("band floor", floor, params().band(band), hidden());
    }
    let depths: &[u32] = if full {
        &[1, 2, 3, 4, 5, 6, 7, 8]
    } else {
        &[1, 3, 8]
    };
    for depth in depths {
        // Depth counts layers of weights, as the paper does: 1 is a linear model.
        let hidden = vec![WIDTH; *depth as usize - 1];
        add("depth", f64::from(*depth), params(), hidden);
    }
    let widths: &[u32] = if full {
        &[25, 50, 100, 200, 400, 800, 1600]
    } else {
        &[25, 100, 400]
    };
    for width in widths {
        let hidden = vec![*width as usize; LAYERS];
        add("width", f64::from(*width), params(), hidden);
    }
    all
}

pub(super) fn run(
    session: &mut Session<'_>,
    library: &mut Library,
    size: Size,
) -> Result<(), BenchError> {
    for data in [DataName::Cora, DataName::Digits] {
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
        for seed in 0..size.seeds.min(3) {
            let training = Training {
                experiment: NAME,
                case: format!(
                    "{}-{}",
                    variation.parameter.replace(' ', "-"),
                    variation.value
                ),
                setup: &setup,
                data: set,
                search: false,
                hidden: variation.hidden.clone(),
                activation: Activation::Relu,
                iterations: if size.full { 100 } else { 40 },
                seed,
                labels: vec![
                    ("parameter", json!(variation.parameter)),
                    ("value", json!(variation.value)),
                ],
                curve: false,
            };
            training.run(session)?;
        }
    }
    Ok(())
}
