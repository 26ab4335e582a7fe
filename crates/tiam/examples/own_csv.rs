//! Trains on a CSV of one's own: `cargo run --release -p tiam --example own_csv -- FILE`; the label is the last column.

use std::path::PathBuf;

use tiam::{Mlp, Table, cross_validate};

fn main() -> Result<(), tiam::Error> {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("a CSV file is needed: own_csv FILE");
        std::process::exit(2);
    };
    let table = Table::read(&path)?;
    let mlp = Mlp::default().hidden([32, 32]);
    let parts = table.split(0.2, 0)?;
    let model = mlp.fit(&parts.train)?;
    let found = model.evaluate(&parts.test)?;
    println!(
        "held-out fifth of {}: {} rows",
        path.display(),
        found.n_samples
    );
    match (found.accuracy, &found.classes) {
        (Some(accuracy), Some(classes)) => {
            let largest = 100.0 * classes.largest_share().unwrap_or(f64::NAN);
            println!(
                "accuracy {:.2} %; always the largest class {largest:.2} %",
                100.0 * accuracy
            );
            let scores = cross_validate(&mlp, &table, 5, 0)?;
            if let Some((mean, deviation)) = scores.mean(|fold| fold.accuracy) {
                println!(
                    "five folds: {:.2} ± {:.2} %",
                    100.0 * mean,
                    100.0 * deviation
                );
            }
        }
        _ => println!(
            "RMSE {:.5}, R² {:.5}",
            found.rmse.unwrap_or(f64::NAN),
            found.r2.unwrap_or(f64::NAN)
        ),
    }
    let saved = path.with_extension("safetensors");
    model.save(&saved)?;
    println!(
        "saved as {}; predict with: tiam predict {0} --data FILE",
        saved.display()
    );
    Ok(())
}
