//! Reader of IDX, the format of the MNIST files.

use std::path::Path;

use super::{Head, Reader};
use crate::{
    ColumnEncoding, Dataset, Features, LabelColumn, LoadParams, Scalar, Split, Targets,
    error::{DataError, Place, Result, reserve},
    source::{BUFFER, Source},
};

const TYPE_U8: u8 = 0x08;
const MAX_RANK: u8 = 4;
/// The four files of a folder: training and test, each with images and labels.
const STANDARD: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];

/// Images with the labels beside them, or a file without labels.
pub(super) struct Idx;

impl Reader for Idx {
    const KNOWN_AS: &'static str =
        "IDX (plain or gzip; a file, or a folder with the four MNIST files)";

    fn recognises(head: &Head) -> bool {
        matches!(head.text[..], [0, 0, 0x08..=0x0e, rank, ..] if rank > 0)
    }

    fn read<T: Scalar>(
        sources: &[Source],
        params: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        let source = &sources[0];
        let images = IdxFile::open(source.clone())?;
        let wanted = images.rank > 1 && params.table.label != LabelColumn::None;
        let name = labels_name(&source.path).filter(|_| wanted);
        let labels = name.map(|name| beside(&source.path, &name, params));
        let files = Pair::new(images, labels.transpose()?)?;
        let data = read_pairs(&[files])?;
        Ok(data.with_source(format!("IDX file {}; bytes / 255", source.path.display())))
    }
}

/// The four standard files: training samples first, then test samples, and the split that says so.
pub(crate) fn read_folder<T: Scalar>(folder: &Path, params: &LoadParams) -> Result<Dataset<T>> {
    let pair = |[images, labels]: [&str; 2]| {
        let open = |name| beside(folder, name, params);
        Pair::new(open(images)?, Some(open(labels)?))
    };
    let pairs = [pair(STANDARD[0])?, pair(STANDARD[1])?];
    check_same("pixels an image", &pairs[0].images, &pairs[1].images, |f| {
        f.n_features
    })?;
    let data = read_pairs(&pairs)?;
    let (n_train, n) = (pairs[0].images.n_samples, data.n_samples());
    let split = Split::new((0..n_train).collect(), Vec::new(), (n_train..n).collect())?;
    Ok(data
        .with_split(split)?
        .with_source(format!("IDX folder {}; bytes / 255", folder.display())))
}

/// Images and their labels.
struct Pair {
    images: IdxFile,
    labels: Option<IdxFile>,
}

impl Pair {
    fn new(images: IdxFile, labels: Option<IdxFile>) -> Result<Self> {
        if let Some(labels) = &labels {
            check_same("samples", &images, labels, |file| file.n_samples)?;
        }
        Ok(Self { images, labels })
    }
}

/// Pairs of files, one after the other. Bytes of images are divided by 255; label bytes keep their number, and the classes are 0 to the
/// largest.
fn read_pairs<T: Scalar>(pairs: &[Pair]) -> Result<Dataset<T>> {
    let files: Vec<&IdxFile> = pairs
        .iter()
        .filter_map(|pair| pair.labels.as_ref())
        .collect();
    let mut labels = room(&files, "the labels")?;
    for file in files {
        if file.rank != 1 {
            let reason = format!("labels must have rank 1, this file has rank {}", file.rank);
            return Err(malformed(&file.source, 3, reason));
        }
        file.append(&mut labels, u32::from)?;
    }
    let n_classes = labels.iter().max().map(|&largest| largest as usize + 1);
    let targets = n_classes.map_or(Targets::Absent, |n| Targets::numbered(labels, n));

    let files: Vec<&IdxFile> = pairs.iter().map(|pair| &pair.images).collect();
    let mut values = room(&files, "the features")?;
    let scaled: Vec<T> = (0..=u8::MAX)
        .map(|b| T::from_f64(f64::from(b) / 255.0))
        .collect();
    for file in &files {
        file.append(&mut values, |b| scaled[usize::from(b)])?;
    }
    let n = files.iter().map(|file| file.n_samples).sum();
    Dataset::new(Features::new(n, files[0].n_features, values)?, targets)
}

/// A file whose header was read.
struct IdxFile {
    source: Source,
    n_samples: usize,
    /// Bytes of a sample; 1 for rank 1.
    n_features: usize,
    rank: usize,
    /// Bytes of header and data.
    length: u64,
}

