//! `tiam compare`: methods side by side on one's own data, and a verdict.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Arg, ArgMatches, Command, value_parser};
use tiam::{DataKind, Effort, Fit, Measure, Method, Run, Runs, Trial, TrialResult};
use tiam_core::Stopping;

use crate::artifacts::write_whole;
use crate::error::CliError;
use crate::figures::{aligned, number, percent};
use crate::flags::{self, Given};
use crate::interrupt;
use crate::output;
use crate::progress::Meter;
use crate::reading;
use crate::search;
use crate::settings::Settings;

const METHODS: &str = "methods";
const SEEDS: &str = "seeds";
const BUDGET: &str = "budget";
const OUT: &str = "out";
/// What is compared where nothing else is said.
const USUAL: &str = if cfg!(feature = "reproduce") {
    "good,single,adam"
} else {
    "good,single"
};

/// A search with an effort, or one network by a method.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Contender {
    Effort(Effort),
    Method(Method),
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let effort = s.parse().map(|effort| match effort {
            Effort::Single => Self::Method(Method::Stochastic),
            effort => Self::Effort(effort),
        });
        effort
            .or_else(|_| s.parse().map(Self::Method))
            .map_err(|_| {
                let methods = Method::ALL.map(Method::name);
                format!(
                    "no such method; there are good, best, single, {}",
                    methods.join(", ")
                )
            })
    }
}

/// Seconds, as in `10s`, `2m` or `1.5h`.
fn seconds(text: &str) -> Result<f64, String> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let unit = units
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = unit.unwrap_or((text, 1.0));
    let seconds = number
        .trim()
        .parse()
        .ok()
        .map(|number: f64| number * factor);
    seconds
        .filter(|x| *x > 0.0 && x.is_finite())
        .ok_or_else(|| "give a time as in 10s, 2m or 1h".to_owned())
}

/// The command with its flags.
pub(crate) fn command() -> Command {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let methods = "What is compared, separated by commas: good and best (searches), single (one network by batches), and the names that `tiam train --method` takes";
    flags::measuring("compare", flags::is_of_any_method)
        .about("Try several methods on your data, side by side: how good they are, what they take, and whether the differences are more than chance")
        .long_about(
            "Try several methods on your data, side by side: how good they are, what they take, and whether the differences are more than chance.\n\n\
             The rows are cut anew for every seed into a part to learn from and a fifth to test on; every method is fitted to the same parts, by \
             turns. Writes a page and a JSON file, and prints a verdict. Gradient methods run in batches, with the epochs that a single network by \
             batches has and one cycle of the learning rate.",
        )
        .after_help("Example: tiam compare --data iris.csv --label species --methods good,single,adam --seeds 5")
        .arg(arg(METHODS, "NAMES", methods).default_value(USUAL).value_delimiter(',').value_parser(Contender::from_str))
        .arg(arg(SEEDS, "N", "Cuts of the rows, each with a seed of its own").default_value("5").value_parser(value_parser!(NonZeroUsize)))
        .arg(arg(BUDGET, "TIME", "Longest time of a fit, as in 10s or 2m; without it, each takes what it takes").value_parser(seconds))
        .arg(arg(OUT, "DIR", "Folder for compare.html and compare.json").default_value("tiam-compare").value_parser(value_parser!(PathBuf)))
}

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), CliError> {
    let given = Given::on_command_line(matches)?;
    let asked = given.settings(DataKind::Digits);
    let seeds = matches
        .get_one(SEEDS)
        .map_or(5, |seeds: &NonZeroUsize| seeds.get());
    let out: &PathBuf = matches
        .get_one(OUT)
        .ok_or_else(|| CliError::Usage("--out is needed".to_owned()))?;
    let table = asked.table()?.load()?;
    let has_flags = reading::tell_table(&table, asked.quiet)?;
    let interrupt =
        interrupt::flag("interrupted: what all methods have done by now counts (again to kill)");
    let mut stopping = Stopping::default().interrupt(interrupt.clone());
    if let Some(budget) = matches.get_one::<f64>(BUDGET) {
        stopping = stopping.time_limit(std::time::Duration::from_secs_f64(*budget));
    }
    let mut trial = Trial::default()
        .splits(seeds)
        .seed(asked.seed)
        .interrupt(interrupt);
    let n_train = table.n_samples()? * 4 / 5;
    let mut contenders: Vec<Contender> = Vec::new();
    for contender in matches.get_many::<Contender>(METHODS).into_iter().flatten() {
        if !contenders.contains(contender) {
            contenders.push(*contender);
            let method = fit(
                &given,
                *contender,
                (table.kind()?, has_flags, n_train),
                &stopping,
            )?;
            trial = trial.method(name(*contender), method);
        }
    }
    let mut meter: Option<Meter> = None;
    let found = trial.run(&table, &mut |done, of, name| {
        let template = "{bar:30} {pos}/{len} fits, now {msg} [{elapsed}, {eta} left]";
        let meter = meter.get_or_insert_with(|| Meter::new(asked.quiet, of as u64, template));
        meter.show(
            done as u64,
            &format!("fit {:>4} of {of}", done + 1),
            name.to_owned(),
            false,
        );
    });
    if let Some(meter) = &meter {
        meter.finish();
    }
    let found = found?;
    std::fs::create_dir_all(out).map_err(CliError::writing(out))?;
    let json = to_json(&found)?;
    let (page, file) = (out.join("compare.html"), out.join("compare.json"));
    for (path, text) in [(&page, &found.to_html()), (&file, &json)] {
        write_whole(path, |file| {
            std::io::Write::write_all(file, text.as_bytes())
        })?;
    }
    output::print(&match asked.json {
        true => json,
        false => format!(
            "{}\n{}\n\npage          {}\nfigures       {}\n",
            to_table(&found),
            found.verdict(),
            page.display(),
            file.display()
        ),
    })
}

