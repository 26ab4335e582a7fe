//! Writes results to standard output and everything else to standard error, without a panic when the reader has gone. Of several
//! processes the first writes.

use std::io::{self, Write};

use crate::error::CliError;
use crate::processes::is_first;

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    to_stdout(|out| out.write_all(text.as_bytes()))
}

/// Lets `write` fill standard output, buffered and flushed.
pub(crate) fn to_stdout(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(|source| {
            if source.kind() == io::ErrorKind::BrokenPipe {
                CliError::ClosedPipe
            } else {
                CliError::Write {
                    path: "standard output".into(),
                    source,
                }
            }
        })
}

/// A result as one line of JSON.
pub(crate) fn json_line(result: &impl serde::Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string(result);
    text.map(|text| text + "\n")
        .map_err(|error| CliError::Failed(error.to_string()))
}

/// A line on standard error; if nobody listens, that is no failure.
pub(crate) fn message(text: &str) {
    if is_first() {
        last_words(text);
    }
}

/// A line on standard error, of any process.
pub(crate) fn last_words(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

/// Writes rows as CSV.
pub(crate) fn csv(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        // The kind of a failure tells that the reader has gone.
        let written = writer.write_record(row).map_err(csv::Error::into_kind);
        written.map_err(|kind| match kind {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })?;
    }
    writer.flush()
}
