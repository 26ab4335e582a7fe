//! Pictures of the comparison with other programs, without a report:
//! `cargo run --release -p tiam-bench --example peers_pictures -- peers/results/results.json docs/img`.
//!
//! Arguments: results.json of `peers/run.py`, and the folder for one SVG file a network.

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;

use tiam_bench::reproduce::write::write_whole;
use tiam_bench::reproduce::{DEFAULT_PEERS, Peers};

const USAGE: &str = "\
Draws the results of peers/run.py: test accuracy against seconds, one SVG file a network.

usage: peers_pictures [RESULTS [FOLDER]]
  RESULTS  the file results.json of peers/run.py; peers/results/results.json if not given
  FOLDER   where the pictures go; docs/img if not given";

fn main() -> Result<(), Box<dyn Error>> {
    let given = common::arguments(USAGE, 2);
    let file = given.first().map_or(DEFAULT_PEERS, String::as_str);
    let folder = Path::new(given.get(1).map_or("docs/img", String::as_str));
    let peers = Peers::read(Path::new(file)).unwrap_or_else(|error| common::refuse(USAGE, error));
    fs::create_dir_all(folder)?;
    println!("Pictures of {file}:");
    let pictures = peers.pictures();
    let n_pictures = pictures.len();
    for (name, svg) in pictures {
        let path = folder.join(name);
        write_whole(&path, svg.as_bytes())?;
        println!("  {}", path.display());
    }
    println!(
        "Result: pictures written to {}: {n_pictures}.",
        folder.display()
    );
    Ok(())
}
