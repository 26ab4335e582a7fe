//! Tables in memory: columns of numbers and of texts become features, by the rules that hold for files.

mod texts;

use std::{path::Path, sync::Arc};

use super::{
    Cell, ColumnEncoding, ColumnKind, ColumnSpec, Gaps, Met, MissingCells, Numbers, Reading,
    RowEncoder, TableParams, positions,
};
use crate::{
    Dataset, Features, Scalar, Targets,
    error::{DataError, Result, check_size, reserve},
};

/// The cells of a column in memory.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers, NaN where one is missing.
    Numbers(Vec<f64>),
    /// Texts: the position of each row's text among `texts`, or [`MISSING`](Self::MISSING).
    Texts {
        /// One position a row.
        rows: Vec<u32>,
        /// Different texts, read as those of a file: categories, dates, or numbers with units.
        texts: Vec<String>,
        /// Whether they are categories whatever they look like.
        categorical: bool,
    },
}

impl Cells {
    /// The position of a text that is missing.
    pub const MISSING: u32 = u32::MAX;
    /// The name in messages.
    const PATH: &'static str = "the table";

    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts { rows, .. } => rows.len(),
        }
    }

    fn n_missing(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.iter().filter(|x| x.is_nan()).count(),
            Self::Texts { rows, .. } => rows.iter().filter(|at| **at == Self::MISSING).count(),
        }
    }

    /// The text of a row, trimmed; empty where it is missing.
    fn text(&self, row: usize) -> &[u8] {
        let Self::Texts { rows, texts, .. } = self else {
            return texts::STAND_IN;
        };
        let text = rows.get(row).and_then(|at| texts.get(*at as usize));
        text.map_or(&[], |text| text.trim_ascii().as_bytes())
    }
}

/// A column of a table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryColumn {
    /// Its name; all are different.
    pub name: String,
    /// One cell a row.
    pub cells: Cells,
}

