//! Convergence experiment: TIAM, plain alternation and mDLAM on the same objective from the same start.

use serde_json::json;
use tiam_models::Activation;

use super::super::library::{DataName, Library};
use super::super::session::Session;
use super::super::training::Training;
use super::Size;
use crate::error::BenchError;
use crate::methods::{Method, Setup};

const NAME: &str = "convergence";
const METHODS: [Method; 3] = [Method::Tiam, Method::Am, Method::Mdlam];
const HIDDEN: [usize; 2] = [100, 100];

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
    for data in [
        DataName::Cora,
        DataName::Citeseer,
        DataName::Mnist,
        DataName::Digits,
    ] {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        let seeds = if data == DataName::Mnist {
            1
        } else {
            size.seeds
        };
        for (setting, shared) in settings() {
            for method in METHODS {
                let setup = shared.with_inertia_of(method);
                for seed in 0..seeds {
                    let training = Training {
                        experiment: NAME,
                        case: setting.to_owned(),
                        setup: &setup,
                        data: &set,
                        search: false,
                        hidden: HIDDEN.to_vec(),
                        activation: Activation::Relu,
                        iterations: iterations(data, size),
                        seed,
                        labels: vec![("setting", json!(setting))],
                        curve: true,
                    };
                    training.run(session)?;
                }
            }
        }
    }
    Ok(())
}
