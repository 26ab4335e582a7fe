//! Adds advice to errors of usage: what to write instead.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What people write who know other programs, and the flag that does it here.
const OTHER_NAMES: [(&str, &str); 10] = [
    ("target", "label"),
    ("layers", "hidden"),
    ("units", "hidden"),
    ("weight-decay", "ridge"),
    ("l2", "ridge"),
    ("normalize", "scaling"),
    ("drop", "ignore"),
    ("exclude", "ignore"),
    ("file", "data"),
    ("early-stopping", "patience"),
];
/// Shorter beginnings of a flag are not taken for it.
const SHORTEST_START: usize = 3;

/// The error of a command line, with what to write instead: a flag only where it is really close.
pub(crate) fn advised(error: clap::Error) -> clap::Error {
    match error.kind() {
        ErrorKind::InvalidSubcommand => with_tip(error, ContextKind::InvalidSubcommand),
        ErrorKind::UnknownArgument => with_tip(error, ContextKind::InvalidArg),
        _ => error,
    }
}

fn with_tip(mut error: clap::Error, context: ContextKind) -> clap::Error {
    let Some(ContextValue::String(stray)) = error.get(context).cloned() else {
        return error;
    };
    let first = std::env::args().nth(1).unwrap_or_default();
    let known = context == ContextKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_some();
    let tip = match first.as_str() {
        _ if known => None,
        first if first.starts_with('-') => {
            Some(format!("flags follow a subcommand: tiam train {stray}"))
        }
        "train" | "evaluate" | "predict" if !stray.starts_with('-') => {
            Some(format!("data are named by a flag: --data {stray}"))
        }
        "help" => None,
        command if stray.starts_with("--") => {
            error.remove(ContextKind::SuggestedArg);
            // It was made from the guess.
            error.remove(ContextKind::Usage);
            Some(flag_tip(command, stray.trim_start_matches('-')))
        }
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

/// The flags that are close to what was written, or where all of them are listed.
fn flag_tip(command: &str, stray: &str) -> String {
    let all = crate::args::command();
    let flags = all
        .find_subcommand(command)
        .into_iter()
        .flat_map(clap::Command::get_arguments);
    let names: Vec<&str> = flags.filter_map(clap::Arg::get_long).collect();
    let other = OTHER_NAMES
        .iter()
        .find(|(name, flag)| *name == stray && names.contains(flag));
    let close = match other {
        Some((_, flag)) => vec![*flag],
        None => names
            .into_iter()
            .filter(|name| is_close(stray, name))
            .collect(),
    };
    let has = |command: &&clap::Command| {
        command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(stray))
    };
    if let Some(home) = all.get_subcommands().find(has) {
        return format!("'--{stray}' is a flag of `tiam {}`", home.get_name());
    }
    let close: Vec<String> = close.iter().map(|name| format!("'--{name}'")).collect();
    match close.is_empty() {
        true => format!(
            "no flag of `tiam {command}` is called like that; `tiam {command} --help` lists them all"
        ),
        false => format!(
            "did you mean {}? `tiam {command} --help` lists all flags",
            close.join(" or ")
        ),
    }
}

/// Whether what was written may be meant for a flag: its beginning or a longer form of it, its initials, or a slip of the fingers.
fn is_close(stray: &str, flag: &str) -> bool {
    let (short, long) = if stray.len() < flag.len() {
        (stray, flag)
    } else {
        (flag, stray)
    };
    let starts = short.len() >= SHORTEST_START && long.starts_with(short);
    let initials = flag.split('-').filter_map(|word| word.chars().next());
    let initials = flag.contains('-') && initials.eq(stray.chars());
    let shorter = stray.len().min(flag.len());
    let slips = if shorter < SHORTEST_START {
        0
    } else {
        1 + shorter / 6
    };
    starts || initials || distance(stray, flag) <= slips
}

/// Letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = rows[i][j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
