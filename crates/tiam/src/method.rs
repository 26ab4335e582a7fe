//! The training methods by name.

use serde::{Deserialize, Serialize};
use tiam_core::{Inertia, Schedule};
use tiam_models::StochasticParams;

/// A training method by name. The front door trains by `stochastic` and `tiam`; the others are rivals, in `tiam-bench`.
///
/// | name | method | source |
/// |---|---|---|
/// | `stochastic` | stochastic TIAM: the same inertia by batches | ours |
/// | `tiam` | triple-inertial alternating minimisation | arXiv:2503.08489v2 |
/// | `am` | the same without inertia | the base of both |
/// | `mdlam` | mDLAM as its paper has it: Nesterov's inertia with FISTA's schedule | arXiv:1811.04187 |
/// | `dladmm` | dlADMM | Wang, Yu, Chen, Zhao, KDD 2019, arXiv:1905.13611 |
/// | `bcd` | three-splitting block coordinate descent | Zeng, Lau, Lin, Yao, ICML 2019 |
/// | `gd` | full-batch gradient descent | |
/// | `sgd` | stochastic gradients with momentum | Polyak 1964 |
/// | `adagrad` | Adagrad | Duchi, Hazan, Singer, JMLR 2011 |
/// | `adadelta` | Adadelta | Zeiler, arXiv:1212.5701 |
/// | `adam` | Adam | Kingma and Ba, ICLR 2015 |
/// | `samt` | SAMT: by batches, layer after layer along the gradient, step sizes trained | Yan, Xu, Peng and Wang, arXiv:2508.04193 (its idea; details ours) |
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Stochastic TIAM.
    #[default]
    Stochastic,
    /// TIAM.
    Tiam,
    /// Plain alternating minimisation.
    Am,
    /// mDLAM, paper form.
    Mdlam,
    /// dlADMM.
    Dladmm,
    /// Block coordinate descent.
    Bcd,
    /// Gradient descent.
    Gd,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adagrad.
    Adagrad,
    /// Adadelta.
    Adadelta,
    /// Adam.
    Adam,
    /// Stochastic alternating minimisation with trainable step sizes.
    Samt,
}

tiam_models::names!(
    Method, "method":
    Stochastic = "stochastic", Tiam = "tiam", Am = "am", Mdlam = "mdlam", Dladmm = "dladmm", Bcd = "bcd", Gd = "gd",
    Sgd = "sgd", Adagrad = "adagrad", Adadelta = "adadelta", Adam = "adam", Samt = "samt"
);

impl Method {
    /// Those that the experiments compare: all, stochastic TIAM first.
    pub fn compared() -> &'static [Self] {
        &Self::ALL
    }

    /// True for the three that minimise TIAM's relaxed objective F.
    pub fn is_relaxed(self) -> bool {
        matches!(self, Self::Tiam | Self::Am | Self::Mdlam)
    }

    /// True for the methods of back-propagation, whose iterations are epochs.
    pub fn is_gradient(self) -> bool {
        matches!(
            self,
            Self::Gd | Self::Sgd | Self::Adagrad | Self::Adadelta | Self::Adam | Self::Samt
        )
    }

    /// True where an iteration is an epoch of batches.
    pub fn is_by_batches(self) -> bool {
        self == Self::Stochastic || (self.is_gradient() && self != Self::Gd)
    }

    /// Its inertia and schedule, for the four that have them.
    pub fn inertia(self) -> (Inertia, Schedule) {
        match self {
            Self::Stochastic => (StochasticParams::INERTIA, Schedule::Constant),
            Self::Tiam => (tiam_core::DriverParams::INERTIA, Schedule::Constant),
            Self::Mdlam => (NESTEROV, Schedule::Fista),
            _ => (Inertia::NONE, Schedule::Constant),
        }
    }
}

/// p1 = p2 = 1, which FISTA's schedule scales.
const NESTEROV: Inertia = Inertia {
    start: 1.0,
    gradient: 1.0,
    correction: 0.0,
};
