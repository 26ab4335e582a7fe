//! The loss of a network: cross-entropy, squared loss, logistic loss, or a loss of the user's own.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tiam_linalg::{AnyLoss, CrossEntropy, Logistic, SquaredLoss, TargetKind};

use crate::error::{ModelError, Result};

/// The loss R of the last layer's pre-activations, a sum over samples: a parameter of the network.
///
/// Two losses are equal when their names are. A file keeps the name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Softmax cross-entropy of classes: −Σ log softmax_y(z).
    #[default]
    CrossEntropy,
    /// Squared loss of values: ½‖z − Y‖_F².
    Squared,
    /// Binary cross-entropy of several answers of yes or no: Σ ln(1 + eᶻ) − y z.
    Logistic,
    /// A loss of the user's own: see [`Loss::custom`].
    Custom(CustomLoss),
}

/// A loss of the user's own: its name, and how it is computed unless it came from a file.
#[derive(Clone)]
pub struct CustomLoss {
    name: Arc<str>,
    code: Option<Arc<dyn AnyLoss>>,
}

impl Loss {
    /// A loss of the user's own, which implements [`tiam_linalg::Loss`] in both precisions; the network then trains with it by batches
    /// and by full batch.
    ///
    /// A saved model keeps its [name](tiam_linalg::Loss::name); [`Network::with_loss`](crate::Network::with_loss) gives a loaded network its
    /// loss again. The example `huber` has one whole.
    ///
    /// ```
    /// use tiam_models::Loss;
    /// # use tiam_linalg::{LossSum, Real, TargetKind, Targets};
    /// # struct Zero;
    /// # impl<T: Real> tiam_linalg::Loss<T> for Zero {
    /// #     fn name(&self) -> String { "zero".into() }
    /// #     fn takes(&self) -> TargetKind { TargetKind::Values }
    /// #     fn value(&self, _: &[T], _: Targets<'_, T>) -> LossSum { LossSum::of(0.0) }
    /// #     fn gradient(&self, z: &mut [T], _: Targets<'_, T>) { z.fill(T::zero()) }
    /// #     fn prox(&self, z: &mut [T], center: &[T], _: Targets<'_, T>, _: T, _: &mut [T]) { z.copy_from_slice(center) }
    /// # }
    /// // `Zero` implements `tiam_linalg::Loss`: it is 0 for all values.
    /// let loss = Loss::custom(Zero);
    /// assert_eq!(loss.name(), "zero");
    /// assert_eq!(loss.takes(), Some(TargetKind::Values));
    /// ```
    pub fn custom(loss: impl AnyLoss + 'static) -> Self {
        Self::Custom(CustomLoss {
            name: tiam_linalg::Loss::<f64>::name(&loss).into(),
            code: Some(Arc::new(loss)),
        })
    }

    /// `cross_entropy`, `squared`, `logistic`, or the name of the user's own.
    pub fn name(&self) -> &str {
        match self {
            Self::CrossEntropy => "cross_entropy",
            Self::Squared => "squared",
            Self::Logistic => "logistic",
            Self::Custom(custom) => &custom.name,
        }
    }

    /// Classes or values; `None` for a loss of which a file has kept only the name.
    pub fn takes(&self) -> Option<TargetKind> {
        let code = self.code().ok()?;
        Some(code.in_precision::<f64>().takes())
    }

    /// The code that computes it.
    ///
    /// # Errors
    /// [`ModelError::UnknownLoss`] for a loss of which a file has kept only the name.
    pub fn code(&self) -> Result<Arc<dyn AnyLoss>> {
        match self {
            Self::CrossEntropy => Ok(Arc::new(CrossEntropy)),
            Self::Squared => Ok(Arc::new(SquaredLoss)),
            Self::Logistic => Ok(Arc::new(Logistic)),
            Self::Custom(CustomLoss {
                code: Some(code), ..
            }) => Ok(Arc::clone(code)),
            Self::Custom(CustomLoss { name, code: None }) => Err(ModelError::UnknownLoss {
                name: name.as_ref().to_owned(),
            }),
        }
    }

    /// The loss of this name; of one that is not built in, nothing else is known.
    fn named(name: &str) -> Self {
        match name {
            "cross_entropy" => Self::CrossEntropy,
            "squared" => Self::Squared,
            "logistic" => Self::Logistic,
            _ => Self::Custom(CustomLoss {
                name: name.into(),
                code: None,
            }),
        }
    }

    /// Refuses a name of the user's own under which a file would be read as another loss.
    pub(crate) fn check(&self) -> Result<()> {
        if self.name().is_empty() || *self != Self::named(self.name()) {
            let allowed = "a name that is not empty and not that of a built-in loss";
            return Err(ModelError::parameter("loss", self.name(), allowed));
        }
        Ok(())
    }
}

impl PartialEq for CustomLoss {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CustomLoss {}

impl fmt::Debug for CustomLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::named(&name))
    }
}
