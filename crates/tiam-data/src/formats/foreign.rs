//! Files that are not read: what their first bytes say they are, and what to do about them.

/// What a file begins with, what it is, what to do.
type Kind = (&'static [u8], &'static str, &'static str);

const DECOMPRESS: &str = "unpack it, and name the table";
const EXPORT: &str = "export the table as CSV";
const NOT_DATA: &str = "name the file that holds the table";

const KINDS: &[Kind] = &[
    (
        b"\x89HDF",
        "an HDF5 file",
        "save the table as CSV, say by pandas.read_hdf(...).to_csv(...)",
    ),
    (
        b"ARROW1",
        "an Arrow (Feather) file",
        "save it as CSV, or by DataFrame.to_parquet",
    ),
    (
        b"FEA1",
        "a Feather file",
        "save it as CSV, or by DataFrame.to_parquet",
    ),
    (b"ORC", "an ORC file", "save it as CSV or Parquet"),
    (b"Obj\x01", "an Avro file", "save it as CSV or JSON"),
    (
        b"MATLAB 5.0",
        "a MATLAB file",
        "save the matrix by writematrix as CSV, or in Python by scipy.io.loadmat and numpy.savez(..., X=..., y=...)",
    ),
    (
        b"MATLAB 7.3",
        "a MATLAB file (HDF5)",
        "save the matrix by writematrix as CSV",
    ),
    (
        b"<stata_dta>",
        "a Stata file",
        "save it as CSV, say by pandas.read_stata(...).to_csv(...)",
    ),
    (
        b"$FL2",
        "an SPSS file",
        "save it as CSV, say by pandas.read_spss(...).to_csv(...)",
    ),
    (
        b"$FL3",
        "an SPSS file",
        "save it as CSV, say by pandas.read_spss(...).to_csv(...)",
    ),
    (
        b"HEADER RECORD*******LIBRARY HEADER",
        "a SAS transport file",
        EXPORT,
    ),
    (
        b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60",
        "a SAS file",
        EXPORT,
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table as CSV (sqlite3 -header -csv FILE 'select * from TABLE')",
    ),
    (b"RDX2", "an R data file", "save it by write.csv"),
    (b"RDX3", "an R data file", "save it by write.csv"),
    (
        b"X\n\0\0\0\x02",
        "an R object (.rds)",
        "save it by write.csv",
    ),
    (
        b"X\n\0\0\0\x03",
        "an R object (.rds)",
        "save it by write.csv",
    ),
    (
        b"\x80\x02",
        "a Python pickle",
        "save the table as CSV from Python: a pickle can run code",
    ),
    (
        b"\x80\x03",
        "a Python pickle",
        "save the table as CSV from Python: a pickle can run code",
    ),
    (
        b"\x80\x04",
        "a Python pickle",
        "save the table as CSV from Python: a pickle can run code",
    ),
    (
        b"\x80\x05",
        "a Python pickle",
        "save the table as CSV from Python: a pickle can run code",
    ),
    (b"%PDF", "a PDF document", "copy the table into a CSV file"),
    (b"{\\rtf", "an RTF document", "save the table as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", DECOMPRESS),
    (b"Rar!\x1a\x07", "a RAR archive", DECOMPRESS),
    (b"\x1f\x9d", "a file packed by compress", DECOMPRESS),
    (b"\x04\x22\x4d\x18", "lz4 compressed", DECOMPRESS),
    (b"\x5d\0\0\x80\0", "lzma compressed", DECOMPRESS),
    (b"\x89PNG", "a PNG image", NOT_DATA),
    (b"\xff\xd8\xff", "a JPEG image", NOT_DATA),
    (b"GIF8", "a GIF image", NOT_DATA),
    (b"BM", "a bitmap image", NOT_DATA),
    (b"RIFF", "a sound or film", NOT_DATA),
    (b"\x7fELF", "a program", NOT_DATA),
    (b"MZ", "a program", NOT_DATA),
    (
        b"version https://git-lfs",
        "a pointer to a file of Git LFS",
        "fetch the file itself: git lfs pull",
    ),
];

/// Kinds known by words of a text, in lower case, that white space may precede.
const TEXTS: &[Kind] = &[
    (
        b"<!doctype html",
        "a web page, not a table",
        "was the download redirected? Fetch the file itself",
    ),
    (
        b"<html",
        "a web page, not a table",
        "was the download redirected? Fetch the file itself",
    ),
    (b"<?xml", "an XML document", EXPORT),
];

/// What a file is that none of the formats takes, and what to do about it.
pub(super) fn kind(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let begins =
        |begin: &[u8]| (text.get(..begin.len())).is_some_and(|t| t.eq_ignore_ascii_case(begin));
    let is_text = !head.contains(&0);
    // A few letters may begin a text as well.
    let is_sure =
        |begin: &[u8]| begin.len() > 4 || !begin.iter().all(u8::is_ascii_graphic) || !is_text;
    let binary = |(begin, ..): &&Kind| head.starts_with(begin) && is_sure(begin);
    let found = KINDS.iter().find(binary);
    let found = found.or_else(|| TEXTS.iter().find(|(begin, ..)| begins(begin)));
    found.map(|&(_, what, advice)| (what, advice))
}
