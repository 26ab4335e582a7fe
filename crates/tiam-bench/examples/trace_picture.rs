//! Picture of a run: `cargo run --release -p tiam-bench --example trace_picture -- tiam-out/trace.json trace.svg`.
//!
//! Arguments: the trace of `tiam train`, and the SVG file.

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;

use tiam_bench::reproduce::write::write_whole;
use tiam_core::{Trace, TraceRow};
use tiam_models::NetworkMeasures;
use tiam_report::{Axis, Medium, Plot, Series, SeriesColor};

const USAGE: &str = "\
Draws a run: objective, band and losses of each iteration on a logarithmic axis, as an SVG file.

usage: trace_picture [TRACE [PICTURE]]
  TRACE    trace.json of a run; tiam-out/trace.json if not given
  PICTURE  the SVG file; trace.svg if not given";

type Row = TraceRow<NetworkMeasures>;

fn main() -> Result<(), Box<dyn Error>> {
    let given = common::arguments(USAGE, 2);
    let file = given.first().map_or("tiam-out/trace.json", String::as_str);
    let picture = given.get(1).map_or("trace.svg", String::as_str);
    let text = fs::read_to_string(file)?;
    let trace: Trace<NetworkMeasures> = serde_json::from_str(&text)?;
    println!("Picture of {file}:");
    let mut series = Vec::new();
    let mut line = |name: &str, value: fn(&Row) -> Option<f64>| {
        let point = |row: &Row| Some((row.iteration as f64, value(row).filter(|y| *y > 0.0)?));
        let points: Vec<_> = trace.rows.iter().filter_map(point).collect();
        if !points.is_empty() {
            series.push(Series::line(name, SeriesColor::Other(series.len()), points));
        }
    };
    line("objective F", |row| Some(row.objective));
    line("band ε", |row| Some(row.measures.epsilon));
    line("training loss", |row| Some(row.measures.train_loss));
    line("test loss", |row| Some(row.measures.test.as_ref()?.loss));
    let n_series = series.len();
    let plot = Plot::new("A run", Axis::linear("iteration"), Axis::log10("")).series(series);
    write_whole(Path::new(picture), plot.to_svg(Medium::File).as_bytes())?;
    println!(
        "Result: {n_series} lines of {} rows written to {picture}.",
        trace.rows.len()
    );
    Ok(())
}
