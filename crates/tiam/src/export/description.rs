//! A model as plain data: what JSON holds, and what the other writers start from.

use std::borrow::Cow;

use serde::Serialize;
use tiam_data::ColumnEncoding;
use tiam_models::{Activation, AffineScaling, InputEncoding, Loss, Model, Network, ValueScaling};

use crate::error::{Error, Result};
use crate::predictor::Predictor;
use crate::scalar::Scalar;

/// What the networks' outputs become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// Probabilities of classes, which add up to 1.
    Softmax,
    /// Probabilities of no and yes, each for itself.
    Sigmoid,
    /// Values in their own units.
    Values,
    /// Scores of classes, as they are.
    Scores,
}

/// One of several answers of no or yes.
#[derive(Debug, Serialize)]
pub(super) struct Flag {
    pub(super) name: String,
    pub(super) no: String,
    pub(super) yes: String,
}

#[derive(Debug, Serialize)]
pub(super) struct DescribedLayer<T> {
    /// By row: one a unit.
    pub(super) weight: Vec<Vec<T>>,
    pub(super) bias: Vec<T>,
}

#[derive(Debug, Serialize)]
pub(super) struct DescribedNetwork<'m, T> {
    pub(super) share: f64,
    pub(super) encoding: usize,
    pub(super) activation: Activation,
    pub(super) layers: Vec<DescribedLayer<T>>,
    pub(super) values: Option<Cow<'m, ValueScaling>>,
}

/// A model of one network is one of several whose share is 1.
#[derive(Debug, Serialize)]
pub(super) struct Description<'m, T> {
    format: &'static str,
    version: u32,
    producer: String,
    pub(super) columns: Option<&'m ColumnEncoding>,
    pub(super) n_features: usize,
    pub(super) feature_names: Vec<String>,
    pub(super) classes: Vec<String>,
    pub(super) flags: Vec<Flag>,
    pub(super) values: Vec<String>,
    pub(super) answer: Answer,
    pub(super) encodings: Cow<'m, [InputEncoding]>,
    pub(super) networks: Vec<DescribedNetwork<'m, T>>,
    pub(super) temperature: f64,
}

impl<'m, T: Scalar + Serialize> Description<'m, T> {
    pub(super) fn of(predictor: &'m Predictor, model: &'m Model<T>) -> Result<Self> {
        let metadata = model.metadata();
        let n_features = metadata.n_features();
        let answer = match metadata.architecture.loss {
            Loss::CrossEntropy => Answer::Softmax,
            Loss::Logistic => Answer::Sigmoid,
            _ if predictor.class_names().is_empty() => Answer::Values,
            _ => Answer::Scores,
        };
        let (encodings, networks) = encodings_and_networks(model)?;
        let columns = predictor.column_encoding();
        let flags = predictor.flags().into_iter();
        let feature_names = match columns {
            Some(columns) => columns.feature_names(),
            None => metadata.feature_names.clone(),
        };
        Ok(Self {
            format: "tiam",
            version: 1,
            producer: format!("tiam {}", env!("CARGO_PKG_VERSION")),
            columns,
            n_features,
            feature_names,
            classes: predictor.class_names().to_vec(),
            flags: flags
                .map(|(name, [no, yes])| Flag {
                    name: name.to_owned(),
                    no: no.clone(),
                    yes: yes.clone(),
                })
                .collect(),
            values: predictor.value_names(),
            answer,
            encodings,
            networks,
            temperature: metadata.ensemble.as_ref().map_or(1.0, |e| e.temperature),
        })
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map(|mut json| {
            json.push(b'\n');
            json
        });
        json.map_err(|error| Error::Export {
            what: "json".to_owned(),
            reason: error.to_string(),
        })
    }
}

type EncodingsAndNetworks<'m, T> = (Cow<'m, [InputEncoding]>, Vec<DescribedNetwork<'m, T>>);

fn encodings_and_networks<T: Scalar>(model: &Model<T>) -> Result<EncodingsAndNetworks<'_, T>> {
    let metadata = model.metadata();
    let n_features = metadata.n_features();
    match &metadata.ensemble {
        Some(ensemble) => {
            let members = ensemble.members.iter().zip(model.networks());
            let networks = members.map(|(member, network)| {
                let values = member.values.as_ref().map(Cow::Borrowed);
                described(network, member.share, member.encoding, values)
            });
            Ok((Cow::Borrowed(&ensemble.encodings[..]), networks.collect()))
        }
        None => {
            let scaling = match &metadata.input_scaling {
                Some(scaling) => scaling.clone(),
                None => AffineScaling::new(vec![0.0; n_features], vec![1.0; n_features])?,
            };
            let encoding = InputEncoding::new(scaling, vec![Vec::new(); n_features], false)?;
            let values = metadata.output_scaling.clone().map(|scaling| {
                Cow::Owned(ValueScaling {
                    scaling,
                    logarithm: false,
                    bounds: Vec::new(),
                })
            });
            let network = described(model.network(), 1.0, 0, values);
            Ok((Cow::Owned(vec![encoding]), vec![network]))
        }
    }
}

fn described<'m, T: Scalar>(
    network: &Network<T>,
    share: f64,
    encoding: usize,
    values: Option<Cow<'m, ValueScaling>>,
) -> DescribedNetwork<'m, T> {
    let layers = network.layers().iter().map(|layer| {
        let by_row = layer.weights.transposed();
        let rows = by_row.as_slice().chunks_exact(layer.weights.n_cols());
        DescribedLayer {
            weight: rows.map(<[T]>::to_vec).collect(),
            bias: layer.bias.clone(),
        }
    });
    DescribedNetwork {
        share,
        encoding,
        activation: network.architecture().activation,
        layers: layers.collect(),
        values,
    }
}
