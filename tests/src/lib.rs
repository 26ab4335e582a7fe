//! Inputs shared by the tests in `tests/` and the fuzz targets in `fuzz/`.

pub mod inputs;

/// Compiles the guide's programs, and runs those that read no file.
#[cfg(doctest)]
#[doc = include_str!("../../docs/GUIDE.md")]
struct Guide;
