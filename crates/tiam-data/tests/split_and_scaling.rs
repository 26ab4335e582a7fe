//! Tests of splits, scaling and the containers.

use proptest::prelude::*;
use tiam_data::{DataError, Dataset, Features, Scaling, ScalingKind, Split, Targets, blobs};

fn sorted(split: &Split) -> Vec<usize> {
    let mut all = [split.train(), split.validation(), split.test()].concat();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn stratified_splits_are_disjoint_complete_and_even(
        labels in prop::collection::vec(0_u32..6, 2..300),
        validation in 0.0..0.45_f64,
        test in 0.0..0.45_f64,
        seed in any::<u64>(),
    ) {
        let split = match Split::stratified(&labels, validation, test, seed) {
            Ok(split) => split,
            Err(error) => {
                // Nothing is left for training.
                prop_assert!(labels.len() as f64 * (1.0 - validation - test) < 0.5 + 1e-6, "{}", error);
                return Ok(());
            }
        };
        prop_assert_eq!(sorted(&split), (0..labels.len()).collect::<Vec<_>>());
        for part in [split.train(), split.validation(), split.test()] {
            prop_assert!(part.is_sorted());
        }
        for class in 0..6 {
            let count = |part: &[usize]| part.iter().filter(|&&i| labels[i] == class).count() as f64;
            let n = labels.iter().filter(|&&l| l == class).count() as f64;
            for (part, fraction) in [(split.validation(), validation), (split.test(), test),
                (split.train(), 1.0 - validation - test)] {
                prop_assert!((count(part) - n * fraction).abs() < 1.0 + 1e-6);
            }
        }
        let held_out = (split.validation().len() + split.test().len()) as f64;
        prop_assert!((held_out - labels.len() as f64 * (validation + test)).abs() <= 0.5 + 1e-6);
        prop_assert_eq!(&Split::stratified(&labels, validation, test, seed).unwrap(), &split);
    }

    #[test]
    fn parts_hold_what_a_subset_holds(n in 3_usize..60, seed in any::<u64>(), shuffled in any::<bool>()) {
        let data = blobs::<f64>(n, 3, 2, 1.0, seed).unwrap().with_sample_ids((100..100 + n).collect()).unwrap();
        let mut split = data.make_split(0.2, 0.2, seed).unwrap();
        if shuffled {
            let train = split.train().iter().rev().copied().collect();
            split = Split::new(train, split.validation().to_vec(), split.test().to_vec()).unwrap();
        }
        let wanted = [split.train(), split.validation(), split.test()].map(|part| data.subset(part).unwrap());
        let parts = data.into_parts(&split).unwrap();
        prop_assert_eq!([parts.train, parts.validation, parts.test], wanted);
    }
}

#[test]
fn splits_are_the_same_everywhere() {
    let split = Split::random(10, 0.2, 0.3, 42).unwrap();
    assert_eq!(
        (split.validation(), split.test()),
        (&RANDOM_42.0[..], &RANDOM_42.1[..])
    );
    assert_ne!(Split::random(10, 0.2, 0.3, 43).unwrap(), split);
}

/// Made by this crate, 0.1.0.
const RANDOM_42: ([usize; 2], [usize; 3]) = ([3, 6], [1, 5, 9]);

#[test]
fn fractions_and_indices_are_checked() {
    for (validation, test) in [
        (-0.1, 0.2),
        (f64::NAN, 0.2),
        (0.5, 0.5),
        (0.0, 1.0),
        (f64::INFINITY, 0.0),
    ] {
        assert!(matches!(
            Split::random(10, validation, test, 0),
            Err(DataError::InvalidParameter { .. })
        ));
    }
    assert!(matches!(
        Split::random(0, 0.1, 0.1, 0),
        Err(DataError::InvalidParameter { .. })
    ));
    assert!(matches!(
        Split::random(1, 0.0, 0.9, 0),
        Err(DataError::InvalidParameter { .. })
    ));
    assert!(matches!(
        Split::new(vec![1, 2], vec![], vec![2]),
        Err(DataError::InvalidParameter { .. })
    ));
    let data = blobs::<f32>(4, 1, 2, 0.0, 0).unwrap();
    let outside = Split::new(vec![0], vec![], vec![4]).unwrap();
    assert!(matches!(
        data.clone().with_split(outside.clone()),
        Err(DataError::IndexOutOfRange { index: 4, .. })
    ));
    assert!(matches!(
        data.into_parts(&outside),
        Err(DataError::IndexOutOfRange { index: 4, .. })
    ));
}

