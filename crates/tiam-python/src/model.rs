//! Trained models.

use std::path::PathBuf;

use pyo3::buffer::Element;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tiam::{ColumnKind, Export, ExportFormat, MissingCells, Precision, Predictor, Table};

use crate::arrays;
use crate::error::{json, raised};
use crate::table::PyTable;

/// A trained model.
#[pyclass(frozen, name = "Model", module = "tiam._native")]
pub(crate) struct PyModel(pub(crate) Predictor, bool);

/// Rows up to which each is answered alone: less is to be set up, and no answer depends on its neighbours, not even in its last bit.
const FEW_ROWS: usize = 32;

#[pymethods]
impl PyModel {
    /// Reads a model file.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        Predictor::load(path).map(Self::new).map_err(raised)
    }

    /// Reads a model from the bytes of its file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Predictor::from_bytes(bytes).map(Self::new).map_err(raised)
    }

    /// The bytes of the model's file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_bytes().map_err(raised)?))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = slf.get().to_bytes(slf.py())?;
        Ok((slf.get_type().getattr("from_bytes")?, (bytes,)))
    }

    /// Writes the model file, whole or not at all.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.0.save(path).map_err(raised)
    }

    /// The same with so many threads for large batches.
    fn threads(&self, threads: usize) -> Self {
        Self(self.0.clone().threads(threads), self.1)
    }

    /// Answers for the rows of a table: class numbers, or none, and outputs row after row are written into the arrays that `arrays` makes
    /// for a number of rows.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        table: &PyTable,
        arrays: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = table.table()?;
        let found = py.detach(|| self.0.predict_table(&table));
        let found = found.map_err(raised)?;
        let made = arrays.call1((found.len(),))?;
        let (classes, outputs): (Bound<'py, PyAny>, Bound<'py, PyAny>) = made.extract()?;
        let answers = (found.class_indices(), found.all_outputs());
        fill(answers, &classes, &outputs)?;
        Ok(made)
    }

    /// Answers for the rows of a matrix of numbers, written into arrays.
    fn predict_rows(
        &self,
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
        classes: &Bound<'_, PyAny>,
        outputs: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let found = match self.0.precision() {
            Precision::F32 => self.rows_as::<f32>(py, rows),
            Precision::F64 => self.rows_as::<f64>(py, rows),
        }?;
        fill((&found.0, &found.1), classes, outputs)
    }

    /// Class names in the order of their numbers; empty for values.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.0.class_names().to_vec()
    }

    /// Whether the class names are numbers, or texts.
    #[getter]
    fn has_numbered_classes(&self) -> bool {
        let numbered =
            |kind: &ColumnKind| matches!(kind, ColumnKind::ClassLabel { numeric: true, .. });
        let columns = self.0.encoding().columns;
        columns.is_some_and(|all| all.columns().iter().any(|column| numbered(&column.kind)))
    }

    /// Names of the columns that a row holds.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns().into_iter().map(str::to_owned).collect()
    }

    /// Whether every column holds numbers, so that rows of them can be answered.
    #[getter]
    fn takes_rows(&self) -> bool {
        self.1
    }

    /// Number of outputs.
    #[getter]
    fn n_outputs(&self) -> usize {
        self.0.metadata().architecture.n_outputs()
    }

    /// Number of networks.
    #[getter]
    fn n_networks(&self) -> usize {
        self.0.n_networks()
    }

    /// Sizes of the layers of its first network, with inputs and outputs.
    #[getter]
    fn sizes(&self) -> Vec<usize> {
        self.0.metadata().architecture.sizes.clone()
    }

    /// `float32` or `float64`.
    #[getter]
    fn precision(&self) -> &'static str {
        match self.0.precision() {
            Precision::F32 => "float32",
            Precision::F64 => "float64",
        }
    }

    /// The record of the training, as JSON.
    #[getter]
    fn provenance(&self) -> PyResult<String> {
        serde_json::to_string(self.0.provenance()).map_err(json)
    }

    /// The model in another form: `onnx`, `c`, `rust` or `json`.
    fn export<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        name: &str,
        how: (bool, bool),
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (numeric, int8) = how;
        let format: ExportFormat = format
            .parse()
            .map_err(|error| raised(tiam::Error::Model(error)))?;
        let to = Export::new(format).name(name).numeric(numeric).int8(int8);
        Ok(PyBytes::new(py, &self.0.export(&to).map_err(raised)?))
    }

    /// A page about the model on a table with labels.
    fn report(&self, py: Python<'_>, table: &PyTable) -> PyResult<String> {
        let table = table.table()?;
        let page = py.detach(|| self.0.report(&table)).map_err(raised)?;
        Ok(page.to_html())
    }
}

impl PyModel {
    pub(crate) fn new(model: Predictor) -> Self {
        let columns = model.encoding().columns;
        let inputs = columns.iter().flat_map(|all| all.columns());
        let mut inputs = inputs.filter(|column| column.kind.width() > 0);
        let takes_rows = inputs.all(|column| matches!(column.kind, ColumnKind::Numeric(_)));
        Self(model, takes_rows && columns.is_some())
    }

    /// Class numbers and outputs.
    fn rows_as<T: tiam::Scalar + Element + tiam::AsCell>(
        &self,
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
    ) -> PyResult<(Vec<u32>, Vec<f64>)> {
        let rows = arrays::rows::<T>(rows)?;
        if rows.n_samples() > FEW_ROWS {
            let columns = crate::table::columns_of(self)?;
            let data = tiam::Dataset::of_rows_with_encoding(rows, &columns, MissingCells::Fill);
            let table = Table::from(data.map_err(crate::error::refused)?);
            let found = py.detach(|| self.0.predict_table(&table));
            let found = found.map_err(raised)?;
            return Ok((found.class_indices().to_vec(), found.all_outputs().to_vec()));
        }
        if rows.values().iter().any(|x| x.is_infinite()) {
            return Err(PyValueError::new_err("X holds an infinite number"));
        }
        let (mut classes, mut outputs) = (Vec::new(), Vec::new());
        for row in rows.values().chunks(rows.n_features().max(1)) {
            let found = self.0.predict(row).map_err(raised)?;
            classes.extend_from_slice(found.class_indices());
            outputs.extend_from_slice(found.all_outputs());
        }
        Ok((classes, outputs))
    }
}

fn fill(
    found: (&[u32], &[f64]),
    classes: &Bound<'_, PyAny>,
    outputs: &Bound<'_, PyAny>,
) -> PyResult<()> {
    if !found.0.is_empty() {
        arrays::fill(classes, found.0)?;
    }
    arrays::fill(outputs, found.1)
}
