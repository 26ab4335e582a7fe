//! Trained models in forms that other programs take: ONNX, C, Rust, JSON.

mod description;
mod onnx;
mod plan;
mod protobuf;
mod source;

use serde::Serialize;
use tiam_models::{AnyModel, Layer, Model, Network};

use crate::error::{Error, Result};
use crate::predictor::Predictor;
use crate::scalar::Scalar;
use description::Description;
use plan::Plan;

/// A form in which a model leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// A graph of ONNX: opset 13, IR 8.
    Onnx,
    /// A C header, C99, that needs the standard library's `math.h` alone.
    C,
    /// A Rust module that needs `core` alone.
    Rust,
    /// The whole model as JSON.
    Json,
}

tiam_models::names!(ExportFormat, "format": Onnx = "onnx", C = "c", Rust = "rust", Json = "json");

impl ExportFormat {
    /// What names of such files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::C => "h",
            Self::Rust => "rs",
            Self::Onnx | Self::Json => self.name(),
        }
    }
}

/// How a model leaves; `docs/EXPORT.md` says what the files hold.
///
/// ```
/// use tiam::{Export, ExportFormat, Mlp, Table};
/// # let folder = tempfile::tempdir()?;
/// # let data = folder.path().join("iris.csv");
/// # std::fs::write(&data, include_str!("../../data/iris.csv"))?;
/// let model = Mlp::default().hidden([8]).fit(&Table::read(&data)?.label("species"))?;
/// let graph = model.export(&Export::new(ExportFormat::Onnx))?;
/// let header = model.export(&Export::new(ExportFormat::C).int8(true).name("iris"))?;
/// assert!(String::from_utf8(header)?.contains("int iris_predict(const float *row, float *out)"));
/// # assert!(!graph.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Export {
    format: ExportFormat,
    numeric: bool,
    int8: bool,
    name: String,
}

impl Export {
    /// In this format, with weights in single precision.
    pub fn new(format: ExportFormat) -> Self {
        Self {
            format,
            numeric: false,
            int8: false,
            name: "model".to_owned(),
        }
    }

    /// Of ONNX: one matrix of numbers as input, categories by their numbers, and no operator but those of ONNX itself. C and Rust always take
    /// rows of numbers.
    #[must_use]
    pub fn numeric(self, numeric: bool) -> Self {
        Self { numeric, ..self }
    }

    /// Weights as integers of eight bits with a scale for each unit; JSON has none.
    #[must_use]
    pub fn int8(self, int8: bool) -> Self {
        Self { int8, ..self }
    }

    /// What names in a C header begin with, and what the graph is called; characters that C does not allow become `_`.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }
}

impl Predictor {
    /// The model in another form, which gives the same answers without this crate: of single precision, to 1e-5 on probabilities.
    ///
    /// # Errors
    /// [`Error::Export`] for a setting that the format does not have, for a number that single precision does not hold, and for more than the
    /// 2 GiB of an ONNX file.
    pub fn export(&self, to: &Export) -> Result<Vec<u8>> {
        match self.model() {
            AnyModel::F32(model) => self.export_as(model, to),
            AnyModel::F64(model) => self.export_as(model, to),
        }
    }

    fn export_as<T: Scalar + Serialize>(&self, model: &Model<T>, to: &Export) -> Result<Vec<u8>> {
        let refused = |setting: &str, reason: &str| Error::Export {
            what: format!("{setting} with {}", to.format),
            reason: reason.to_owned(),
        };
        let description = Description::of(self, model)?;
        if to.numeric && to.format != ExportFormat::Onnx {
            let reason = "it is a form of onnx; c and rust take numbers always, json says all";
            return Err(refused("numeric", reason));
        }
        if to.format == ExportFormat::Json {
            return match to.int8 {
                true => Err(refused("int8", "json keeps the weights as they are")),
                false => description.to_json(),
            };
        }
        let plan = Plan::of(&description)?;
        Ok(match to.format {
            ExportFormat::Onnx => {
                let bytes = onnx::model(&plan, to);
                if i32::try_from(bytes.len()).is_err() {
                    let reason = "its files hold 2 GiB at most, and this model is larger";
                    return Err(refused("all weights", reason));
                }
                bytes
            }
            ExportFormat::C => source::c(&plan, to).into_bytes(),
            _ => source::rust(&plan, to).into_bytes(),
        })
    }

    /// The model with the weights that an export as [`int8`](Export::int8) has: to measure what they cost.
    ///
    /// # Errors
    /// As [`of_model`](Self::of_model).
    pub fn rounded_to_int8(&self) -> Result<Self> {
        Self::of_model(match self.model() {
            AnyModel::F32(model) => AnyModel::F32(rounded(model)?),
            AnyModel::F64(model) => AnyModel::F64(rounded(model)?),
        })
    }
}

fn rounded<T: Scalar>(model: &Model<T>) -> Result<Model<T>> {
    let mut networks = Vec::new();
    for network in model.networks() {
        let layers = network.layers().iter().map(|layer| {
            let mut layer: Layer<T> = layer.clone();
            let n = layer.weights.n_rows();
            let single: Vec<f32> = (layer.weights.transposed().as_slice().iter())
                .map(|w| tiam_data::Scalar::to_f64(*w) as f32)
                .collect();
            let (integers, scales) = plan::to_int8(&single, n);
            let n_in = integers.len() / n.max(1);
            for (at, w) in layer.weights.as_mut_slice().iter_mut().enumerate() {
                // By column here, by row there.
                let (row, column) = (at % n, at / n);
                let integer = f64::from(integers[row * n_in + column]);
                *w = <T as tiam_data::Scalar>::from_f64(integer * f64::from(scales[row]));
            }
            layer
        });
        let shape = network.architecture().clone();
        networks.push(Network::from_layers(shape, layers.collect())?);
    }
    let first = networks.remove(0);
    Ok(Model::of_members(
        first,
        networks,
        model.metadata().clone(),
    )?)
}
