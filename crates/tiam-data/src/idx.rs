//! Reader of IDX, the format of the MNIST files.

use std::path::{Path, PathBuf};

use crate::{
    Dataset, Features, Real, Split, Targets,
    error::{DataError, Result, reserve},
    source::{Limits, Reader, Source},
};

const TYPE_U8: u8 = 0x08;
const MAX_RANK: u8 = 4;
const CHUNK: usize = 1 << 16;
/// The four files of a folder: training and test, each with images and labels.
const STANDARD: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];

/// A file whose header was found to agree with its length.
struct IdxFile {
    source: Source,
    n_samples: usize,
    /// Bytes of a sample; 1 for rank 1.
    n_features: usize,
    rank: usize,
    header_len: usize,
}

/// Reads the dimensions: 1 to [`MAX_RANK`] of them, none 0.
fn dimensions(source: &Source) -> Result<Vec<u64>> {
    let fault = |offset, reason| Err(header_error(source, offset, reason));
    let mut header = [0; 4 + 4 * MAX_RANK as usize];
    let n = source.reader()?.fill(&mut header)?;
    if n < 4 {
        return fault(
            n as u64,
            "the file ends within the four bytes an IDX file starts with".into(),
        );
    }
    let [zero, zero_too, kind, rank] = [header[0], header[1], header[2], header[3]];
    if zero != 0 || zero_too != 0 {
        return fault(
            0,
            format!("not an IDX file: it starts with {zero:#04x} {zero_too:#04x}, not two zeros"),
        );
    }
    if kind != TYPE_U8 {
        return fault(
            2,
            format!("element type {kind:#04x} is not supported; only 0x08, unsigned bytes, is"),
        );
    }
    if rank == 0 || rank > MAX_RANK {
        return fault(
            3,
            format!("rank {rank} is not supported; 1 to {MAX_RANK} are"),
        );
    }
    let header_len = 4 + 4 * usize::from(rank);
    if n < header_len {
        return fault(
            n as u64,
            format!("the file ends within its header of {header_len} bytes"),
        );
    }
    let big_endian = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte))
    };
    let dimensions: Vec<u64> = header[4..header_len]
        .chunks_exact(4)
        .map(big_endian)
        .collect();
    if let Some(at) = dimensions.iter().position(|&d| d == 0) {
        return fault(
            4 + 4 * at as u64,
            "the dimension is 0: the file holds no data".into(),
        );
    }
    Ok(dimensions)
}

fn header_error(source: &Source, offset: u64, reason: String) -> DataError {
    DataError::IdxHeader {
        path: source.path.clone(),
        offset,
        reason,
    }
}

impl IdxFile {
    fn open(source: &Source) -> Result<Self> {
        let dimensions = dimensions(source)?;
        let overflow =
            || header_error(source, 4, format!("the dimensions {dimensions:?} overflow"));
        let product = |d: &[u64]| {
            d.iter()
                .try_fold(1_u64, |product, &d| product.checked_mul(d))
        };
        let header_len = 4 + 4 * dimensions.len();
        let expected = product(&dimensions).and_then(|data| data.checked_add(header_len as u64));
        check_length(source, expected.ok_or_else(overflow)?)?;
        let to_usize =
            |d: Option<u64>| d.and_then(|d| usize::try_from(d).ok()).ok_or_else(overflow);
        Ok(Self {
            source: source.clone(),
            n_samples: to_usize(dimensions.first().copied())?,
            n_features: to_usize(product(&dimensions[1..]))?,
            rank: dimensions.len(),
            header_len,
        })
    }

    fn n_values(&self) -> usize {
        self.n_samples * self.n_features // checked against the length of the file
    }

    /// A reader at the first data byte.
    fn data(&self) -> Result<Reader> {
        let mut reader = self.source.reader()?;
        reader.fill(&mut vec![0; self.header_len])?;
        Ok(reader)
    }

    /// Hands all data bytes to `take`, a chunk at a time, and checks once more that they are as many as promised.
    fn for_each_chunk(&self, mut take: impl FnMut(&[u8])) -> Result<()> {
        let mut reader = self.data()?;
        let mut chunk = vec![0; CHUNK];
        let mut left = self.n_values();
        loop {
            let n = reader.fill(&mut chunk)?;
            if n > left || (n == 0 && left > 0) {
                let expected = (self.header_len + self.n_values()) as u64;
                let (path, actual) = (self.source.path.clone(), reader.offset);
                return Err(DataError::IdxSize {
                    path,
                    offset: actual.min(expected),
                    expected,
                    actual,
                });
            }
            if n == 0 {
                return Ok(());
            }
            left -= n;
            take(&chunk[..n]);
        }
    }

    /// Appends all bytes, divided by 255.
    fn append_scaled<T: Real>(&self, values: &mut Vec<T>) -> Result<()> {
        let table: Vec<T> = (0..=u8::MAX)
            .map(|b| T::from_f64(f64::from(b) / 255.0))
            .collect();
        self.for_each_chunk(|bytes| values.extend(bytes.iter().map(|&b| table[usize::from(b)])))
    }

    fn append_labels(&self, labels: &mut Vec<u32>) -> Result<()> {
        if self.rank != 1 {
            let reason = format!("labels must have rank 1, this file has rank {}", self.rank);
            return Err(DataError::IdxHeader {
                path: self.source.path.clone(),
                offset: 3,
                reason,
            });
        }
        self.for_each_chunk(|bytes| labels.extend(bytes.iter().map(|&b| u32::from(b))))
    }
}

