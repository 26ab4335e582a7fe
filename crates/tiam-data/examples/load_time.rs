//! Times the loading of a file: `load_time FILE [f32|f64]`; under `/usr/bin/time -v` also its peak memory.

use std::{env, error::Error, path::PathBuf, time::Instant};

use tiam_data::{LoadParams, Real, load};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("usage: load_time FILE [f32|f64]")?);
    match arguments.next().as_deref().and_then(|name| name.to_str()) {
        None | Some("f32") => time::<f32>(path),
        Some("f64") => time::<f64>(path),
        Some(other) => Err(format!("{other} is neither f32 nor f64").into()),
    }
}

fn time<T: Real>(path: PathBuf) -> Result<(), Box<dyn Error>> {
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let started = Instant::now();
    let data = load::<T>(path, &LoadParams::default())?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} x {}: {megabytes:.0} MB in {seconds:.2} s, {:.0} MB/s",
        data.n_samples(),
        data.n_features(),
        megabytes / seconds
    );
    Ok(())
}
