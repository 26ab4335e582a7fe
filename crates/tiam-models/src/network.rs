//! The network: a multilayer perceptron with its sizes, weights, loss and forward pass.

use serde::{Deserialize, Serialize};
use tiam_linalg::{
    Activation, AffineLayer, AffineLayers, Compute, ForwardFrom, LossSum, Matrix, Real,
    StateVisitor, forward, forward_loss, forward_one, prox, reduce,
};

use crate::data::{Samples, Target, check_inputs};
use crate::error::{ModelError, Result};
use crate::init::{Init, Normals};
use crate::loss::Loss;

/// The shape of a network and what its last layer means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Units of every layer, inputs first and outputs last: `[64, 100, 10]` has one hidden layer.
    pub sizes: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Loss of the last layer.
    pub loss: Loss,
}

impl Architecture {
    /// Inputs, any number of hidden layers (none included), outputs.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] when a size is 0, or a loss of the user's own has no name or that of a built-in one.
    pub fn new(
        n_inputs: usize,
        hidden: &[usize],
        n_outputs: usize,
        activation: Activation,
        loss: Loss,
    ) -> Result<Self> {
        let mut sizes = vec![n_inputs];
        sizes.extend_from_slice(hidden);
        sizes.push(n_outputs);
        let this = Self {
            sizes,
            activation,
            loss,
        };
        this.check().map(|()| this)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.sizes.len() < 2 || self.sizes.contains(&0) {
            let sizes = format!("{:?}", self.sizes);
            let allowed = "at least an input and an output layer, none of them empty";
            return Err(ModelError::parameter("sizes", sizes, allowed));
        }
        self.loss.check()
    }

    /// Number of affine layers L.
    pub fn n_layers(&self) -> usize {
        self.sizes.len() - 1
    }

    /// Number of inputs n_0.
    pub fn n_inputs(&self) -> usize {
        self.sizes[0]
    }

    /// Number of outputs n_L.
    pub fn n_outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Weights and biases together.
    pub fn n_parameters(&self) -> usize {
        self.sizes.windows(2).map(|w| w[1] * (w[0] + 1)).sum()
    }

    /// Sizes as users write them: `64-100-10`.
    pub fn describe(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        sizes.join("-")
    }
}

/// One affine layer's parameters: W (n_out x n_in) and b (n_out).
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<T> {
    /// W.
    pub weights: Matrix<T>,
    /// b.
    pub bias: Vec<T>,
}

/// A network: `z_l = W_l a_{l−1} + b_l 1ᵀ`, `a_l = h(z_l)` for l < L, `a_0` the inputs; the output is z_L.
///
/// ```
/// use tiam_linalg::{Compute, Matrix};
/// use tiam_models::{Activation, Architecture, Init, Loss, Network};
/// let shape = Architecture::new(3, &[5], 2, Activation::Relu, Loss::CrossEntropy)?;
/// let network = Network::<f64>::new(shape, Init::He, 0)?;
/// let x = Matrix::from_vec(3, 1, vec![1.0, -1.0, 0.5])?;
/// let p = network.probabilities(&x, &mut Compute::new(1)?)?;
/// assert!((p.as_slice().iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    architecture: Architecture,
    layers: Vec<Layer<T>>,
}

/// The loss and the accuracy of a network on some samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean loss a sample: cross-entropy in nats, ½‖z − y‖², or that of the user's own loss.
    pub loss: f64,
    /// Share of samples classified correctly; `None` for values.
    pub accuracy: Option<f64>,
}

impl<T: Real> Network<T> {
    /// Draws the weights; the same seed gives the same network on every machine.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] for an empty layer or a deviation that is negative or not finite.
    pub fn new(architecture: Architecture, init: Init, seed: u64) -> Result<Self> {
        architecture.check()?;
        init.check()?;
        let mut normals = Normals::new(seed);
        let layer = |pair: &[usize]| Layer {
            weights: init.draw(pair[1], pair[0], &mut normals),
            bias: vec![T::zero(); pair[1]],
        };
        let layers = architecture.sizes.windows(2).map(layer).collect();
        Ok(Self {
            architecture,
            layers,
        })
    }

    /// A network of given weights and biases.
    ///
    /// # Errors
    /// [`ModelError::Size`] when they do not fit the architecture.
    pub fn from_layers(architecture: Architecture, layers: Vec<Layer<T>>) -> Result<Self> {
        architecture.check()?;
        let size = ModelError::check_size;
        size("number of layers", architecture.n_layers(), layers.len())?;
        for (Layer { weights, bias }, pair) in layers.iter().zip(architecture.sizes.windows(2)) {
            size("columns of a layer's weights", pair[0], weights.n_cols())?;
            size("rows of a layer's weights", pair[1], weights.n_rows())?;
            size("biases of a layer", pair[1], bias.len())?;
        }
        Ok(Self {
            architecture,
            layers,
        })
    }

    /// The same network with another loss: to give a loaded network its own loss again, or to train on with a new one.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] for a loss of the user's own without a name, or with that of a built-in one.
    pub fn with_loss(mut self, loss: Loss) -> Result<Self> {
        loss.check()?;
        self.architecture.loss = loss;
        Ok(self)
    }

