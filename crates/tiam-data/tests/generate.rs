//! Tests of synthetic data: frozen numbers and their intended shape.

use tiam_data::{DataError, Dataset, Targets, TeacherOutput, blobs, teacher_network, two_spirals};

fn bits(data: &Dataset<f64>) -> Vec<u64> {
    data.features()
        .values()
        .iter()
        .take(4)
        .map(|v| v.to_bits())
        .collect()
}

#[test]
fn the_numbers_are_the_same_everywhere() {
    let teacher = teacher_network::<f64>(5, 2, 3, TeacherOutput::Values(1), 0.1, 3).unwrap();
    let Targets::Values(y) = teacher.targets() else {
        panic!("classes")
    };
    assert_eq!(bits(&blobs(4, 2, 2, 0.5, 1).unwrap()), BLOBS);
    assert_eq!(bits(&two_spirals(4, 0.1, 2).unwrap()), SPIRALS);
    assert_eq!(bits(&teacher), TEACHER);
    assert_eq!(y.values()[0].to_bits(), TEACHER_Y);
}

// Made by this crate, 0.1.0.
const BLOBS: [u64; 4] = [
    0xc003_ac6b_8882_9c38,
    0xc01f_965a_f329_60b1,
    0x3ffd_d559_a8f8_a8bf,
    0xc018_d527_a4f8_5fdb,
];
const SPIRALS: [u64; 4] = [
    0xbfe8_68ac_dfc4_e9b4,
    0x3fe4_fe6f_43fa_795f,
    0x3fe3_3254_e5b5_984d,
    0xbfe0_d4a7_8dfc_9701,
];
const TEACHER: [u64; 4] = [
    0x3fe6_512d_c5bf_97c0,
    0xbfe3_5245_249b_b831,
    0xbff5_3e1b_373b_4b46,
    0x3fe3_a871_39ed_025f,
];
const TEACHER_Y: u64 = 0xbfea_26c4_945b_af7b;

#[test]
fn blobs_lie_around_their_centres() {
    let n = 4_000;
    let data = blobs::<f64>(n, 2, 2, 0.5, 7).unwrap();
    let exact = blobs::<f64>(2, 2, 2, 0.0, 7).unwrap();
    for class in 0..2 {
        let centre = exact.features().sample(class).unwrap();
        for (j, centre) in centre.iter().enumerate() {
            let offsets = (class..n)
                .step_by(2)
                .map(|i| data.features().sample(i).unwrap()[j] - centre);
            let offsets: Vec<f64> = offsets.collect();
            let mean = offsets.iter().sum::<f64>() / offsets.len() as f64;
            let deviation =
                (offsets.iter().map(|d| d * d).sum::<f64>() / offsets.len() as f64).sqrt();
            // Five standard errors.
            assert!(
                mean.abs() < 5.0 * 0.5 / 2_000_f64.sqrt()
                    && (deviation - 0.5).abs() < 5.0 * 0.5 / 4_000_f64.sqrt()
            );
        }
    }
}

#[test]
fn spirals_without_noise_lie_on_their_arms() {
    let data = two_spirals::<f64>(200, 0.0, 3).unwrap();
    for (i, &label) in data.labels().unwrap().iter().enumerate() {
        let [x, y] = data.features().sample(i).unwrap() else {
            panic!("not a plane")
        };
        let radius = x.hypot(*y);
        let angle = 3.0 * std::f64::consts::PI * radius + std::f64::consts::PI * f64::from(label);
        assert!(
            (x - radius * angle.cos()).abs() < 1e-12 && (y - radius * angle.sin()).abs() < 1e-12
        );
    }
}

#[test]
fn teacher_outputs_are_standardised_and_classes_are_their_maximum() {
    let values = teacher_network::<f64>(500, 4, 8, TeacherOutput::Values(3), 0.0, 11).unwrap();
    let classes = teacher_network::<f64>(500, 4, 8, TeacherOutput::Classes(3), 0.0, 11).unwrap();
    assert_eq!(values.features(), classes.features());
    let Targets::Values(y) = values.targets() else {
        panic!("classes")
    };
    for j in 0..3 {
        let column: Vec<f64> = y.values().iter().skip(j).step_by(3).copied().collect();
        assert!(column.iter().sum::<f64>().abs() < 1e-10);
        assert!((column.iter().map(|v| v * v).sum::<f64>() - 500.0).abs() < 1e-9);
    }
    for (i, &label) in classes.labels().unwrap().iter().enumerate() {
        let row = y.sample(i).unwrap();
        assert!(row.iter().all(|v| *v <= row[label as usize]));
    }
    assert!(classes.class_counts().unwrap().iter().all(|&n| n > 50));
}

#[test]
fn parameters_are_checked() {
    let bad: [Result<Dataset<f64>, DataError>; 9] = [
        blobs(0, 1, 1, 0.1, 0),
        blobs(2, 0, 1, 0.1, 0),
        blobs(2, 1, 3, 0.1, 0),
        blobs(2, 1, 1, f64::NAN, 0),
        blobs(2, 1, 1, -1.0, 0),
        two_spirals(1, 0.1, 0),
        two_spirals(2, f64::INFINITY, 0),
        teacher_network(1, 1, 0, TeacherOutput::Values(1), 0.0, 0),
        teacher_network(1, 1, 1, TeacherOutput::Classes(1), 0.0, 0),
    ];
    for result in bad {
        assert!(matches!(result, Err(DataError::InvalidParameter { .. })));
    }
    assert!(matches!(
        blobs::<f64>(usize::MAX, usize::MAX, 1, 0.1, 0),
        Err(DataError::OutOfMemory { .. })
    ));
}
