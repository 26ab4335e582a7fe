//! Summary of a data set: `inspect [FILE or FOLDER]`; without an argument, of the embedded digits.

use std::{env, error::Error, fmt::Display, process::exit};

use tiam_data::{Dataset, LoadParams, Scaling, ScalingKind, Targets, digits, load};

const USAGE: &str = "\
Prints a summary of a data set: source, sizes, classes, split.

usage: inspect [PATH]
  PATH  a table (CSV, TSV), an IDX file, a folder with the MNIST files, or a graph (npz);
        without it, the embedded digits are shown";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    if arguments
        .iter()
        .any(|word| word == "-h" || word == "--help")
    {
        println!("{USAGE}");
        return Ok(());
    }
    let data = match arguments.as_slice() {
        [] => digits::<f32>()?,
        [path] => load(path, &LoadParams::default()).unwrap_or_else(|error| refuse(&error)),
        [_, surplus, ..] => refuse(&format!("unexpected argument {surplus:?}")),
    };
    summarise(&data)
}

/// Ends the process with status 2 after the error and the usage.
fn refuse(error: &dyn Display) -> ! {
    eprintln!("error: {error}\n\n{USAGE}");
    exit(2);
}

fn summarise(data: &Dataset<f32>) -> Result<(), Box<dyn Error>> {
    println!("Data set: {}", data.source());
    println!("samples   {}", data.n_samples());
    println!("features  {}", data.n_features());
    if !data.feature_names().is_empty() {
        let shown: Vec<_> = data
            .feature_names()
            .iter()
            .take(8)
            .map(String::as_str)
            .collect();
        println!("          {}", shown.join(", "));
    }
    match data.targets() {
        Targets::Classes { names, .. } => {
            let counts = data.class_counts().unwrap_or_default();
            let pairs: Vec<_> = names
                .iter()
                .zip(counts)
                .map(|(name, n)| format!("{name}: {n}"))
                .collect();
            println!("classes   {}", pairs.join(", "));
        }
        Targets::Values(values) => println!("values    {} a sample", values.n_features()),
        Targets::Absent => println!("targets   none"),
    }
    let (split, origin) = match data.split() {
        Some(split) => (split.clone(), "given by the source"),
        None => (data.make_split(0.1, 0.2, 0)?, "drawn with seed 0"),
    };
    let (train, validation, test) = (split.train(), split.validation(), split.test());
    println!(
        "split     {} training, {} validation, {} test samples ({origin})",
        train.len(),
        validation.len(),
        test.len()
    );
    let scaling = Scaling::fit(ScalingKind::Standard, data.subset(train)?.features())?;
    let constant = scaling.offset().len() - varying(data, &scaling);
    println!("constant  {constant} features in the training part");
    if let Some(credit) = data.credit() {
        println!("credit    {credit}");
    }
    println!(
        "Result: the data set is valid and ready for training: {} samples of {} features.",
        data.n_samples(),
        data.n_features()
    );
    Ok(())
}

/// Features that differ from their offset somewhere.
fn varying(data: &Dataset<f32>, scaling: &Scaling) -> usize {
    let rows = || {
        data.features()
            .values()
            .chunks_exact(data.n_features().max(1))
    };
    let offset = scaling.offset();
    (0..offset.len())
        .filter(|&j| rows().any(|x| (f64::from(x[j]) - offset[j]).abs() > 1e-6))
        .count()
}
