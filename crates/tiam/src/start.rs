//! Starting weights and biases.

use serde::{Deserialize, Serialize};
use tiam_linalg::Real;
use tiam_models::{Architecture, Init, Layer, Loss, ModelError, Network};

/// Starting biases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Biases {
    /// All 0.
    #[default]
    Zero,
    /// All of this value.
    Constant(f64),
    /// Normal with mean 0 and this deviation.
    Normal(f64),
}

/// Starting weights and biases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// How the weights are drawn.
    pub weights: Init,
    /// How the biases are set.
    pub biases: Biases,
}

/// Added to the seed of the weights for that of the biases: one stream each, so that weights do not depend on biases.
const BIAS_STREAM: u64 = 0x6269_6173;

impl Start {
    /// The network at its start; the same seed gives the same network on every machine.
    ///
    /// ```
    /// use tiam::{Biases, Start};
    /// use tiam_models::{Activation, Architecture, Init, Loss};
    /// let shape = Architecture::new(3, &[5], 2, Activation::Relu, Loss::CrossEntropy)?;
    /// let start = Start { weights: Init::Normal(0.01), biases: Biases::Constant(0.1) };
    /// assert_eq!(start.network::<f64>(shape, 0)?.layers()[0].bias, [0.1; 5]);
    /// # Ok::<(), tiam_models::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Parameter`] for a deviation that is negative or not finite.
    pub fn network<T: Real>(
        &self,
        architecture: Architecture,
        seed: u64,
    ) -> Result<Network<T>, ModelError> {
        let drawn = Network::<T>::new(architecture.clone(), self.weights, seed)?;
        let mut layers = drawn.layers().to_vec();
        for (l, Layer { bias, .. }) in layers.iter_mut().enumerate() {
            match self.biases {
                Biases::Zero => {}
                Biases::Constant(value) => bias.fill(T::from_f64(value)),
                Biases::Normal(deviation) => {
                    let stream = seed.wrapping_add(BIAS_STREAM).wrapping_add(l as u64);
                    *bias = normals(bias.len(), deviation, stream)?;
                }
            }
        }
        Network::from_layers(architecture, layers)
    }
}

/// `n` normal numbers: the weights of a layer with one input.
fn normals<T: Real>(n: usize, deviation: f64, seed: u64) -> Result<Vec<T>, ModelError> {
    let column = Architecture::new(1, &[], n, Default::default(), Loss::Squared)?;
    let drawn = Network::<T>::new(column, Init::Normal(deviation), seed)?;
    Ok(drawn.layers()[0].weights.as_slice().to_vec())
}
