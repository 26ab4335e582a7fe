//! A data set: features, targets, names, split and source.

use std::sync::Arc;

use crate::{
    ColumnEncoding, Features, Reading, Scalar, Split,
    error::{DataError, Result, check_index, check_size},
};

/// The targets: what is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets<T> {
    /// Class numbers from 0, one a sample, and the name of each class.
    Classes {
        /// One number a sample, each below `names.len()`.
        labels: Vec<u32>,
        /// One name a class.
        names: Vec<String>,
    },
    /// Numbers to be approximated: `n_samples x n_outputs`.
    Values(Features<T>),
    /// Nothing: the data are meant for prediction.
    Absent,
}

impl<T: Scalar> Targets<T> {
    /// Classes that are called by their number.
    pub(crate) fn numbered(labels: Vec<u32>, n_classes: usize) -> Self {
        let names = (0..n_classes).map(|class| class.to_string()).collect();
        Self::Classes { labels, names }
    }

    fn select(&self, samples: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::Classes { labels, names } => Self::Classes {
                labels: labels_of(samples, labels)?,
                names: names.clone(),
            },
            Self::Values(values) => Self::Values(values.select(samples)?),
            Self::Absent => Self::Absent,
        })
    }
}

/// The labels of the named samples.
pub(crate) fn labels_of(samples: &[usize], labels: &[u32]) -> Result<Vec<u32>> {
    let label = |&i: &usize| check_index("label", i, labels.len()).map(|()| labels[i]);
    samples.iter().map(label).collect()
}

/// Features, targets, and where they come from.
///
/// # Example
///
/// ```
/// use tiam_data::{Dataset, Features, Targets};
/// let features = Features::new(3, 1, vec![0.1, 0.2, 0.9])?;
/// let names = vec!["low".to_owned(), "high".to_owned()];
/// let data = Dataset::new(features, Targets::Classes { labels: vec![0, 0, 1], names })?;
/// assert_eq!(data.subset(&[2])?.labels(), Some(&[1][..]));
/// assert_eq!(data.class_counts(), Some(vec![2, 1]));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset<T> {
    features: Features<T>,
    targets: Targets<T>,
    feature_names: Vec<String>,
    split: Option<Split>,
    sample_ids: Option<Vec<usize>>,
    sample_weights: Option<Vec<f64>>,
    encoding: Option<ColumnEncoding>,
    reading: Option<Arc<Reading>>,
    row_names: Vec<String>,
    source: String,
    credit: Option<String>,
}

/// The three parts of a data set, as [`Dataset::into_parts`] gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts<T> {
    /// For fitting.
    pub train: Dataset<T>,
    /// For choosing parameters and stopping.
    pub validation: Dataset<T>,
    /// For the final figure only.
    pub test: Dataset<T>,
}

impl<T: Scalar> Dataset<T> {
    /// Joins features and targets.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] if they differ in the number of samples, [`DataError::IndexOutOfRange`] if a label has no
    /// name, [`DataError::NonFinite`] if a feature or a target is infinite or NaN.
    pub fn new(features: Features<T>, targets: Targets<T>) -> Result<Self> {
        features.check_finite()?;
        Self::with_gaps(features, targets)
    }

    /// The same where features may be NaN: missing numbers of a table.
    pub(crate) fn with_gaps(features: Features<T>, targets: Targets<T>) -> Result<Self> {
        let n_targets = match &targets {
            Targets::Classes { labels, names } => {
                let largest = labels.iter().max().copied();
                largest.map_or(Ok(()), |l| check_index("class", l as usize, names.len()))?;
                labels.len()
            }
            Targets::Values(values) => {
                values.check_finite()?;
                values.n_samples()
            }
            Targets::Absent => features.n_samples(),
        };
        check_size("targets of a data set", features.n_samples(), n_targets)?;
        Ok(Self {
            features,
            targets,
            feature_names: Vec::new(),
            split: None,
            sample_ids: None,
            sample_weights: None,
            encoding: None,
            reading: None,
            row_names: Vec::new(),
            source: "values given by the caller".to_owned(),
            credit: None,
        })
    }

    /// Names the features.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] unless there is one name a feature.
    pub fn with_feature_names(mut self, names: Vec<String>) -> Result<Self> {
        check_size("feature names", self.n_features(), names.len())?;
        self.feature_names = names;
        Ok(self)
    }

