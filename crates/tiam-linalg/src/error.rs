//! The error type of this crate.

use thiserror::Error;

/// Errors of this crate.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum LinalgError {
    /// The values do not fill the matrix.
    #[error("a {n_rows} x {n_cols} matrix needs {} values, got {found}", n_rows * n_cols)]
    Shape {
        /// Rows asked for.
        n_rows: usize,
        /// Columns asked for.
        n_cols: usize,
        /// Values given.
        found: usize,
    },
    /// The worker threads could not be started.
    #[error("cannot start {n_threads} worker threads: {reason}; ask for fewer")]
    Threads {
        /// Threads asked for.
        n_threads: usize,
        /// What the system said.
        reason: String,
    },
    /// A matrix that was to be factored by Cholesky has a pivot that is not positive.
    #[error(
        "the {n} x {n} matrix is not positive definite: pivot {pivot} (from 0) is not positive"
    )]
    NotPositiveDefinite {
        /// Its number of rows.
        n: usize,
        /// The first such pivot.
        pivot: usize,
    },
    /// A name that is none of the known ones.
    #[error("unknown {what} `{found}`; known are {known}")]
    Name {
        /// What was to be named.
        what: &'static str,
        /// The name given.
        found: String,
        /// The known names.
        known: &'static str,
    },
    /// A parameter outside its range.
    #[error("{parameter} = {value} is not allowed: it must be {allowed}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// The value given.
        value: String,
        /// The allowed range, in words.
        allowed: &'static str,
    },
}

#[cfg(test)]
#[path = "../tests/unit/error.rs"]
mod tests;
