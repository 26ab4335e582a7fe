//! The activation functions and their names.

use serde::{Deserialize, Serialize};

use crate::names;

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
/// use tiam_models::Activation;
/// assert_eq!("leaky-relu".parse::<Activation>()?, Activation::LeakyRelu);
/// # Ok::<(), tiam_models::ModelError>(())
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

/// Calls `$body` with `$h` bound to the kernel-level type of the activation: `with_activation!(activation, h => f(h))`, so that `f` is
/// compiled for each of them.
///
/// ```
/// use tiam_linalg::Monotone;
/// use tiam_models::{Activation, with_activation};
/// let two = with_activation!(Activation::Relu, h => h.apply(2.0));
/// assert_eq!(two, 2.0);
/// ```
#[macro_export]
macro_rules! with_activation {
    ($activation:expr, $h:ident => $body:expr) => {
        match $activation {
            $crate::Activation::Relu => {
                let $h = $crate::kernels::Relu;
                $body
            }
            $crate::Activation::LeakyRelu => {
                let $h = $crate::kernels::LeakyRelu;
                $body
            }
            $crate::Activation::Elu => {
                let $h = $crate::kernels::Elu;
                $body
            }
            $crate::Activation::Identity => {
                let $h = $crate::kernels::Identity;
                $body
            }
        }
    };
}

names!(Activation, "activation": Relu = "relu", LeakyRelu = "leaky_relu", Elu = "elu", Identity = "identity");
