//! A trained network with its columns, scalings and class names, ready to predict.

mod members;
mod run;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tiam_data::{
    AsCell, ColumnEncoding, ColumnKind, ColumnSpec, Dataset, Reading, RowEncoder, Targets,
};
use tiam_linalg::TargetKind;
use tiam_linalg::reduce::largest;
use tiam_models::{
    AffineScaling, AnyModel, Architecture, Ensemble, Loss, Model, ModelError, ModelMetadata,
    Network, Samples,
};

use crate::encoding::{Encoding, no_labels};
use crate::error::{Error, Result};
use crate::evaluation::Evaluation;
use crate::mlp::test_part;
use crate::prediction::{Prediction, Predictions};
use crate::provenance::Provenance;
use crate::scalar::{Pool, Precision, Scalar};
use crate::table::Table;

/// Entries of a thread's scratch for inputs.
const SCRATCH_ENTRIES: usize = 1 << 20;
/// Rows of a thread's scratch.
const MOST_ROWS_AT_ONCE: usize = 4096;

/// A trained network with its columns, scalings and class names. Any number of threads may predict with it at once.
///
/// A row is the cells of the table's input columns, in their order: texts as a file has them, or numbers. Where the model was not
/// trained on a table (images, graphs, numbers in memory), it is one number a feature.
///
/// ```
/// use tiam::{Mlp, Predictor, Table};
/// let folder = tempfile::tempdir()?;
/// let (data, saved) = (folder.path().join("fruit.csv"), folder.path().join("fruit.safetensors"));
/// let rows: String = (0..40).map(|i| format!("{}\n", if i % 2 == 0 { "7,round,apple" } else { "19,long,banana" })).collect();
/// std::fs::write(&data, format!("length,shape,fruit\n{rows}"))?;
/// Mlp::default().hidden([8]).fit(&Table::read(&data)?.label("fruit"))?.save(&saved)?;
///
/// let model = Predictor::load(&saved)?;
/// let answer = model.predict_row(&["18.5", "long"])?;
/// assert_eq!(answer.class(), Some("banana"));
/// assert!(answer.probabilities()[1] > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Predictor {
    model: AnyModel,
    provenance: Provenance,
    /// The columns of the table that it was trained on, ready to encode rows.
    rows: Option<RowEncoder>,
    classes: Arc<[String]>,
    threads: usize,
    pool: Pool,
}

impl fmt::Debug for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor")
            .field("architecture", &self.metadata().architecture)
            .field("columns", &self.rows)
            .finish_non_exhaustive()
    }
}

/// `$body` for the model of either precision.
macro_rules! with_model {
    ($predictor:expr, $model:ident => $body:expr) => {
        match &$predictor.model {
            AnyModel::F32($model) => $body,
            AnyModel::F64($model) => $body,
        }
    };
}

impl Predictor {
    /// Of one network, or of several with how they are mixed.
    pub(crate) fn new<T: Scalar>(
        mut networks: Vec<Network<T>>,
        ensemble: Option<Ensemble>,
        encoding: &Encoding,
        provenance: &Provenance,
    ) -> Result<Self> {
        let network = networks.remove(0);
        let metadata = ModelMetadata {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: network.architecture().clone(),
            feature_names: encoding.feature_names.clone(),
            class_names: encoding.class_names.clone(),
            input_scaling: encoding.input_scaling.clone(),
            output_scaling: encoding.output_scaling.clone(),
            ensemble,
            extra: provenance.to_extra(encoding.columns.as_ref())?,
        };
        let model = Model::of_members(network, networks, metadata)?;
        Self::of_model(T::any_model(model))
    }

