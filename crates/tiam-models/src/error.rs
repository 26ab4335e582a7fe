//! The error type of this crate.

use std::path::PathBuf;

use thiserror::Error;

/// This crate's results.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

/// Errors of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A parameter outside its range.
    #[error("{parameter} = {value} is not allowed: it must be {allowed}")]
    Parameter {
        /// Its name, as flags and configuration files write it.
        parameter: &'static str,
        /// The value given.
        value: String,
        /// The allowed range, in words.
        allowed: &'static str,
    },
    /// A name that is none of the known ones.
    #[error("unknown {what} `{found}`; known are {known}")]
    Name {
        /// The kind of thing that the name is for.
        what: &'static str,
        /// The name given.
        found: String,
        /// The known names.
        known: &'static str,
    },
    /// There is nothing to train on or predict from.
    #[error("the data hold no {what}")]
    Empty {
        /// `samples`, `features` or `outputs`.
        what: &'static str,
    },
    /// Two sizes that must agree do not.
    #[error("{what}: expected {expected}, found {found}")]
    Size {
        /// The things counted.
        what: &'static str,
        /// The size needed.
        expected: usize,
        /// The size found.
        found: usize,
    },
    /// An input or target that is NaN or infinite.
    #[error(
        "{what} {row} of sample {sample} is {value}, not a finite number (both counted from 0)"
    )]
    NonFinite {
        /// `feature` or `output`.
        what: &'static str,
        /// Which of them.
        row: usize,
        /// Which sample.
        sample: usize,
        /// The value.
        value: f64,
    },
    /// A class number beyond the number of classes.
    #[error(
        "sample {sample} has class {label}, but there are only {n_classes} classes (counted from 0)"
    )]
    Label {
        /// Which sample, from 0.
        sample: usize,
        /// Its class.
        label: u32,
        /// The number of classes.
        n_classes: usize,
    },
    /// A network's loss is a user's own, and only its name is known.
    #[error(
        "the network's loss `{name}` is a user's own, of which a file keeps the name alone: give it to the network again by `with_loss` to \
         train or evaluate; predictions do not need it"
    )]
    UnknownLoss {
        /// The name.
        name: String,
    },
    /// A batch's loss or step is NaN or infinite.
    #[error(
        "training diverged: a batch's loss or step is not finite; use a smaller step or scale the inputs"
    )]
    Diverged,
    /// The driver refused its parameters.
    #[error(transparent)]
    Core(#[from] tiam_core::CoreError),
    /// The linear algebra refused its parameters.
    #[error(transparent)]
    Linalg(#[from] tiam_linalg::LinalgError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Samples could not be read while training ran.
    #[error("the samples cannot be read: {reason}")]
    Unread {
        /// What happened.
        reason: String,
    },
    /// A file is not a checkpoint this version reads, or not one of this run.
    #[error("{}: not a usable checkpoint: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A file is not a model this version reads.
    #[error("{}: not a tiam model: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
}

impl ModelError {
    /// A parameter's error: its name, its value and what is allowed.
    pub fn parameter(
        parameter: &'static str,
        value: impl std::fmt::Display,
        allowed: &'static str,
    ) -> Self {
        Self::Parameter {
            parameter,
            value: value.to_string(),
            allowed,
        }
    }

    /// Checks a parameter: `value` must be finite and `test` hold. Written so that NaN is refused.
    ///
    /// ```
    /// use tiam_models::ModelError;
    /// assert!(ModelError::check("rho", 0.1, |x| x > 0.0, "above 0").is_ok());
    /// assert!(ModelError::check("rho", f64::NAN, |x| x > 0.0, "above 0").is_err());
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Parameter`] with its name, its value and what is allowed.
    pub fn check(
        parameter: &'static str,
        value: f64,
        test: impl Fn(f64) -> bool,
        allowed: &'static str,
    ) -> Result<()> {
        if value.is_finite() && test(value) {
            Ok(())
        } else {
            Err(Self::parameter(parameter, value, allowed))
        }
    }

    /// Checks a penalty's weight: from 1e-30 to 1e30, which single precision holds with room for the products it is in (ours).
    ///
    /// ```
    /// use tiam_models::ModelError;
    /// assert!(ModelError::check_penalty("rho", 1e-30).is_ok());
    /// assert!(ModelError::check_penalty("rho", 1e-46).is_err());
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Parameter`] with its name, its value and what is allowed.
    pub fn check_penalty(parameter: &'static str, weight: f64) -> Result<()> {
        let allowed = |weight| (1e-30..=1e30).contains(&weight);
        Self::check(parameter, weight, allowed, "from 1e-30 to 1e30")
    }

    /// Checks that two sizes agree.
    ///
    /// # Errors
    /// [`ModelError::Size`] with what was counted and both numbers.
    pub fn check_size(what: &'static str, expected: usize, found: usize) -> Result<()> {
        if expected == found {
            return Ok(());
        }
        Err(Self::Size {
            what,
            expected,
            found,
        })
    }

    /// Checks a number of things that must be at least 1.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] for 0.
    pub fn check_positive(parameter: &'static str, n: usize) -> Result<()> {
        if n > 0 {
            Ok(())
        } else {
            Err(Self::parameter(parameter, n, "at least 1"))
        }
    }
}
