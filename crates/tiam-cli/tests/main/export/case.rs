//! A model with rows, the answers of `tiam predict` for them, and the programs that are compared with it.

use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tiam_data::{ColumnEncoding, ColumnKind, RowEncoder};

use super::onnx::{Graph, Tensor};
use crate::common::{Bench, Numbers};

/// The bound on differences of probabilities; of values, on those relative to the largest of the column, or to 1.
const BOUND: f64 = 1e-5;

/// Rows with every kind of column: gaps, a date, a currency, texts with missing and with rare ones, and numbers that are large beside their spread.
fn table(n: usize, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let mut text = String::from("age,price,when,town,street,stamp,kind,sunny,windy,cost,size\n");
    for row in 0..n {
        let (age, gap) = (20.0 + 60.0 * numbers.next(), numbers.next());
        let town = ["Bonn", "Köln", "\"a, \"\"b\"\"\"", "", "NA"][(numbers.next() * 5.0) as usize];
        let street = match row % 4 {
            0 => "Main St".to_owned(),
            1 => "High St".to_owned(),
            _ => format!("No {}", (numbers.next() * 90.0) as usize),
        };
        let (month, day) = (
            1 + (numbers.next() * 12.0) as usize,
            1 + (numbers.next() * 28.0) as usize,
        );
        let stamp = 1_700_000_000.0 + 100_000.0 * numbers.next();
        let noise = 8.0 * numbers.next();
        let kind = ["ash", "birch", "cedar"][((age + noise) / 30.0) as usize % 3];
        let (sunny, windy) = (age + noise > 50.0, town == "Bonn" || month > 8);
        let yes = |is: bool| if is { "yes" } else { "no" };
        let cost = (0.1 * age).exp() * (1.0 + 0.1 * noise);
        let age = if gap < 0.1 {
            String::new()
        } else {
            format!("{age:.2}")
        };
        let when = if gap > 0.9 {
            "?".to_owned()
        } else {
            format!("2024-{month:02}-{day:02}")
        };
        writeln!(
            text,
            "{age},\"€1,{:03}.50\",{when},{town},{street},{stamp:.0},{kind},{},{},{cost:.4},{:.4}",
            (numbers.next() * 999.0) as usize,
            yes(sunny),
            yes(windy),
            noise + if town == "Bonn" { 3.0 } else { 0.0 },
        )
        .unwrap();
    }
    text
}

/// A trained model with rows, their numbers, and the answers of `tiam predict`.
pub(super) struct Case {
    pub(super) bench: Bench,
    pub(super) columns: Option<ColumnEncoding>,
    /// The rows as numbers: dates by their parts, categories by their places, NaN where a cell is missing.
    rows: Vec<Vec<f32>>,
    /// Without the labels.
    answers: Vec<Vec<f64>>,
    pub(super) model: Value,
}

impl Case {
    /// Of the table above, without the other labels and without the columns of `left_out`.
    pub(super) fn of_table(label: &str, left_out: &str, flags: &str) -> Self {
        let bench = Bench::new();
        bench.write("train.csv", &table(240, 1));
        let others = "kind,sunny,windy,cost,size".split(',');
        let others = others.filter(|other| !label.split(',').any(|l| l == *other));
        let ignored: Vec<&str> = others.chain(left_out.split_terminator(',')).collect();
        let ignored = ignored.join(",");
        bench.train(&format!(
            "--data train.csv --label {label} --ignore {ignored} --no-report {flags}"
        ));
        // A town and a street that are not known, missing cells, and words where numbers were.
        let odd = "nan,?,2024-02-30,Rome,Elm St,,,,,,\n,,,None,,,,,,,\n";
        bench.write("new.csv", &(table(60, 2) + odd));
        Self::of(bench, "new.csv")
    }

