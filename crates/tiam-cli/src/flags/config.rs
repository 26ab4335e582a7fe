//! Reads configuration files with the parsers of the flags, and writes them so that a run can be repeated.

use std::fs;
use std::path::Path;

use tiam::{DataKind, Effort, ScalingKind, Solver, StochasticParams};
use tiam_models::SolverChoice;
use toml::Value;

use super::command::text_of;
use super::value::FlagValue;
use super::{Given, table};
use crate::error::CliError;
use crate::output;
use crate::settings::Settings;
use crate::values::ScalingName;

/// The key that tells which version wrote a file.
pub(super) const VERSION: &str = "version";

/// Reads a file. Values may be written as TOML has them or, as text, as the flag has them.
pub(crate) fn read(path: &Path) -> Result<Given, CliError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))?;
    read_text(&text, path)
}

/// Reads the text of a file; another version's is warned about.
pub(crate) fn read_text(text: &str, path: &Path) -> Result<Given, CliError> {
    let (path, own) = (path.display(), env!("CARGO_PKG_VERSION"));
    let parsed = parse(text).map_err(|reason| CliError::Usage(format!("{path}: {reason}")));
    let (version, given) = parsed?;
    if let Some(version) = version.filter(|version| version != own) {
        output::message(&format!(
            "warning: {path} was written by tiam {version}, this is {own}; results may differ"
        ));
    }
    Ok(given)
}

/// The version that wrote a file, if it says so, and its flags.
fn parse(text: &str) -> Result<(Option<String>, Given), String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let (mut version, mut given) = (None, Given::default());
    for (key, value) in table {
        let flag = table::of_files().find(|flag| flag.name == key);
        let text = text_of(&value)
            .ok_or_else(|| format!("`{key}` must be a number, a text or a list of them"));
        match (flag, value) {
            (Some(flag), Value::Boolean(true)) if flag.is_switch() => {
                given.add(flag, "".as_ref())?
            }
            (Some(flag), Value::Boolean(false)) if flag.is_switch() => {}
            (Some(flag), _) if flag.is_switch() => {
                return Err(format!("`{key}` must be true or false"));
            }
            (Some(flag), _) => given.add(flag, text?.as_ref())?,
            (None, _) if key == VERSION => version = Some(text?),
            (None, _) => {
                let known: Vec<&str> = table::of_files().map(|flag| flag.name).collect();
                return Err(format!(
                    "unknown key `{key}`; known are {}",
                    known.join(", ")
                ));
            }
        }
    }
    let given = given.consistent().map_err(|error| error.to_string())?;
    Ok((version, given))
}

/// The settings by which a run can be repeated: what it found out about its data in place of what depends on them.
pub(crate) fn repeatable(
    settings: &Settings,
    scaling: ScalingKind,
    test_fraction: Option<f64>,
    n_samples: usize,
) -> Settings {
    let (epochs, batch_size) = settings.epochs_and_batch(n_samples).unzip();
    let by_iterations = epochs.is_none().then(|| settings.most_iterations());
    Settings {
        scaling: ScalingName::Kind(scaling),
        test_fraction,
        epochs,
        batch_size: settings.batch_size.or(batch_size),
        ridge: settings
            .ridge
            .or_else(|| epochs.map(|_| StochasticParams::default_ridge(n_samples))),
        iterations: settings.iterations.or(by_iterations),
        ..settings.clone()
    }
}

/// The first block's solver in place of `auto`, so that the configuration tells it.
pub(crate) fn solver_used(asked: Solver, chosen: &[SolverChoice]) -> Solver {
    match (asked, chosen.first()) {
        (Solver::Auto { .. }, Some(first)) => {
            Solver::read(first.solver.as_ref()).unwrap_or(Solver::Backtracking)
        }
        _ => asked,
    }
}

/// The file of settings by which a run can be repeated. One that a clock or a user stopped is repeated by its count of iterations.
pub(crate) fn write(mut settings: Settings, cut_short_after: Option<usize>) -> String {
    let mut text = String::from("# Repeat this run: tiam train --config THIS_FILE --out DIR\n");
    if let Some(n) = cut_short_after {
        (settings.iterations, settings.time_limit) = (Some(n), None);
        text.push_str(&format!(
            "# It was stopped by a user or a clock after {n} iterations; `iterations` is that number, so that they can be repeated.\n"
        ));
    }
    text.push_str(&format!("{VERSION} = \"{}\"\n", env!("CARGO_PKG_VERSION")));
    let is_set =
        |name: &str| table::named(name).is_some_and(|flag| (flag.get)(&settings).is_some());
    let searched = settings
        .effort
        .is_some_and(|effort| effort != Effort::Single);
    for flag in table::ALL.iter().filter(|flag| flag.is_recorded()) {
        if searched && flag.is_of_one_network() {
            continue;
        }
        // A key that means nothing to the method, or beside another one, would be refused when the file is read.
        let kept =
            (flag.methods)(settings.method) && !flag.unless.iter().any(|other| is_set(other));
        if let Some(value) = (flag.get)(&settings).filter(|_| kept) {
            text.push_str(&format!("{} = {value}\n", flag.name));
        }
    }
    text
}

/// The parameters of a written file with their values as flags take them; without paths, and without what a report has anyway.
pub(crate) fn entries(text: &str) -> Vec<(String, String)> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let elsewhere = [VERSION, "data", "test", "from", "method", "seed"];
    let shown = table::of_files().filter(|flag| !elsewhere.contains(&flag.name));
    let entry =
        |flag: &super::Flag| Some((format!("--{}", flag.name), text_of(table.get(flag.name)?)?));
    shown
        .filter_map(entry)
        .filter(|(_, value)| !value.is_empty())
        .collect()
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
    let options = parse(text)?.1;
    let settings = options.settings(DataKind::Digits);
    let checked = options
        .check(settings.method)
        .and_then(|()| settings.check_method());
    checked.map_err(|error| error.to_string())?;
    let scaling = match settings.scaling {
        ScalingName::Auto => ScalingKind::None,
        ScalingName::Kind(kind) => kind,
    };
    let settings = repeatable(&settings, scaling, settings.test_fraction, n_samples);
    Ok(write(settings, None))
}
