//! The pictures of the comparison with other programs, without a report:
//! `cargo run --release -p tiam-bench --example peers_pictures -- peers/results/results.json docs/img`.
//!
//! Arguments: results.json of `peers/run.py`, and the folder for one SVG file a network.

use std::error::Error;
use std::fs;
use std::path::Path;

use tiam_bench::reproduce::write::write_whole;
use tiam_bench::reproduce::{DEFAULT_PEERS, Peers};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = arguments.first().map_or(DEFAULT_PEERS, String::as_str);
    let folder = Path::new(arguments.get(1).map_or("docs/img", String::as_str));
    let peers = Peers::read(Path::new(file))?;
    fs::create_dir_all(folder)?;
    for (name, svg) in peers.pictures() {
        let path = folder.join(name);
        write_whole(&path, svg.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(())
}
