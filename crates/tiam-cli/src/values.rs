//! Types of settings that no library has: the source of the data, the scaling, how often a run is saved.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tiam::{ScalingKind, Table};
use tiam_models::Cadence;

/// Where data come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DataSource {
    /// The embedded digits.
    Digits,
    /// Files, folders, patterns of names, or `-` for standard input.
    Paths(Vec<PathBuf>),
}

/// Standard input.
const STDIN: &str = "-";

impl DataSource {
    /// The same place, whatever the current folder is.
    pub(crate) fn absolute(&self) -> Self {
        let absolute = |path: &PathBuf| match path.as_os_str() {
            name if name == STDIN => path.clone(),
            _ => absolute(path),
        };
        match self {
            Self::Digits => Self::Digits,
            Self::Paths(paths) => Self::Paths(paths.iter().map(absolute).collect()),
        }
    }

    /// The data, read as by default.
    pub(crate) fn table(&self) -> Result<Table, tiam::Error> {
        match self {
            Self::Digits => Ok(Table::digits()),
            Self::Paths(paths) => Table::read_many(paths),
        }
    }
}

/// The path from the root, where the system can tell.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl FromStr for DataSource {
    type Err = &'static str;

    /// `digits` are the embedded ones; a file of that name is `./digits`.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "" => Err("a path is needed, or `digits`"),
            "digits" => Ok(Self::Digits),
            // A name may hold a comma.
            path if std::path::Path::new(path).exists() => Ok(Self::Paths(vec![path.into()])),
            paths => Ok(Self::Paths(paths.split(',').map(PathBuf::from).collect())),
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Paths(paths) => {
                let paths: Vec<String> = paths
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                f.write_str(&paths.join(","))
            }
        }
    }
}

/// The character that separates cells, or begins a comment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Delimiter(pub(crate) u8);

const NAMED: [(&str, u8); 6] = [
    ("tab", b'\t'),
    ("\\t", b'\t'),
    ("blanks", b' '),
    ("comma", b','),
    ("semicolon", b';'),
    ("pipe", b'|'),
];

impl FromStr for Delimiter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, byte)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(Self(*byte));
        }
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(Self(*byte)),
            _ => Err("one ASCII character is needed, `tab`, or `blanks` for runs of white space"),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMED.iter().find(|(_, byte)| *byte == self.0);
        match named {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", char::from(self.0)),
        }
    }
}

/// How inputs are scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScalingName {
    /// What suits the kind of data.
    Auto,
    /// As asked for.
    Kind(ScalingKind),
}

/// How often a run is saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CheckpointEvery {
    /// Not even when it is interrupted.
    Off,
    /// After so many iterations, or so much time.
    On(Cadence),
}

impl FromStr for CheckpointEvery {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let cadence = match text.strip_suffix('s').map(str::parse) {
            _ if text == "off" => return Ok(Self::Off),
            None => text
                .parse()
                .ok()
                .filter(|n| *n > 0)
                .map(Cadence::Iterations),
            Some(seconds) => {
                let interval = seconds.ok().map(Duration::try_from_secs_f64);
                interval.and_then(Result::ok).map(Cadence::Interval)
            }
        };
        let cadence = cadence.map(Self::On);
        cadence.ok_or("give a number of iterations from 1, a time as in 60s, or off")
    }
}
