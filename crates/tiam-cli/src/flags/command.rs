//! Makes the command line of `tiam train` from the table of flags, and adds advice to errors of usage.

use std::ffi::OsString;

use clap::builder::{
    PossibleValue, PossibleValuesParser, StyledStr, TypedValueParser, ValueParser,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
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
        .about("Train a network and save it with its trace and configuration")
        .long_about(
            "Train a network and save it with its trace and configuration.\n\n\
             On a table, the best model is searched for: encodings of the inputs and ridges are tried on folds, and several networks mixed. \
             --effort says how much is tried: single, good (the default) or best.\n\n\
             Ctrl-C ends training after the iteration under way and saves everything; --resume goes on with it.",
        )
        .after_help(
            "Example: tiam train --data wine.csv --task values --hidden 32,32 --out wine\n\
             Repeat:  tiam train --config wine/config.toml --out again\n\
             Go on:   tiam train --resume wine",
        )
        .args(flags)
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

/// The error of a command line, with what to write instead where clap does not know it.
pub(crate) fn advised(mut error: clap::Error) -> clap::Error {
    let context = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return error,
    };
    let known = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    let Some(ContextValue::String(stray)) = error.get(context) else {
        return error;
    };
    let first = std::env::args_os().nth(1).unwrap_or_default();
    let tip = match first.to_str() {
        _ if known.iter().any(|kind| error.get(*kind).is_some()) => None,
        Some(first) if first.starts_with('-') => {
            Some(format!("flags follow a subcommand: tiam train {stray}"))
        }
        Some("train" | "evaluate" | "predict") if !stray.starts_with('-') => {
            Some(format!("data are named by a flag: --data {stray}"))
        }
        Some("help") => None,
        _ if context == ContextKind::InvalidArg => None,
        _ => Some(format!(
            "to train on a file of data: tiam train --data {stray}"
        )),
    };
    if let Some(tip) = tip {
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
        );
    }
    error
}
