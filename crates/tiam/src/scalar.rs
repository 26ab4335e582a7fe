//! The two scalar types, and what is compiled once for each of them.

use std::cell::RefCell;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tiam_data::Dataset;
use tiam_linalg::{Compute, LinalgError, Matrix};
use tiam_models::{AnyModel, EnsembleScratch, Model, TrainError, Trained};

use crate::trainer::{Job, Trainer};

/// The scalar type of data and network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Double precision.
    F64,
}

tiam_models::names!(Precision, "precision": F32 = "f32", F64 = "f64");

/// A data set of either precision.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum AnyDataset {
    F32(Dataset<f32>),
    F64(Dataset<f64>),
}

/// `$body` for the data of either precision.
macro_rules! with_data {
    ($any:expr, $data:ident => $body:expr) => {
        match $any {
            AnyDataset::F32($data) => $body,
            AnyDataset::F64($data) => $body,
        }
    };
}

impl AnyDataset {
    pub(crate) fn n_samples(&self) -> usize {
        with_data!(self, data => data.n_samples())
    }

    pub(crate) fn labels(&self) -> Option<&[u32]> {
        with_data!(self, data => data.labels())
    }

    pub(crate) fn feature_names(&self) -> &[String] {
        with_data!(self, data => data.feature_names())
    }
}

#[doc(hidden)]
/// Memory for one prediction; each thread has its own, so that callers need not provide it.
pub struct Scratch<T> {
    pub(crate) compute: Compute<T>,
    pub(crate) inputs: Matrix<T>,
    pub(crate) outputs: Matrix<T>,
    pub(crate) several: EnsembleScratch<T>,
}

impl<T: tiam_linalg::Real> Scratch<T> {
    fn new() -> Result<Self, LinalgError> {
        Ok(Self {
            compute: Compute::new(1)?,
            inputs: Matrix::default(),
            outputs: Matrix::default(),
            several: EnsembleScratch::default(),
        })
    }
}

/// Threads of a process for large batches.
#[doc(hidden)]
pub struct Threads<T> {
    pub(crate) compute: Compute<T>,
    process: u32,
}

impl<T: tiam_linalg::Real> Threads<T> {
    /// Those that are there, or new ones. A process that was forked has none of its parent's threads, and would wait for them for ever.
    pub(crate) fn of_this_process(
        kept: &mut Option<Self>,
        threads: usize,
    ) -> Result<&mut Compute<T>, LinalgError> {
        let process = std::process::id();
        let own = kept.take().filter(|kept| kept.process == process);
        let own = match own {
            Some(own) => own,
            None => Self {
                compute: Compute::new(threads)?,
                process,
            },
        };
        Ok(&mut kept.insert(own).compute)
    }
}

/// Threads for large batches, started when the first one comes.
#[doc(hidden)]
#[derive(Default)]
pub struct Pool {
    single: Mutex<Option<Threads<f32>>>,
    double: Mutex<Option<Threads<f64>>>,
}

impl Clone for Pool {
    /// Threads of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// `f32` or `f64`, nothing else (sealed): what data, networks and model files all know.
pub trait Scalar: tiam_linalg::Real {
    /// This type's name as a value.
    const PRECISION: Precision;

    /// The model, if it is of this precision.
    fn model(model: &AnyModel) -> Option<&Model<Self>>;

    #[doc(hidden)]
    fn any_model(model: Model<Self>) -> AnyModel;

    #[doc(hidden)]
    fn dataset(any: &AnyDataset) -> Option<&Dataset<Self>>;
    #[doc(hidden)]
    fn into_dataset(any: AnyDataset) -> Option<Dataset<Self>>;
    #[doc(hidden)]
    fn any_dataset(data: Dataset<Self>) -> AnyDataset;
    #[doc(hidden)]
    fn train(
        trainer: &dyn Trainer,
        job: Job<'_, '_, Self>,
    ) -> Result<Trained<Self>, TrainError<Self>>;
    #[doc(hidden)]
    fn with_scratch<R>(body: impl FnOnce(&mut Scratch<Self>) -> R) -> Result<R, LinalgError>;
    #[doc(hidden)]
    fn pool(pool: &Pool) -> &Mutex<Option<Threads<Self>>>;
}

macro_rules! scalar {
    ($t:ident, $variant:ident, $train:ident, $scratch:ident) => {
        thread_local! {
            #[allow(non_upper_case_globals, reason = "the name doubles as a field's")]
            static $scratch: RefCell<Option<Scratch<$t>>> = const { RefCell::new(None) };
        }

        impl Scalar for $t {
            const PRECISION: Precision = Precision::$variant;

            fn model(model: &AnyModel) -> Option<&Model<Self>> {
                match model {
                    AnyModel::$variant(model) => Some(model),
                    _ => None,
                }
            }

            fn any_model(model: Model<Self>) -> AnyModel {
                AnyModel::$variant(model)
            }

            fn train(
                trainer: &dyn Trainer,
                job: Job<'_, '_, Self>,
            ) -> Result<Trained<Self>, TrainError<Self>> {
                trainer.$train(job)
            }

            fn with_scratch<R>(
                body: impl FnOnce(&mut Scratch<Self>) -> R,
            ) -> Result<R, LinalgError> {
                $scratch.with(|scratch| match scratch.try_borrow_mut() {
                    Ok(mut kept) => Ok(body(match &mut *kept {
                        Some(scratch) => scratch,
                        none => none.insert(Scratch::new()?),
                    })),
                    // A prediction within a prediction.
                    Err(_) => Ok(body(&mut Scratch::new()?)),
                })
            }

            fn pool(pool: &Pool) -> &Mutex<Option<Threads<Self>>> {
                &pool.$scratch
            }

            fn dataset(any: &AnyDataset) -> Option<&Dataset<Self>> {
                match any {
                    AnyDataset::$variant(data) => Some(data),
                    _ => None,
                }
            }

            fn into_dataset(any: AnyDataset) -> Option<Dataset<Self>> {
                match any {
                    AnyDataset::$variant(data) => Some(data),
                    _ => None,
                }
            }

            fn any_dataset(data: Dataset<Self>) -> AnyDataset {
                AnyDataset::$variant(data)
            }
        }
    };
}
scalar!(f32, F32, train_f32, single);
scalar!(f64, F64, train_f64, double);