#[test]
fn validation_is_carved_from_training_only() {
    let labels: Vec<u32> = (0..40).map(|i| i % 2).collect();
    let split = Split::new((0..30).collect(), vec![], (30..40).collect()).unwrap();
    for labels in [Some(&labels[..]), None] {
        let carved = split.carve_validation(labels, 0.2, 5).unwrap();
        assert_eq!(
            (
                carved.train().len(),
                carved.validation().len(),
                carved.test()
            ),
            (24, 6, split.test())
        );
        assert_eq!(sorted(&carved), sorted(&split));
    }
    assert!(matches!(
        split.carve_validation(Some(&[0, 1]), 0.2, 5),
        Err(DataError::IndexOutOfRange { .. })
    ));
}

#[test]
fn the_training_part_alone_decides_the_scaling() {
    let data = blobs::<f64>(60, 2, 3, 1.0, 4).unwrap();
    let split = data.make_split(0.0, 0.5, 1).unwrap();
    let mut changed = data.clone();
    for &i in split.test() {
        changed.features_mut().values_mut()[2 * i] += 1e6;
    }
    let [kept, other] = [data, changed].map(|d| d.into_parts(&split).unwrap());
    for kind in [
        ScalingKind::None,
        ScalingKind::Standard,
        ScalingKind::MinMax,
    ] {
        let scaling = Scaling::fit(kind, kept.train.features()).unwrap();
        assert_eq!(scaling, Scaling::fit(kind, other.train.features()).unwrap());
    }
}

#[test]
fn scaled_training_data_have_the_promised_moments() {
    let data = blobs::<f64>(200, 3, 4, 1.0, 9).unwrap();
    for kind in [ScalingKind::Standard, ScalingKind::MinMax] {
        let scaling = Scaling::fit(kind, data.features()).unwrap();
        let mut x = data.features().clone();
        scaling.apply(&mut x).unwrap();
        for j in 0..3 {
            let column: Vec<f64> = x.values().iter().skip(j).step_by(3).copied().collect();
            if kind == ScalingKind::Standard {
                let mean = column.iter().sum::<f64>() / 200.0;
                let variance = column.iter().map(|v| v * v).sum::<f64>() / 200.0;
                assert!(mean.abs() < 1e-13 && (variance - 1.0).abs() < 1e-12);
            } else {
                assert!(column.iter().all(|v| (0.0..=1.0).contains(v)));
                assert!(column.contains(&0.0) && column.contains(&1.0));
            }
        }
        scaling.invert(&mut x).unwrap();
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(x.values().iter().zip(data.features().values()).all(close));
    }
}

#[test]
fn constant_columns_become_zero() {
    // 0.1 three times: the rounded mean differs from 0.1.
    let x = Features::new(3, 2, vec![0.1, 1.0, 0.1, 2.0, 0.1, 3.0]).unwrap();
    for kind in [ScalingKind::Standard, ScalingKind::MinMax] {
        let scaling = Scaling::fit(kind, &x).unwrap();
        assert_eq!((scaling.offset()[0], scaling.scale()[0]), (0.1, 1.0));
    }
    // Small beside its mean, but not constant.
    let x = Features::new(2, 1, vec![1e15, 1e15 + 1.0]).unwrap();
    assert_eq!(
        Scaling::fit(ScalingKind::MinMax, &x).unwrap().scale(),
        [1.0]
    );
    assert_eq!(
        Scaling::fit(ScalingKind::Standard, &x).unwrap().scale(),
        [0.5]
    );
}

