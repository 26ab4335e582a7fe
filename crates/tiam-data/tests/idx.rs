//! Tests of IDX files.

use crate::common::{assert_malformed, folder, gzip, idx, write};
use tiam_data::{
    DataError, Dataset, Format, LabelColumn, LoadParams, Place, TableParams, Targets, load,
};

const IMAGES: [u8; 8] = [0, 51, 255, 0, 102, 0, 0, 204];

fn read(path: impl AsRef<std::path::Path>) -> Result<Dataset<f64>, DataError> {
    load(path, &LoadParams::default())
}

#[test]
fn images_find_their_labels_plain_or_gzip() {
    for (images_zipped, labels_zipped) in
        [(false, false), (false, true), (true, false), (true, true)]
    {
        let folder = folder();
        let put = |name: &str, zipped: bool, bytes: Vec<u8>| {
            if zipped {
                write(&folder, &format!("{name}.gz"), gzip(&bytes))
            } else {
                write(&folder, name, bytes)
            }
        };
        put("a-labels-idx1-ubyte", labels_zipped, idx(&[2], &[3, 1]));
        let path = put(
            "a-images-idx3-ubyte",
            images_zipped,
            idx(&[2, 2, 2], &IMAGES),
        );
        let data = read(path).unwrap();
        assert_eq!((data.n_samples(), data.n_features()), (2, 4));
        assert_eq!(data.features().sample(0).unwrap(), [0.0, 0.2, 1.0, 0.0]);
        assert_eq!(data.labels().unwrap(), [3, 1]);
        assert_eq!(data.class_names().unwrap(), ["0", "1", "2", "3"]);
    }
}

#[test]
fn every_rank_from_one_to_four_is_flattened() {
    let folder = folder();
    for dimensions in [&[8][..], &[2, 4], &[4, 1, 2], &[2, 2, 2, 1]] {
        let data = read(write(&folder, "x.bin", idx(dimensions, &IMAGES))).unwrap();
        assert_eq!(data.n_samples(), dimensions[0] as usize);
        assert_eq!(data.n_samples() * data.n_features(), 8);
        assert_eq!(data.targets(), &Targets::Absent);
    }
}

#[test]
fn several_gzip_members_are_read_as_one() {
    let folder = folder();
    let bytes = idx(&[2, 4], &IMAGES);
    let parts = [gzip(&bytes[..9]), gzip(&bytes[9..])].concat();
    assert_eq!(read(write(&folder, "x.gz", parts)).unwrap().n_samples(), 2);
}

#[test]
fn labels_that_are_missing_are_named_unless_none_are_wanted() {
    let folder = folder();
    let path = write(&folder, "a-images-idx3-ubyte", idx(&[2, 2, 2], &IMAGES));
    let words = "there is no a-labels-idx1-ubyte beside it";
    assert_malformed(read(&path), &Place::Whole, words);
    let params = LoadParams::default().table(TableParams::default().label(LabelColumn::None));
    assert_eq!(
        load::<f32>(&path, &params).unwrap().targets(),
        &Targets::Absent
    );
}

#[test]
fn counts_of_images_and_labels_must_agree() {
    let folder = folder();
    let path = write(&folder, "images", idx(&[2, 4], &IMAGES));
    write(&folder, "labels", idx(&[3], &[0, 1, 0]));
    let words = format!(
        "it holds 2 samples, but {} holds 3",
        path.with_file_name("labels").display()
    );
    assert_malformed(read(&path), &Place::Whole, &words);
    write(&folder, "labels", idx(&[2, 1], &[0, 1]));
    assert_malformed(read(&path), &Place::Byte(3), "labels must have rank 1");
}

#[test]
fn a_file_cut_short_or_too_long_is_named_with_its_byte() {
    let folder = folder();
    let bytes = idx(&[2, 4], &IMAGES);
    for pack in [|b: &[u8]| b.to_vec(), gzip] {
        let short = read(write(&folder, "x", pack(&bytes[..15])));
        let words = "promises 20 bytes in all, the file holds 15";
        assert_malformed(short, &Place::Byte(15), words);
        let long = pack(&[&bytes[..], &[1, 2, 3]].concat());
        let words = "promises 20 bytes in all, the file holds 23";
        assert_malformed(read(write(&folder, "x", long)), &Place::Byte(20), words);
    }
}

