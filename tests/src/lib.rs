//! Inputs shared by the tests in `tests/` and the fuzz targets in `fuzz/`.

pub mod inputs;

/// Compiles the Rust programs of the book, and runs those that read no file. docs/start.md has the one of the READMEs, EXPORT.md needs an exported model.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../docs/research.md")]
    struct Research;
    #[doc = include_str!("../../docs/parameters.md")]
    struct Parameters;
}
