//! See `tiam_tests::inputs::optional`.
#![no_main]

// Panics of the crates that read these formats are caught; one that is not ends the run all the same.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| tiam_tests::inputs::optional(bytes)
);
