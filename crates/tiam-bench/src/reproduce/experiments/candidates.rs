//! Settings that the parameter search tries: equally many for every method, its published one first.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tiam_models::{Band, Init, StochasticParams};

use crate::methods::{
    BcdParams, Biases, DladmmParams, GradientRule, MDLAM_BAND, Method, MethodParams, Setup, Start,
    StepSizes, any_form,
};

/// Batches of the stochastic methods: PyTorch's examples use 64 to 512.
const SMALL: usize = 128;
const LARGE: usize = 512;

/// A setting by its name.
pub(super) type Candidate = (String, Setup);

/// `n` settings of a method for a run of so many iterations: its published one, then others of its grid, in an order drawn once.
pub(super) fn candidates(method: Method, iterations: usize, n: usize) -> Vec<Candidate> {
    let mut all = match method {
        Method::Stochastic => stochastic(iterations),
        Method::Tiam | Method::Am | Method::Mdlam => relaxed(method),
        Method::Dladmm => dladmm(),
        Method::Bcd => bcd(),
        Method::Gd => gd(),
        Method::Sgd => scheduled(method, &[0.003, 0.01, 0.03, 0.1, 0.3, 1.0], iterations),
        Method::Adagrad => by_batch(method, &[0.003, 0.01, 0.03, 0.1, 0.3, 1.0]),
        Method::Adadelta => by_batch(method, &[0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        Method::Adam => scheduled(method, &[1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], iterations),
        Method::Samt => samt(),
    };
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    all.insert(0, published(method, iterations));
    all.truncate(n);
    all
}

fn published(method: Method, iterations: usize) -> Candidate {
    let mut setup = Setup::published(method);
    if let MethodParams::Stochastic(params) = setup.params {
        setup.params = MethodParams::Stochastic(params.epochs(iterations));
    }
    ("published".to_owned(), setup)
}

/// ρ, μ and band, from the slow wide bands that suit graphs to the narrow ones that suit many samples.
fn relaxed(method: Method) -> Vec<Candidate> {
    let bands = [
        Band::default(),
        Band {
            start: 1.0,
            ..Band::default()
        },
        MDLAM_BAND,
        Band::constant(0.03),
    ];
    let mut all = Vec::new();
    for rho in [1e-4, 1e-3, 1e-2, 1e-1] {
        for ridge in [3e-3, 1e-2, 3e-2] {
            for band in bands {
                let params = any_form().rho(rho).ridge(ridge).band(band);
                let name = format!("rho {rho}, ridge {ridge}, band {band}");
                all.push((name, Setup::relaxed(method, params)));
            }
        }
    }
    all
}

/// Step, ridge, batch, and whether samples that are met are left out.
fn stochastic(epochs: usize) -> Vec<Candidate> {
    let mut all = Vec::new();
    for step in [0.1, 0.2, 0.4, 0.8] {
        for ridge in [None, Some(1e-3), Some(0.1)] {
            for batch in [None, Some(SMALL)] {
                for met in [Some(0.03), None] {
                    let params = StochasticParams::default()
                        .epochs(epochs)
                        .step(step)
                        .ridge(ridge)
                        .batch_size(batch)
                        .error_tolerance(met);
                    let name =
                        format!("step {step}, ridge {ridge:?}, batch {batch:?}, met {met:?}");
                    let setup = Setup {
                        params: MethodParams::Stochastic(params),
                        ..Setup::published(Method::Stochastic)
                    };
                    all.push((
                        name.replace("Some(", "")
                            .replace(')', "")
                            .replace("None", "auto"),
                        setup,
                    ));
                }
            }
        }
    }
    all
}

/// A gradient method with this rate, batch, ridge, and epochs of a cycle.
fn gradient(
    method: Method,
    rate: f64,
    batch: Option<usize>,
    ridge: f64,
    cycle: Option<usize>,
) -> Candidate {
    let mut setup = Setup::published(method);
    if let MethodParams::Gradient(params) = setup.params {
        let params = params
            .learning_rate(rate)
            .batch_size(batch)
            .ridge(ridge)
            .one_cycle(cycle);
        setup.params = MethodParams::Gradient(params);
    }
    let batch = batch.map_or_else(|| "full".to_owned(), |n| n.to_string());
    let shape = cycle.map_or("", |_| ", one cycle");
    let name = format!("rate {rate}, batch {batch}, ridge {ridge}{shape}");
    (name, setup)
}

const RIDGES: [f64; 4] = [0.0, 0.01, 0.1, 1.0];

fn gd() -> Vec<Candidate> {
    const RATES: [f64; 12] = [
        0.003, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2, 0.3, 0.6, 1.0, 2.0, 3.0,
    ];
    let of = |rate| RIDGES.map(|ridge| gradient(Method::Gd, rate, None, ridge, None));
    RATES.into_iter().flat_map(of).collect()
}

/// Small batches, with a constant rate and with one cycle.
fn scheduled(method: Method, rates: &[f64], epochs: usize) -> Vec<Candidate> {
    let of = |cycle| grid(method, rates, Some(SMALL), cycle);
    [None, Some(epochs)].into_iter().flat_map(of).collect()
}

/// Small and large batches with a constant rate.
fn by_batch(method: Method, rates: &[f64]) -> Vec<Candidate> {
    let of = |batch| grid(method, rates, Some(batch), None);
    [SMALL, LARGE].into_iter().flat_map(of).collect()
}

/// Step sizes shared by rows and by layers.
fn samt() -> Vec<Candidate> {
    let mut all = Vec::new();
    for sizes in [StepSizes::Row, StepSizes::Scalar] {
        let rates = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
        for (name, mut setup) in grid(Method::Samt, &rates, Some(SMALL), None) {
            if let MethodParams::Gradient(params) = setup.params {
                let rule = match params.rule {
                    GradientRule::Samt { meta_rate, .. } => GradientRule::Samt { sizes, meta_rate },
                    rule => rule,
                };
                setup.params = MethodParams::Gradient(params.rule(rule));
            }
            all.push((format!("{name}, step sizes {sizes:?}"), setup));
        }
    }
    all
}

fn grid(
    method: Method,
    rates: &[f64],
    batch: Option<usize>,
    cycle: Option<usize>,
) -> Vec<Candidate> {
    let of = |rate: &f64| RIDGES.map(|ridge| gradient(method, *rate, batch, ridge, cycle));
    rates.iter().flat_map(of).collect()
}

const HE: Start = Start {
    weights: Init::He,
    biases: Biases::Zero,
};

/// The published start by name, and He's.
fn starts(method: Method) -> [(&'static str, Start); 2] {
    [("published", Setup::published(method).start), ("He", HE)]
}

fn dladmm() -> Vec<Candidate> {
    let mut all = Vec::new();
    for rho in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1] {
        for ridge in RIDGES {
            for (name, start) in starts(Method::Dladmm) {
                let params = DladmmParams::default().rho(rho).ridge(ridge);
                let setup = Setup {
                    params: MethodParams::Dladmm(params),
                    ..Setup::published(Method::Dladmm)
                };
                let name = format!("rho {rho}, ridge {ridge}, start {name}");
                all.push((name, setup.starting(start)));
            }
        }
    }
    all
}

fn bcd() -> Vec<Candidate> {
    let mut all = Vec::new();
    for penalty in [0.1, 1.0, 3.0, 10.0] {
        for alpha in [0.1, 1.0, 5.0] {
            for ridge in [0.0, 0.1] {
                for (name, start) in starts(Method::Bcd) {
                    let params = BcdParams::default().rho(penalty).gamma(penalty);
                    let setup = Setup {
                        params: MethodParams::Bcd(params.alpha(alpha).ridge(ridge)),
                        ..Setup::published(Method::Bcd)
                    };
                    let name = format!(
                        "rho = gamma = {penalty}, alpha {alpha}, ridge {ridge}, start {name}"
                    );
                    all.push((name, setup.starting(start)));
                }
            }
        }
    }
    all
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_candidates.rs"]
mod tests;