    /// Its shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    pub(crate) fn into_parts(self) -> (Architecture, Vec<Layer<T>>) {
        (self.architecture, self.layers)
    }

    /// Its layers, first to last.
    pub fn layers(&self) -> &[Layer<T>] {
        &self.layers
    }

    /// The entries of every layer's W (column after column) and b, first layer to last, to write.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = (&mut [T], &mut [T])> {
        let layers = self.layers.iter_mut();
        layers.map(|layer| (layer.weights.as_mut_slice(), layer.bias.as_mut_slice()))
    }

    /// Every layer's W and b, as part `name` of a run's state.
    pub fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        for ((weights, bias), l) in self.parameters_mut().zip(1..) {
            visitor.values(&format!("{name}.W_{l}"), weights);
            visitor.values(&format!("{name}.b_{l}"), bias);
        }
    }

    /// z_L for inputs n_0 x N: logits, or the predicted values; n_L x N.
    ///
    /// # Errors
    /// [`ModelError::Size`], [`ModelError::Empty`] or [`ModelError::NonFinite`] for unfit inputs.
    pub fn forward(&self, inputs: &Matrix<T>, compute: &mut Compute<T>) -> Result<Matrix<T>> {
        let mut out = Matrix::default();
        self.forward_into(&mut out, inputs, compute)?;
        Ok(out)
    }

    /// [`forward`](Self::forward) into a matrix that is kept, so that nothing is allocated once it is large enough.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn forward_into(
        &self,
        out: &mut Matrix<T>,
        inputs: &Matrix<T>,
        compute: &mut Compute<T>,
    ) -> Result<()> {
        self.check_fits(inputs)?;
        out.reshape(self.architecture.n_outputs(), inputs.n_cols());
        let h = self.architecture.activation;
        match inputs.n_cols() {
            1 => forward_one(out.as_mut_slice(), self, h, inputs.as_slice(), compute),
            _ => forward(out, self, h, ForwardFrom::Inputs(inputs), compute),
        }
        Ok(())
    }

    /// Class probabilities, n_L x N, each column adding up to 1.
    ///
    /// # Errors
    /// As [`Network::forward`]; [`ModelError::Parameter`] for a network whose loss is not cross-entropy.
    pub fn probabilities(&self, inputs: &Matrix<T>, compute: &mut Compute<T>) -> Result<Matrix<T>> {
        if self.architecture.loss != Loss::CrossEntropy {
            let allowed = "cross_entropy, where probabilities are asked for";
            let found = self.architecture.loss.name();
            return Err(ModelError::parameter("loss", found, allowed));
        }
        let mut z = self.forward(inputs, compute)?;
        prox::softmax_in_place(z.as_mut_slice(), self.architecture.n_outputs());
        Ok(z)
    }

    /// The class of each sample, counted from 0: its largest output, the first where several are equal.
    ///
    /// # Errors
    /// As [`Network::forward`].
    #[allow(clippy::cast_possible_truncation, reason = "labels are u32 throughout")]
    pub fn classes(&self, inputs: &Matrix<T>, compute: &mut Compute<T>) -> Result<Vec<u32>> {
        let z = self.forward(inputs, compute)?;
        Ok((0..z.n_cols())
            .map(|j| reduce::largest(z.col(j)) as u32)
            .collect())
    }

    /// Loss and accuracy on some samples.
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when the samples do not fit the network or its loss,
    /// [`ModelError::UnknownLoss`] for a loss of which a file has kept only the name.
    pub fn evaluate(&self, samples: &Samples<T>, compute: &mut Compute<T>) -> Result<Evaluation> {
        self.check_samples(samples)?;
        let loss = self.architecture.loss.code()?;
        let target = samples.target().as_loss_target(&*loss);
        let from = ForwardFrom::Inputs(samples.inputs());
        let sum = forward_loss(self, self.architecture.activation, from, target, compute);
        Ok(Evaluation::of(sum, samples.target(), samples.n_samples()))
    }

    pub(crate) fn check_samples(&self, samples: &Samples<T>) -> Result<()> {
        self.check_fits(samples.inputs())?;
        let found = samples.target().n_outputs();
        ModelError::check_size("outputs", self.architecture.n_outputs(), found)?;
        let code = self.architecture.loss.code()?;
        if code.in_precision::<T>().takes() == samples.target().targets().kind() {
            return Ok(());
        }
        let found = match samples.target() {
            Target::Classes { .. } => "classes",
            Target::Values(_) => "values",
        };
        let allowed =
            "what the network's loss takes: classes for cross_entropy, values for squared";
        Err(ModelError::parameter("target", found, allowed))
    }

    fn check_fits(&self, inputs: &Matrix<T>) -> Result<()> {
        ModelError::check_size("features", self.architecture.n_inputs(), inputs.n_rows())?;
        check_inputs(inputs)
    }
}

impl<T: Real> AffineLayers<T> for Network<T> {
    fn n_layers(&self) -> usize {
        self.layers.len()
    }

    fn layer(&self, l: usize) -> AffineLayer<'_, T> {
        let Layer { weights, bias } = &self.layers[l];
        AffineLayer { weights, bias }
    }
}

impl Evaluation {
    /// The means of a loss summed over samples.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    pub(crate) fn of<T>(sum: LossSum, target: &Target<T>, n_samples: usize) -> Self {
        let n = n_samples as f64;
        let classes = matches!(target, Target::Classes { .. });
        Self {
            loss: sum.loss / n,
            accuracy: classes.then_some(sum.correct as f64 / n),
        }
    }
}
