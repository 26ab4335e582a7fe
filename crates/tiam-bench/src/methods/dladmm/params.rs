//! Parameters of dlADMM.

use serde::Serialize;
use tiam_models::{ModelError, parameters};

/// Where the search for a step size 1/θ (1/τ) starts; θ doubles from there until the quadratic bound holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// At half of the block's last accepted value: ours, as TIAM does, so that both methods find step sizes alike.
    #[default]
    Halved,
    /// At θ (τ) every time, raised by 10 with ρ: the published code.
    Fixed,
}

parameters! {
    /// Parameters of dlADMM before they are checked.
    ///
    /// | name | symbol | default | range | source |
    /// |---|---|---|---|---|
    /// | `rho` | ρ | 1e-6 | 1e-30 to 1e30 | published code |
    /// | `rho_limit` | | 0.1 | 1e-30 to 1e30 | published code: ρ ← min(10 ρ, this) when the training cost rises three times running |
    /// | `theta` | θ | 1 | > 0 | published code: the first step of W is tried with 1/θ |
    /// | `tau` | τ | 1 | > 0 | published code: the same for a |
    /// | `search` | | halved | | ours; the published code's is [`Search::Fixed`] |
    /// | `ridge` | μ | 0 | ≥ 0 | the paper admits a regulariser; the code has none |
    /// | `threads` | | 1 | ≥ 1 | |
    ///
    /// The published start draws weights and biases from N(0, 0.1²) (see [`Start`](crate::methods::Start)) and runs 200 iterations over the whole training set.
    ///
    /// ```
    /// use tiam_bench::methods::DladmmParams;
    /// assert!(DladmmParams::default().check().is_ok());
    /// assert!(DladmmParams::default().rho(f64::NAN).check().is_err());
    /// ```
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct DladmmParams {
        /// ρ at the start, the weight of every penalty and the step of the dual.
        rho: f64 = Self::RHO;
        /// The largest ρ that a rising training cost leads to; a ρ that starts above it stays.
        rho_limit: f64 = 0.1;
        /// θ, where the search for the steps of W starts.
        theta: f64 = 1.0;
        /// τ, where the search for the steps of a starts.
        tau: f64 = 1.0;
        /// Where later searches start.
        search: Search = Search::default();
        /// μ, the weight of ½‖W_l‖².
        ridge: f64 = 0.0;
        /// Worker threads.
        #[serde(skip)]
        threads: usize = 1;
    }
}

/// Checked [`DladmmParams`].
#[derive(Clone, Copy, Debug)]
pub struct DladmmConfig(pub(super) DladmmParams);

impl DladmmParams {
    /// The default of ρ.
    pub const RHO: f64 = 1e-6;

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<DladmmConfig, ModelError> {
        ModelError::check_penalty("rho", self.rho)?;
        ModelError::check_penalty("rho_limit", self.rho_limit)?;
        ModelError::check("theta", self.theta, |x| x > 0.0, "above 0")?;
        ModelError::check("tau", self.tau, |x| x > 0.0, "above 0")?;
        ModelError::check("ridge", self.ridge, |x| x >= 0.0, "at least 0")?;
        ModelError::check_positive("threads", self.threads)?;
        Ok(DladmmConfig(self))
    }
}
