//! The activation functions and their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::LinalgError;
use crate::monotone::Monotone;
use crate::real::Real;

/// The activation h of the hidden layers: continuous, non-decreasing, h(0) = 0.
///
/// | name | h(z) |
/// |---|---|
/// | `relu` | max(z, 0) |
/// | `leaky_relu` | z for z ≥ 0, 0.01 z below |
/// | `elu` | z for z ≥ 0, e^z − 1 below |
/// | `identity` | z |
///
/// ```
/// use tiam_linalg::{Activation, Monotone};
/// assert_eq!("leaky-relu".parse::<Activation>()?, Activation::LeakyRelu);
/// assert_eq!(Activation::LeakyRelu.apply(-3.0), -0.03);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(z, 0).
    #[default]
    Relu,
    /// z for z ≥ 0, 0.01 z below.
    LeakyRelu,
    /// z for z ≥ 0, e^z − 1 below.
    Elu,
    /// z: the network is then linear.
    Identity,
}

/// Calls `$body` with `$h` bound to the type of the activation in [`monotone`](crate::monotone): `with_activation!(activation, h => f(h))`,
/// so that `f` is compiled for each of them and a loop has no branch for the activation.
///
/// ```
/// use tiam_linalg::{Activation, Monotone, with_activation};
/// let two = with_activation!(Activation::Relu, h => h.apply(2.0));
/// assert_eq!(two, 2.0);
/// ```
#[macro_export]
macro_rules! with_activation {
    ($activation:expr, $h:ident => $body:expr) => {
        match $activation {
            $crate::Activation::Relu => {
                let $h = $crate::monotone::Relu;
                $body
            }
            $crate::Activation::LeakyRelu => {
                let $h = $crate::monotone::LeakyRelu;
                $body
            }
            $crate::Activation::Elu => {
                let $h = $crate::monotone::Elu;
                $body
            }
            $crate::Activation::Identity => {
                let $h = $crate::monotone::Identity;
                $body
            }
        }
    };
}

/// Chooses by the activation at every call; [`with_activation!`] chooses once, outside of a loop.
impl Monotone for Activation {
    fn apply<T: Real>(self, z: T) -> T {
        with_activation!(self, h => h.apply(z))
    }
    fn derivative<T: Real>(self, z: T) -> T {
        with_activation!(self, h => h.derivative(z))
    }
    fn preimage_low<T: Real>(self, bound: T) -> T {
        with_activation!(self, h => h.preimage_low(bound))
    }
    fn preimage_high<T: Real>(self, bound: T) -> T {
        with_activation!(self, h => h.preimage_high(bound))
    }
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Relu, Self::LeakyRelu, Self::Elu, Self::Identity];

    /// Name as flags and files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky_relu",
            Self::Elu => "elu",
            Self::Identity => "identity",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = LinalgError;

    /// Case and the choice between `-` and `_` do not matter.
    fn from_str(s: &str) -> Result<Self, LinalgError> {
        let name = s.to_ascii_lowercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|a| a.name() == name)
            .ok_or_else(|| LinalgError::Name {
                what: "activation",
                found: s.to_owned(),
                known: "relu, leaky_relu, elu, identity",
            })
    }
}