    /// A model with what its file says about its training.
    ///
    /// # Errors
    /// [`Error::Provenance`] or [`Error::Data`] for a record that is damaged, [`Error::Model`] where columns and network do not fit.
    pub fn of_model(model: AnyModel) -> Result<Self> {
        let metadata = model.metadata();
        let (shape, names) = (&metadata.architecture, &metadata.class_names);
        let provenance = Provenance::of(metadata)?;
        // Files of versions before 0.2 do not say what stands for missing numbers: the mean does.
        let mean = |feature: usize| {
            let offsets = metadata.input_scaling.as_ref().map(AffineScaling::offset);
            let offset = offsets.and_then(|offsets| offsets.get(feature).copied());
            offset.unwrap_or_default()
        };
        let columns = Provenance::columns(metadata)?.map(|columns| columns.filled_by(mean));
        let rows = columns.map(RowEncoder::new);
        let rows = rows.transpose()?;
        if let Some(rows) = &rows {
            let what = "features of the recorded columns";
            ModelError::check_size(what, metadata.n_features(), rows.n_features())?;
        }
        let takes_classes = match shape.loss.takes() {
            Some(kind) => kind == TargetKind::Classes,
            // Of a loss of the user's own a file keeps the name only.
            None => !names.is_empty(),
        };
        let numbers = || (0..shape.n_outputs()).map(|class| class.to_string());
        let classes = match takes_classes {
            true if names.is_empty() => numbers().collect(),
            true => names.iter().cloned().collect(),
            false => Arc::default(),
        };
        Ok(Self {
            provenance,
            rows,
            classes,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            pool: Pool::default(),
            model,
        })
    }

    /// The same with a loss of the user's own, of which a file has kept only the name: to evaluate with it, or to go on training.
    ///
    /// # Errors
    /// [`Error::Model`] for a loss that has no code.
    pub fn with_loss(self, loss: Loss) -> Result<Self> {
        let threads = self.threads;
        let model = match self.model {
            AnyModel::F32(model) => AnyModel::F32(model.with_loss(loss)?),
            AnyModel::F64(model) => AnyModel::F64(model.with_loss(loss)?),
        };
        Ok(Self::of_model(model)?.threads(threads))
    }

