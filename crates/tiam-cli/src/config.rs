//! Configuration files: read with the parser of the flags, written so that a run can be repeated.

use std::fs;
use std::path::Path;

use clap::{CommandFactory, Parser};
use serde::Serialize;
use tiam_data::ScalingKind;
use toml::Value;

use crate::args::TrainOptions;
use crate::error::CliError;
use crate::method::{Flag, check_flags};
use crate::output;
use crate::prepare::Prepared;
use crate::samples::Scalar;
use crate::settings::Settings;
use crate::values::{DataKind, DataSource, ScalingName, SolverName, absolute, name_of};

/// The key that tells which version wrote a file.
const VERSION: &str = "version";

/// What a configuration file says.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    /// Version that wrote it, if it says so.
    pub(crate) version: Option<String>,
    pub(crate) options: TrainOptions,
}

impl ConfigFile {
    /// What the file at `path` says; another version's is warned about.
    pub(crate) fn trusted(self, path: &Path) -> TrainOptions {
        let own = env!("CARGO_PKG_VERSION");
        if let Some(version) = self.version.filter(|version| version != own) {
            output::message(&format!(
                "warning: {} was written by tiam {version}, this is {own}; results may differ",
                path.display(),
            ));
        }
        self.options
    }
}

/// The keys of a file, as flags.
#[derive(Debug, Parser)]
#[command(name = "tiam train", disable_help_flag = true)]
struct Keys {
    #[command(flatten)]
    options: TrainOptions,
}

/// Reads a file. Values may be written as TOML has them or, as text, as the flag has them.
pub(crate) fn read(path: &Path) -> Result<ConfigFile, CliError> {
    let at = |reason: String| CliError::Usage(format!("{}: {reason}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| at(error.to_string()))?;
    parse(&text).map_err(at)
}

/// Reads the text of a file.
pub(crate) fn parse(text: &str) -> Result<ConfigFile, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let known = known_keys();
    let mut version = None;
    let mut flags = vec!["tiam train".to_owned()];
    for (key, value) in table {
        if key == VERSION {
            version = Some(text_of(&key, &value)?);
        } else if !known.contains(&key) {
            return Err(format!(
                "unknown key `{key}`; known are {}",
                known.join(", ")
            ));
        } else if ["quiet", "json", "trace-test"].contains(&key.as_str()) {
            match value {
                Value::Boolean(true) => flags.push(format!("--{key}")),
                Value::Boolean(false) => {}
                _ => return Err(format!("`{key}` must be true or false")),
            }
        } else {
            flags.push(format!("--{key}={}", text_of(&key, &value)?));
        }
    }
    match Keys::try_parse_from(flags) {
        Ok(keys) => Ok(ConfigFile {
            version,
            options: keys.options,
        }),
        Err(error) => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(first.trim_start_matches("error: ").to_owned())
        }
    }
}

fn known_keys() -> Vec<String> {
    let command = Keys::command();
    let longs = command.get_arguments().filter_map(|arg| arg.get_long());
    longs.map(str::to_owned).collect()
}

/// A value as its flag would be written.
fn text_of(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
        Value::Array(items) => {
            let texts: Result<Vec<_>, _> = items.iter().map(|item| text_of(key, item)).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => Err(format!(
            "`{key}` must be a number, a text or a list of them"
        )),
    }
}

/// The settings of a run as its `config.toml` has them.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Recorded {
    version: &'static str,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    header: String,
    label: String,
    task: String,
    categorical: Vec<String>,
    max_categories: usize,
    ignore: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weights: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling: Option<String>,
    hops: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<String>,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rho: Option<f64>,
    ridge: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    l1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    band: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inertia: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gamma: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpha: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epochs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_schedule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damping: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    curvature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    averaging: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_weights: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patience: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_objective: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rel_change: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_limit: Option<f64>,
    /// As text beyond what TOML's integers hold.
    seed: Value,
    precision: String,
    threads: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    trace_test: bool,
}

/// What only the run itself could tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunFacts {
    /// The scaling that was used.
    pub(crate) scaling: ScalingKind,
    /// The part held out, where it was drawn.
    pub(crate) test_fraction: Option<f64>,
    /// The iterations after which a clock or a user stopped the run, which a repetition must do by count.
    pub(crate) cut_short_after: Option<usize>,
    /// Epochs and samples a step of stochastic TIAM.
    pub(crate) epochs_and_batch: Option<(usize, usize)>,
    /// The solver as it was chosen.
    pub(crate) solver: SolverName,
}

