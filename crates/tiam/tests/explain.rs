//! Importance and partial dependence find what a made-up label depends on.

use std::fmt::Write;
use std::fs;

use tiam::{Error, Grid, Importance, Mlp, Predictor, StochasticParams, Table};

/// y = 10 a + 5 for blue; `noise` has no say. Colours are blue, green and red.
fn model() -> (tempfile::TempDir, Predictor, Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.csv");
    let mut text = String::from("noise,colour,a,y\n");
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31)
    };
    for row in 0..600 {
        let (noise, a) = (next(), next());
        let (colour, extra) = [("red", 0.0), ("blue", 5.0), ("green", 0.0)][row % 3];
        writeln!(text, "{noise:.4},{colour},{a:.4},{:.5}", 10.0 * a + extra).unwrap();
    }
    fs::write(&path, text).unwrap();
    let table = Table::read(&path).unwrap().label("y");
    let method = StochasticParams::default().epochs(40);
    let model = Mlp::default()
        .hidden([])
        .method(method)
        .threads(1)
        .fit(&table)
        .unwrap();
    (folder, model, table)
}

fn of<'a>(found: &'a [Importance], column: &str) -> &'a Importance {
    found.iter().find(|one| one.column == column).unwrap()
}

#[test]
fn importance_is_that_of_columns_in_order_and_repeats() {
    let (_folder, model, table) = model();
    let found = model.importance(&table, 3).unwrap();
    let names: Vec<&str> = found.iter().map(|one| one.column.as_str()).collect();
    assert_eq!(names, ["a", "colour", "noise"]);
    // Shuffled, a is off by sqrt(2) deviations of 10/sqrt(12); the colour by 5 in 4 of 9 rows.
    let expected = [10.0 * (2.0_f64 / 12.0).sqrt(), 5.0 * (4.0_f64 / 9.0).sqrt()];
    for (one, expected) in found.iter().zip(expected) {
        assert!(
            (one.mean - expected).abs() < 0.1 * expected,
            "{one:?} {expected}"
        );
        assert!(
            one.deviation > 0.0 && one.deviation < 0.1 * expected,
            "{one:?}"
        );
    }
    assert!(of(&found, "noise").mean.abs() < 0.01, "{found:?}");
    assert_eq!(model.importance(&table, 3).unwrap(), found);
    assert_ne!(model.importance(&table, 4).unwrap(), found);
}

#[test]
fn partial_dependence_is_the_mean_answer_at_each_value() {
    let (_folder, model, table) = model();
    let found = model.partial_dependence(&table, "a").unwrap();
    let Grid::Numbers(grid) = &found.grid else {
        panic!("{found:?}")
    };
    assert!(grid.len() == 20 && grid.is_sorted() && grid[0] < 0.1 && grid[19] > 0.9);
    for (a, outputs) in grid.iter().zip(&found.outputs) {
        assert!(
            (outputs[0] - (10.0 * a + 5.0 / 3.0)).abs() < 0.25,
            "{a} {outputs:?}"
        );
    }
    let found = model.partial_dependence(&table, "colour").unwrap();
    assert_eq!(
        found.grid,
        Grid::Categories(vec!["blue".into(), "green".into(), "red".into()])
    );
    let at: Vec<f64> = found.outputs.iter().map(|outputs| outputs[0]).collect();
    assert!(
        (at[0] - at[1] - 5.0).abs() < 0.05 && (at[1] - at[2]).abs() < 0.05,
        "{at:?}"
    );
    let refused = model.partial_dependence(&table, "price").unwrap_err();
    assert!(matches!(&refused, Error::NoColumn { known, .. } if known == "noise, colour, a"));
}

#[cfg(feature = "report")]
#[test]
fn a_page_says_how_good_the_model_is_and_loads_nothing() {
    let (_folder, model, table) = model();
    let page = model.report(&table).unwrap().model_file("a b.safetensors");
    let html = page.to_html();
    for part in [
        "A model of y in made.csv",
        "the model's answers are off by",
        "How much each column matters",
        "As colour changes",
        "a 0 or 1 for each of 3: blue, green, red",
        "tiam predict \"a b.safetensors\" --data NEW.csv"
            .replace('"', "&quot;")
            .as_str(),
        "prefers-color-scheme: dark",
    ] {
        assert!(html.contains(part), "{part}");
    }
    for part in ["<script", "src=", "@import", "url("] {
        assert!(!html.contains(part), "{part}");
    }
    assert_eq!(
        model.report(&table).unwrap().to_html(),
        model.report(&table).unwrap().to_html()
    );
}
