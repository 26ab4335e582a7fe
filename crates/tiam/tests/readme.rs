//! The example that the READMEs and the book's first page show is the one that runs.

use std::path::Path;

/// The first Rust example of a text, without the lines that documentation hides.
fn example(text: &str, prefix: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(prefix).unwrap_or(line));
    let inside = lines.skip_while(|line| !line.starts_with("```")).skip(1);
    let shown = inside
        .take_while(|line| *line != "```")
        .filter(|line| !line.starts_with("# "));
    shown.map(str::to_owned).collect()
}

#[test]
fn the_readmes_show_the_example_that_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runs = example(include_str!("../src/lib.rs"), "//! ");
    assert_eq!(runs.len(), 6);
    for readme in ["README.md", "../../README.md", "../../docs/start.md"] {
        // The package holds the first alone.
        if let Ok(text) = std::fs::read_to_string(folder.join(readme)) {
            let rust = text.find("```rust").unwrap();
            assert_eq!(example(&text[rust..], ""), runs, "{readme}");
        }
    }
}
