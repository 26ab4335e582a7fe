//! Parameters of BCD.

use serde::Serialize;
use tiam_models::{ModelError, parameters};

parameters! {
    /// Parameters of BCD before they are checked.
    ///
    /// | name | symbol | default | range | source |
    /// |---|---|---|---|---|
    /// | `rho` | ρ | 1 | 1e-30 to 1e30 | published code |
    /// | `gamma` | γ | 1 | > 0 | published code |
    /// | `alpha` | α | 5 | > 0 | published code |
    /// | `ridge` | μ | 0 | ≥ 0 | the paper admits such a term; its experiments have none |
    /// | `threads` | | 1 | ≥ 1 | |
    ///
    /// The published start is `Start { weights: Init::Normal(0.01), biases: Biases::Constant(0.1) }` (see [`Start`](crate::methods::Start)), run for 50
    /// iterations over the whole training set.
    ///
    /// ```
    /// use tiam_bench::methods::BcdParams;
    /// assert!(BcdParams::default().check().is_ok());
    /// assert!(BcdParams::default().alpha(f64::NAN).check().is_err());
    /// ```
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct BcdParams {
        /// ρ, the weight of ½‖U_l − W_l V_{l−1} − b_l 1ᵀ‖².
        rho: f64 = Self::RHO;
        /// γ, the weight of ½‖V_l − h_l(U_l)‖².
        gamma: f64 = 1.0;
        /// α, the proximal weight of V_L, W_l, b_l and the hidden U_l.
        alpha: f64 = 5.0;
        /// μ, the weight of ½‖W_l‖².
        ridge: f64 = 0.0;
        /// Worker threads.
        #[serde(skip)]
        threads: usize = 1;
    }
}

/// Checked [`BcdParams`].
#[derive(Clone, Copy, Debug)]
pub struct BcdConfig(pub(super) BcdParams);

impl BcdParams {
    /// The default of ρ.
    pub const RHO: f64 = 1.0;

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<BcdConfig, ModelError> {
        ModelError::check_penalty("rho", self.rho)?;
        ModelError::check("gamma", self.gamma, |x| x > 0.0, "above 0")?;
        ModelError::check("alpha", self.alpha, |x| x > 0.0, "above 0")?;
        ModelError::check("ridge", self.ridge, |x| x >= 0.0, "at least 0")?;
        ModelError::check_positive("threads", self.threads)?;
        Ok(BcdConfig(self))
    }
}