impl RunFacts {
    /// What is known before the run.
    pub(crate) fn before<T: Scalar>(settings: &Settings, prepared: &Prepared<T>) -> Self {
        Self {
            scaling: prepared.facts.scaling,
            test_fraction: prepared.facts.test_fraction,
            cut_short_after: None,
            epochs_and_batch: settings.epochs_and_batch(prepared.train.n_samples()),
            solver: settings.solver,
        }
    }
}

/// What the text of a file says, once more as a file: as it would be recorded by a run of `n_samples` training samples that are scaled only
/// where the text says so. No data are read.
///
/// # Errors
/// What is wrong with the text, or with the parameters in it.
///
/// ```
/// let text = tiam_cli::rewritten("method = 'tiam'\nband = [10, 0.5, 0.01]\nseed = 7", 1000)?;
/// assert!(text.contains("seed = 7\n") && text.contains("band = [10.0, 0.5, 0.01]\n"));
/// assert_eq!(tiam_cli::rewritten(&text, 1000)?, text);
/// assert!(tiam_cli::rewritten("rho = 'much'", 1000).unwrap_err().contains("--rho"));
/// # Ok::<(), String>(())
/// ```
pub fn rewritten(text: &str, n_samples: usize) -> Result<String, String> {
    let options = parse(text)?.options;
    let settings = Settings::new(&options, DataKind::Digits);
    let facts = RunFacts {
        scaling: settings.scaling.resolve(ScalingKind::None),
        test_fraction: settings.test_fraction,
        cut_short_after: None,
        epochs_and_batch: settings.epochs_and_batch(n_samples),
        solver: settings.solver,
    };
    let checked = check_flags(&options, settings.method).and_then(|()| settings.check_method());
    checked
        .and_then(|()| write(&settings, facts))
        .map_err(|error| error.to_string())
}

/// The file from which a run can be repeated.
pub(crate) fn write(settings: &Settings, facts: RunFacts) -> Result<String, CliError> {
    let recorded = toml::to_string(&Recorded::new(settings, facts)).map_err(|error| {
        CliError::Failed(format!("the configuration cannot be written: {error}"))
    })?;
    let mut text = String::from("# Repeat this run: tiam train --config THIS_FILE --out DIR\n");
    if let Some(n) = facts.cut_short_after {
        text.push_str(&format!(
            "# It was stopped by a user or a clock after {n} iterations; `iterations` is that number, so that they can be repeated.\n"
        ));
    }
    Ok(text + &recorded)
}

