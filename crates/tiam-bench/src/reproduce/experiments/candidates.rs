//! What the search of parameters tries: as many settings for every method, the published one among them.

use tiam_models::{Band, TiamParams};

use crate::methods::{MDLAM_BAND, Method, Setup};

/// Settings of one method, by name; in the quick size the first three.
pub(super) fn candidates(method: Method, full: bool) -> Vec<(String, Setup)> {
    let mut all = match method {
        Method::Tiam | Method::Am | Method::Mdlam => relaxed(method),
        _ => Vec::new(),
    };
    if !full {
        all.truncate(3);
    }
    all
}

fn constant(width: f64) -> Band {
    Band {
        start: width,
        decay: 1.0,
        floor: width,
    }
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
        own(1e-3, constant(0.03)),
        own(0.1, constant(1e-4)),
        own(1e-4, Band::default()),
        own(1e-2, constant(0.01)),
        sixth,
    ]
}
