//! Column encodings, which turn columns into features and labels and are stored with a model.

use serde::{Deserialize, Serialize};

use super::{Codes, dates, params::ColumnRef, written::Written};
use crate::{
    Features, Scalar,
    error::{DataError, Result},
};

/// What is done where a cell of a column of numbers or dates is missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gaps {
    /// Whether a feature of its own is 1 there, and 0 elsewhere.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub marked: bool,
    /// What the column's other features are there: medians, none as long as they are not known. See [`ColumnEncoding::filled`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fill: Vec<f64>,
}

/// A column of numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Numbers {
    /// How they are written.
    #[serde(skip_serializing_if = "Written::is_plain")]
    pub written: Written,
    /// What stands for missing ones.
    pub gaps: Gaps,
}

/// A column of dates, of times or of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// How they are written, in the notation of `strptime`.
    pub format: String,
    /// What stands for missing ones.
    #[serde(default)]
    pub gaps: Gaps,
}

/// A column of categories: one feature each, 1 where the cell is that category and 0 elsewhere; or codes in place of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// The categories, in the order of their features.
    pub categories: Vec<String>,
    /// Whether a further feature stands for missing cells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    /// Whether a last feature stands for all other texts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// What stands for the categories in place of one feature each, where they are very many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Codes>,
}

impl Categories {
    /// Number of categories, those of missing cells and of other texts among them.
    pub fn n_places(&self) -> usize {
        self.categories.len() + usize::from(self.missing) + usize::from(self.other)
    }
}

/// The use of a column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ColumnKind {
    /// One feature: its number.
    Numeric(Numbers),
    /// A feature for each part of a date: year, month, day, weekday from Monday = 1, day of the year, days since 1970; hour and minute of
    /// the day.
    Date(Dates),
    /// One feature a category, or codes of the categories.
    Categorical(Categories),
    /// The class of the sample.
    ClassLabel {
        /// Class names, in the order of their numbers.
        names: Vec<String>,
        /// Whether the names are numbers, so that `1`, `1.0` and `+1` are the same class.
        numeric: bool,
    },
    /// One of several answers of no or yes, 0 or 1.
    FlagLabel {
        /// What stands for no and for yes.
        names: [String; 2],
        /// Whether the names are numbers, as of classes.
        numeric: bool,
    },
    /// A number to approximate.
    ValueLabel(Written),
    /// The weight of the sample in training, at least 0.
    SampleWeight,
    /// Nothing.
    Ignored,
}

impl ColumnKind {
    /// Plain numbers.
    pub fn numeric() -> Self {
        Self::Numeric(Numbers::default())
    }

    /// Categories, none of them for missing cells.
    pub fn categorical(categories: Vec<String>) -> Self {
        Self::Categorical(Categories {
            categories,
            ..Categories::default()
        })
    }

    /// Values written plainly.
    pub fn value_label() -> Self {
        Self::ValueLabel(Written::default())
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// Its header, or `c0`, `c1`, ...
    pub name: String,
    /// What was done with it and why, in words; empty where nothing needs saying.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Its use.
    #[serde(flatten)]
    pub kind: ColumnKind,
}

impl ColumnSpec {
    /// A column without a note.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self {
            name: name.into(),
            note: String::new(),
            kind,
        }
    }
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
/// let sexes = ColumnKind::categorical(vec!["F".to_owned(), "M".to_owned()]);
/// let columns = vec![ColumnSpec::new("sex", sexes), ColumnSpec::new("age", ColumnKind::value_label())];
/// let encoding = ColumnEncoding::new(true, columns)?;
/// assert_eq!(encoding.feature_names(), ["sex=F", "sex=M"]);
/// assert_eq!(encoding.label_column(), Some(1));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Columns")]
pub struct ColumnEncoding(Columns);

