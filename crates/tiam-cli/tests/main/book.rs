//! The shell lines of the book, run page by page with the data that the pages name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Bench, real_data};

/// Lines that are not run here, by their beginnings, and what is missing.
const SKIPPED: [(&str, &str); 7] = [
    (
        "tiam compare --data iris.csv --label species --methods",
        "minutes: compare.rs",
    ),
    (
        "tiam cv --data churn.csv --folds 10",
        "nearly a minute: compare.rs",
    ),
    (
        "tiam train --data cora.npz --method mdlam",
        "a quarter of a minute: methods.rs",
    ),
    ("cargo ", "a build"),
    ("rustup ", "a download"),
    ("tiam train --data mnist/", "MNIST"),
    (
        "tiam train --resume iris",
        "an interrupted run: resume.rs has some",
    ),
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The blocks of a page in this language, without their fences.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let (mut found, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        if line == fence {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n"));
        }
    }
    found
}

/// A folder with the data that the pages name.
fn data() -> Bench {
    let bench = Bench::new();
    let iris = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tiam/data/iris.csv");
    let iris = fs::read_to_string(iris).unwrap();
    let without_label = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    bench.write(
        "new.csv",
        &iris.lines().map(without_label).collect::<String>(),
    );
    bench.write("labelled.csv", &iris);
    bench.write("iris.csv", &iris);
    for name in ["churn.csv", "houses.csv"] {
        fs::copy(docs().join("data").join(name), bench.path(name)).unwrap();
    }
    if let Some(cora) = real_data("cora.npz") {
        fs::copy(cora, bench.path("cora.npz")).unwrap();
    }
    bench
}

/// Runs these pages one after the other, as a reader does.
fn read(pages: &[&str]) {
    let bench = data();
    for page in pages {
        let text = fs::read_to_string(docs().join(page)).unwrap();
        for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
            if let Some((_, reason)) = SKIPPED.iter().find(|(start, _)| line.starts_with(start)) {
                println!("skipped: {line}: {reason}");
                continue;
            }
            if line.contains("cora") && !bench.path("cora.npz").exists() {
                continue;
            }
            let command = line.split(" #").next().unwrap();
            let arguments = command.strip_prefix("tiam ");
            let arguments = arguments.unwrap_or_else(|| panic!("{page}: {line}"));
            let ran = bench.tiam(arguments);
            assert_eq!(ran.code, 0, "{page}: {line}\n{}", ran.stderr);
        }
    }
}

#[test]
fn the_lines_about_tables_run() {
    read(&["start.md", "tables.md"]);
}

#[test]
fn the_lines_about_deploying_run() {
    read(&["start.md", "EXPORT.md"]);
}

#[test]
fn the_lines_about_research_run() {
    read(&["research.md", "examples-cora.md"]);
}

#[test]
fn the_lines_of_the_examples_run() {
    read(&["examples-churn.md", "examples-house-prices.md"]);
}

/// A page that no test reads, a block in another language and an exception that nothing needs are found here.
#[test]
fn every_snippet_of_the_book_has_a_test() {
    let rust = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/src/lib.rs");
    let rust = fs::read_to_string(rust).unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/tests/test_book.py");
    let python = fs::read_to_string(python).unwrap();
    let here = include_str!("book.rs");
    let mut all = String::new();
    for entry in fs::read_dir(docs()).unwrap() {
        let path = entry.unwrap().path();
        let Some(page) = path
            .file_name()
            .unwrap()
            .to_str()
            .filter(|n| n.ends_with(".md"))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        for fence in text.lines().filter_map(|line| line.strip_prefix("```")) {
            // start.md: crates/tiam/tests/readme.rs. EXPORT.md: export/snippets.rs.
            let tested = match fence {
                "" | "toml" | "text" => true,
                "sh" => here.contains(&format!("\"{page}\"")),
                "rust" | "rust,no_run" => {
                    rust.contains(page) || ["start.md", "EXPORT.md"].contains(&page)
                }
                "python" => python.contains(page) || page == "EXPORT.md",
                "c" => page == "EXPORT.md",
                _ => false,
            };
            assert!(tested, "{page}: {fence}");
        }
        all += &text;
    }
    for (start, _) in SKIPPED {
        let lines = blocks(&all, "sh");
        let mut lines = lines.iter().flat_map(|block| block.lines());
        assert!(lines.any(|line| line.starts_with(start)), "{start}");
    }
}
