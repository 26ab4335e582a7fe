//! The handwritten digits embedded in the crate.

use std::io::Read;

use crate::{
    Dataset, Features, Real, Targets,
    error::{DataError, Result},
};

/// Number of embedded digits.
pub const DIGITS_SAMPLES: usize = 1797;
/// Pixels of each, 8 x 8, row after row.
pub const DIGITS_PIXELS: usize = 64;
/// Whom to credit for the digits.
pub const DIGITS_CREDIT: &str = "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine \
    Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0; test set, values as shipped by scikit-learn";

/// Pixel values run from 0 to this.
const PIXEL_MAX: f64 = 16.0;
/// CRC-32 of the uncompressed bytes; `data/README.md` says how they were made.
const CRC32: u32 = 0x55a0_1279;
static COMPRESSED: &[u8] = include_bytes!("../data/digits.u8.gz");

/// The 1,797 handwritten digits of the UCI optical-digits test set: 64 features (8 x 8 pixels, row after row) and ten
/// classes, named `0` to `9`.
///
/// Pixels, 0 to 16 in the original, are divided by 16 to lie in `[0, 1]`. [`DIGITS_CREDIT`] is the credit the licence
/// asks for. Nothing is read from disk.
///
/// # Errors
///
/// [`DataError::EmbeddedData`] if the program's own copy was damaged.
///
/// # Example
///
/// ```
/// let digits = tiam_data::digits::<f32>()?;
/// assert_eq!((digits.n_samples(), digits.n_features()), (1797, 64));
/// assert_eq!(digits.labels().map(|l| l[..4].to_vec()), Some(vec![0, 1, 2, 3]));
/// assert_eq!(digits.features().sample(0).map(|x| x[2]), Some(5.0 / 16.0));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
pub fn digits<T: Real>() -> Result<Dataset<T>> {
    let damaged = |reason: String| DataError::EmbeddedData { reason };
    let expected = DIGITS_SAMPLES * (DIGITS_PIXELS + 1);
    let mut bytes = Vec::with_capacity(expected);
    flate2::read::GzDecoder::new(COMPRESSED)
        .take(expected as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| damaged(e.to_string()))?;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    if bytes.len() != expected || crc.sum() != CRC32 {
        return Err(damaged(format!(
            "{} bytes, CRC-32 {:#010x}",
            bytes.len(),
            crc.sum()
        )));
    }
    let mut values = vec![T::default(); DIGITS_SAMPLES * DIGITS_PIXELS];
    for (pixel, column) in bytes
        .chunks_exact(DIGITS_SAMPLES)
        .take(DIGITS_PIXELS)
        .enumerate()
    {
        for (sample, &byte) in column.iter().enumerate() {
            values[sample * DIGITS_PIXELS + pixel] = T::from_f64(f64::from(byte) / PIXEL_MAX);
        }
    }
    let labels = bytes[DIGITS_SAMPLES * DIGITS_PIXELS..]
        .iter()
        .map(|&b| u32::from(b))
        .collect();
    let names = (0..10).map(|digit| digit.to_string()).collect();
    let features = Features::new(DIGITS_SAMPLES, DIGITS_PIXELS, values)?;
    let data = Dataset::new(features, Targets::Classes { labels, names })?;
    Ok(data
        .with_source("handwritten digits, embedded; pixels / 16")
        .with_credit(DIGITS_CREDIT))
}