/// A [`ColumnEncoding`] that is not checked yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
            let name = &column.name;
            if let Err(reason) = column.kind.check() {
                return bad(format!("column {name:?} {reason}"));
            }
            let (what, texts, others) = match &column.kind {
                ColumnKind::Categorical(of) => ("category", &of.categories, of.missing || of.other),
                ColumnKind::ClassLabel { names, .. } => ("class", names, false),
                _ => continue,
            };
            if texts.is_empty() && !others {
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
        let is_value = |kind: &ColumnKind| matches!(kind, ColumnKind::ValueLabel(_));
        let is_flag = |kind: &ColumnKind| matches!(kind, ColumnKind::FlagLabel { .. });
        let labels = || columns.iter().filter(|c| c.kind.is_label());
        let alike = labels().all(|c| is_value(&c.kind)) || labels().all(|c| is_flag(&c.kind));
        if several(ColumnKind::is_label) && !alike {
            return bad(
                "there are two label columns, and not all hold values, or no and yes".into(),
            );
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
    /// is empty, or if there are a class label and another, two columns of weights or no features.
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

    /// The position of the first label column among [`columns`](Self::columns).
    pub fn label_column(&self) -> Option<usize> {
        self.label_columns().next()
    }

    /// The positions of the label columns: one of classes, or any number of values.
    pub fn label_columns(&self) -> impl Iterator<Item = usize> {
        let columns = self.0.columns.iter().enumerate();
        columns.filter(|(_, c)| c.kind.is_label()).map(|(i, _)| i)
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

    /// Whether the labels are answers of no or yes.
    pub fn has_flags(&self) -> bool {
        let mut columns = self.0.columns.iter();
        columns.any(|column| matches!(column.kind, ColumnKind::FlagLabel { .. }))
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.0.columns.iter().map(|c| c.kind.width()).sum()
    }

    /// Names of the features: that of a numeric column, `column=category` for each category, `column:part` for each part of a date,
    /// `column is missing`; of codes `column`, or `column:class` (`column:value`) where there are several.
    pub fn feature_names(&self) -> Vec<String> {
        let outputs = self.output_names();
        let columns = self.0.columns.iter();
        columns.flat_map(|c| c.feature_names(&outputs)).collect()
    }

    /// Names of the classes, or of the label columns.
    fn output_names(&self) -> Vec<&str> {
        match self.class_names() {
            Some(classes) => classes.iter().map(String::as_str).collect(),
            None => (self.label_columns())
                .map(|at| self.0.columns[at].name.as_str())
                .collect(),
        }
    }

    /// Tells of each column that has codes: its first feature, the number of its categories, and the codes.
    pub(super) fn for_codes(&mut self, mut each: impl FnMut(usize, usize, &mut Codes)) {
        let mut first = 0;
        for column in &mut self.0.columns {
            let width = column.kind.width();
            if let ColumnKind::Categorical(of) = &mut column.kind {
                let n_places = of.n_places();
                if let Some(codes) = &mut of.codes {
                    each(first, n_places, codes);
                }
            }
            first += width;
        }
    }

    /// The same with codes that are not learnt yet, but of the same classes or values.
    #[must_use]
    pub fn unlearnt(&self) -> Self {
        let mut unlearnt = self.clone();
        unlearnt.for_codes(|_, _, codes| codes.numbers.clear());
        unlearnt
    }

    /// Bytes that [`feature_names`](Self::feature_names) takes.
    pub(crate) fn feature_names_bytes(&self) -> u64 {
        let bytes = |column: &ColumnSpec| {
            let of_each = size_of::<String>() + column.name.len() + " is missing".len();
            let texts = match &column.kind {
                ColumnKind::Categorical(of) if of.codes.is_none() => {
                    of.categories.iter().map(String::len).sum()
                }
                _ => 0,
            };
            (column.kind.width() * of_each + texts) as u64
        };
        self.0.columns.iter().map(bytes).sum()
    }

    /// The same with what stands for missing numbers where that is not known yet: the medians of features in which missing ones are NaN, or 0
    /// where all are missing. Of more than 65,536 samples, so many count, evenly spaced.
    pub fn filled<T: Scalar>(&self, features: &Features<T>) -> Self {
        const MOST: usize = 1 << 16;
        let (n, width) = (features.n_samples(), features.n_features());
        let step = n.div_ceil(MOST).max(1);
        let mut sample = Vec::with_capacity(n.min(MOST));
        self.filled_by(|feature| {
            let values = (0..n)
                .step_by(step)
                .map(|i| features.values()[i * width + feature]);
            sample.clear();
            sample.extend(values.map(|x| x.to_f64()).filter(|x| !x.is_nan()));
            middle(&mut sample)
        })
    }

    /// The same with a number of each feature that stands for missing ones, where that is not known yet.
    pub fn filled_by(&self, mut number: impl FnMut(usize) -> f64) -> Self {
        let mut filled = self.clone();
        let mut first = 0;
        for column in &mut filled.0.columns {
            let (n_features, all) = (column.kind.n_numbers(), column.kind.width());
            if let Some(gaps) = column.kind.gaps_mut().filter(|gaps| gaps.fill.is_empty()) {
                gaps.fill = (first..first + n_features).map(&mut number).collect();
            }
            first += all;
        }
        filled
    }

    /// Puts what stands for missing numbers in their places, which are NaN.
    pub fn fill<T: Scalar>(&self, features: &mut Features<T>) {
        let mut fill = Vec::with_capacity(self.n_features());
        for column in &self.0.columns {
            let own = column.kind.gaps().map_or(&[][..], |gaps| &gaps.fill);
            let rest = column.kind.width() - own.len().min(column.kind.width());
            fill.extend(own.iter().map(|x| T::from_f64(*x)));
            fill.extend(std::iter::repeat_n(T::zero(), rest));
        }
        for row in features.values_mut().chunks_exact_mut(fill.len().max(1)) {
            for (x, fill) in row.iter_mut().zip(&fill) {
                if x.to_f64().is_nan() {
                    *x = *fill;
                }
            }
        }
    }

    /// Whether rows read by either have the same features, but for what stands for missing ones, and for codes that this one has yet to learn.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let mut codes = self.0.columns.iter().filter_map(|c| c.kind.codes());
        let has_learnt = codes.any(Codes::is_learnt);
        let without = |encoding: &Self| {
            let mut encoding = encoding.clone();
            if !has_learnt {
                encoding.for_codes(|_, _, codes| *codes = Codes::default());
            }
            for column in &mut encoding.0.columns {
                if let Some(gaps) = column.kind.gaps_mut() {
                    gaps.fill.clear();
                }
            }
            encoding
        };
        without(self) == without(other)
    }
}

impl ColumnSpec {
    fn feature_names(&self, outputs: &[&str]) -> Vec<String> {
        let name = &self.name;
        let of = |part: &str| format!("{name}:{part}");
        let is = |category: &String| format!("{name}={category}");
        let further = |on: bool, what: &str| on.then(|| format!("{name}{what}"));
        match &self.kind {
            ColumnKind::Numeric(numbers) => {
                let missing = further(numbers.gaps.marked, " is missing");
                std::iter::once(name.clone()).chain(missing).collect()
            }
            ColumnKind::Date(dates) => {
                let missing = further(dates.gaps.marked, " is missing");
                dates::parts(&dates.format).map(of).chain(missing).collect()
            }
            ColumnKind::Categorical(Categories {
                codes: Some(codes), ..
            }) => match &codes.outputs[..] {
                several @ [_, _, ..] if codes.is_learnt() => {
                    let output = |at: &usize| outputs.get(*at).copied().unwrap_or("?");
                    several.iter().map(|at| of(output(at))).collect()
                }
                _ => vec![name.clone()],
            },
            ColumnKind::Categorical(all) => {
                let missing = further(all.missing, " is missing");
                let other = further(all.other, " is another");
                all.categories
                    .iter()
                    .map(is)
                    .chain(missing)
                    .chain(other)
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The median; 0 of nothing.
fn middle(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let is_even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(at, f64::total_cmp);
    let middle = *middle;
    match below.iter().copied().max_by(f64::total_cmp) {
        Some(other) if is_even => other / 2.0 + middle / 2.0,
        _ => middle,
    }
}

impl ColumnKind {
    pub(crate) fn is_label(&self) -> bool {
        matches!(
            self,
            Self::ClassLabel { .. } | Self::FlagLabel { .. } | Self::ValueLabel(_)
        )
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        let marked = self.gaps().is_some_and(|gaps| gaps.marked);
        match self {
            Self::Categorical(of) => match &of.codes {
                Some(codes) => codes.width(),
                None => of.n_places(),
            },
            _ => self.n_numbers() + usize::from(marked),
        }
    }

    /// Features that are numbers.
    pub(super) fn n_numbers(&self) -> usize {
        match self {
            Self::Numeric(_) => 1,
            Self::Date(dates) => dates::parts(&dates.format).count(),
            _ => 0,
        }
    }

    /// What stands for categories in place of one feature each.
    pub fn codes(&self) -> Option<&Codes> {
        match self {
            Self::Categorical(of) => of.codes.as_ref(),
            _ => None,
        }
    }

    fn gaps(&self) -> Option<&Gaps> {
        match self {
            Self::Numeric(numbers) => Some(&numbers.gaps),
            Self::Date(dates) => Some(&dates.gaps),
            _ => None,
        }
    }

    fn gaps_mut(&mut self) -> Option<&mut Gaps> {
        match self {
            Self::Numeric(numbers) => Some(&mut numbers.gaps),
            Self::Date(dates) => Some(&mut dates.gaps),
            _ => None,
        }
    }

    fn check(&self) -> std::result::Result<(), String> {
        if let Self::Date(of) = self
            && !dates::formats().any(|known| known == of.format)
        {
            return Err(format!("holds dates of an unknown format {:?}", of.format));
        }
        if let Self::Categorical(of) = self
            && let Some(codes) = &of.codes
        {
            return codes.check(of.n_places());
        }
        let Some(fill) = self.gaps().map(|gaps| &gaps.fill) else {
            return Ok(());
        };
        let fits = fill.is_empty() || fill.len() == self.n_numbers();
        match fits && fill.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(format!(
                "has {} finite numbers for its missing cells to be",
                self.n_numbers()
            )),
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
