//! Tables: files, and arrays and columns of Python.

use std::path::PathBuf;
use std::sync::Mutex;

use pyo3::buffer::Element;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tiam::data::{Cells, MemoryColumn};
use tiam::{ColumnEncoding, Dataset, Features, Precision, Table, TableParams, Targets};

use crate::arrays;
use crate::error::{raised, refused};
use crate::model::PyModel;
use crate::options::{ReadOptions, missing};

/// Data with how they are read.
#[pyclass(frozen, name = "Table", module = "tiam._native")]
pub(crate) struct PyTable(Mutex<Option<Table>>);

impl PyTable {
    fn new(table: Table) -> Self {
        Self(Mutex::new(Some(table)))
    }

    /// The table, which shares its cells.
    pub(crate) fn table(&self) -> PyResult<Table> {
        let table = self.0.lock().ok().and_then(|table| table.clone());
        table.ok_or_else(given_away)
    }

    /// The table itself, whose cells need not be copied for training; it is no longer here.
    pub(crate) fn take(&self) -> PyResult<Table> {
        let table = self.0.lock().ok().and_then(|mut table| table.take());
        table.ok_or_else(given_away)
    }
}

fn given_away() -> PyErr {
    PyValueError::new_err("the table was given to a training")
}

/// The labels of rows in memory.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Target<'py> {
    /// Class numbers of `uint32`, with the names of the classes.
    labels: Option<Bound<'py, PyAny>>,
    classes: Vec<String>,
    /// Values, a row each.
    values: Option<Bound<'py, PyAny>>,
    /// Whether the values are answers of no and yes, 0 and 1.
    flags: bool,
    /// Names of the label columns.
    names: Vec<String>,
    /// Weights of `float64`.
    weights: Option<Bound<'py, PyAny>>,
    /// Whether equal rows become one.
    merged: bool,
}

/// A column in memory: its name with numbers of `float64`, or with positions of `uint32` among texts, and whether these are categories.
#[derive(FromPyObject)]
enum Column<'py> {
    Numbers(String, Bound<'py, PyAny>),
    Texts(String, Bound<'py, PyAny>, Vec<String>, bool),
}

impl Column<'_> {
    fn read(self) -> PyResult<MemoryColumn> {
        Ok(match self {
            Self::Numbers(name, numbers) => MemoryColumn {
                name,
                cells: Cells::Numbers(arrays::vector(&numbers)?),
            },
            Self::Texts(name, rows, texts, categorical) => MemoryColumn {
                name,
                cells: Cells::Texts {
                    rows: arrays::vector(&rows)?,
                    texts,
                    categorical,
                },
            },
        })
    }
}

#[pymethods]
impl PyTable {
    /// Files that are read as one table when they are needed.
    #[staticmethod]
    fn read(paths: Vec<PathBuf>, options: &str, precision: &str) -> PyResult<Self> {
        let params = ReadOptions::parse(options)?.params()?;
        let table = Table::read_many(paths).map_err(raised)?;
        Ok(Self::new(table.params(params).precision(named(precision)?)))
    }

    /// A matrix, NaN where a number is missing; in the layout of a model where there is one.
    #[staticmethod]
    fn of_rows(
        rows: &Bound<'_, PyAny>,
        names: Vec<String>,
        how: (&str, &str),
        known: Option<&PyModel>,
        target: Option<Target<'_>>,
    ) -> PyResult<Self> {
        match named(how.0)? {
            Precision::F32 => rows_as::<f32>(rows, &names, how.1, known, target),
            Precision::F64 => rows_as::<f64>(rows, &names, how.1, known, target),
        }
    }

    /// Columns of numbers and texts; in the layout of a model where there is one.
    #[staticmethod]
    fn of_columns(
        columns: Vec<Column<'_>>,
        how: (&str, &str),
        known: Option<&PyModel>,
        target: Option<Target<'_>>,
    ) -> PyResult<Self> {
        let columns: Vec<_> = columns
            .into_iter()
            .map(Column::read)
            .collect::<PyResult<_>>()?;
        match named(how.0)? {
            Precision::F32 => columns_as::<f32>(&columns, how.1, known, target),
            Precision::F64 => columns_as::<f64>(&columns, how.1, known, target),
        }
    }

