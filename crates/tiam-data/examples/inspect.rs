//! Prints what a data set holds: `inspect [FILE or FOLDER]`, the embedded digits if none is named.

use std::{env, error::Error};

use tiam_data::{Dataset, LoadParams, Scaling, ScalingKind, Targets, digits, load};

fn main() -> Result<(), Box<dyn Error>> {
    let data = match env::args_os().nth(1) {
        None => digits::<f32>()?,
        Some(path) => load::<f32>(path, &LoadParams::default())?,
    };
    summarise(&data)
}

fn summarise(data: &Dataset<f32>) -> Result<(), Box<dyn Error>> {
    println!("{}", data.source());
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
        Targets::Values(values) => println!("outputs   {}", values.n_features()),
        Targets::Absent => println!("targets   none"),
    }
    let (split, origin) = match data.split() {
        Some(split) => (split.clone(), "of the source"),
        None => (data.make_split(0.1, 0.2, 0)?, "stratified, seed 0"),
    };
    let (train, validation, test) = (split.train(), split.validation(), split.test());
    println!(
        "split     {} / {} / {} ({origin})",
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
