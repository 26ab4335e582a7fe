//! Tests of where bytes come from: files, pipes, archives, and texts in several encodings.

use std::io::{Cursor, Write};
use std::path::Path;

use crate::common::{assert_malformed, folder, gzip, idx, table, write};
use tiam_data::{DataError, Dataset, LoadParams, Place, TextEncoding, load};
use zip::{ZipWriter, write::SimpleFileOptions};

fn read(path: impl AsRef<Path>) -> Result<Dataset<f64>, DataError> {
    load(path, &LoadParams::default())
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const CSV: &[u8] = b"x,s,y\n1,a,p\n2.5,b,q\n3,a,p\n";

/// Rows enough that no pipe holds them at once.
fn long() -> String {
    (0..30_000).fold("x,z,y\n".to_owned(), |text, i| {
        text + &format!("{},{}.5,{}\n", i * 7 % 30_011, i % 7, i % 2)
    })
}

#[track_caller]
fn same(a: &Dataset<f64>, b: &Dataset<f64>) {
    assert_eq!(
        (a.features(), a.targets(), a.feature_names()),
        (b.features(), b.targets(), b.feature_names())
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_a_named_pipe_and_a_file_give_the_same() {
    use std::process::{Command, Stdio};
    let folder = folder();
    for bytes in [long().into_bytes(), gzip(long().as_bytes())] {
        let file = write(&folder, "t.csv", &bytes);
        let wanted = read(&file).unwrap();
        assert_eq!(wanted.n_samples(), 30_000);
        let fifo = folder.path().join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        std::thread::scope(|threads| {
            threads.spawn(|| std::fs::write(&fifo, &bytes).unwrap());
            same(&read(&fifo).unwrap(), &wanted);
        });
        std::fs::remove_file(&fifo).unwrap();
        // A pipe by its number, as a shell's <(...) gives it.
        let mut cat = Command::new("cat")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipe = cat.stdout.take().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&pipe);
        same(&read(format!("/proc/self/fd/{number}")).unwrap(), &wanted);
        drop(pipe);
        cat.wait().unwrap();
    }
}

/// In a process of its own: a test has no other standard input.
#[test]
fn standard_input_is_read() {
    const CHILD: &str = "TIAM_DATA_TEST_STDIN";
    if std::env::var_os(CHILD).is_some() {
        let data = read("-").unwrap();
        assert_eq!((data.n_samples(), data.n_features()), (30_000, 2));
        assert_eq!(data.source(), "table standard input");
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sources::standard_input_is_read"])
        .env(CHILD, "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(long().as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_bounded() {
    use std::process::Command;
    let folder = folder();
    let fifo = folder.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    std::thread::scope(|threads| {
        // The reader closes the pipe before all is written.
        threads.spawn(|| std::fs::write(&fifo, vec![b'1'; 1 << 20]));
        let error = load::<f64>(&fifo, &LoadParams::default().max_bytes(1 << 18)).unwrap_err();
        assert!(matches!(error, DataError::TooLarge { .. }), "{error}");
    });
}

#[test]
fn a_zip_of_one_table_is_unpacked() {
    let folder = folder();
    let wanted = table(CSV, &LoadParams::default()).unwrap();
    let images = idx(&[2, 2], &[0, 255, 51, 0]);
    for files in [
        vec![("t.csv", CSV)],
        vec![
            ("folder/t.csv", CSV),
            ("__MACOSX/t.csv", b"x"),
            (".DS_Store", b"x"),
            ("README.md", b"x"),
            ("t.names", b"x"),
        ],
        vec![("notes", b"x"), ("t.csv.gz", &gzip(CSV))],
        vec![("t", CSV)],
        vec![("inner.zip", &zipped(&[("t.csv", CSV)]))],
    ] {
        same(
            &read(write(&folder, "t.zip", zipped(&files))).unwrap(),
            &wanted,
        );
    }
    let data = read(write(&folder, "i.zip", zipped(&[("images", &images)]))).unwrap();
    assert_eq!(data.features().values(), [0., 1., 0.2, 0.]);
}

#[test]
fn a_zip_of_several_tables_names_them() {
    let folder = folder();
    let read = |files: &[(&str, &[u8])]| read(write(&folder, "t.zip", zipped(files)));
    assert_malformed(
        read(&[("a.csv", CSV), ("b.csv", CSV), ("c.md", b"x")]),
        &Place::Whole,
        "holds 2 tables (a.csv, b.csv); unpack it and name one",
    );
    assert_malformed(read(&[]), &Place::Whole, "the zip holds no file");
    let nested = (0..4).fold(CSV.to_vec(), |inner, _| zipped(&[("t", &inner)]));
    assert_malformed(
        super::sources::read(write(&folder, "n.zip", nested)),
        &Place::Whole,
        "unpack it first",
    );
}

fn utf_16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| {
        if big {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(bytes).collect()
}

const WORDS: &str = "größe,wort,y\n1,naïve,p\n2,œuf,q\n3,naïve,p\n";

#[test]
fn encodings_are_found() {
    let wanted = table(WORDS, &LoadParams::default()).unwrap();
    assert_eq!(wanted.feature_names(), ["größe", "wort=naïve", "wort=œuf"]);
    // ö, ß, ï and œ in Windows-1252.
    let windows = b"gr\xf6\xdfe,wort,y\n1,na\xefve,p\n2,\x9cuf,q\n3,na\xefve,p\n".to_vec();
    let marked = format!("\u{feff}{WORDS}");
    for bytes in [
        windows.clone(),
        gzip(&windows),
        marked.clone().into_bytes(),
        utf_16(&marked, false),
        utf_16(&marked, true),
        utf_16(WORDS, false),
        utf_16(WORDS, true),
    ] {
        same(&table(bytes, &LoadParams::default()).unwrap(), &wanted);
    }
}

#[test]
fn other_formats_are_decoded_too() {
    let arff = "@relation ö\n@attribute ä numeric\n@attribute y {p,ü}\n@data\n1,p\n2,ü\n";
    let json = "[{\"ä\":1,\"y\":\"p\"},{\"ä\":2,\"y\":\"ü\"}]";
    for text in [arff, json] {
        let data = table(
            utf_16(&format!("\u{feff}{text}"), false),
            &LoadParams::default(),
        )
        .unwrap();
        assert_eq!(data.feature_names(), ["ä"]);
        assert_eq!(data.class_names().unwrap(), ["p", "ü"]);
    }
}

#[test]
fn an_encoding_can_be_forced() {
    let forced = |label: &str| LoadParams::default().text_encoding(label.parse().unwrap());
    let japanese = b"\x83T\x83C\x83Y,y\n1,0\n2,1\n";
    assert_eq!(
        table(japanese, &forced("shift_jis"))
            .unwrap()
            .feature_names(),
        ["サイズ"]
    );
    assert_eq!(
        table(WORDS, &forced("utf-8")).unwrap().feature_names()[0],
        "größe"
    );
    assert_eq!(
        table(WORDS, &forced("latin1")).unwrap().feature_names()[0],
        "grÃ¶ÃŸe"
    );
    assert_eq!(
        table(utf_16(WORDS, true), &forced("utf-16be"))
            .unwrap()
            .feature_names()[0],
        "größe"
    );
    assert_malformed(
        table(b"x,y\n\xff,1\n", &forced("utf-8")),
        &Place::Line(2),
        "byte 4 of the text is not valid UTF-8",
    );
    let text = "klingon".parse::<TextEncoding>().unwrap_err().to_string();
    assert!(
        text.contains("text_encoding = \"klingon\" is not allowed"),
        "{text}"
    );
}

#[test]
fn a_broken_byte_in_a_utf_8_text_is_named() {
    let mut bytes = WORDS.as_bytes().to_vec();
    bytes.extend(b"4,na\xc3,p\n");
    assert_malformed(
        table(bytes, &LoadParams::default()),
        &Place::Line(5),
        "is not valid UTF-8 though the rest is",
    );
}
