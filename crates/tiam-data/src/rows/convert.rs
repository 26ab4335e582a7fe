//! Conversion of texts: two passes over them, one that finds the encoding from every row, and one that writes the rows by it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::file::{Contents, SourceMark, Writer};
use crate::{
    Dataset, Format, LoadParams, RowEncoder, Targets,
    error::{DataError, Place, Result},
    formats::{self, BLOCK, for_each_sheet},
    source::{STANDARD_INPUT, Source},
    table::{self, Found, Survey, Surveyed},
};

/// Bytes of features that a block of text may become: it is made smaller where its rows grow.
const ENCODED: usize = 32 << 20;
/// Fewest bytes of text read at a time.
const LEAST: usize = 1 << 16;

const HELD: &str =
    "a pipe or an archive cannot be streamed: store it as a file, plain or packed by gzip";

/// The files, as they are now.
pub(super) fn marks(paths: &[PathBuf]) -> Result<Vec<SourceMark>> {
    let mark = |path: &PathBuf| {
        let io = |e| DataError::io(path, e);
        if path.as_os_str() == STANDARD_INPUT {
            return Err(DataError::malformed(path, Place::Whole, HELD));
        }
        let path = fs::canonicalize(path).map_err(io)?;
        let metadata = fs::metadata(&path).map_err(io)?;
        let changed = metadata.modified().ok();
        let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(SourceMark {
            path,
            bytes: metadata.len(),
            changed: since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX)),
        })
    };
    paths.iter().map(mark).collect()
}

/// Opens a file that can be read twice, some rows at a time.
fn open(path: &Path, params: &LoadParams) -> Result<Source> {
    let source = Source::open(path, params)?;
    let format = match params.format {
        Some(format) => format,
        None => formats::detect(&source)?,
    };
    let reason = if source.is_held() {
        HELD
    } else if format != Format::Table {
        "only delimited text (CSV and its relatives) can be streamed: convert it"
    } else if !source.begins_as_utf8()? {
        "only UTF-8 text can be streamed: convert it, say by iconv"
    } else {
        return Ok(source);
    };
    Err(DataError::malformed(path, Place::Whole, reason))
}

/// Writes the rows of the texts to a file.
pub(super) fn convert(
    (paths, sources): (&[PathBuf], Vec<SourceMark>),
    params: &LoadParams,
    read_by: String,
    mut writer: Writer,
) -> Result<()> {
    let open = |path: &PathBuf| open(path, params);
    let texts = paths.iter().map(open).collect::<Result<Vec<_>>>()?;
    let Some(first) = texts.first() else {
        return Err(DataError::parameter("paths", "none", "at least one file"));
    };
    let whole = match texts.len() {
        1 => first.clone(),
        _ => Source::joined(&texts),
    };
    let (found, n_bytes) = survey((&texts, &whole), params)?;
    let n_rows: usize = found.n_rows.iter().sum();
    let encoder = RowEncoder::new(found.encoding)?;
    let mut contents = Contents {
        sources,
        read_by,
        n_answers: encoder.encoding().label_columns().count(),
        encoding: encoder.encoding().clone(),
        reading: found.reading,
        blocks: Vec::new(),
    };
    let encoded = n_rows.saturating_mul(4 * encoder.n_features()).max(1);
    let size = n_bytes.saturating_mul(ENCODED) / encoded;
    let mut waiting = Waiting::default();
    for_each_sheet(
        (&texts, &whole),
        params,
        size.clamp(LEAST, BLOCK),
        &mut |sheet| {
            if let Some(data) = table::read_some(sheet, params, &encoder)? {
                waiting.take(&data);
            }
            waiting.write(&mut contents, &mut writer, false)
        },
    )?;
    waiting.write(&mut contents, &mut writer, true)?;
    let n_written: usize = contents.blocks.iter().map(|block| block.n_rows).sum();
    if n_written != n_rows {
        let reason = "the file changed while it was read; start again once it is complete";
        return Err(DataError::malformed(&first.path, Place::Whole, reason));
    }
    writer.finish(&contents)
}

/// The first pass, and the bytes of text that it saw.
fn survey(texts: (&[Source], &Source), params: &LoadParams) -> Result<(Surveyed, usize)> {
    let mut survey = None;
    let mut found = Found::default();
    let mut n_bytes = 0;
    let heading = for_each_sheet(texts, params, BLOCK, &mut |sheet| {
        let survey = match &mut survey {
            Some(survey) => survey,
            none => none.insert(Survey::new(sheet, &params.table)?),
        };
        n_bytes += sheet.rows.n_bytes();
        survey.add(&mut found, sheet, params.threads)
    })?;
    let Some(survey) = survey else {
        let reason = "there are no data rows";
        return Err(DataError::malformed(&texts.1.path, Place::Whole, reason));
    };
    Ok((survey.finish(found, &heading)?, n_bytes))
}

/// Rows that are encoded, and not yet written.
#[derive(Default)]
struct Waiting {
    features: Vec<f32>,
    answers: Vec<f32>,
    n_rows: usize,
}

impl Waiting {
    #[allow(clippy::cast_precision_loss, reason = "the number of a class")]
    fn take(&mut self, data: &Dataset<f32>) {
        self.features.extend_from_slice(data.features().values());
        match data.targets() {
            Targets::Classes { labels, .. } => {
                self.answers
                    .extend(labels.iter().map(|class| *class as f32));
            }
            Targets::Values(values) => self.answers.extend_from_slice(values.values()),
            Targets::Absent => {}
        }
        self.n_rows += data.n_samples();
    }

    /// Writes whole blocks, and what is left of the rows if they are the last.
    fn write(&mut self, contents: &mut Contents, writer: &mut Writer, is_last: bool) -> Result<()> {
        let (width, n_answers) = (contents.encoding.n_features(), contents.n_answers);
        let most = contents.rows_per_block();
        let mut done = 0;
        while self.n_rows - done >= if is_last { 1 } else { most } {
            let end = (done + most).min(self.n_rows);
            let features = &self.features[done * width..end * width];
            let answers = &self.answers[done * n_answers..end * n_answers];
            let n = end - done;
            let block = writer.block((features, width), (answers, n_answers), n)?;
            contents.blocks.push(block);
            done = end;
        }
        self.features.drain(..done * width);
        self.answers.drain(..done * n_answers);
        self.n_rows -= done;
        Ok(())
    }
}
