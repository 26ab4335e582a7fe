//! Tests of the messages about files that are not read.

use crate::common::{folder, write};
use tiam_data::{DataError, LoadParams, load};

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let folder = folder();
    let error = load::<f64>(write(&folder, "x", bytes), &LoadParams::default()).unwrap_err();
    assert!(matches!(error, DataError::Foreign { .. }), "{error}");
    error.to_string()
}

#[test]
fn foreign_files_are_named_with_what_to_do() {
    for (bytes, words) in [
        (
            &b"\x89HDF\r\n\x1a\n"[..],
            "an HDF5 file: save the table as CSV",
        ),
        (b"ARROW1\0\0", "an Arrow (Feather) file: save it as CSV"),
        (b"FEA1\0", "a Feather file"),
        (
            b"MATLAB 5.0 MAT-file, Platform: GLNXA64",
            "a MATLAB file: save the matrix",
        ),
        (b"SQLite format 3\0", "an SQLite database: export the table"),
        (b"\x80\x04\x95\0", "a Python pickle: save the table as CSV"),
        (b"%PDF-1.7\n\0", "a PDF document"),
        (b"X\n\0\0\0\x03", "an R object (.rds)"),
        (
            b"\x89PNG\r\n",
            "a PNG image: name the file that holds the table",
        ),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"\x7fELF", "a program"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
        (
            b"\n <!DOCTYPE html>\n<html>",
            "a web page, not a table: was the download redirected?",
        ),
        (b"<HTML><body>", "a web page, not a table"),
        (b"<?xml version='1.0'?>", "an XML document"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
    ] {
        let text = refused(bytes);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn texts_that_begin_with_the_letters_of_another_kind_are_tables() {
    for name in ["MZ", "BM", "ORC", "RIFF", "GIF89", "FEA1"] {
        let folder = folder();
        let path = write(&folder, "x", format!("{name},y\n1,0\n2,1\n"));
        let data = load::<f64>(path, &LoadParams::default()).unwrap();
        assert_eq!(data.feature_names(), [name]);
    }
}

#[cfg(not(feature = "formats"))]
#[test]
fn a_build_without_a_format_says_so() {
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, words) in [
        (
            &b"BZh91AY&SY"[..],
            "bzip2 compressed; this tiam was built without the feature \"formats\": build with --features formats, or decompress it first",
        ),
        (b"\xfd7zXZ\0\0", "xz compressed; this"),
        (b"\x28\xb5\x2f\xfd\0", "zstd compressed; this"),
        (&tar, "a tar archive; this"),
        (b"PAR1\0", "a Parquet file; this"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
            "a workbook; this tiam was built without the feature \"formats\": build with --features formats, or save the sheet as CSV",
        ),
    ] {
        let text = refused(bytes);
        assert!(text.contains(words), "{text}");
    }
}
