//! See `tiam_tests::inputs::formats`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tiam_tests::inputs::formats(bytes));