    pub(super) fn of(bench: Bench, data: &str) -> Self {
        let predict = format!("predict tiam-out/model.safetensors --data {data} --out answers.csv");
        // Values have no probabilities.
        if bench.tiam(&format!("{predict} --proba")).code != 0 {
            bench.tiam(&predict).ok();
        }
        for (format, out) in [
            ("onnx", "model.onnx"),
            ("onnx --numeric", "numeric.onnx"),
            ("onnx --int8", "int8.onnx"),
            ("c", "model.h"),
            ("rust", "model.rs"),
            ("json", "model.json"),
            ("c --int8", "small.h"),
            ("onnx --numeric --int8", "small.onnx"),
        ] {
            let export = format!("export tiam-out/model.safetensors --format {format} --out {out}");
            bench.tiam(&export).ok();
        }
        let model: Value = serde_json::from_str(&bench.read("model.json")).unwrap();
        let columns: Option<ColumnEncoding> =
            serde_json::from_value(model["columns"].clone()).unwrap();
        let mut reader = csv::Reader::from_path(bench.path("answers.csv")).unwrap();
        let n_out = model["networks"][0]["layers"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["bias"]
            .as_array()
            .unwrap()
            .len();
        let numbers = |row: csv::StringRecord| {
            let n_labels = row.len() - n_out;
            row.iter()
                .skip(n_labels)
                .map(|x| x.parse().unwrap())
                .collect()
        };
        let answers = reader.records().map(|row| numbers(row.unwrap())).collect();
        let rows = match &columns {
            Some(columns) => encoded(columns, &bench.path(data)),
            None => {
                let digits = tiam_data::digits::<f32>().unwrap();
                digits
                    .features()
                    .values()
                    .chunks(64)
                    .map(<[f32]>::to_vec)
                    .collect()
            }
        };
        let case = Self {
            bench,
            columns,
            rows,
            answers,
            model,
        };
        assert_eq!(case.rows.len(), case.answers.len());
        case.bench.write("rows.csv", &case.rows_as_text(","));
        case
    }

    fn rows_as_text(&self, separator: &str) -> String {
        let row = |row: &Vec<f32>| {
            let cells: Vec<String> = row.iter().map(|x| x.to_string().to_lowercase()).collect();
            cells.join(separator) + "\n"
        };
        self.rows.iter().map(row).collect()
    }

    /// Asserts that these answers are those of `tiam predict`.
    fn agrees(&self, what: &str, found: &[Vec<f32>], bound: f64) {
        assert_eq!(found.len(), self.answers.len(), "{what}");
        let mut worst = 0.0_f64;
        let mut sizes = vec![1.0_f64; self.answers[0].len()];
        for row in &self.answers {
            let larger = |(size, y): (&mut f64, &f64)| *size = size.max(y.abs());
            sizes.iter_mut().zip(row).for_each(larger);
        }
        for (row, (found, expected)) in found.iter().zip(&self.answers).enumerate() {
            assert_eq!(found.len(), expected.len(), "{what}");
            for ((x, y), size) in found.iter().zip(expected).zip(&sizes) {
                let error = (f64::from(*x) - y).abs() / size;
                assert!(error <= bound, "{what}, row {row}: {x} in place of {y}");
                worst = worst.max(error);
            }
        }
        println!("{what}: within {worst:.1e}");
    }

    /// The numeric graph, computed here.
    fn check_graph(&self) {
        let (n, width) = (self.rows.len(), self.rows[0].len());
        for (name, bound) in [("numeric.onnx", BOUND), ("small.onnx", 0.2)] {
            let graph = Graph::parse(&self.bench.bytes(name));
            let mut found = graph.run(Tensor::new([n, width], self.rows.concat()));
            let label = found.remove("label");
            let (_, answers) = found.into_iter().next().unwrap();
            let rows: Vec<Vec<f32>> = answers
                .x
                .chunks(answers.shape[1])
                .map(<[f32]>::to_vec)
                .collect();
            self.agrees(name, &rows, bound);
            assert_eq!(label.is_some(), self.model["answer"] != "values");
        }
    }

    /// What a compiled program answers for the rows.
    fn answers_of(&self, program: &Path) -> Vec<Vec<f32>> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let rows = self.rows_as_text(" ");
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(rows.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let line = |line: &str| {
            line.split_whitespace()
                .map(|x| x.parse().unwrap())
                .collect()
        };
        text.lines().map(line).collect()
    }

    fn check_c(&self) {
        if !is_there("cc") {
            println!("skipped: there is no C compiler `cc`");
            return;
        }
        for (header, bound) in [("model", BOUND), ("small", 0.2)] {
            let upper = header.to_uppercase();
            self.bench.write("main.c", &format!(
                "#include <stdio.h>\n#include \"{header}.h\"\n\
                 int main(void) {{\n    float row[{upper}_ROW], out[{upper}_OUT];\n    for (;;) {{\n        \
                 for (int i = 0; i < {upper}_ROW; i++) if (scanf(\"%f\", &row[i]) != 1) return i != 0;\n        \
                 {header}_predict(row, out);\n        \
                 for (int i = 0; i < {upper}_OUT; i++) printf(\"%.9g \", out[i]);\n        puts(\"\");\n    }}\n}}\n"
            ));
            let warnings = "-Wall -Wextra -Wpedantic -Werror";
            compiled(
                &self.bench,
                &format!("cc -std=c99 -O1 {warnings} main.c -o main -lm"),
            );
            self.agrees(
                &format!("{header}.h"),
                &self.answers_of(&self.bench.path("main")),
                bound,
            );
        }
    }

    fn check_rust(&self) {
        self.bench.write(
            "alone.rs",
            "#![no_std]\n#![deny(warnings)]\npub mod model;\n",
        );
        let alone = "rustc --edition=2021 --crate-type=lib --emit=metadata alone.rs";
        compiled(&self.bench, alone);
        let wasm = "wasm32-unknown-unknown";
        let mut folder = Command::new("rustc");
        folder.args(["--print=target-libdir", "--target", wasm]);
        let folder = folder.output().unwrap().stdout;
        if Path::new(String::from_utf8(folder).unwrap().trim()).is_dir() {
            compiled(&self.bench, &format!("{alone} --target {wasm}"));
        }
        self.bench.write("main.rs", "mod model;\nuse std::io::Read;\nfn main() {\n    let mut text = String::new();\n    \
             std::io::stdin().read_to_string(&mut text).unwrap();\n    let all: Vec<f32> = text.split_whitespace().map(|x| x.parse().unwrap()).collect();\n    \
             for row in all.chunks_exact(model::ROW) {\n        let mut out = [0.0; model::OUT];\n        \
             model::predict(row.try_into().unwrap(), &mut out);\n        \
             println!(\"{}\", out.map(|x| x.to_string()).join(\" \"));\n    }\n}\n");
        compiled(
            &self.bench,
            "rustc --edition=2021 -O -Aunused main.rs -o rust-main",
        );
        self.agrees(
            "model.rs",
            &self.answers_of(&self.bench.path("rust-main")),
            BOUND,
        );
    }

    /// With onnxruntime, where it is there.
    fn check_python(&self) {
        let Some(python) = python("import onnx, onnxruntime") else {
            return;
        };
        let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/main/export/check.py");
        let output = Command::new(python)
            .arg(check)
            .arg(self.bench.path(""))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }

    pub(super) fn check(&self) {
        self.check_graph();
        self.check_c();
        self.check_rust();
        self.check_python();
    }
}

/// Runs a compiler.
pub(super) fn compiled(bench: &Bench, line: &str) {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    let output = command
        .args(words)
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(super) fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A Python that can import these, that of `TIAM_PYTHON` or the system's.
pub(super) fn python(imports: &str) -> Option<PathBuf> {
    let python = std::env::var_os("TIAM_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let tried = Command::new(&python).args(["-c", imports]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!(
        "skipped: no Python in which `{imports}` works; set TIAM_PYTHON to one with tests/main/export/requirements.txt"
    );
    None
}

/// The rows of a file as numbers, as docs/EXPORT.md has them.
fn encoded(columns: &ColumnEncoding, data: &Path) -> Vec<Vec<f32>> {
    let encoder = RowEncoder::new(columns.clone()).unwrap();
    let mut features = vec![0.0_f32; encoder.n_features()];
    let mut reader = csv::Reader::from_path(data).unwrap();
    let names = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        let cell =
            |name: &str| row[names.iter().position(|known| known == name).unwrap()].to_owned();
        let inputs = columns.columns().iter().filter(|c| c.kind.width() > 0);
        let cells: Vec<String> = inputs.clone().map(|c| cell(&c.name)).collect();
        encoder.encode(&cells, &mut features).unwrap();
        let (mut at, mut numbers) = (0, Vec::new());
        let is_missing = |cell: &str| ["", "?", "NA", "nan", "None", "2024-02-30"].contains(&cell);
        for (column, cell) in inputs.zip(&cells) {
            match &column.kind {
                ColumnKind::Categorical(of) => {
                    let found = of.categories.iter().position(|known| known == cell);
                    let other = if is_missing(cell) { f32::NAN } else { -1.0 };
                    numbers.push(found.map_or(other, |number| number as f32));
                }
                kind => {
                    let n = match kind {
                        ColumnKind::Numeric(of) => of.gaps.fill.len(),
                        ColumnKind::Date(of) => of.gaps.fill.len(),
                        _ => unreachable!(),
                    };
                    let part = |k| {
                        if is_missing(cell) {
                            f32::NAN
                        } else {
                            features[at + k]
                        }
                    };
                    numbers.extend((0..n).map(part));
                }
            }
            at += column.kind.width();
        }
        numbers
    };
    reader.records().map(|r| r.unwrap()).map(row).collect()
}
