//! The handwritten digits embedded in the crate.

use std::{io::Read, path::Path};

use crate::{
    Dataset, Features, Scalar, Targets,
    error::{DataError, Place, Result},
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
/// `data/README.md` says how it was made.
static COMPRESSED: &[u8] = include_bytes!("../data/digits.u8.gz");

/// The 1,797 handwritten digits of the UCI optical-digits test set: 64 features (8 x 8 pixels, row after row) and ten
/// classes, named `0` to `9`.
///
/// Pixels, 0 to 16 in the original, are divided by 16 to lie in `[0, 1]`. [`DIGITS_CREDIT`] is the credit the licence
/// asks for. Nothing is read from disk.
///
/// # Errors
///
/// [`DataError::Malformed`] if the program's own copy was damaged.
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
pub fn digits<T: Scalar>() -> Result<Dataset<T>> {
    let damaged = |reason: String| {
        let path = Path::new("the embedded digits");
        DataError::malformed(path, Place::Whole, format!("they are damaged: {reason}"))
    };
    let expected = DIGITS_SAMPLES * (DIGITS_PIXELS + 1);
    let mut bytes = Vec::with_capacity(expected);
    // The decoder compares the checksum.
    flate2::read::GzDecoder::new(COMPRESSED)
        .read_to_end(&mut bytes)
        .map_err(|e| damaged(e.to_string()))?;
    if bytes.len() != expected {
        return Err(damaged(format!("{} bytes", bytes.len())));
    }
    // Pixel after pixel of all samples, then the labels.
    let (pixels, labels) = bytes.split_at(DIGITS_SAMPLES * DIGITS_PIXELS);
    let mut values = Vec::with_capacity(pixels.len());
    for sample in 0..DIGITS_SAMPLES {
        let of_sample = pixels.iter().skip(sample).step_by(DIGITS_SAMPLES);
        values.extend(of_sample.map(|&b| T::from_f64(f64::from(b) / PIXEL_MAX)));
    }
    let features = Features::new(DIGITS_SAMPLES, DIGITS_PIXELS, values)?;
    let labels = labels.iter().map(|&b| b.into()).collect();
    let data = Dataset::new(features, Targets::numbered(labels, 10))?;
    Ok(data
        .with_source("handwritten digits, embedded; pixels / 16")
        .with_credit(DIGITS_CREDIT))
}