#[test]
fn scaling_refuses_what_it_cannot_scale() {
    for bad in [f64::NAN, f64::INFINITY] {
        let x = Features::new(2, 2, vec![0.0, 1.0, 2.0, bad]).unwrap();
        for kind in [
            ScalingKind::None,
            ScalingKind::Standard,
            ScalingKind::MinMax,
        ] {
            let error = Scaling::fit(kind, &x).unwrap_err();
            assert!(matches!(
                error,
                DataError::NonFinite {
                    sample: 1,
                    feature: 1,
                    ..
                }
            ));
        }
        assert!(Dataset::new(x, Targets::Absent).is_err());
    }
    let huge = Features::new(2, 1, vec![f64::MAX, f64::MIN]).unwrap();
    assert!(matches!(
        Scaling::fit(ScalingKind::MinMax, &huge),
        Err(DataError::ScalingOverflow { feature: 0 })
    ));
    let none = Features::<f64>::new(0, 2, vec![]).unwrap();
    assert!(matches!(
        Scaling::fit(ScalingKind::Standard, &none),
        Err(DataError::Shape { .. })
    ));
    let scaling = Scaling::fit(ScalingKind::None, &none).unwrap();
    let mut narrow = Features::new(1, 1, vec![1.0]).unwrap();
    assert!(matches!(
        scaling.apply(&mut narrow),
        Err(DataError::Shape {
            expected: 2,
            actual: 1,
            ..
        })
    ));
    let tiny = Scaling::new(ScalingKind::Standard, vec![0.0], vec![1e-300]).unwrap();
    let mut large = Features::new(1, 1, vec![1e300]).unwrap();
    assert!(matches!(
        tiny.apply(&mut large),
        Err(DataError::NonFinite {
            sample: 0,
            feature: 0,
            ..
        })
    ));
}

#[test]
fn scaling_survives_json_and_is_checked_on_the_way_in() {
    let data = blobs::<f32>(20, 3, 2, 1.0, 1).unwrap();
    let scaling = Scaling::fit(ScalingKind::Standard, data.features()).unwrap();
    let json = serde_json::to_string(&scaling).unwrap();
    assert_eq!(serde_json::from_str::<Scaling>(&json).unwrap(), scaling);
    for bad in [
        r#"{"kind":"standard","offset":[0],"scale":[0]}"#,
        r#"{"kind":"standard","offset":[0],"scale":[-1]}"#,
        r#"{"kind":"standard","offset":[0,1],"scale":[1]}"#,
        r#"{"kind":"standard","offset":[0],"scale":[1],"more":1}"#,
        r#"{"kind":"unheard_of","offset":[0],"scale":[1]}"#,
    ] {
        assert!(serde_json::from_str::<Scaling>(bad).is_err(), "{bad}");
    }
}

#[test]
fn containers_check_their_sizes() {
    assert!(matches!(
        Features::new(2, 2, vec![0.0; 3]),
        Err(DataError::Shape {
            expected: 4,
            actual: 3,
            ..
        })
    ));
    assert!(Features::new(usize::MAX, 2, vec![0.0]).is_err());
    let x = || Features::new(2, 1, vec![0.0, 1.0]).unwrap();
    assert!(x().select(&[2]).is_err() && x().sample(2).is_none());
    let classes = |labels: Vec<u32>| Targets::Classes {
        labels,
        names: vec!["only".to_owned()],
    };
    assert!(matches!(
        Dataset::new(x(), classes(vec![0])),
        Err(DataError::Shape { .. })
    ));
    assert!(matches!(
        Dataset::new(x(), classes(vec![0, 1])),
        Err(DataError::IndexOutOfRange { index: 1, .. })
    ));
    let data = Dataset::new(x(), classes(vec![0, 0])).unwrap();
    assert!(
        data.clone().with_feature_names(vec![]).is_err() && data.with_sample_ids(vec![]).is_err()
    );
    let empty = Features::<f64>::new(0, 0, vec![]).unwrap();
    assert_eq!(Dataset::new(empty, Targets::Absent).unwrap().n_samples(), 0);
}
