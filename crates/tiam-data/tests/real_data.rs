//! Tests on real data sets (MNIST, graphs, tables); each is skipped where its files are absent.

use std::io::Read;

use crate::common::large;
use tiam_data::{
    ColumnKind, Dataset, GraphParams, GraphRows, LoadParams, TableParams, Targets, Task, digits,
    load,
};

fn mean<T: tiam_data::Scalar>(values: &[T]) -> f64 {
    values.iter().map(|&v| v.to_f64()).sum::<f64>() / values.len() as f64
}

/// Label counts and pixel sum of scikit-learn 1.9.1's file, counted there.
#[test]
fn digits_are_those_of_scikit_learn() {
    let data = digits::<f64>().unwrap();
    assert_eq!(
        data.class_counts().unwrap(),
        [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    );
    let sum: f64 = data.features().values().iter().map(|v| v * 16.0).sum();
    assert!((sum - 561_718.0).abs() < 1e-6);
    assert_eq!(
        data.features().sample(0).unwrap()[2..6],
        [5. / 16., 13. / 16., 9. / 16., 1. / 16.]
    );
    assert!(data.credit().unwrap().contains("CC BY 4.0"));
}

#[test]
fn mnist_folder_has_both_parts_and_their_split() {
    let Some(path) = large("mnist") else { return };
    let data: Dataset<f32> = load(&path, &LoadParams::default()).unwrap();
    assert_eq!(
        (data.n_samples(), data.n_features(), data.n_classes()),
        (70_000, 784, Some(10))
    );
    assert_eq!(data.labels().unwrap()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(data.labels().unwrap()[60_000..60_003], [7, 2, 1]);
    // The well-known mean of the training pixels, 0.1307.
    let train_mean = mean(&data.features().values()[..60_000 * 784]);
    assert!((train_mean - 0.130_660_4).abs() < 1e-6, "{train_mean}");
    let split = data
        .split()
        .unwrap()
        .carve_validation(data.labels(), 0.1, 3)
        .unwrap();
    let parts = data.into_parts(&split).unwrap();
    let sizes = [&parts.train, &parts.validation, &parts.test].map(Dataset::n_samples);
    assert_eq!(sizes, [54_000, 6_000, 10_000]);
}

#[test]
fn mnist_bytes_are_the_canonical_ones() {
    let Some(path) = large("mnist/t10k-images-idx3-ubyte.gz") else {
        return;
    };
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    // Of the file as it has been published since 1998.
    assert_eq!((bytes.len(), crc.sum()), (7_840_016, 0x9137_3bdf));
    let data: Dataset<f64> = load(&path, &LoadParams::default()).unwrap();
    let values = data
        .features()
        .values()
        .iter()
        .map(|v| (v * 255.0).round() as u8);
    assert!(values.eq(bytes[16..].iter().copied()));
}

#[test]
fn cora_has_the_planetoid_split_and_hop_features() {
    let Some(path) = large("cora.npz") else {
        return;
    };
    let data: Dataset<f32> = load(&path, &LoadParams::default()).unwrap();
    assert_eq!(
        (data.n_samples(), data.n_features(), data.n_classes()),
        (1_640, 7_165, Some(7))
    );
    let split = data.split().unwrap();
    assert_eq!(
        [
            split.train().len(),
            split.validation().len(),
            split.test().len()
        ],
        [140, 500, 1_000]
    );
    let train = data.subset(split.train()).unwrap();
    assert_eq!(train.class_counts().unwrap(), [20; 7]);
    assert_eq!(train.sample_ids().unwrap()[..3], [0, 1, 2]);
    // The last 1,433 columns are the features themselves: binary.
    let words = &data.features().sample(0).unwrap()[4 * 1_433..];
    assert!(
        words
            .iter()
            .all(|x| [0.0_f32, 1.0].map(f32::to_bits).contains(&x.to_bits()))
    );
}

#[test]
fn rows_of_the_split_equal_the_same_rows_of_all_nodes() {
    let Some(path) = large("cora.npz") else {
        return;
    };
    let params = LoadParams::default().graph(GraphParams::default().hops(1));
    let some: Dataset<f64> = load(&path, &params).unwrap();
    let all = params.graph(GraphParams::default().hops(1).rows(GraphRows::All));
    let all: Dataset<f64> = load(&path, &all).unwrap();
    assert_eq!((all.n_samples(), all.n_features()), (2_708, 2_866));
    assert_eq!(
        all.features().select(some.sample_ids().unwrap()).unwrap(),
        *some.features()
    );
    let test_of_all = all.subset(all.split().unwrap().test()).unwrap();
    let test_of_some = some.subset(some.split().unwrap().test()).unwrap();
    assert_eq!(test_of_all.labels(), test_of_some.labels());
}

#[test]
fn citeseer_has_the_planetoid_split() {
    let Some(path) = large("citeseer.npz") else {
        return;
    };
    let data: Dataset<f32> = load(&path, &LoadParams::default()).unwrap();
    assert_eq!(
        (data.n_samples(), data.n_features(), data.n_classes()),
        (1_620, 5 * 3_703, Some(6))
    );
    let split = data.split().unwrap();
    assert_eq!(
        [
            split.train().len(),
            split.validation().len(),
            split.test().len()
        ],
        [120, 500, 1_000]
    );
}

#[test]
fn phoneme_has_two_classes() {
    let Some(path) = large("tabular/phoneme.csv") else {
        return;
    };
    let data: Dataset<f64> = load(&path, &LoadParams::default()).unwrap();
    assert_eq!(
        (data.n_samples(), data.n_features(), data.n_classes()),
        (5_404, 5, Some(2))
    );
    assert_eq!(
        data.features().sample(0).unwrap(),
        [1.24, 0.875, -0.205, -0.078, 0.067]
    );
}

#[test]
fn abalone_sex_is_one_hot_and_rings_are_values() {
    let Some(path) = large("tabular/abalone.csv") else {
        return;
    };
    // 28 different ring counts: values without being asked for.
    for task in [Task::Auto, Task::Values] {
        let params = LoadParams::default().table(TableParams::default().task(task));
        let data: Dataset<f64> = load(&path, &params).unwrap();
        assert_eq!((data.n_samples(), data.n_features()), (4_177, 10));
        assert_eq!(data.feature_names()[..4], ["c0=F", "c0=I", "c0=M", "c1"]);
        assert_eq!(
            data.features().sample(0).unwrap()[..4],
            [0.0, 0.0, 1.0, 0.455]
        );
        let Targets::Values(rings) = data.targets() else {
            panic!("classes")
        };
        assert_eq!(rings.values()[..3], [15.0, 7.0, 9.0]);
    }
    let params = LoadParams::default().table(TableParams::default().task(Task::Classes));
    let data: Dataset<f64> = load(&path, &params).unwrap();
    assert_eq!(data.n_classes(), Some(28));
    assert_eq!(data.class_names().unwrap()[..2], ["1", "2"]);
}

#[test]
fn wine_scores_are_seven_classes_unless_values_are_asked_for() {
    let Some(path) = large("tabular/winequality-white.csv") else {
        return;
    };
    let data: Dataset<f64> = load(&path, &LoadParams::default()).unwrap();
    assert_eq!((data.n_samples(), data.n_features()), (4_898, 11));
    assert_eq!(
        data.class_names().unwrap(),
        ["3", "4", "5", "6", "7", "8", "9"]
    );
    let params = LoadParams::default().table(TableParams::default().task(Task::Values));
    let data: Dataset<f64> = load(&path, &params).unwrap();
    assert_eq!(
        data.encoding().unwrap().columns()[11].kind,
        ColumnKind::value_label()
    );
}

/// Sum, sum of squares and largest value of the highest hop of the first row, by a dense computation in NumPy 2
/// (double precision).
#[test]
fn hop_features_of_the_real_graphs_equal_numpy() {
    let wanted = [
        (
            "cora.npz",
            140_283.613_599_81,
            57_897.997_299_264_42,
            0.783_138_795_100_195_9,
        ),
        (
            "citeseer.npz",
            248_742.542_906_703_2,
            124_415.751_817_228_04,
            0.999_999_999_999_999_1,
        ),
    ];
    for (name, sum, squares, highest) in wanted {
        let Some(path) = large(name) else { return };
        let data: Dataset<f64> = load(&path, &LoadParams::default()).unwrap();
        let values = data.features().values();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b;
        assert!(close(values.iter().sum(), sum), "{name}");
        assert!(close(values.iter().map(|v| v * v).sum(), squares), "{name}");
        let first = &data.features().sample(0).unwrap()[..data.n_features() / 5];
        assert!(
            close(first.iter().copied().fold(0.0, f64::max), highest),
            "{name}"
        );
    }
}