fn name(contender: Contender) -> &'static str {
    match contender {
        Contender::Effort(effort) => effort.name(),
        Contender::Method(Method::Stochastic) => "single",
        Contender::Method(method) => method.name(),
    }
}

fn fit(
    given: &Given,
    contender: Contender,
    (kind, has_flags, n_train): (DataKind, bool, usize),
    stopping: &Stopping,
) -> Result<Box<dyn Fit>, CliError> {
    let common = given.settings(kind);
    Ok(match contender {
        Contender::Effort(effort) if has_flags || kind == DataKind::Graph => {
            let what = if has_flags {
                "several answers of no or yes"
            } else {
                "a graph"
            };
            return Err(CliError::Usage(format!(
                "{what} take one network: leave {effort} out of --methods, as in --methods single,tiam"
            )));
        }
        Contender::Effort(effort) => Box::new(search::new(&common, effort, stopping.clone())),
        Contender::Method(method) => {
            let settings = Settings {
                data: common.data,
                seed: common.seed,
                precision: common.precision,
                threads: common.threads,
                ..Settings::defaults(Some(method), kind)
            };
            Box::new(settings.skilled_mlp(n_train, stopping)?)
        }
    })
}

fn to_json(found: &TrialResult) -> Result<String, CliError> {
    let mut value =
        serde_json::to_value(found).map_err(|error| CliError::Failed(error.to_string()))?;
    value["verdict"] = found.verdict().into();
    value["best"] = found.best().map(|best| best.name.clone()).into();
    value["differences"] = serde_json::to_value(found.differences()).unwrap_or_default();
    output::json_line(&value)
}

fn to_table(found: &TrialResult) -> String {
    let (score, loss, print): (_, _, fn(f64) -> String) = match found.measure {
        Measure::Accuracy => ("accuracy", "log loss", percent),
        Measure::R2 => ("r2", "rmse", number),
    };
    let heading = [
        "method",
        score,
        loss,
        "fit s",
        "cpu s",
        "memory MB",
        "model kB",
        "row us",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    #[allow(clippy::cast_precision_loss, reason = "bytes")]
    rows.extend(found.methods.iter().map(|runs: &Runs| {
        let cell = |figure: fn(&Run) -> Option<f64>, print: fn(f64) -> String| {
            runs.mean(figure).map_or_else(|| "-".to_owned(), print)
        };
        vec![
            runs.name.clone(),
            cell(|run| Some(run.score), print),
            cell(|run| Some(run.loss), number),
            cell(|run| Some(run.costs.seconds), number),
            cell(|run| run.costs.processor_seconds, number),
            cell(
                |run| Some(run.costs.memory? as f64 / 1e6),
                |x| format!("{x:.1}"),
            ),
            cell(
                |run| Some(run.costs.model_bytes as f64 / 1e3),
                |x| format!("{x:.1}"),
            ),
            cell(|run| Some(run.costs.microseconds), |x| format!("{x:.2}")),
        ]
    }));
    let mut text = aligned(&rows);
    for runs in &found.methods {
        if let Some(reason) = &runs.failed {
            text += &format!("{} failed: {reason}\n", runs.name);
        }
    }
    text
}