    /// Attaches a split.
    ///
    /// # Errors
    ///
    /// [`DataError::IndexOutOfRange`] if it names a sample that is not there.
    pub fn with_split(mut self, split: Split) -> Result<Self> {
        split.check_range(self.n_samples())?;
        self.split = Some(split);
        Ok(self)
    }

    /// Attaches the number each sample has in its source.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] unless there is one number a sample.
    pub fn with_sample_ids(mut self, ids: Vec<usize>) -> Result<Self> {
        check_size("sample ids", self.n_samples(), ids.len())?;
        self.sample_ids = Some(ids);
        Ok(self)
    }

    /// Sets the weight of each sample in training; only ratios matter.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] unless there is one weight a sample, [`DataError::InvalidParameter`] if one is negative or not finite.
    pub fn with_sample_weights(mut self, weights: Vec<f64>) -> Result<Self> {
        check_size("sample weights", self.n_samples(), weights.len())?;
        if let Some(bad) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            let allowed = "finite and at least 0";
            return Err(DataError::parameter("sample_weights", bad, allowed));
        }
        self.sample_weights = Some(weights);
        Ok(self)
    }

    /// Describes in words where the data come from.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Attaches the credit that the licence of the data asks for.
    #[must_use]
    pub fn with_credit(mut self, credit: impl Into<String>) -> Self {
        self.credit = Some(credit.into());
        self
    }

    pub(crate) fn without_weights(mut self) -> Self {
        self.sample_weights = None;
        self
    }

    /// Other targets, with the encoding changed for them where there is one.
    pub(crate) fn with_labels(
        self,
        targets: Targets<T>,
        change: impl FnOnce(&ColumnEncoding) -> Result<ColumnEncoding>,
    ) -> Result<Self> {
        let encoding = self.encoding.as_ref().map(change).transpose()?;
        let checked = Self::with_gaps(self.features, targets)?;
        Ok(Self {
            features: checked.features,
            targets: checked.targets,
            encoding,
            ..self
        })
    }

    pub(crate) fn with_encoding(mut self, encoding: ColumnEncoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    pub(crate) fn with_reading(mut self, reading: Arc<Reading>) -> Self {
        self.reading = Some(reading);
        self
    }

    pub(crate) fn with_row_names(mut self, names: Vec<String>) -> Self {
        self.row_names = names;
        self
    }

    /// The texts of the column that names the rows, one a sample, where there is one: see
    /// [`TableParams::row_names`](field@crate::TableParams::row_names).
    pub fn row_names(&self) -> &[String] {
        &self.row_names
    }

    /// Learns from these samples what stands for missing numbers of the table, which are NaN, and puts it in their places;
    /// [`learn_columns`](Self::learn_columns) with the seed 0.
    ///
    /// ```
    /// use tiam_data::{LoadParams, load};
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("points.csv");
    /// std::fs::write(&path, "x,kind\n1.5,a\n?,b\n3.5,b\n")?;
    /// let mut data = load::<f64>(&path, &LoadParams::default())?;
    /// data.fill_missing();
    /// assert_eq!(data.feature_names(), ["x", "x is missing"]);
    /// assert_eq!(data.features().values(), [1.5, 0.0, 2.5, 1.0, 3.5, 0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fill_missing(&mut self) {
        self.learn_columns(0);
    }

    pub(crate) fn set_features(&mut self, features: Features<T>) {
        self.features = features;
    }

    /// Sets the encoding of the features as they are.
    pub(crate) fn set_encoding(&mut self, encoding: ColumnEncoding) {
        self.feature_names = encoding.feature_names();
        self.encoding = Some(encoding);
    }

    /// The features, `n_samples x n_features`.
    pub fn features(&self) -> &Features<T> {
        &self.features
    }

    /// The features, to be scaled in place.
    pub fn features_mut(&mut self) -> &mut Features<T> {
        &mut self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// The targets, to be scaled in place.
    pub fn targets_mut(&mut self) -> &mut Targets<T> {
        &mut self.targets
    }

    /// Gives both away without copying.
    pub fn into_features_and_targets(self) -> (Features<T>, Targets<T>) {
        (self.features, self.targets)
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.features.n_samples()
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.features.n_features()
    }

    /// Number of classes; `None` unless the targets are classes.
    pub fn n_classes(&self) -> Option<usize> {
        self.class_names().map(<[String]>::len)
    }

    /// Class numbers, one a sample; `None` unless the targets are classes.
    pub fn labels(&self) -> Option<&[u32]> {
        match &self.targets {
            Targets::Classes { labels, .. } => Some(labels),
            _ => None,
        }
    }

    /// Class names; `None` unless the targets are classes.
    pub fn class_names(&self) -> Option<&[String]> {
        match &self.targets {
            Targets::Classes { names, .. } => Some(names),
            _ => None,
        }
    }

    /// Number of samples of each class; `None` unless the targets are classes.
    pub fn class_counts(&self) -> Option<Vec<usize>> {
        let mut counts = vec![0; self.n_classes()?];
        for &label in self.labels()? {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        Some(counts)
    }

    /// One name a feature, or nothing where the source names none (images, graphs).
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The split that the source itself gives (MNIST: train and test file; Planetoid: the index arrays).
    pub fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// The number of each sample in its source where it is not its position (graphs of which only some nodes are kept).
    pub fn sample_ids(&self) -> Option<&[usize]> {
        self.sample_ids.as_deref()
    }

    /// The weight of each sample in training, where the source gives weights.
    pub fn sample_weights(&self) -> Option<&[f64]> {
        self.sample_weights.as_deref()
    }

    /// The encoding of the table's columns; keep it with a model to read further tables in the same way.
    pub fn encoding(&self) -> Option<&ColumnEncoding> {
        self.encoding.as_ref()
    }

    /// What was met while the table was read, of all its rows.
    pub fn reading(&self) -> Option<&Reading> {
        self.reading.as_deref()
    }

    /// Where the data come from, in words.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whom to credit, if the licence of the data asks for it.
    pub fn credit(&self) -> Option<&str> {
        self.credit.as_deref()
    }

    /// A new seeded split: stratified by class where there are classes, plainly random otherwise. A split of the
    /// source ([`split`](Self::split)) is ignored.
    ///
    /// # Errors
    ///
    /// As [`Split::stratified`].
    pub fn make_split(&self, validation: f64, test: f64, seed: u64) -> Result<Split> {
        match self.labels() {
            Some(labels) => Split::stratified(labels, validation, test, seed),
            None => Split::random(self.n_samples(), validation, test, seed),
        }
    }

    /// Copies the named samples, in the order named. The split is dropped, all else is kept.
    ///
    /// # Errors
    ///
    /// [`DataError::IndexOutOfRange`], [`DataError::OutOfMemory`].
    pub fn subset(&self, samples: &[usize]) -> Result<Self> {
        let features = self.features.select(samples)?;
        let targets = self.targets.select(samples)?;
        Ok(self.around(features, targets, samples))
    }

    /// Cuts the data into the parts of a split. The validation and test parts are copied; the training part stays where
    /// it is when its indices ascend (as those of every [`Split`] made here do), so that little more than one copy of
    /// the data is in memory.
    ///
    /// # Errors
    ///
    /// As [`subset`](Self::subset).
    pub fn into_parts(mut self, split: &Split) -> Result<Parts<T>> {
        split.check_range(self.n_samples())?;
        let validation = self.subset(split.validation())?;
        let test = self.subset(split.test())?;
        let samples = split.train();
        if !samples.is_sorted_by(|a, b| a < b) {
            let train = self.subset(samples)?;
            return Ok(Parts {
                train,
                validation,
                test,
            });
        }
        let targets = self.targets.select(samples)?;
        let none = Features::new(0, self.n_features(), Vec::new())?;
        let mut features = std::mem::replace(&mut self.features, none);
        features.retain_ascending(samples);
        Ok(Parts {
            train: self.around(features, targets, samples),
            validation,
            test,
        })
    }

    /// These features and targets with everything else of `self`.
    fn around(&self, features: Features<T>, targets: Targets<T>, samples: &[usize]) -> Self {
        fn pick<V: Copy>(of: &[V], samples: &[usize]) -> Vec<V> {
            samples.iter().filter_map(|&i| of.get(i).copied()).collect()
        }
        Self {
            features,
            targets,
            feature_names: self.feature_names.clone(),
            split: None,
            sample_ids: self.sample_ids.as_ref().map(|ids| pick(ids, samples)),
            sample_weights: self.sample_weights.as_ref().map(|all| pick(all, samples)),
            encoding: self.encoding.clone(),
            reading: self.reading.clone(),
            row_names: samples
                .iter()
                .filter_map(|&i| self.row_names.get(i).cloned())
                .collect(),
            source: self.source.clone(),
            credit: self.credit.clone(),
        }
    }
}
