//! Column encodings, which turn columns into features and labels and are stored with a model.

use serde::{Deserialize, Serialize};

use super::params::ColumnRef;
use crate::error::{DataError, Result};

/// The use of a column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ColumnKind {
    /// One feature: its number.
    Numeric,
    /// One feature a category, 1 where the cell is that category and 0 elsewhere.
    Categorical {
        /// The categories, in the order of their features.
        categories: Vec<String>,
    },
    /// The class of the sample.
    ClassLabel {
        /// Class names, in the order of their numbers.
        names: Vec<String>,
        /// Whether the names are numbers, so that `1`, `1.0` and `+1` are the same class.
        numeric: bool,
    },
    /// A number to approximate.
    ValueLabel,
    /// The weight of the sample in training, at least 0.
    SampleWeight,
    /// Nothing.
    Ignored,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// Its header, or `c0`, `c1`, ...
    pub name: String,
    /// Its use.
    #[serde(flatten)]
    pub kind: ColumnKind,
}

/// How the columns of a table become features, classes and targets.
///
/// [`load`](crate::load) makes it from a table; [`load_with_encoding`](crate::load_with_encoding) applies it to
/// another. Deserialising checks it.
///
/// # Example
///
/// ```
/// use tiam_data::{ColumnEncoding, ColumnKind, ColumnSpec};
/// let column = |name: &str, kind| ColumnSpec { name: name.to_owned(), kind };
/// let categories = vec!["F".to_owned(), "M".to_owned()];
/// let columns = vec![column("sex", ColumnKind::Categorical { categories }), column("age", ColumnKind::ValueLabel)];
/// let encoding = ColumnEncoding::new(true, columns)?;
/// assert_eq!(encoding.feature_names(), ["sex=F", "sex=M"]);
/// assert_eq!(encoding.label_column(), Some(1));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Columns")]
pub struct ColumnEncoding(Columns);

/// A [`ColumnEncoding`] that is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    has_header: bool,
    columns: Vec<ColumnSpec>,
}

impl TryFrom<Columns> for ColumnEncoding {
    type Error = DataError;

    fn try_from(unchecked: Columns) -> Result<Self> {
        let bad = |reason: String| Err(DataError::BadEncoding { reason });
        let columns = &unchecked.columns;
        if let Some(name) = repeated(columns.iter().map(|c| &c.name)) {
            return bad(format!("two columns are named {name:?}"));
        }
        for column in columns {
            let (what, texts) = match &column.kind {
                ColumnKind::Categorical { categories } => ("category", categories),
                ColumnKind::ClassLabel { names, .. } => ("class", names),
                _ => continue,
            };
            let name = &column.name;
            if texts.is_empty() {
                return bad(format!("column {name:?} has no {what}"));
            }
            if let Some(text) = repeated(texts.iter()) {
                return bad(format!("column {name:?} has the {what} {text:?} twice"));
            }
        }
        let several = |is: fn(&ColumnKind) -> bool| {
            let of_kind = columns.iter().filter(|c| is(&c.kind));
            of_kind.count() > 1
        };
        if several(ColumnKind::is_label) {
            return bad("there are two label columns".into());
        }
        if several(|kind| *kind == ColumnKind::SampleWeight) {
            return bad("there are two columns of sample weights".into());
        }
        if columns.iter().all(|c| c.kind.width() == 0) {
            return bad("no column is a feature".into());
        }
        Ok(Self(unchecked))
    }
}

impl ColumnEncoding {
    /// An encoding of the given columns, in the order of the file; `has_header` says whether their names are from a
    /// header, so that columns of other files can be found by name.
    ///
    /// # Errors
    ///
    /// [`DataError::BadEncoding`] if a name, a category or a class is there twice, if a list of categories or classes
    /// is empty, or if there are two labels, two columns of weights or no features.
    pub fn new(has_header: bool, columns: Vec<ColumnSpec>) -> Result<Self> {
        Columns {
            has_header,
            columns,
        }
        .try_into()
    }

    /// Whether the names are from a header.
    pub fn has_header(&self) -> bool {
        self.0.has_header
    }

    /// The columns, in the order of the file the encoding was made from.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.0.columns
    }

    /// The label column's position among [`columns`](Self::columns).
    pub fn label_column(&self) -> Option<usize> {
        self.0.columns.iter().position(|c| c.kind.is_label())
    }

    /// The same columns with the label called, or placed, as in another file. A column of that name that was left out makes room for it.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidParameter`] without a label column or for a position that is not there, [`DataError::BadEncoding`] for the name
    /// of another column.
    pub fn with_label(&self, label: &ColumnRef) -> Result<Self> {
        let refused = |allowed: String| DataError::parameter("label", label, allowed);
        let mut columns = self.0.columns.clone();
        let Some(at) = self.label_column() else {
            return Err(refused(
                "none: the columns were learnt without a label".into(),
            ));
        };
        match label {
            ColumnRef::Name(name) => {
                columns[at].name.clone_from(name);
                columns.retain(|c| c.name != *name || c.kind != ColumnKind::Ignored);
            }
            ColumnRef::Position(position) => {
                let column = columns.remove(at);
                let n = columns.len();
                let from_end = n.checked_add_signed(position.saturating_add(1));
                let to = usize::try_from(*position).ok().or(from_end);
                let to = to
                    .filter(|to| *to <= n)
                    .ok_or_else(|| refused(format!("a position among the {} columns", n + 1)))?;
                columns.insert(to, column);
            }
        }
        Self::new(self.0.has_header, columns)
    }

    /// Class names in the order of their numbers; `None` unless there is a class label.
    pub fn class_names(&self) -> Option<&[String]> {
        self.0.columns.iter().find_map(|column| match &column.kind {
            ColumnKind::ClassLabel { names, .. } => Some(&names[..]),
            _ => None,
        })
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.0.columns.iter().map(|c| c.kind.width()).sum()
    }

    /// Names of the features: that of a numeric column, `column=category` for each category.
    pub fn feature_names(&self) -> Vec<String> {
        let name = |(column, category): (&str, Option<&str>)| match category {
            None => column.to_owned(),
            Some(category) => format!("{column}={category}"),
        };
        self.features().map(name).collect()
    }

    /// Bytes that [`feature_names`](Self::feature_names) takes.
    pub(crate) fn feature_names_bytes(&self) -> u64 {
        let bytes = |(column, category): (&str, Option<&str>)| {
            size_of::<String>() + column.len() + category.map_or(0, |c| 1 + c.len())
        };
        self.features().map(|feature| bytes(feature) as u64).sum()
    }

    /// Column and category of each feature; a numeric column has no category.
    fn features(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.columns.iter().flat_map(|column| {
            let (number, categories) = match &column.kind {
                ColumnKind::Numeric => (Some(None), &[][..]),
                ColumnKind::Categorical { categories } => (None, &categories[..]),
                _ => (None, &[][..]),
            };
            let categories = categories.iter().map(|c| Some(c.as_str()));
            let features = number.into_iter().chain(categories);
            features.map(|category| (column.name.as_str(), category))
        })
    }
}

impl ColumnKind {
    pub(crate) fn is_label(&self) -> bool {
        matches!(self, Self::ClassLabel { .. } | Self::ValueLabel)
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        match self {
            Self::Numeric => 1,
            Self::Categorical { categories } => categories.len(),
            _ => 0,
        }
    }
}

/// A text that comes twice.
fn repeated<'a>(texts: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut sorted: Vec<_> = texts.collect();
    sorted.sort_unstable();
    let pair = sorted.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(pair[0])
}
