//! Reads data sets.

use tiam_data::{
    ColumnEncoding, ColumnKind, ColumnRef, Dataset, Format, GraphParams, GraphRows, Header,
    LabelColumn, LoadParams, TableParams, digits, load, load_with_encoding,
};

use crate::error::CliError;
use crate::samples::Scalar;
use crate::settings::Settings;
use crate::values::{DataKind, DataSource};

/// How a data set is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    params: LoadParams,
}

impl Reading {
    /// For training.
    pub(crate) fn for_training(settings: &Settings) -> Self {
        let mut table = TableParams::default()
            .header(settings.header)
            .label(label(&settings.label))
            .task(settings.task)
            .max_categories(settings.max_categories);
        table.categorical = references(&settings.categorical);
        table.ignore = references(&settings.ignore);
        table.sample_weights = settings.sample_weights.as_deref().and_then(reference);
        let graph = GraphParams::default()
            .hops(settings.hops)
            .seed(settings.seed);
        let mut reading = Self::new(settings.format, table, graph);
        reading.params.threads = settings.threads;
        reading
    }

    /// For a model that is there already: `graph` holds the hops and the seed it was trained with.
    pub(crate) fn for_model(
        format: Option<Format>,
        header: Option<Header>,
        label: LabelColumn,
        graph: GraphParams,
    ) -> Self {
        let table = TableParams::default().header(header.unwrap_or_default());
        Self::new(format, table.label(label), graph)
    }

    fn new(format: Option<Format>, table: TableParams, graph: GraphParams) -> Self {
        let mut params = LoadParams::default().table(table).graph(graph);
        params.format = format;
        Self { params }
    }

    /// All rows of a graph, not only those of its split.
    pub(crate) fn all_rows(mut self) -> Self {
        self.params.graph.rows = GraphRows::All;
        self
    }

    /// Reads the data; a table in the layout of an earlier one where there is one.
    pub(crate) fn read<T: Scalar>(
        &self,
        source: &DataSource,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>, CliError> {
        let data = match (source, encoding) {
            (DataSource::Digits, _) => digits()?,
            (DataSource::Path(path), None) => load(path, &self.params)?,
            (DataSource::Path(path), Some(encoding)) => {
                load_with_encoding(path, encoding, &self.params)?
            }
        };
        if data.n_samples() == 0 {
            return Err(CliError::Usage(format!("{source} holds no samples")));
        }
        Ok(data)
    }
}

/// What kind of data these are.
pub(crate) fn kind_of<T: Scalar>(source: &DataSource, data: &Dataset<T>) -> DataKind {
    if *source == DataSource::Digits {
        DataKind::Digits
    } else if data.encoding().is_some() {
        DataKind::Table
    } else if data.sample_ids().is_some() {
        DataKind::Graph
    } else {
        DataKind::Idx
    }
}

/// The part of the data that is for testing, where they bring a split; else all of them.
pub(crate) fn test_part<T: Scalar>(data: Dataset<T>) -> Result<Dataset<T>, CliError> {
    match data.split().map(|split| split.test()) {
        Some(test) if !test.is_empty() => Ok(data.subset(test)?),
        _ => Ok(data),
    }
}

/// The label column that a flag names.
pub(crate) fn label(text: &str) -> LabelColumn {
    match text.parse() {
        Ok(label) => label,
        Err(never) => match never {},
    }
}

/// The encoding with its label column called, or placed, as in another file.
pub(crate) fn with_label(
    encoding: &ColumnEncoding,
    label: &str,
) -> Result<ColumnEncoding, CliError> {
    let mut columns = encoding.columns().to_vec();
    let Some(at) = encoding.label_column() else {
        return Err(CliError::Usage(
            "the model was trained without a label column".to_owned(),
        ));
    };
    match label.parse::<isize>() {
        Err(_) => {
            // A column that was left out may now be the label.
            columns.retain(|c| c.name != label || c.kind != ColumnKind::Ignored);
            if let Some(column) = columns.iter_mut().find(|c| is_label(&c.kind)) {
                column.name = label.to_owned();
            }
        }
        Ok(position) => {
            let column = columns.remove(at);
            let n = columns.len();
            let from_end = n.checked_add_signed(position.saturating_add(1));
            let to = usize::try_from(position)
                .ok()
                .or(from_end)
                .filter(|to| *to <= n);
            let to = to.ok_or_else(|| {
                CliError::Usage(format!(
                    "--label {position}: the model was trained on {} columns",
                    n + 1
                ))
            })?;
            columns.insert(to, column);
        }
    }
    Ok(ColumnEncoding::new(encoding.has_header(), columns)?)
}

fn is_label(kind: &ColumnKind) -> bool {
    matches!(kind, ColumnKind::ClassLabel { .. } | ColumnKind::ValueLabel)
}

fn references(columns: &[String]) -> Vec<ColumnRef> {
    columns.iter().filter_map(|text| reference(text)).collect()
}

/// A reference parses from any text.
fn reference(text: &str) -> Option<ColumnRef> {
    text.parse().ok()
}
