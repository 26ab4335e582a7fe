//! A page about a model: what it learnt from, how good it is, what it looks at and how to use it, in plain words.

mod classes;
mod data;
mod inputs;
mod making;
mod summary;
mod values;

use tiam_models::{Loss, NetworkMeasures, Samples, Target};
use tiam_report::{NumberFormat, Report, Section};

use crate::encoding::Encoding;
use crate::error::Result;
use crate::evaluation::Evaluation;
use crate::explain::{Importance, PartialDependence, Probe};
use crate::fitting::{Fitted, Prepared};
use crate::predictor::Predictor;
use crate::scalar::{Precision, Scalar};
use crate::search::Tried;
use crate::table::{DataKind, Table};

/// Columns whose partial dependence is shown.
const DEPENDENCES: usize = 4;

/// What a page about a model says; [`to_html`](Self::to_html) writes it. By the feature `report`.
///
/// ```
/// use tiam::{Mlp, Table};
/// let parts = Table::digits().split(0.2, 0)?;
/// let model = Mlp::default().hidden([16]).fit(&parts.train)?;
/// let page = model.report(&parts.test)?.model_file("digits.safetensors").to_html();
/// assert!(page.contains("Right and wrong") && page.contains("tiam predict digits.safetensors"));
/// # Ok::<(), tiam::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModelReport {
    data: String,
    kind: DataKind,
    model_file: String,
    encoding: Encoding,
    /// Name and value.
    making: Vec<(String, String)>,
    candidates: Vec<Tried>,
    n_train: Option<usize>,
    /// Rows that chose when to stop.
    n_validation: usize,
    /// The figures are on rows that were not learnt from.
    held_out: bool,
    found: Evaluation,
    train_accuracy: Option<f64>,
    curve: Vec<CurvePoint>,
    answers: Answers,
    importance: Vec<Importance>,
    dependence: Vec<PartialDependence>,
}

/// The losses after an epoch or iteration.
#[derive(Clone, Copy, Debug)]
struct CurvePoint {
    iteration: usize,
    train: f64,
    validation: Option<f64>,
    test: Option<f64>,
}

/// The answers for some rows beside the truth.
#[derive(Clone, Debug)]
enum Answers {
    /// Probabilities, or nothing where scores are no probabilities, and the true class.
    Classes(Vec<(Vec<f64>, usize)>),
    /// Predicted and true value of each target.
    Values(Vec<Vec<(f64, f64)>>),
}

impl Predictor {
    /// A page about the model on a table with labels, as good as rows that it did not learn from. Where the training itself is at hand,
    /// [`ModelReport::of_training`] shows its course too.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn report(&self, table: &Table) -> Result<ModelReport> {
        match self.precision() {
            Precision::F32 => self.report_as::<f32>(table),
            Precision::F64 => self.report_as::<f64>(table),
        }
    }

    fn report_as<T: Scalar>(&self, table: &Table) -> Result<ModelReport> {
        let samples = self.samples_of::<T>(table)?;
        let found = self.measure(&samples)?;
        ModelReport::new(self, &samples, found)
    }
}

impl ModelReport {
    /// Of a search that has just ended, with the figures on its test part, or on its training part where there is no other.
    ///
    /// # Errors
    /// As [`of_training`](Self::of_training).
    pub fn of_search<T: Scalar>(
        model: &Predictor,
        prepared: &Prepared<T>,
        found: Evaluation,
    ) -> Result<Self> {
        let samples = prepared.test.as_ref().unwrap_or(&prepared.train);
        Ok(Self {
            held_out: prepared.test.is_some(),
            n_train: Some(prepared.n_train()),
            ..Self::new(model, samples, found)?
        })
    }

    /// Of a training that has just ended, with the figures on its test part, or on its training part where there is no other.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) where these do not belong together.
    pub fn of_training<T: Scalar>(
        model: &Predictor,
        prepared: &Prepared<T>,
        fitted: &Fitted<T>,
        found: Evaluation,
    ) -> Result<Self> {
        let held_out = prepared.test.is_some();
        let samples = prepared.test.as_ref().unwrap_or(&prepared.train);
        let rows = fitted.trace.rows.iter();
        let point = |row: &tiam_core::TraceRow<NetworkMeasures>| CurvePoint {
            iteration: row.iteration,
            train: row.measures.train_loss,
            validation: row.measures.validation.map(|part| part.loss),
            test: row.measures.test.map(|part| part.loss),
        };
        Ok(Self {
            held_out,
            n_train: Some(prepared.n_train()),
            n_validation: prepared.validation.as_ref().map_or(0, Samples::n_samples),
            curve: rows.map(point).collect(),
            ..Self::new(model, samples, found)?
        })
    }