impl IdxFile {
    /// Reads the header: 1 to [`MAX_RANK`] dimensions, none 0, that agree with the length of the file as far as it is known.
    fn open(source: Source) -> Result<Self> {
        let fault = |at: usize, reason| Err(malformed(&source, at as u64, reason));
        let mut header = source.head(4 + 4 * usize::from(MAX_RANK))?;
        let n = header.len();
        header.resize(n.max(4), 0);
        let [zero, zero_too, kind, rank] = [header[0], header[1], header[2], header[3]];
        let header_len = 4 + 4 * usize::from(rank);
        if n < 4 {
            let reason = "the file ends within the four bytes an IDX file starts with";
            return fault(n, reason.to_owned());
        }
        if zero != 0 || zero_too != 0 {
            let starts = format!("it starts with {zero:#04x} {zero_too:#04x}, not two zeros");
            return fault(0, format!("not an IDX file: {starts}"));
        }
        if kind != TYPE_U8 {
            let reason = "is not supported; only 0x08, unsigned bytes, is";
            return fault(2, format!("element type {kind:#04x} {reason}"));
        }
        if rank == 0 || rank > MAX_RANK {
            let reason = format!("rank {rank} is not supported; 1 to {MAX_RANK} are");
            return fault(3, reason);
        }
        if n < header_len {
            let reason = format!("the file ends within its header of {header_len} bytes");
            return fault(n, reason);
        }
        let (dimensions, _) = header[4..header_len].as_chunks();
        let dimensions: Vec<u32> = dimensions.iter().map(|b| u32::from_be_bytes(*b)).collect();
        if let Some(at) = dimensions.iter().position(|&d| d == 0) {
            let reason = "the dimension is 0: the file holds no data".to_owned();
            return fault(4 + 4 * at, reason);
        }
        let product = |dimensions: &[u32]| {
            let mut sizes = dimensions.iter().map(|&d| d as usize);
            sizes.try_fold(1_usize, usize::checked_mul)
        };
        let length = product(&dimensions).and_then(|n| n.checked_add(header_len));
        let (Some(length), Some(n_features)) = (length, product(&dimensions[1..])) else {
            return fault(4, format!("the dimensions {dimensions:?} overflow"));
        };
        let file = Self {
            n_samples: dimensions[0] as usize,
            n_features,
            rank: dimensions.len(),
            length: length as u64,
            source,
        };
        if file.source.cannot_hold(file.length) {
            return Err(file.wrong_length()?);
        }
        Ok(file)
    }

    fn n_values(&self) -> usize {
        self.n_samples * self.n_features // did not overflow in `open`
    }

    /// The error about a file that is shorter or longer than its header says.
    fn wrong_length(&self) -> Result<DataError> {
        let (expected, actual) = (self.length, self.source.count()?);
        let reason = format!(
            "the header promises {expected} bytes in all, the file holds {actual}; \
             the file is cut short, damaged or not IDX"
        );
        Ok(malformed(&self.source, actual.min(expected), reason))
    }

    /// Appends what `value` makes of every data byte.
    fn append<V>(&self, values: &mut Vec<V>, value: impl Fn(u8) -> V) -> Result<()> {
        let mut stream = self.source.stream()?;
        let mut left = self.n_values();
        let mut chunk = Vec::new();
        stream.fill(&mut chunk, 4 + 4 * self.rank)?;
        loop {
            let n = stream.fill(&mut chunk, BUFFER)?;
            if n > left || (n == 0 && left > 0) {
                return Err(self.wrong_length()?);
            }
            if n == 0 {
                return Ok(());
            }
            left -= n;
            values.extend(chunk.iter().map(|&b| value(b)));
        }
    }
}

fn malformed(source: &Source, at: u64, reason: String) -> DataError {
    DataError::malformed(&source.path, Place::Byte(at), reason)
}

/// Room for one value a byte of all files, each within its own limit, and all within that of a single buffer.
fn room<V>(files: &[&IdxFile], what: &str) -> Result<Vec<V>> {
    let mut n = 0_usize;
    for file in files {
        let bytes = |n: usize| (n as u64).saturating_mul(size_of::<V>() as u64);
        file.source.check(what, bytes(file.n_values()))?;
        n = n.saturating_add(file.n_values());
        file.source.check_bytes(what, bytes(n))?;
    }
    reserve(n, what)
}

fn check_same(
    what: &str,
    first: &IdxFile,
    second: &IdxFile,
    count: fn(&IdxFile) -> usize,
) -> Result<()> {
    let (expected, actual) = (count(first), count(second));
    if expected == actual {
        return Ok(());
    }
    let other = second.source.path.display();
    let reason = format!("it holds {expected} {what}, but {other} holds {actual}");
    Err(DataError::malformed(
        &first.source.path,
        Place::Whole,
        reason,
    ))
}

/// `train-images-idx3-ubyte.gz` becomes `train-labels-idx1-ubyte`; `None` for a name without `images`.
fn labels_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let swapped = name.replace("images", "labels");
    let swapped = swapped.replace("idx3", "idx1").replace("idx4", "idx1");
    name.contains("images").then_some(swapped)
}

/// Opens a file of a folder, or one beside another file: with a dash or a dot before `idx`, plain or with `.gz`.
fn beside(path: &Path, name: &str, params: &LoadParams) -> Result<IdxFile> {
    let gzip = path.extension().is_some_and(|e| e == "gz");
    // The same kind first, should both be there.
    let endings = if gzip { [".gz", ""] } else { ["", ".gz"] };
    let folder = match path.parent() {
        Some(folder) if !path.is_dir() => folder,
        _ => path,
    };
    for name in [name, &name.replace("-idx", ".idx")] {
        for ending in endings {
            let path = folder.join(format!("{name}{ending}"));
            if path.is_file() {
                return IdxFile::open(Source::open(&path, params)?);
            }
        }
    }
    let reason = format!("there is no {name} beside it; put it there, or ask for no label");
    Err(DataError::malformed(path, Place::Whole, reason))
}
