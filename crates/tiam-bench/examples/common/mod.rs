//! Command-line arguments of the examples.

use std::fmt::Display;
use std::process::exit;
use std::str::FromStr;

/// The arguments, at most `most` of them; prints `usage` and ends the process on `--help`.
pub(crate) fn arguments(usage: &str, most: usize) -> Vec<String> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if given.iter().any(|word| word == "-h" || word == "--help") {
        println!("{usage}");
        exit(0);
    }
    if let Some(surplus) = given.get(most) {
        refuse(usage, format!("unexpected argument {surplus:?}"));
    }
    given
}

/// Argument `i` as a value, `default` where it is absent; anything else than `expected` ends the process.
#[allow(dead_code, reason = "not every example has numbers")]
pub(crate) fn value<T: FromStr>(
    usage: &str,
    given: &[String],
    (i, name): (usize, &str),
    default: T,
    (allowed, expected): (fn(&T) -> bool, &str),
) -> T {
    let Some(text) = given.get(i) else {
        return default;
    };
    match text.parse() {
        Ok(value) if allowed(&value) => value,
        _ => refuse(usage, format!("{name} is {text:?}; it must be {expected}")),
    }
}

/// Ends the process with status 2 after the error and the usage.
pub(crate) fn refuse(usage: &str, error: impl Display) -> ! {
    eprintln!("error: {error}\n\n{usage}");
    exit(2);
}