    /// Reads a model file, of this crate or of the command.
    ///
    /// # Errors
    /// [`Error::Model`] naming the file; as [`of_model`](Self::of_model).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::of_model(AnyModel::load(path)?)
    }

    /// Writes the model as safetensors, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Model`] naming the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(with_model!(self, model => model.save(path))?)
    }

    /// The bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`Error::Model`] for metadata that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(with_model!(self, model => model.to_bytes())?)
    }

    /// Reads the bytes of a model file.
    ///
    /// ```
    /// use tiam::{Mlp, Predictor, Table};
    /// let model = Mlp::default().hidden([8]).fit(&Table::digits())?;
    /// let again = Predictor::from_bytes(&model.to_bytes()?)?;
    /// assert_eq!(again.to_bytes()?, model.to_bytes()?);
    /// # Ok::<(), tiam::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of_model(AnyModel::from_bytes(bytes)?)
    }

    /// Sets the most threads that a large batch is shared among, from 1; without it, all cores.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        let pool = Pool::default();
        Self {
            threads,
            pool,
            ..self
        }
    }

    /// Refuses rows with cells that the model does not know, which are filled otherwise; of tables, [`Table::strict`] does.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        let rows = self.rows.map(|rows| rows.strict(strict));
        Self { rows, ..self }
    }

    /// Class names in the order of the probabilities; empty for values.
    pub fn class_names(&self) -> &[String] {
        &self.classes
    }

    /// Names of the columns that a row holds, or of the features where there are no columns.
    pub fn columns(&self) -> Vec<&str> {
        match &self.rows {
            Some(rows) => rows.inputs().collect(),
            None => (self.metadata().feature_names.iter().map(String::as_str)).collect(),
        }
    }

    /// True where outputs are probabilities: for classes learnt by cross-entropy, and for answers of no and yes.
    pub fn has_probabilities(&self) -> bool {
        matches!(self.shape().loss, Loss::CrossEntropy | Loss::Logistic)
    }

    /// For each of several answers its label column with what stands for no and for yes; empty for other models.
    pub fn flags(&self) -> Vec<(&str, &[String; 2])> {
        let columns = self
            .column_encoding()
            .map_or(&[][..], ColumnEncoding::columns);
        fn flag(column: &ColumnSpec) -> Option<(&str, &[String; 2])> {
            match &column.kind {
                ColumnKind::FlagLabel { names, .. } => Some((column.name.as_str(), names)),
                _ => None,
            }
        }
        columns.iter().filter_map(flag).collect()
    }

    /// Names of the values that it predicts: those of the label columns, or `value_0` and so on; empty for classes and for flags.
    pub fn value_names(&self) -> Vec<String> {
        if !self.classes.is_empty() || !self.flags().is_empty() {
            return Vec::new();
        }
        let labels = self.column_encoding().map_or_else(Vec::new, |columns| {
            let labels = columns.label_columns();
            labels
                .map(|at| columns.columns()[at].name.clone())
                .collect()
        });
        match self.shape().n_outputs() {
            n if labels.len() == n => labels,
            n => (0..n).map(|output| format!("value_{output}")).collect(),
        }
    }

    /// From columns to inputs, from outputs to answers.
    pub fn encoding(&self) -> Encoding {
        Encoding::of_model(self.metadata(), self.column_encoding().cloned())
    }

    /// The columns of the table that the model was trained on, where there was one.
    pub(crate) fn column_encoding(&self) -> Option<&ColumnEncoding> {
        self.rows.as_ref().map(RowEncoder::encoding)
    }

    #[cfg(feature = "export")]
    pub(crate) fn model(&self) -> &AnyModel {
        &self.model
    }

    fn shape(&self) -> &Architecture {
        &self.metadata().architecture
    }

    /// The record of its training.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Architecture, names, scalings and the rest of the file.
    pub fn metadata(&self) -> &ModelMetadata {
        self.model.metadata()
    }

    /// The scalar type.
    pub fn precision(&self) -> Precision {
        match &self.model {
            AnyModel::F32(_) => Precision::F32,
            AnyModel::F64(_) => Precision::F64,
        }
    }

    /// The network alone.
    ///
    /// # Errors
    /// [`Error::Precision`] for a model of the other precision, [`Error::Several`] for one of several networks.
    pub fn network<T: Scalar>(&self) -> Result<Network<T>> {
        if self.ensemble().is_some() {
            let networks = self.n_networks();
            return Err(Error::Several { networks });
        }
        Ok(self.model_as::<T>()?.network().clone())
    }

    /// Predicts one row: the cells of [`columns`](Self::columns), or of all columns of the training data, or of all but the label.
    ///
    /// After a thread's first call nothing is allocated but the result.
    ///
    /// # Errors
    /// [`Error::Data`] for another number of cells, or a cell that is not what the model was trained on; it names the column.
    /// [`Error::Features`] for another number of cells where the model has no columns.
    pub fn predict_row<C: AsCell>(&self, row: &[C]) -> Result<Prediction> {
        let (class, outputs) = with_model!(self, model => {
            Scalar::with_scratch(|scratch| {
                self.forward(model, row, 1, scratch)?;
                let outputs = scratch.outputs.as_mut_slice();
                let class = largest(outputs);
                let mut answers = Vec::with_capacity(outputs.len());
                self.answers(outputs, &mut answers);
                Ok::<_, Error>((class, answers))
            })
        })??;
        Ok(Prediction {
            classes: Arc::clone(&self.classes),
            class,
            outputs,
            probabilities: self.has_probabilities(),
        })
    }

    /// Predicts rows given one after the other, each the cells of [`columns`](Self::columns) and no other form.
    ///
    /// After a thread's first call nothing is allocated but the result.
    ///
    /// # Errors
    /// [`Error::Features`] for cells that are left over; as [`predict_row`](Self::predict_row).
    pub fn predict<C: AsCell>(&self, rows: &[C]) -> Result<Predictions> {
        let width = self.row_len();
        let n = rows.len() / width.max(1);
        if n * width != rows.len() {
            return Err(Error::Features {
                data: "the last row".to_owned(),
                expected: width,
                found: rows.len() - n * width,
            });
        }
        let mut found = self.no_predictions(n);
        // Scratch memory stays with the thread: so many rows at once that it is small.
        let at_once = self.rows_at_once();
        with_model!(self, model => {
            Scalar::with_scratch(|scratch| {
                for rows in rows.chunks((at_once * width).max(1)) {
                    self.forward(model, rows, rows.len() / width, scratch)?;
                    self.add(scratch.outputs.as_mut_slice(), &mut found);
                }
                Ok::<_, Error>(())
            })
        })??;
        Ok(found)
    }

    /// The probabilities of rows given one after the other, classes side by side.
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`Error::NoProbabilities`] for a model of values.
    pub fn probabilities<C: AsCell>(&self, rows: &[C]) -> Result<Vec<f64>> {
        if !self.has_probabilities() {
            return Err(Error::NoProbabilities);
        }
        Ok(self.predict(rows)?.outputs)
    }

    /// Predicts all rows of a table. Its columns are found by name where both have a header; a label column may be there or not.
    ///
    /// # Errors
    /// [`Error::Data`] for a table that cannot be read or encoded, [`Error::Features`] for other data than the model's.
    pub fn predict_table(&self, table: &Table) -> Result<Predictions> {
        let (source, table) = (table.to_string(), self.prepared(table));
        with_model!(self, model => {
            self.predict_data(model, table.into_data(self.column_encoding())?, &source)
        })
    }

    /// Predicts all rows of a file of text a block at a time, in memory that does not depend on its length; other data are one block.
    ///
    /// # Errors
    /// As [`predict_table`](Self::predict_table), and those of `each`.
    pub fn predict_in_blocks<E: From<Error>>(
        &self,
        table: &Table,
        mut each: impl FnMut(Predictions) -> Result<(), E>,
    ) -> Result<(), E> {
        let (source, table) = (table.to_string(), self.prepared(table));
        with_model!(self, model => {
            let columns = self.column_encoding();
            table.blocks(columns, |data| each(self.predict_data(model, data, &source)?))
        })
    }

    /// A table as the input of predictions.
    fn prepared(&self, table: &Table) -> Table {
        let table = table.clone().for_prediction();
        table.with_graph(self.provenance.hops, self.graph_seed())
    }

    fn predict_data<T: Scalar>(
        &self,
        model: &Model<T>,
        data: Dataset<T>,
        source: &str,
    ) -> Result<Predictions> {
        let (reading, row_names) = (data.reading().cloned(), data.row_names().to_vec());
        let (features, _) = data.into_features_and_targets();
        let inputs = self.encoding().inputs(features, source)?;
        let mut outputs = self.outputs(model, &inputs)?;
        drop(inputs);
        let mut found = self.no_predictions(outputs.n_cols());
        self.add(outputs.as_mut_slice(), &mut found);
        found.reading = reading.map(Arc::new);
        found.row_names = row_names;
        Ok(found)
    }

    /// Measures the model on a table with labels; their column is called as in the training data, or as [`Table::label`] names it. Of data
    /// that bring a split of their own the test part counts, and of the embedded digits as a whole the part that [`Mlp::prepare`](crate::Mlp::prepare)
    /// held out of them.
    ///
    /// # Errors
    /// As [`predict_table`](Self::predict_table); [`Error::NoLabels`], [`Error::UnknownClass`], [`Error::OtherTask`].
    pub fn evaluate(&self, table: &Table) -> Result<Evaluation> {
        match self.precision() {
            Precision::F32 => self.evaluate_as::<f32>(table),
            Precision::F64 => self.evaluate_as::<f64>(table),
        }
    }

    fn evaluate_as<T: Scalar>(&self, table: &Table) -> Result<Evaluation> {
        let (samples, reading) = self.read_samples::<T>(table)?;
        let found = self.measure(&samples)?;
        Ok(Evaluation { reading, ..found })
    }

    /// The samples of a table as the model takes them; of data with a split, those of the test part.
    pub(crate) fn samples_of<T: Scalar>(&self, table: &Table) -> Result<Samples<T>> {
        Ok(self.read_samples(table)?.0)
    }

    fn read_samples<T: Scalar>(&self, table: &Table) -> Result<(Samples<T>, Option<Reading>)> {
        let source = table.to_string();
        let read = table
            .clone()
            .with_graph(self.provenance.hops, self.graph_seed());
        let columns = read.relabelled(self.column_encoding())?;
        let mut data = test_part(read.into_data::<T>(columns.as_ref())?)?;
        if table.is_all_digits()
            && let Some(split) = self
                .provenance
                .digits_split(data.labels().unwrap_or_default())?
            && !split.test().is_empty()
        {
            data = data.subset(split.test())?;
        }
        if matches!(data.targets(), Targets::Absent) {
            return Err(no_labels(&source));
        }
        let of_classes = |is: bool| if is { "classes" } else { "values" };
        let (takes, found) = (
            of_classes(!self.classes.is_empty()),
            of_classes(matches!(data.targets(), Targets::Classes { .. })),
        );
        if takes != found {
            return Err(Error::OtherTask {
                data: source,
                takes,
                found,
            });
        }
        let reading = data.reading().cloned();
        Ok((self.encoding().samples(data, &source)?, reading))
    }

    /// Seed of the split of the graph that the model was trained on.
    fn graph_seed(&self) -> Option<u64> {
        self.provenance.graph_seed.or(self.provenance.seed)
    }
}