#[test]
fn headers_are_refused_with_their_byte() {
    let folder = folder();
    let mut wrong_kind = idx(&[2], &[0, 1]);
    wrong_kind[2] = 0x0d;
    let cases = [
        (wrong_kind, 2),
        (idx(&[1; 5], &[0]), 3),
        (vec![0, 0, 8, 3, 0, 0], 6),
        (vec![0, 0, 8], 3),
        (idx(&[0, 4], &[]), 4),
        (idx(&[4, 0], &[]), 8),
        (idx(&[u32::MAX; 4], &[]), 4),
        (vec![1, 2, 8, 1, 0], 0),
    ];
    for (bytes, place) in cases {
        let path = write(&folder, "x", bytes);
        let error = load::<f64>(&path, &LoadParams::default().format(Format::Idx)).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()));
        assert_malformed::<()>(Err(error), &Place::Byte(place), "");
    }
}

#[test]
fn a_huge_promise_allocates_nothing() {
    let folder = folder();
    let bytes = idx(&[4_000_000_000, 65_000], &[7; 100]);
    for bytes in [bytes.clone(), gzip(&bytes)] {
        let result = read(write(&folder, "x", bytes));
        assert_malformed(result, &Place::Byte(112), "the file holds 112");
    }
}

#[test]
fn a_forged_gzip_length_is_not_believed() {
    let folder = folder();
    let bytes = idx(&[1 << 31, 1 << 31], &[7; 100_000]);
    let mut zipped = gzip(&bytes);
    // The length modulo 2^32 that the header promises: 2^62 values after 12 bytes.
    let trailer = zipped.len() - 4;
    zipped[trailer..].copy_from_slice(&12_u32.to_le_bytes());
    let path = write(&folder, "x.gz", zipped);
    let result = load::<f64>(path, &LoadParams::default().max_bytes(u64::MAX));
    assert_malformed(result, &Place::Whole, "the gzip stream breaks off");
}

#[test]
fn the_limit_holds_for_values_and_for_streams() {
    let folder = folder();
    let small = LoadParams::default().max_bytes(63);
    let path = write(&folder, "x", idx(&[2, 4], &IMAGES));
    assert!(matches!(
        load::<f64>(&path, &small),
        Err(DataError::TooLarge {
            bytes: 64,
            limit: 63,
            ..
        })
    ));
    assert!(load::<f32>(&path, &small).is_ok());
    let bomb = write(&folder, "bomb.csv.gz", gzip(&vec![b'1'; 1 << 20]));
    assert!(matches!(
        load::<f64>(&bomb, &small.max_bytes(100_000)),
        Err(DataError::TooLarge { .. })
    ));
}

#[test]
fn a_damaged_gzip_stream_is_named_with_its_byte() {
    let folder = folder();
    let zipped = gzip(&idx(&[2, 4], &IMAGES));
    let path = write(&folder, "x.gz", &zipped[..zipped.len() - 12]);
    assert_malformed(read(&path), &Place::Whole, "the gzip stream breaks off");
}

#[test]
fn a_folder_gives_both_parts_or_names_what_is_missing() {
    let folder = folder();
    let words = "there is no train-images-idx3-ubyte beside it";
    assert_malformed(read(folder.path()), &Place::Whole, words);
    write(&folder, "train-images-idx3-ubyte", idx(&[2, 2, 2], &IMAGES));
    write(
        &folder,
        "train-labels.idx1-ubyte.gz",
        gzip(&idx(&[2], &[0, 1])),
    );
    write(
        &folder,
        "t10k-images-idx3-ubyte.gz",
        gzip(&idx(&[1, 2, 2], &IMAGES[4..])),
    );
    let error = read(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("t10k-labels-idx1-ubyte"),
        "{error}"
    );
    write(&folder, "t10k-labels-idx1-ubyte", idx(&[1], &[1]));
    let data = read(folder.path()).unwrap();
    assert_eq!(data.labels().unwrap(), [0, 1, 1]);
    assert_eq!(
        (data.split().unwrap().train(), data.split().unwrap().test()),
        (&[0, 1][..], &[2][..])
    );
    write(
        &folder,
        "t10k-images-idx3-ubyte.gz",
        gzip(&idx(&[1, 4, 2], &IMAGES)),
    );
    let words = "it holds 4 pixels an image, but ";
    assert_malformed(read(folder.path()), &Place::Whole, words);
    let text = read(folder.path()).unwrap_err().to_string();
    assert!(text.ends_with(" holds 8"), "{text}");
    assert!(load::<f64>(folder.path(), &LoadParams::default().format(Format::Table)).is_err());
}

#[test]
fn unknown_content_is_named() {
    let folder = folder();
    for (bytes, words) in [(&b"\0\0\0\0"[..], "byte 0"), (b"ab\x00cd", "byte 2")] {
        let error = read(write(&folder, "x", bytes)).unwrap_err();
        assert!(
            matches!(&error, DataError::UnknownFormat { found, .. } if found.contains(words)),
            "{error}"
        );
    }
}
