//! Makes the command line of `tiam train` from the table of flags.

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, Command, value_parser};
use tiam::{DataKind, Method, Preset};
use toml::Value;

use super::value::{Choice, FlagValue};
use super::{Default, Flag, table};
use crate::settings::Settings;

/// The command `tiam train`.
pub(crate) fn train() -> Command {
    let flags = table::GROUPS.into_iter().flat_map(|group| {
        let flags = table::ALL.iter().filter(move |flag| flag.group == group);
        flags.map(move |flag| arg(flag).help_heading(group))
    });
    Command::new("train")
        .about("Learn from a file of data; saves a model and a page about it")
        .long_about(
            "Learn from a file of data: to predict one of its columns, the label, from the others. Saves a model and a page about it.\n\n\
             Nothing needs to be set but --data and, where the label is not the last column, --label. `tiam train -h` is a shorter list.\n\n\
             On a table, the best model is searched for: encodings of the inputs and ridges are tried on folds, and several networks mixed. \
             --effort says how much is tried: single, good (the default) or best.\n\n\
             Ctrl-C ends training after the iteration under way and saves everything; --resume goes on with it.",
        )
        .after_help(
            "Example: tiam train --data iris.csv --label species --out iris\n\
             Numbers: tiam train --data wine.csv --task values --hidden 32,32 --out wine\n\
             Repeat:  tiam train --config wine/config.toml --out again\n\
             Go on:   tiam train --resume wine",
        )
        .args(flags)
}

/// A command that trains in one process and saves nothing: with those of the flags that it wants.
pub(crate) fn measuring(name: &'static str, wants: fn(&str) -> bool) -> Command {
    const OF_ONE_TRAINING: [&str; 9] = [
        "test",
        "test-fraction",
        "from",
        "trace-test",
        "stream",
        "cache",
        "pool-blocks",
        "local-steps",
        "send",
    ];
    let of = |flag: &&Flag| match flag.group {
        table::OUTPUT => ["quiet", "json"].contains(&flag.name),
        _ => !OF_ONE_TRAINING.contains(&flag.name) && wants(flag.name),
    };
    let flags = table::ALL.iter().filter(of);
    Command::new(name).args(flags.map(|flag| arg(flag).help_heading(flag.group)))
}

/// True for flags that say how data are read, or what holds whatever the method.
pub(crate) fn is_of_any_method(name: &str) -> bool {
    const ALL: [&str; 3] = ["seed", "precision", "threads"];
    table::named(name).is_some_and(|flag| {
        ([table::DATA, table::READING].contains(&flag.group) && !flag.is_of_one_network())
            || ALL.contains(&name)
    })
}

fn arg(flag: &'static Flag) -> Arg {
    let mut help = flag.help.to_owned();
    if let Some(methods) = flag.methods() {
        help += &format!(" [for {methods}]");
    }
    if let Some(default) = default(flag) {
        help += &format!(" [default: {default}]");
    }
    let arg = Arg::new(flag.name).long(flag.name).help(help);
    if flag.is_switch() {
        return arg.action(ArgAction::SetTrue);
    }
    let parser = match flag.choices {
        [] => value_parser!(OsString),
        choices => ValueParser::new(names(choices)),
    };
    let arg = match flag.several {
        true => arg.num_args(1..),
        false => arg,
    };
    arg.value_name(flag.value)
        .allow_negative_numbers(true)
        .allow_hyphen_values(flag.hyphens)
        .value_parser(parser)
}

fn names(choices: &'static [Choice]) -> PossibleValuesParser {
    let name = |(names, meaning): &Choice| {
        PossibleValue::new(names[0])
            .aliases(names.iter().skip(1))
            .help(*meaning)
    };
    choices.iter().map(name).collect::<Vec<_>>().into()
}

/// Reads a value that is chosen by name.
pub(crate) fn chosen<V: FlagValue + Clone + Send + Sync + 'static>()
-> impl TypedValueParser<Value = V> {
    names(V::CHOICES).try_map(|name| V::read(name.as_ref()))
}

/// The default as the help shows it.
fn default(flag: &Flag) -> Option<String> {
    let of = |method| {
        let value = (flag.get)(&Settings::defaults(Some(method), DataKind::Digits))?;
        text_of(&value).filter(|text| !text.is_empty())
    };
    match flag.default {
        Default::Words(words) => Some(words.to_owned()),
        Default::ByKind(text) => Some(Preset::describe(text)),
        Default::Value => match (of(Method::Stochastic)?, of(Method::Tiam)?) {
            (by_batches, full) if by_batches == full => Some(full),
            (by_batches, full) => Some(format!("{by_batches}; {full} with --method tiam")),
        },
    }
}

/// A value of a configuration as its flag would be written; none of a table or a date.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