    fn new<T: Scalar>(model: &Predictor, samples: &Samples<T>, found: Evaluation) -> Result<Self> {
        let encoding = model.encoding();
        let provenance = model.provenance();
        let kind = provenance.data_kind.unwrap_or(DataKind::Table);
        let mut probe = Probe::new(model, samples, &encoding, provenance.seed.unwrap_or(0))?;
        let answers = Answers::of(
            &mut probe,
            model.metadata().architecture.loss == Loss::CrossEntropy,
        )?;
        // A pixel or a word of a node says nothing to a reader.
        let (mut importance, mut dependence) = (Vec::new(), Vec::new());
        if kind == DataKind::Table {
            importance = probe.importance()?;
            for found in importance
                .iter()
                .take(DEPENDENCES)
                .filter(|one| one.mean > 0.0)
            {
                dependence.push(probe.dependence(&found.column)?);
            }
        }
        let training = provenance.training.as_ref();
        Ok(Self {
            data: provenance.data.clone().unwrap_or_default(),
            kind,
            model_file: "model.safetensors".to_owned(),
            making: making::facts(model),
            candidates: provenance
                .search
                .iter()
                .flat_map(|search| search.candidates.clone())
                .collect(),
            n_train: None,
            n_validation: 0,
            held_out: true,
            found,
            train_accuracy: training.and_then(|training| training.train_accuracy),
            curve: Vec::new(),
            answers,
            importance,
            dependence,
            encoding,
        })
    }

    /// Sets where the model is, for the commands that use it.
    #[must_use]
    pub fn model_file(mut self, path: impl Into<String>) -> Self {
        self.model_file = path.into();
        self
    }

    /// Adds parameters of the training, each with its name.
    #[must_use]
    pub fn parameters(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        self.making.extend(more);
        self
    }

    /// The page: one file that loads nothing, light or dark as the reader has it.
    #[must_use]
    pub fn to_html(&self) -> String {
        let label = self.label();
        let title = match (label.is_empty(), self.data.is_empty()) {
            (false, false) => format!("A model of {label} in {}", self.data),
            (true, false) => format!("A model of {}", self.data),
            _ => "A model".to_owned(),
        };
        let right_and_wrong = match &self.answers {
            Answers::Classes(rows) => classes::section(self, rows),
            Answers::Values(targets) => values::section(self, targets),
        };
        let mut sections = vec![summary::section(self), right_and_wrong];
        sections.extend(inputs::section(self));
        sections.push(data::data_summary(self));
        sections.extend(making::sections(self));
        let report = Report {
            title,
            subtitle:
                "What the model learnt from, how good it is, what it looks at and how to use it."
                    .to_owned(),
            facts: Vec::new(),
            sections: sections
                .into_iter()
                .filter(|part: &Section| !part.blocks.is_empty())
                .collect(),
            narrow: true,
        };
        report.to_html()
    }

    /// Name of the label column; empty where there is none.
    fn label(&self) -> &str {
        let columns = self.encoding.columns.as_ref();
        let at = columns.and_then(|all| Some((all, all.label_column()?)));
        at.and_then(|(all, at)| all.columns().get(at))
            .map_or("", |column| column.name.as_str())
    }

    /// The rows that the figures are on, in words.
    fn rows(&self) -> String {
        let n = count(self.found.n_samples);
        match self.held_out {
            true => format!("{n} rows that it did not learn from"),
            false => format!("the {n} rows that it learnt from"),
        }
    }
}

impl Answers {
    fn of<T: Scalar>(probe: &mut Probe<'_, T>, probable: bool) -> Result<Self> {
        let (outputs, target) = probe.all_answers()?;
        let real = |x: &T| tiam_data::Scalar::to_f64(*x);
        Ok(match target {
            Target::Classes { labels, .. } => {
                let outputs = |row: usize| match probable {
                    true => outputs.col(row).iter().map(real).collect(),
                    false => Vec::new(),
                };
                let rows = labels.iter().enumerate();
                Self::Classes(
                    rows.map(|(row, label)| (outputs(row), *label as usize))
                        .collect(),
                )
            }
            Target::Values(values) => {
                let pair = |i: usize, j: usize| (real(&outputs[(i, j)]), real(&values[(i, j)]));
                let target = |i: usize| (0..values.n_cols()).map(|j| pair(i, j)).collect();
                Self::Values((0..values.n_rows()).map(target).collect())
            }
        })
    }
}

/// 1234567 as 1,234,567.
fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(share: f64) -> String {
    NumberFormat::Percent(1).print(share) + " %"
}

fn number(x: f64) -> String {
    NumberFormat::Auto.print(x)
}
