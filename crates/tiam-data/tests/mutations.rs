//! Damaged files: whatever the bytes, an answer or an error that names the path, soon and without panic.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod common;

use std::time::{Duration, Instant};

use common::{folder, graph_arrays, gzip, idx, npz, write};
use proptest::prelude::*;
use tiam_data::{Format, GraphParams, LoadParams, load, load_with_encoding};

/// Longest a damaged file of a few kilobytes may take.
const SOON: Duration = Duration::from_secs(5);

fn valid_files() -> Vec<(Format, Vec<u8>)> {
    let csv =
        b"x,sex,\"no\"\"te\",y\r\n1,M,\"a,\nb\",p\r\n2.5e3,F,c,q\r\n-3,M,c,p\r\n\r\n4,F,c,q\r\n"
            .to_vec();
    let tsv = b"\xef\xbb\xbf1\t2\t3\n4\t5\t6\n7\t8\t9\n".to_vec();
    let images = idx(&[3, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    vec![
        (Format::Table, gzip(&csv)),
        (Format::Table, csv),
        (Format::Table, tsv),
        (Format::Idx, gzip(&images)),
        (Format::Idx, images),
        (Format::GraphNpz, npz(&graph_arrays())),
    ]
}

#[derive(Debug, Clone)]
enum Damage {
    Truncate(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    DeleteLine(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\",;\t\r\n\0?- 1e.\xff".to_vec())
    ];
    prop_oneof![
        1 => at().prop_map(Damage::Truncate),
        4 => (at(), any::<u8>()).prop_map(|(i, b)| Damage::Flip(i, b)),
        3 => (at(), byte).prop_map(|(i, b)| Damage::Insert(i, b)),
        1 => at().prop_map(Damage::DeleteLine),
        1 => (at(), at()).prop_map(|(i, j)| Damage::Repeat(i, j)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Flip(at, mask) => {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        Damage::DeleteLine(at) => {
            let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
            let gone = at.index(lines.len());
            *bytes = lines
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != gone)
                .flat_map(|(_, l)| l.to_vec())
                .collect();
        }
        Damage::Repeat(from, to) => {
            let (a, b) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = bytes[a.min(b)..a.max(b)].to_vec();
            bytes.splice(a.min(b)..a.min(b), piece);
        }
    }
}

/// Loads the bytes in every way; errors must name the file.
fn try_all(bytes: &[u8], format: Format) {
    let folder = folder();
    let path = write(&folder, "damaged.bin", bytes);
    let graph = GraphParams::default().draw(1, 1, 1);
    let params = LoadParams::default().max_bytes(1 << 24).graph(graph);
    let started = Instant::now();
    for params in [params.clone(), params.format(format)] {
        match load::<f64>(&path, &params) {
            Ok(data) => {
                assert_eq!(
                    data.features().values().len(),
                    data.n_samples() * data.n_features()
                );
                assert!(data.features().values().iter().all(|v| v.is_finite()));
                if let Some(encoding) = data.encoding() {
                    let again = load_with_encoding::<f64>(&path, encoding, &params).unwrap();
                    assert_eq!(
                        (again.features(), again.targets()),
                        (data.features(), data.targets())
                    );
                }
            }
            Err(error) => {
                let text = error.to_string();
                let about_parameters =
                    text.contains("not allowed") || text.contains("train_per_class");
                assert!(text.contains("damaged.bin") || about_parameters, "{text}");
            }
        }
    }
    assert!(started.elapsed() < SOON);
}

#[test]
fn the_files_are_valid_before_they_are_damaged() {
    for (format, bytes) in valid_files() {
        let folder = folder();
        let path = write(&folder, "x", bytes);
        load::<f64>(&path, &LoadParams::default()).unwrap();
        load::<f32>(&path, &LoadParams::default().format(format)).unwrap();
    }
}

#[test]
fn every_truncation_is_survived() {
    for (format, bytes) in valid_files() {
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            try_all(&bytes[..length], format);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn damaged_files_are_survived(file in 0_usize..6, damages in prop::collection::vec(damage(), 1..5)) {
        let (format, mut bytes) = valid_files().swap_remove(file);
        damages.iter().for_each(|d| apply(&mut bytes, d));
        try_all(&bytes, format);
    }

    #[test]
    fn damaged_arrays_are_survived(array in 0_usize..12, damages in prop::collection::vec(damage(), 1..4)) {
        let mut arrays = graph_arrays();
        damages.iter().for_each(|d| apply(&mut arrays[array].1, d));
        try_all(&npz(&arrays), Format::GraphNpz);
    }

    #[test]
    fn damaged_text_inside_gzip_is_survived(damages in prop::collection::vec(damage(), 1..4), file in 1_usize..3) {
        let (format, mut bytes) = valid_files().swap_remove(file);
        damages.iter().for_each(|d| apply(&mut bytes, d));
        try_all(&gzip(&bytes), format);
    }

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), format in 0..3) {
        let format = [Format::Table, Format::Idx, Format::GraphNpz][format as usize];
        try_all(&bytes, format);
    }

    #[test]
    fn random_table_like_text_is_survived(text in "[0-9a,;\t\"\r\n .?e-]{0,80}") {
        try_all(text.as_bytes(), Format::Table);
    }
}