    /// Number of rows; reads the cells of a file.
    #[getter]
    fn n_samples(&self, py: Python<'_>) -> PyResult<usize> {
        let table = self.table()?;
        py.detach(|| table.n_samples()).map_err(raised)
    }

    /// The same with its cells in memory.
    fn load(&self, py: Python<'_>) -> PyResult<Self> {
        let table = self.table()?;
        py.detach(|| table.load()).map(Self::new).map_err(raised)
    }

    /// Cuts off a part for testing: seeded, by class where there are classes.
    fn split(&self, py: Python<'_>, test_fraction: f64, seed: u64) -> PyResult<(Self, Self)> {
        let table = self.table()?;
        let parts = py
            .detach(|| table.split(test_fraction, seed))
            .map_err(raised)?;
        Ok((Self::new(parts.train), Self::new(parts.test)))
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("<tiam.Table of {}>", self.table()?))
    }
}

fn named(precision: &str) -> PyResult<Precision> {
    match precision {
        "float32" => Ok(Precision::F32),
        "float64" => Ok(Precision::F64),
        other => {
            let words = format!("precision cannot be {other:?}; it is 'float32' or 'float64'");
            Err(PyValueError::new_err(words))
        }
    }
}

/// The columns of a model's table.
pub(crate) fn columns_of(model: &PyModel) -> PyResult<ColumnEncoding> {
    let columns = model.0.encoding().columns;
    columns.ok_or_else(|| PyValueError::new_err("the model was not trained on a table"))
}

fn rows_as<T: tiam::Scalar + Element>(
    rows: &Bound<'_, PyAny>,
    names: &[String],
    how: &str,
    known: Option<&PyModel>,
    target: Option<Target<'_>>,
) -> PyResult<PyTable> {
    let rows: Features<T> = arrays::rows(rows)?;
    let data = match known {
        None => Dataset::of_rows(rows, names, missing(Some(how))?),
        Some(model) => {
            Dataset::of_rows_with_encoding(rows, &columns_of(model)?, missing(Some(how))?)
        }
    };
    labelled(data.map_err(refused)?, target)
}

fn columns_as<T: tiam::Scalar + Element>(
    columns: &[MemoryColumn],
    how: &str,
    known: Option<&PyModel>,
    target: Option<Target<'_>>,
) -> PyResult<PyTable> {
    let params = TableParams::default().missing(missing(Some(how))?);
    let data = match known {
        None => Dataset::<T>::of_columns(columns, &params),
        // Codes of categories come when it is known whether the rows are to be learnt from.
        Some(model) => {
            let known = columns_of(model)?.unlearnt();
            Dataset::of_columns_with_encoding(columns, &known, &params)
        }
    };
    labelled(data.map_err(refused)?, target)
}

fn labelled<T: tiam::Scalar + Element>(
    mut data: Dataset<T>,
    target: Option<Target<'_>>,
) -> PyResult<PyTable> {
    if let Some(target) = target {
        let targets = match (&target.labels, &target.values) {
            (Some(labels), _) => Targets::Classes {
                labels: arrays::vector(labels)?,
                names: target.classes,
            },
            (None, Some(values)) => Targets::Values(arrays::rows(values)?),
            (None, None) => Targets::Absent,
        };
        data = match target.flags {
            true => data.with_flags(targets, &target.names),
            false => data.with_targets(targets, &target.names),
        }
        .map_err(refused)?;
        if let Some(weights) = &target.weights {
            let weights = arrays::vector(weights)?;
            data = data.with_sample_weights(weights).map_err(refused)?;
        }
        if target.merged {
            data = data.merged().map_err(refused)?;
        }
    }
    Ok(PyTable::new(data.into()))
}