impl Recorded {
    fn new(s: &Settings, facts: RunFacts) -> Self {
        let time_limit = if facts.cut_short_after.is_some() {
            None
        } else {
            s.time_limit
        };
        // A key that means nothing to the method would be refused when the file is read.
        let applies = |flag: Flag| flag.applies(s.method);
        // A model to go on from has these already.
        let fresh = |text: String| s.from.is_none().then_some(text);
        let (epochs, batch) = facts.epochs_and_batch.unzip();
        let by_iterations = epochs.is_none().then(|| s.most_iterations());
        let inertia = [s.inertia.start, s.inertia.gradient, s.inertia.correction];
        Self {
            version: env!("CARGO_PKG_VERSION"),
            data: data_text(&s.data),
            format: s.format.map(name_of),
            header: name_of(s.header),
            label: s.label.clone(),
            task: name_of(s.task),
            categorical: s.categorical.0.clone(),
            max_categories: s.max_categories,
            ignore: s.ignore.0.clone(),
            sample_weights: s.sample_weights.clone(),
            scaling: fresh(name_of(ScalingName::of(facts.scaling))),
            hops: s.hops,
            test: s
                .test
                .as_deref()
                .map(|path| absolute(path).display().to_string()),
            test_fraction: facts.test_fraction,
            validation_fraction: s.validation_fraction,
            from: s
                .from
                .as_deref()
                .map(|path| absolute(path).display().to_string()),
            hidden: s.from.is_none().then(|| s.hidden.0.clone()),
            activation: fresh(s.activation.to_string()),
            init: fresh(s.init.to_string()),
            method: s.method.to_string(),
            rho: applies(Flag::Rho).then_some(s.rho),
            ridge: s.ridge,
            l1: applies(Flag::L1).then_some(s.l1),
            band: applies(Flag::Band).then_some([s.band.start, s.band.decay, s.band.floor]),
            inertia: applies(Flag::Inertia).then_some(inertia),
            schedule: applies(Flag::Schedule).then(|| name_of(s.schedule)),
            guard: applies(Flag::Guard).then(|| name_of(s.guard)),
            solver: applies(Flag::Solver).then(|| name_of(facts.solver)),
            learning_rate: s.learning_rate,
            batch_size: s.batch_size.or(batch),
            gamma: s.gamma,
            alpha: s.alpha,
            epochs,
            step_schedule: applies(Flag::StepSchedule).then(|| s.step_schedule.to_string()),
            damping: s.damping,
            curvature: applies(Flag::Curvature).then(|| s.curvature.to_string()),
            averaging: s.averaging,
            class_weights: applies(Flag::ClassWeights).then(|| s.class_weights.to_string()),
            patience: s.patience,
            iterations: facts.cut_short_after.or(s.iterations).or(by_iterations),
            target_objective: s.target_objective,
            rel_change: s.rel_change,
            time_limit,
            seed: i64::try_from(s.seed)
                .map_or_else(|_| Value::String(s.seed.to_string()), Value::Integer),
            precision: name_of(s.precision),
            threads: s.threads,
            trace_test: s.trace_test,
        }
    }
}

fn data_text(data: &DataSource) -> String {
    data.absolute().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::DataKind;

    #[test]
    fn values_may_be_lists_numbers_or_the_flags_text() {
        let listed =
            "hidden = [3, 4]\nband = [1, 0.5, 0.1]\nguard = false\nlabel = -1\nhidden-x = 1";
        assert!(
            parse(listed)
                .unwrap_err()
                .contains("unknown key `hidden-x`; known are data, ")
        );
        let listed = parse(listed.trim_end_matches("hidden-x = 1"))
            .unwrap()
            .options;
        let text = "hidden = '3,4'\nband = '1,0.5,0.1'\nguard = 'off'\nlabel = '-1'";
        let text = parse(text).unwrap().options;
        assert_eq!(listed.network.hidden, text.network.hidden);
        assert_eq!(listed.method.band, text.method.band);
        assert_eq!(listed.method.guard, text.method.guard);
        assert_eq!(listed.data.label, text.data.label);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut settings = Settings::new(&TrainOptions::default(), DataKind::Digits);
        settings.seed = u64::MAX;
        settings.method = tiam_bench::methods::Method::Tiam;
        settings.rho = 0.1 + 0.2;
        settings.hidden.0.clear();
        let scaling = ScalingKind::MinMax;
        let facts = RunFacts {
            scaling,
            test_fraction: Some(0.25),
            cut_short_after: Some(7),
            epochs_and_batch: None,
            solver: SolverName::Dual,
        };
        let read = parse(&write(&settings, facts).unwrap()).unwrap();
        assert_eq!(read.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        let read = Settings::new(&read.options, DataKind::Digits);
        assert_eq!((read.seed, read.iterations), (u64::MAX, Some(7)));
        assert_eq!(read.rho.to_bits(), settings.rho.to_bits());
        assert_eq!(read.hidden, settings.hidden);
        assert_eq!(read.scaling, ScalingName::MinMax);
        assert_eq!(read.solver, SolverName::Dual);
        assert_eq!(read.test_fraction, Some(0.25));
    }

    #[test]
    fn a_bad_value_names_its_key() {
        let error = parse("rho = 'much'").unwrap_err();
        assert!(error.contains("--rho") && error.contains("much"), "{error}");
        assert!(parse("rho = {a = 1}").unwrap_err().contains("`rho`"));
        assert!(parse("quiet = 1").unwrap_err().contains("`quiet`"));
        assert!(parse("rho = ").unwrap_err().contains("line 1"));
        let both = parse("test = 'a'\ntest-fraction = 0.1").unwrap_err();
        assert!(both.contains("cannot be used with"), "{both}");
    }
}