impl<T: Scalar> Dataset<T> {
    /// A table in memory without labels. Numbers stay numbers, none of them is taken for an id; what texts are is found as in a file. Of the
    /// parameters those about missing cells and categories count.
    ///
    /// ```
    /// use tiam_data::{Cells, Dataset, MemoryColumn, TableParams};
    /// let shapes = Cells::Texts { rows: vec![1, 0, 1], texts: vec!["oval".into(), "round".into()], categorical: false };
    /// let columns = vec![
    ///     MemoryColumn { name: "size".into(), cells: Cells::Numbers(vec![1.5, f64::NAN, 2.5]) },
    ///     MemoryColumn { name: "shape".into(), cells: shapes },
    /// ];
    /// let mut data = Dataset::<f64>::of_columns(&columns, &TableParams::default())?;
    /// data.fill_missing();
    /// assert_eq!(data.feature_names(), ["size", "size is missing", "shape=oval", "shape=round"]);
    /// assert_eq!(data.features().sample(1), Some(&[2.0, 1.0, 1.0, 0.0][..]));
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Shape`] for columns of different lengths, [`DataError::NonFinite`] for an infinite number,
    /// [`DataError::MissingCells`] where they are refused; as [`load`](crate::load) for texts.
    pub fn of_columns(columns: &[MemoryColumn], params: &TableParams) -> Result<Self> {
        let (encoding, warnings) = encoding_of(columns, params)?;
        let encoder = RowEncoder::new(encoding)?;
        let columns: Vec<&Cells> = columns.iter().map(|column| &column.cells).collect();
        let (data, reading) = encode(&columns, &encoder, false)?;
        let reading = Reading {
            warnings,
            ..reading
        };
        data.described(encoder.into_encoding(), reading)
    }

    /// A table in memory in the layout of an earlier table: its input columns, found by their names.
    ///
    /// # Errors
    /// [`DataError::BadEncoding`] naming a column that is not there; as [`of_columns`](Self::of_columns); with `params.strict`
    /// [`DataError::BadCell`] for a cell that the earlier table does not know.
    pub fn of_columns_with_encoding(
        columns: &[MemoryColumn],
        known: &ColumnEncoding,
        params: &TableParams,
    ) -> Result<Self> {
        let found = positions(columns.iter().map(|column| &column.name));
        let inputs = known.columns().iter().filter(|c| c.kind.width() > 0);
        let find = |spec: &ColumnSpec| match found.get(spec.name.as_bytes()) {
            Some(at) => Ok(&columns[*at].cells),
            None => Err(DataError::BadEncoding {
                reason: format!("the table has no column {:?}", spec.name),
            }),
        };
        let inputs = inputs.map(find).collect::<Result<Vec<_>>>()?;
        let names = columns.iter().map(|column| &column.name);
        let counts: Vec<usize> = columns.iter().map(|c| c.cells.n_missing()).collect();
        refuse_missing(names.zip(&counts), params.missing)?;
        let encoder = RowEncoder::new(known.clone())?;
        let (data, reading) = encode(&inputs, &encoder, params.strict)?;
        data.described(encoder.into_encoding(), reading)
    }

    /// Rows of numbers without labels, NaN where one is missing: each column with such a number gets a feature that marks it. Without one
    /// the features stay where they are in memory.
    ///
    /// ```
    /// use tiam_data::{Dataset, Features, MissingCells};
    /// let rows = Features::new(2, 2, vec![1.0, f64::NAN, 3.0, 4.0])?;
    /// let data = Dataset::of_rows(rows, &["x".to_owned(), "y".to_owned()], MissingCells::Fill)?;
    /// assert_eq!(data.feature_names(), ["x", "y", "y is missing"]);
    /// assert_eq!(data.features().sample(1), Some(&[3.0, 4.0, 0.0][..]));
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Shape`] unless there is a name a column, [`DataError::NonFinite`] for an infinite number,
    /// [`DataError::MissingCells`] where they are refused.
    pub fn of_rows(rows: Features<T>, names: &[String], missing: MissingCells) -> Result<Self> {
        check_size("names of columns", rows.n_features(), names.len())?;
        let counts = rows.missing()?;
        refuse_missing(names.iter().zip(&counts), missing)?;
        let numeric = |(name, n): (&String, &usize)| ColumnSpec::new(name, numbers(*n > 0));
        let columns = names.iter().zip(&counts).map(numeric).collect();
        let encoding = ColumnEncoding::new(true, columns)?;
        let reading = Reading {
            missing: counts,
            unknown: vec![0; names.len()],
            ..Reading::default()
        };
        Self::with_gaps(rows.marked(&encoding), Targets::Absent)?.described(encoding, reading)
    }

    /// Rows of numbers for a model of such rows: a number for each input column of the encoding, in its order.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of columns, [`DataError::BadEncoding`] where not all columns hold numbers,
    /// [`DataError::NonFinite`] for an infinite number, [`DataError::MissingCells`] where they are refused.
    pub fn of_rows_with_encoding(
        rows: Features<T>,
        known: &ColumnEncoding,
        missing: MissingCells,
    ) -> Result<Self> {
        let inputs: Vec<&ColumnSpec> = (known.columns().iter())
            .filter(|c| c.kind.width() > 0)
            .collect();
        check_size("columns of the rows", inputs.len(), rows.n_features())?;
        let is_number = |c: &&&ColumnSpec| !matches!(c.kind, ColumnKind::Numeric(_));
        if let Some(other) = inputs.iter().find(is_number) {
            let reason = format!("column {:?} does not hold numbers", other.name);
            return Err(DataError::BadEncoding { reason });
        }
        let counts = rows.missing()?;
        refuse_missing(inputs.iter().map(|c| &c.name).zip(&counts), missing)?;
        let mut features = rows.marked(known);
        known.fill(&mut features);
        Self::with_gaps(features, Targets::Absent)?.described(known.clone(), Reading::default())
    }

    /// Adds targets to data without them; for data with an encoding, `names` are those of the label columns. An encoding that has labels,
    /// as that of an earlier table does, stays as it is.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of samples or names, [`DataError::BadEncoding`] for a name that a column has.
    pub fn with_targets(self, targets: Targets<T>, names: &[String]) -> Result<Self> {
        self.labelled(targets, names, ColumnKind::value_label())
    }

    /// Adds several answers of no or yes to data without targets: values of 0 and 1.
    ///
    /// # Errors
    /// As [`with_targets`](Self::with_targets).
    pub fn with_flags(self, targets: Targets<T>, names: &[String]) -> Result<Self> {
        let flag = ColumnKind::FlagLabel {
            names: ["0".to_owned(), "1".to_owned()],
            numeric: true,
        };
        self.labelled(targets, names, flag)
    }

    fn labelled(self, targets: Targets<T>, names: &[String], value: ColumnKind) -> Result<Self> {
        if self
            .encoding()
            .is_some_and(|own| own.label_column().is_some())
        {
            return self.with_labels(targets, |own| Ok(own.clone()));
        }
        let kinds = match &targets {
            Targets::Classes { names, .. } => vec![ColumnKind::ClassLabel {
                names: names.clone(),
                numeric: false,
            }],
            Targets::Values(values) => vec![value; values.n_features()],
            Targets::Absent => Vec::new(),
        };
        check_size("names of the labels", kinds.len(), names.len())?;
        self.with_labels(targets, |encoding| {
            let labels = names.iter().zip(kinds);
            let mut columns = encoding.columns().to_vec();
            columns.extend(labels.map(|(name, kind)| ColumnSpec::new(name, kind)));
            ColumnEncoding::new(encoding.has_header(), columns)
        })
    }

    fn described(self, encoding: ColumnEncoding, reading: Reading) -> Result<Self> {
        Ok(self
            .with_feature_names(encoding.feature_names())?
            .with_source(Cells::PATH)
            .with_encoding(encoding)
            .with_reading(Arc::new(reading)))
    }
}

/// The kinds of columns, and what a person should look at.
fn encoding_of(
    columns: &[MemoryColumn],
    params: &TableParams,
) -> Result<(ColumnEncoding, Vec<String>)> {
    let missing: Vec<usize> = columns.iter().map(|c| c.cells.n_missing()).collect();
    let names = columns.iter().map(|column| &column.name);
    refuse_missing(names.zip(&missing), params.missing)?;
    let mut kinds = texts::texts_of(columns, params)?;
    let mut specs = Vec::with_capacity(columns.len());
    for (column, n) in columns.iter().zip(missing) {
        specs.push(match &column.cells {
            Cells::Texts { .. } => kinds.0.remove(0),
            Cells::Numbers(all) if n == all.len() => ColumnSpec {
                note: "left out: no cell of it holds anything".to_owned(),
                ..ColumnSpec::new(&column.name, ColumnKind::Ignored)
            },
            Cells::Numbers(_) => ColumnSpec::new(&column.name, numbers(n > 0)),
        });
    }
    Ok((ColumnEncoding::new(true, specs)?, kinds.1))
}

/// The features of the input columns of an encoder, with what was met.
fn encode<T: Scalar>(
    columns: &[&Cells],
    encoder: &RowEncoder,
    strict: bool,
) -> Result<(Dataset<T>, Reading)> {
    let n = columns.first().map_or(0, |cells| cells.len());
    for cells in columns {
        check_size("cells of a column", n, cells.len())?;
    }
    let width = encoder.n_features();
    let mut values = reserve(n.saturating_mul(width), "the encoded features")?;
    values.resize(n * width, T::zero());
    let specs = encoder.encoding().columns();
    // All columns where the encoding is theirs, or its inputs.
    let is_there = |i: &usize| columns.len() == specs.len() || specs[*i].kind.width() > 0;
    let mut reading = Reading::of(specs.len());
    let mut first = 0;
    let inputs: Vec<usize> = (0..specs.len()).filter(is_there).collect();
    for (i, cells) in inputs.into_iter().zip(columns) {
        let own = first..first + specs[i].kind.width();
        first = own.end;
        if own.is_empty() {
            continue;
        }
        let mut note = |met: Met, cell: Cell<'_>| match met {
            Met::Known | Met::Missing(true) => Ok(reading.note(i, met)),
            _ if strict => Err(encoder.refuse(i, cell)),
            _ => Ok(reading.note(i, met)),
        };
        let rows = values.chunks_exact_mut(width.max(1));
        match cells {
            Cells::Numbers(numbers) => {
                for (row, (features, x)) in rows.zip(numbers).enumerate() {
                    if x.is_infinite() {
                        let (sample, feature, value) = (row, i, *x);
                        return Err(DataError::NonFinite {
                            sample,
                            feature,
                            value,
                        });
                    }
                    let met = encoder.put(i, Cell::Number(*x), features);
                    note(met, Cell::Number(*x))?;
                }
            }
            Cells::Texts {
                rows: at, texts, ..
            } => {
                // Every text is read once; what is missing comes last.
                let mut read = Vec::with_capacity(texts.len() + 1);
                for text in texts.iter().map(String::as_str).chain([""]) {
                    let mut features = vec![T::zero(); width];
                    let met = encoder.put_text(i, text.trim_ascii().as_bytes(), &mut features);
                    read.push((features[own.clone()].to_vec(), met, text));
                }
                for (features, at) in rows.zip(at) {
                    let (found, met, text) = &read[(*at as usize).min(texts.len())];
                    features[own.clone()].copy_from_slice(found);
                    note(*met, Cell::Text(text))?;
                }
            }
        }
    }
    let features = Features::new(n, width, values)?;
    Ok((Dataset::with_gaps(features, Targets::Absent)?, reading))
}

fn numbers(marked: bool) -> ColumnKind {
    let gaps = Gaps {
        marked,
        fill: Vec::new(),
    };
    ColumnKind::Numeric(Numbers {
        gaps,
        ..Numbers::default()
    })
}

fn refuse_missing<'n>(
    counts: impl Iterator<Item = (&'n String, &'n usize)>,
    missing: MissingCells,
) -> Result<()> {
    let counts = counts.filter(|(_, n)| **n > 0 && missing == MissingCells::Error);
    let columns: Vec<(String, usize)> = counts.map(|(name, n)| (name.clone(), *n)).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let path = Path::new(Cells::PATH).to_owned();
    Err(DataError::MissingCells { path, columns })
}