/// Compares the promised length with the file before anything is allocated.
fn check_length(source: &Source, expected: u64) -> Result<()> {
    if source.states_length(expected) {
        return Ok(());
    }
    let actual = source.count()?;
    if actual == expected {
        return Ok(()); // several gzip members
    }
    let offset = actual.min(expected);
    Err(DataError::IdxSize {
        path: source.path.clone(),
        offset,
        expected,
        actual,
    })
}

/// Room for one value a byte of all files, each within its own limit, and all within that of a single buffer.
fn room<T>(files: &[&IdxFile], what: &str) -> Result<Vec<T>> {
    let mut n = 0_usize;
    for file in files {
        let bytes = |n: usize| (n as u64).saturating_mul(size_of::<T>() as u64);
        file.source.check(what, bytes(file.n_values()))?;
        n = n.saturating_add(file.n_values());
        file.source.check_bytes(what, bytes(n))?;
    }
    reserve(n, what)
}

/// Images with the labels beside them, or a file without labels.
pub(crate) fn load_file<T: Real>(
    source: &Source,
    with_labels: bool,
    limits: Limits,
) -> Result<Dataset<T>> {
    let images = IdxFile::open(source)?;
    let labels = match labels_name(&source.path) {
        Some(name) if with_labels && images.rank > 1 => Some(companion(&source.path, &name)?),
        _ => None,
    };
    let targets = match labels {
        None => Targets::Absent,
        Some(path) => {
            let file = IdxFile::open(&Source::open(&path, limits)?)?;
            check_counts(&images, &file)?;
            let mut labels = room(&[&file], "the labels")?;
            file.append_labels(&mut labels)?;
            classes(labels)
        }
    };
    let mut values = room(&[&images], "the features")?;
    images.append_scaled(&mut values)?;
    let features = Features::new(images.n_samples, images.n_features, values)?;
    let source = format!("IDX file {}; bytes / 255", source.path.display());
    Ok(Dataset::new(features, targets)?.with_source(source))
}

/// The four standard files: training samples first, then test samples, and the split that says so.
pub(crate) fn load_folder<T: Real>(folder: &Path, limits: Limits) -> Result<Dataset<T>> {
    let open = |name: &str| IdxFile::open(&Source::open(&standard_file(folder, name)?, limits)?);
    let [train, test] = STANDARD;
    let [train, train_labels] = [open(train[0])?, open(train[1])?];
    let [test, test_labels] = [open(test[0])?, open(test[1])?];
    check_counts(&train, &train_labels)?;
    check_counts(&test, &test_labels)?;
    if train.n_features != test.n_features {
        return Err(DataError::IdxPixels {
            train: train.source.path,
            test: test.source.path,
            expected: train.n_features,
            actual: test.n_features,
        });
    }
    let n = train.n_samples.saturating_add(test.n_samples);
    let mut labels = room(&[&train_labels, &test_labels], "the labels")?;
    train_labels.append_labels(&mut labels)?;
    test_labels.append_labels(&mut labels)?;
    let mut values = room(&[&train, &test], "the features")?;
    train.append_scaled(&mut values)?;
    test.append_scaled(&mut values)?;
    let split = Split::new(
        (0..train.n_samples).collect(),
        Vec::new(),
        (train.n_samples..n).collect(),
    )?;
    let features = Features::new(n, train.n_features, values)?;
    let data = Dataset::new(features, classes(labels))?.with_split(split)?;
    Ok(data.with_source(format!("IDX folder {}; bytes / 255", folder.display())))
}

/// Label bytes keep their number; the classes are 0 to the largest, named by it.
fn classes<T>(labels: Vec<u32>) -> Targets<T> {
    let count = labels.iter().max().map_or(0, |&largest| largest + 1);
    Targets::Classes {
        labels,
        names: (0..count).map(|class| class.to_string()).collect(),
    }
}

fn check_counts(images: &IdxFile, labels: &IdxFile) -> Result<()> {
    let (n_images, n_labels) = (images.n_samples, labels.n_samples);
    if n_images == n_labels {
        return Ok(());
    }
    let (images, labels) = (images.source.path.clone(), labels.source.path.clone());
    Err(DataError::IdxCounts {
        images,
        labels,
        n_images,
        n_labels,
    })
}

/// `train-images-idx3-ubyte.gz` becomes `train-labels-idx1-ubyte`; `None` for a name without `images`.
fn labels_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let swapped = name
        .replace("images", "labels")
        .replace("idx3", "idx1")
        .replace("idx4", "idx1");
    (swapped != name && name.contains("images")).then_some(swapped)
}

/// A file beside another, plain or with `.gz`.
fn companion(path: &Path, name: &str) -> Result<PathBuf> {
    let plain = path.with_file_name(name);
    let zipped = path.with_file_name(format!("{name}.gz"));
    // The same kind first, should both be there.
    let first_zipped = path.extension().is_some_and(|e| e == "gz");
    let order = if first_zipped {
        [zipped, plain]
    } else {
        [plain, zipped]
    };
    order
        .into_iter()
        .find(|p| p.is_file())
        .ok_or_else(|| missing(path, name))
}

/// A standard file in a folder: with a dash or a dot before `idx`, plain or with `.gz`.
fn standard_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let names = [name.to_owned(), name.replace("-idx", ".idx")];
    let paths = names
        .iter()
        .flat_map(|n| [folder.join(n), folder.join(format!("{n}.gz"))]);
    paths
        .into_iter()
        .find(|p| p.is_file())
        .ok_or_else(|| missing(folder, name))
}

fn missing(path: &Path, name: &str) -> DataError {
    DataError::IdxCompanionMissing {
        path: path.to_path_buf(),
        expected: name.to_owned(),
    }
}
