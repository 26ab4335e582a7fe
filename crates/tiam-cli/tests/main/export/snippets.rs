//! The Python, C and Rust of docs/EXPORT.md, run.

use std::path::Path;
use std::process::Command;

use super::case::{Case, compiled, is_there, python};
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

/// The snippet in this language that begins so.
fn snippet(language: &str, first: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/EXPORT.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let fence = format!("```{language}\n");
    let start = docs.find(&format!("{fence}{first}"));
    let rest = &docs[start.unwrap_or_else(|| panic!("no snippet {first}")) + fence.len()..];
    rest[..rest.find("\n```").unwrap()].to_owned()
}

/// Runs the snippet that begins with this line, in a Python that has what it takes.
fn run(case: &Case, first: &str, imports: &str) {
    let snippet = snippet("python", &format!("# {first}\n"));
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

#[test]
fn the_snippets_of_c_and_rust_name_the_flower() {
    let bench = Bench::new();
    let iris = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tiam/data/iris.csv");
    std::fs::copy(iris, bench.path("iris.csv")).unwrap();
    bench.train("--data iris.csv --effort single --no-report");
    for name in ["iris.h", "iris.rs"] {
        let format = if name == "iris.h" { "c" } else { "rust" };
        bench
            .tiam(&format!(
                "export tiam-out/model.safetensors --format {format} --out {name}"
            ))
            .ok();
    }
    let c = snippet("c", "#include").replacen('\n', "\nint main(void) {\n", 1);
    bench.write("main.c", &format!("#include <stdio.h>\n{c}\n}}\n"));
    let rust = snippet("rust", "mod iris;").replacen('\n', "\nfn main() {\n", 1);
    bench.write("main.rs", &format!("{rust}\n}}\n"));
    if is_there("cc") {
        compiled(&bench, "cc -std=c99 main.c -o from-c -lm");
        assert_eq!(printed(&bench, "from-c"), "setosa\n");
    }
    compiled(&bench, "rustc --edition=2021 -Aunused main.rs -o from-rust");
    assert!(printed(&bench, "from-rust").starts_with("setosa ["));
}

fn printed(bench: &Bench, program: &str) -> String {
    let output = Command::new(bench.path(program)).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
