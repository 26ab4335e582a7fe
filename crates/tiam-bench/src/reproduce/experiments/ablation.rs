//! Ablation experiment: each inertia and the guard, switched on and off.

use serde_json::{Value, json};
use tiam_core::{Guard, Inertia};
use tiam_models::{Activation, TiamParams};

use super::super::library::{DataName, DataSet, Library};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use crate::error::BenchError;
use crate::methods::{Method, MethodParams, Setup};

const NAME: &str = "ablation";
const HIDDEN: [usize; 2] = [100, 100];

/// The coefficients that are switched on and off.
const FULL: Inertia = tiam_core::DriverParams::INERTIA;

/// All eight subsets of (p1, p2, p3), by name.
pub(super) fn subsets() -> Vec<(String, Inertia)> {
    let subset = |bits: usize| {
        let take = |bit: usize, value: f64| if bits & (1 << bit) > 0 { value } else { 0.0 };
        let names = ["p1", "p2", "p3"];
        let on: Vec<&str> = (0..3)
            .filter(|bit| bits & (1 << bit) > 0)
            .map(|b| names[b])
            .collect();
        let name = if on.is_empty() {
            "none".to_owned()
        } else {
            on.join("+")
        };
        let inertia = Inertia {
            start: take(0, FULL.start),
            gradient: take(1, FULL.gradient),
            correction: take(2, FULL.correction),
        };
        (name, inertia)
    };
    (0..8).map(subset).collect()
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
        inertias(session, &set, size)?;
    }
    super::region::run(session, NAME, size)?;
    if let Some(digits) = library.get(DataName::Digits)? {
        region(session, &digits, size)?;
    }
    Ok(())
}

/// TIAM with these coefficients and this guard.
fn setup(inertia: Inertia, guard: Guard) -> Setup {
    let params = TiamParams::default().guard(guard);
    Setup {
        params: MethodParams::Relaxed(params.inertia(inertia)),
        ..Setup::published(Method::Tiam)
    }
}

fn inertias(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    for (name, inertia) in subsets() {
        for guard in [Guard::On, Guard::Off] {
            for seed in 0..size.seeds {
                let training = Training {
                    experiment: NAME,
                    case: format!("{name}-{}", guard_name(guard)),
                    setup: &setup(inertia, guard),
                    data: set,
                    search: false,
                    hidden: HIDDEN.to_vec(),
                    activation: Activation::Relu,
                    iterations: if size.full { 100 } else { 40 },
                    seed,
                    labels: vec![
                        ("part", json!("inertia")),
                        ("inertia", json!(name)),
                        ("guard", json!(guard_name(guard))),
                    ],
                    curve: seed == 0,
                };
                training.run(session)?;
            }
        }
    }
    Ok(())
}

fn guard_name(guard: Guard) -> &'static str {
    match guard {
        Guard::On => "on",
        Guard::Off => "off",
    }
}

/// Which (p1 = p2, p3) survive without guard on a network; the quadratic's, where theory is exact, is `region-quadratic`.
fn region(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    let (steps, iterations) = if size.full { (10, 200) } else { (5, 60) };
    for i in 0..=steps {
        for j in 0..=steps {
            let (p, p3) = (
                f64::from(i) / f64::from(steps),
                f64::from(j) / f64::from(steps),
            );
            let inertia = Inertia {
                start: p,
                gradient: p,
                correction: p3,
            };
            let labels: Vec<(&'static str, Value)> = vec![
                ("part", json!("region")),
                ("p1", json!(p)),
                ("p3", json!(p3)),
            ];
            let training = Training {
                experiment: NAME,
                case: format!("region-{p}-{p3}"),
                setup: &setup(inertia, Guard::Off),
                data: set,
                search: true,
                hidden: vec![30],
                activation: Activation::Relu,
                iterations,
                seed: 0,
                labels,
                curve: false,
            };
            training.run(session)?;
        }
    }
    Ok(())
}
