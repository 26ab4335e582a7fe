//! Runs the real binary in a folder of its own, on small data made here.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What of a training depends on neither time, interruptions nor processes: the rows without their seconds, and the model's numbers.
pub(crate) fn result(bench: &Bench, out: &str) -> (Vec<Value>, Vec<u8>) {
    let trace: Value = serde_json::from_str(&bench.read(&format!("{out}/trace.json"))).unwrap();
    let mut rows = trace["rows"].as_array().unwrap().clone();
    for row in &mut rows {
        row["seconds"] = Value::Null;
        row["measures"]["training_seconds"] = Value::Null;
    }
    let model = bench.bytes(&format!("{out}/model.safetensors"));
    let header = u64::from_le_bytes(model[..8].try_into().unwrap());
    let tensors = model[8 + usize::try_from(header).unwrap()..].to_vec();
    (rows, tensors)
}

/// What a run of the binary left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The last line of standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts the exit status, that standard error has one `error: ` line, and that it names all of `parts`.
    pub(crate) fn fails(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        assert!(
            self.stderr.lines().any(|l| l.starts_with("error: ")),
            "{}",
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "`{part}` is not in: {}",
                self.stderr
            );
        }
        self
    }
}

/// A folder with a binary to run in it.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiam"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The arguments separated by blanks.
    pub(crate) fn tiam(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// `tiam train` for a few iterations on one thread, with its result as JSON.
    pub(crate) fn train(&self, line: &str) -> Value {
        self.tiam(&format!("train --quiet --json --threads 1 {line}"))
            .ok()
            .json()
    }
}

/// Reproducible numbers in [0, 1).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Three kinds of points, apart from each other: `x,y,kind` with `rows` rows.
pub(crate) fn points(rows: usize, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let mut text = String::from("x,y,kind\n");
    for row in 0..rows {
        let (x, y, kind) = [(0.0, 0.0, "ash"), (3.0, 0.0, "birch"), (0.0, 3.0, "cedar")][row % 3];
        writeln!(
            text,
            "{:.6},{:.6},{kind}",
            x + numbers.next(),
            y + numbers.next()
        )
        .unwrap();
    }
    text
}

/// Prices of a made-up trade, y = 1000 + 200 a − 100 b for red and 50 more for blue: `a,colour,b,price`.
pub(crate) fn prices(rows: usize, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let mut text = String::from("a,colour,b,price\n");
    for row in 0..rows {
        let (a, b) = (numbers.next(), numbers.next());
        let (colour, extra) = [("red", 0.0), ("blue", 50.0)][row % 2];
        writeln!(
            text,
            "{a:.6},{colour},{b:.6},{:.4}",
            1000.0 + 200.0 * a - 100.0 * b + extra
        )
        .unwrap();
    }
    text
}

/// The recorded trajectories of the workspace.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/golden")
}

/// Real data, or none with a line that says so.
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .join("shared/data");
    let path = std::env::var_os("TIAM_DATA")
        .map_or(root, PathBuf::from)
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!(
        "skipped: {} is not there; set TIAM_DATA to the folder of the data",
        path.display()
    );
    None
}

/// A number of a result.
pub(crate) fn number(result: &Value, key: &str) -> f64 {
    result[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} in {result}"))
}
