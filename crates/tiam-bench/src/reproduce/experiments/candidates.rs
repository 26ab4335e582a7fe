//! Settings that the parameter search tries: equally many for every method, the published one included.

use tiam_models::{Band, Init, TiamParams};

use crate::methods::{
    BcdParams, Biases, DladmmParams, MDLAM_BAND, Method, MethodParams, Setup, Start,
};

/// Batches of the stochastic methods: PyTorch's examples use 64 to 512.
const SMALL: Option<usize> = Some(128);
const LARGE: Option<usize> = Some(512);
/// μ, as TIAM's default.
const RIDGE: f64 = TiamParams::RIDGE;

/// Settings of one method, by name; in the quick size the first three.
pub(super) fn candidates(method: Method, full: bool) -> Vec<(String, Setup)> {
    let mut all = match method {
        Method::Stochastic => vec![("defaults".to_owned(), Setup::published(method))],
        Method::Tiam | Method::Am | Method::Mdlam => relaxed(method),
        Method::Dladmm => dladmm(),
        Method::Bcd => bcd(),
        Method::Gd => rates(method, None, &[0.1, 0.3, 1.0, 0.03, 3.0, 0.01]),
        Method::Sgd => rates(method, SMALL, &[0.03, 0.1, 0.01, 0.3, 0.003, 1.0]),
        Method::Adagrad => rates(method, SMALL, &[0.01, 0.03, 0.1, 0.003, 0.3, 1.0]),
        Method::Adadelta => rates(method, SMALL, &[1.0, 0.3, 3.0, 0.1, 10.0, 0.03]),
        Method::Adam => adam(),
    };
    if !full {
        all.truncate(3);
    }
    all
}

/// ρ, μ and band, from the slow wide band that suits graphs to the narrow one that suits many samples.
fn relaxed(method: Method) -> Vec<(String, Setup)> {
    let own = |rho: f64, band: Band| {
        let params = TiamParams::default().rho(rho).band(band);
        (
            format!("rho {rho}, band {band}"),
            Setup::relaxed(method, params),
        )
    };
    let sixth = if method == Method::Mdlam {
        ("published".to_owned(), Setup::published(Method::Mdlam))
    } else {
        own(1e-3, MDLAM_BAND)
    };
    vec![
        own(1e-3, Band::default()),
        own(1e-3, Band::constant(0.03)),
        own(0.1, Band::constant(1e-4)),
        own(1e-4, Band::default()),
        own(1e-2, Band::constant(0.01)),
        sixth,
    ]
}

fn gradient(method: Method, batch: Option<usize>, rate: f64) -> (String, Setup) {
    let mut setup = Setup::published(method);
    if let MethodParams::Gradient(params) = setup.params {
        let params = params.learning_rate(rate).batch_size(batch).ridge(RIDGE);
        setup.params = MethodParams::Gradient(params);
    }
    let batch = batch.map_or_else(|| "full".to_owned(), |n| n.to_string());
    (format!("rate {rate}, batch {batch}"), setup)
}

fn rates(method: Method, batch: Option<usize>, rates: &[f64]) -> Vec<(String, Setup)> {
    let candidate = |rate: &f64| gradient(method, batch, *rate);
    rates.iter().map(candidate).collect()
}

fn adam() -> Vec<(String, Setup)> {
    let candidates = [
        (1e-3, SMALL),
        (3e-3, LARGE),
        (1e-2, SMALL),
        (3e-3, SMALL),
        (1e-3, LARGE),
        (3e-4, SMALL),
    ];
    let candidate = |(rate, batch): (f64, Option<usize>)| gradient(Method::Adam, batch, rate);
    candidates.into_iter().map(candidate).collect()
}

fn dladmm() -> Vec<(String, Setup)> {
    let candidate = |rho: f64| {
        let setup = Setup {
            params: MethodParams::Dladmm(DladmmParams::default().rho(rho)),
            ..Setup::published(Method::Dladmm)
        };
        (format!("rho {rho}"), setup)
    };
    [1e-6, 1e-4, 1e-2, 1e-5, 1e-3, 0.1].map(candidate).into()
}

fn bcd() -> Vec<(String, Setup)> {
    let he = Start {
        weights: Init::He,
        biases: Biases::Zero,
    };
    let published = Setup::published(Method::Bcd).start;
    let candidate = |penalty: f64, alpha: f64, start: Start| {
        let params = BcdParams::default()
            .rho(penalty)
            .gamma(penalty)
            .alpha(alpha);
        let name = if start == he { "He" } else { "published" };
        let setup = Setup {
            params: MethodParams::Bcd(params),
            start,
            ..Setup::published(Method::Bcd)
        };
        (
            format!("rho = gamma = {penalty}, alpha {alpha}, start {name}"),
            setup,
        )
    };
    vec![
        candidate(1.0, 5.0, published),
        candidate(1.0, 1.0, he),
        candidate(0.1, 1.0, he),
        candidate(1.0, 5.0, he),
        candidate(0.1, 0.1, he),
        candidate(10.0, 5.0, he),
    ]
}
