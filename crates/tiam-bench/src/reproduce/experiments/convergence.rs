//! TIAM beside plain alternation and mDLAM, on the same objective from the same start.

use serde_json::json;
use tiam_models::{Activation, TiamParams};

use super::super::library::{DataName, Library};
use super::super::session::Session;
use super::super::training::Training;
use super::{Experiment, Size};
use crate::error::BenchError;
use crate::methods::{Method, MethodParams, Setup};

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

/// Parameters and start that the three methods share; only inertia and schedule are their own.
pub(super) fn settings() -> [(&'static str, Setup); 2] {
    [
        ("mdlam", Setup::published(Method::Mdlam)),
        (
            "slow-band",
            Setup::relaxed(Method::Tiam, TiamParams::default()),
        ),
    ]
}

/// The setting with a method's own inertia.
pub(super) fn with_inertia(setting: &Setup, method: Method) -> Setup {
    let MethodParams::Relaxed(params) = &setting.params else {
        return setting.clone();
    };
    Setup {
        start: setting.start,
        ..Setup::relaxed(method, params.clone())
    }
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
        let Some(set) = library.get(data)? else {
            session.skip(NAME, data.name(), library.missing(data));
            continue;
        };
        let seeds = if data == DataName::Mnist {
            1
        } else {
            size.seeds
        };
        for (setting, shared) in settings() {
            for method in METHODS {
                let setup = with_inertia(&shared, method);
                for seed in 0..seeds {
                    let training = Training {
                        experiment: Experiment::Convergence.name(),
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
