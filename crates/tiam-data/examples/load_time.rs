//! Time to load a file: `load_time FILE [f32|f64]`. Run it under `/usr/bin/time -v` to see the peak memory too.

use std::{env, fmt::Display, path::PathBuf, process::exit, time::Instant};

use tiam_data::{LoadParams, Scalar, load};

const USAGE: &str = "\
Measures the time to load a data set from disk.

usage: load_time FILE [f32|f64]
  FILE     a table (CSV, TSV), an IDX file or a graph (npz)
  f32|f64  precision of the features; f32 if not given";

fn main() {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    if arguments
        .iter()
        .any(|word| word == "-h" || word == "--help")
    {
        println!("{USAGE}");
        return;
    }
    let Some(path) = arguments.first().map(PathBuf::from) else {
        refuse(&"no file is named");
    };
    match arguments
        .get(1)
        .map(|name| name.to_string_lossy())
        .as_deref()
    {
        _ if arguments.len() > 2 => refuse(&format!("unexpected argument {:?}", arguments[2])),
        None | Some("f32") => time::<f32>(path, "f32"),
        Some("f64") => time::<f64>(path, "f64"),
        Some(other) => refuse(&format!("{other:?} is neither f32 nor f64")),
    }
}

/// Ends the process with status 2 after the error and the usage.
fn refuse(error: &dyn Display) -> ! {
    eprintln!("error: {error}\n\n{USAGE}");
    exit(2);
}

fn time<T: Scalar>(path: PathBuf, precision: &str) {
    let started = Instant::now();
    let data = load::<T>(&path, &LoadParams::default()).unwrap_or_else(|error| refuse(&error));
    let seconds = started.elapsed().as_secs_f64();
    let megabytes = std::fs::metadata(&path).map_or(f64::NAN, |file| file.len() as f64 / 1e6);
    println!("Loading {}, features in {precision}", path.display());
    println!("size on disk  {megabytes:.1} MB");
    println!("samples       {}", data.n_samples());
    println!("features      {}", data.n_features());
    println!("time          {seconds:.3} s");
    println!("Result: {:.0} MB of file a second.", megabytes / seconds);
}
