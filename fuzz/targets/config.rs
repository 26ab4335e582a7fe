//! See `tiam_tests::inputs::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tiam_tests::inputs::config(bytes));
