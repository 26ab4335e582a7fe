//! Images and graphs: small IDX files made here, and real data where they are.

use std::fs;
use std::path::Path;

use crate::common::{Bench, number, real_data};

/// Images of 4x4 whose bright half tells the class, with their labels.
fn write_idx(folder: &Path, part: &str, n: u8) {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 4, 0, 0, 0, 4];
    let mut labels = vec![0, 0, 8, 1, 0, 0, 0, n];
    for i in 0..n {
        let class = i % 2;
        images.extend((0..16).map(|p| if p / 8 == class { 200 + i % 50 } else { i % 9 }));
        labels.push(class);
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
    fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
}

#[test]
fn a_folder_of_images_brings_its_own_split() {
    let bench = Bench::new();
    write_idx(&bench.path("images"), "train", 60);
    write_idx(&bench.path("images"), "t10k", 20);
    let trained = bench.train("--data images --iterations 30 --hidden 5");
    let evaluated = bench
        .tiam("evaluate tiam-out/model.safetensors --data images --threads 1 --json")
        .ok()
        .json();
    assert_eq!(evaluated["samples"], 20);
    assert_eq!(evaluated["loss"], trained["test_loss"]);
    // The same from single files.
    let from_files = bench.train(
        "--data images/train-images-idx3-ubyte --test images/t10k-images-idx3-ubyte --iterations 30 --hidden 5 --format idx",
    );
    assert_eq!(from_files["test_loss"], trained["test_loss"]);
    let file = "evaluate tiam-out/model.safetensors --data images/t10k-images-idx3-ubyte --threads 1 --json";
    assert_eq!(bench.tiam(file).ok().json()["loss"], trained["test_loss"]);
    let note = bench
        .tiam("train --data images --iterations 1 --test-fraction 0.1")
        .ok();
    assert!(
        note.stderr.contains("note: --test-fraction"),
        "{}",
        note.stderr
    );
    let predicted = bench
        .tiam("predict tiam-out/model.safetensors --data images")
        .ok()
        .stdout;
    assert_eq!(predicted.lines().count(), 1 + 80);
    // Images without labels.
    fs::remove_file(bench.path("images/t10k-labels-idx1-ubyte")).unwrap();
    let alone = "predict tiam-out/model.safetensors --data images/t10k-images-idx3-ubyte";
    assert_eq!(bench.tiam(alone).ok().stdout.lines().count(), 1 + 20);
}

#[test]
fn a_table_is_compressed_or_not_and_has_a_header_or_not() {
    let bench = Bench::new();
    let headless: String = crate::common::points(60, 1)
        .lines()
        .skip(1)
        .fold(String::new(), |t, l| t + l + "\n");
    bench.write("with.csv", &crate::common::points(60, 1));
    bench.write("without.csv", &headless);
    bench.write("tabs.tsv", &crate::common::points(60, 1).replace(',', "\t"));
    let loss = |line: &str| {
        bench.train(&format!("--iterations 3 --hidden 4 --data {line}"))["test_loss"].clone()
    };
    let expected = loss("with.csv");
    assert_eq!(loss("without.csv"), expected);
    assert_eq!(loss("without.csv --header no"), expected);
    assert_eq!(loss("tabs.tsv"), expected);
    assert_eq!(loss("without.csv --label c2"), expected);
}

#[test]
fn a_graph_uses_its_split_and_the_hops_it_was_trained_with() {
    let Some(cora) = real_data("cora.npz") else {
        return;
    };
    let bench = Bench::new();
    let cora = cora.display();
    let trained = bench.train(&format!(
        "--data {cora} --iterations 3 --hops 1 --hidden 16"
    ));
    let model = "tiam-out/model.safetensors";
    let evaluated = bench
        .tiam(&format!(
            "evaluate {model} --data {cora} --threads 1 --json"
        ))
        .ok()
        .json();
    assert_eq!(evaluated["samples"], 1000);
    assert_eq!(evaluated["loss"], trained["test_loss"]);
    let predicted = bench
        .tiam(&format!("predict {model} --data {cora}"))
        .ok()
        .stdout;
    assert_eq!(predicted.lines().count(), 1 + 2708);
}

#[test]
fn real_tables_beat_a_constant_within_a_few_iterations() {
    let Some(wine) = real_data("tabular/winequality-white.csv") else {
        return;
    };
    let bench = Bench::new();
    let line = format!(
        "--data {} --task values --iterations 20 --hidden 16",
        wine.display()
    );
    assert!(number(&bench.train(&line), "r2") > 0.1);
    let Some(phoneme) = real_data("tabular/phoneme.csv") else {
        return;
    };
    let line = format!(
        "--data {} --label -1 --iterations 20 --hidden 16",
        phoneme.display()
    );
    assert!(number(&bench.train(&line), "test_accuracy") > 0.72);
}
