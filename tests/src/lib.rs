//! What the tests in `tests/` share with the fuzz targets in `fuzz/`.

pub mod inputs;
