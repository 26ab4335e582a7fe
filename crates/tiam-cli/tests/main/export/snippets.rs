//! The Python of docs/EXPORT.md, run.

use std::path::Path;
use std::process::Command;

use super::case::{Case, python};
use crate::common::{Bench, points};

/// What is asserted of `probabilities` after a snippet.
const ASSERTION: &str = r#"
import csv
answers = list(csv.reader(open("answers.csv", encoding="utf-8")))[1:]
answers = np.array([row[-probabilities.shape[1]:] for row in answers], dtype=float)
assert probabilities.shape == answers.shape, probabilities.shape
error = np.abs(probabilities - answers).max()
assert error < 1e-5, error
"#;

/// Runs the snippet that begins with this line, in a Python that has what it takes.
fn run(case: &Case, first: &str, imports: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/EXPORT.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let start = docs.find(&format!("```python\n# {first}\n"));
    let rest = &docs[start.unwrap_or_else(|| panic!("no snippet {first}")) + 10..];
    let snippet = &rest[..rest.find("\n```").unwrap()];
    let script = case
        .bench
        .write("snippet.py", &format!("{snippet}\n{ASSERTION}"));
    let Some(python) = python(imports) else {
        return;
    };
    let mut command = Command::new(python);
    let output = command
        .arg(script)
        .current_dir(case.bench.path(""))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{first}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_snippets_for_a_table_answer_as_predict_does() {
    let case = Case::of_table("kind", "price,when", "");
    run(&case, "model.json with NumPy", "import numpy");
    run(&case, "model.onnx with onnxruntime", "import onnxruntime");
}

#[test]
fn the_snippets_for_the_model_file_answer_as_predict_does() {
    let bench = Bench::new();
    bench.write("train.csv", &points(90, 1));
    bench.write("new.csv", &points(30, 2));
    bench.train("--data train.csv --effort single --epochs 10 --no-report");
    let case = Case::of(bench, "new.csv");
    let file = case.bench.bytes("tiam-out/model.safetensors");
    std::fs::write(case.bench.path("model.safetensors"), file).unwrap();
    case.bench
        .write("features.csv", &case.bench.read("rows.csv"));
    run(
        &case,
        "model.safetensors with PyTorch",
        "import torch, safetensors",
    );
    run(
        &case,
        "model.safetensors with JAX",
        "import jax, safetensors",
    );
    run(&case, "model.json with NumPy", "import numpy");
}
