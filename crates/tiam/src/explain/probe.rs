//! Tries a model on rows whose columns are shuffled or set.

use std::ops::Range;

use tiam_linalg::reduce::largest;
use tiam_linalg::{Matrix, Real};
use tiam_models::{Samples, Target};

use super::{Grid, Importance, InputColumn, PartialDependence, input_columns};
use crate::encoding::Encoding;
use crate::error::{Error, Result};
use crate::evaluation::mean;
use crate::mix::{GROWTH, mix};
use crate::predictor::Predictor;
use crate::scalar::Scalar;

/// Most rows that columns are shuffled in, and times each is shuffled.
const MOST_ROWS: usize = 2000;
const REPEATS: usize = 5;
/// Fewer rows tell nothing; rather fewer repeats, then fewer columns.
const FEWEST_ROWS: usize = 200;
/// Multiplications that importance may take: some hundredths of a second.
const BUDGET: usize = 1_000_000_000;
/// Rows that partial dependence is a mean over, and the points of its grid.
const DEPENDENCE_ROWS: usize = 500;
const GRID: usize = 20;
/// The grid reaches from this quantile to that as far from the other end.
const FIRST_QUANTILE: f64 = 0.02;

/// A model and rows to try it on.
pub(crate) struct Probe<'a, T> {
    model: &'a Predictor,
    encoding: &'a Encoding,
    columns: Vec<InputColumn>,
    inputs: Matrix<T>,
    target: Target<T>,
    seed: u64,
    outputs: Matrix<T>,
}

impl<'a, T: Scalar> Probe<'a, T> {
    /// On at most [`MOST_ROWS`] rows, drawn by the seed.
    pub(crate) fn new(
        model: &'a Predictor,
        samples: &Samples<T>,
        encoding: &'a Encoding,
        seed: u64,
    ) -> Result<Self> {
        let rows = Shuffler(seed).order(samples.n_samples());
        let rows = &rows[..rows.len().min(MOST_ROWS)];
        let target = match samples.target() {
            Target::Classes { labels, n_classes } => Target::Classes {
                labels: rows.iter().map(|row| labels[*row]).collect(),
                n_classes: *n_classes,
            },
            Target::Values(values) => {
                let mut values = columns_of(values, rows);
                if let Some(scaling) = &encoding.output_scaling {
                    scaling.invert(&mut values)?;
                }
                Target::Values(values)
            }
        };
        Ok(Self {
            model,
            encoding,
            columns: input_columns(encoding),
            inputs: columns_of(samples.inputs(), rows),
            target,
            seed,
            outputs: Matrix::default(),
        })
    }

    /// The model's answers: probabilities, or values in their own units.
    fn answers(&mut self, inputs: &Matrix<T>) -> Result<()> {
        self.outputs = self.model.answers_for(inputs)?;
        Ok(())
    }

    /// The answers for all rows (outputs x rows), and the truth in its own units.
    #[cfg(feature = "report")]
    pub(crate) fn all_answers(&mut self) -> Result<(&Matrix<T>, &Target<T>)> {
        let inputs = std::mem::take(&mut self.inputs);
        let done = self.answers(&inputs);
        self.inputs = inputs;
        done.map(|()| (&self.outputs, &self.target))
    }

    /// The error on the first rows: share of wrong classes, or root mean square error.
    #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
    fn error(&mut self, inputs: &Matrix<T>) -> Result<f64> {
        self.answers(inputs)?;
        let n = inputs.n_cols();
        Ok(match &self.target {
            Target::Classes { labels, .. } => {
                let right = |row: &usize| largest(self.outputs.col(*row)) == labels[*row] as usize;
                (n - (0..n).filter(right).count()) as f64 / n as f64
            }
            Target::Values(values) => {
                let pairs = self.outputs.as_slice().iter().zip(values.as_slice());
                let squares = pairs.map(|(z, y)| (real(*z) - real(*y)).powi(2));
                (squares.sum::<f64>() / (n * values.n_rows()) as f64).sqrt()
            }
        })
    }

    /// Rows, repeats and columns that the budget allows.
    fn plan(&self) -> (usize, usize, usize) {
        let each = self.model.n_multiplications();
        let (n, columns) = (self.inputs.n_cols(), self.columns.len());
        let within = |rest: usize| BUDGET / each.saturating_mul(rest).max(1);
        let rows = within(columns * REPEATS).max(FEWEST_ROWS).min(n);
        let repeats = within(columns * rows).clamp(1, REPEATS);
        (
            rows,
            repeats,
            within(rows * repeats).clamp(1, columns.max(1)),
        )
    }

    /// The importance of the columns, most important first.
    pub(crate) fn importance(&mut self) -> Result<Vec<Importance>> {
        let (rows, repeats, most) = self.plan();
        let first: Vec<usize> = (0..rows).collect();
        let inputs = columns_of(&self.inputs, &first);
        let base = self.error(&inputs)?;
        let mut shuffled = inputs.clone();
        let mut shuffler = Shuffler(self.seed ^ 0x5eed);
        let mut found = Vec::new();
        for at in self.heaviest(most) {
            let features = self.columns[at].features.clone();
            let mut rises = Vec::with_capacity(repeats);
            for _ in 0..repeats {
                for (row, from) in shuffler.order(rows).into_iter().enumerate() {
                    let source = &inputs.col(from)[features.clone()];
                    shuffled.col_mut(row)[features.clone()].copy_from_slice(source);
                }
                rises.push(self.error(&shuffled)? - base);
            }
            for row in 0..rows {
                let source = &inputs.col(row)[features.clone()];
                shuffled.col_mut(row)[features.clone()].copy_from_slice(source);
            }
            found.push(Importance {
                column: self.columns[at].name.clone(),
                mean: mean(&rises),
                deviation: deviation(&rises),
            });
        }
        found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        Ok(found)
    }

    /// The columns with the largest weights into the first layer of the first network.
    fn heaviest(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        let several = self.model.ensemble().is_some() || most >= order.len();
        let network = self.model.network::<T>().ok().filter(|_| !several);
        if let Some(layer) = network
            .as_ref()
            .and_then(|network| network.layers().first())
        {
            let weight = |column: &InputColumn| -> f64 {
                let features = column.features.clone().map(|at| layer.weights.col(at));
                features.flatten().map(|w| real(*w).abs()).sum()
            };
            let weights: Vec<f64> = self.columns.iter().map(weight).collect();
            order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
        }
        order.truncate(most);
        order
    }

    /// The mean answer as a column changes.
    pub(crate) fn dependence(&mut self, column: &str) -> Result<PartialDependence> {
        let at = self.columns.iter().position(|known| known.name == column);
        let names = || self.columns.iter().map(|known| known.name.as_str());
        let at = at.ok_or_else(|| Error::NoColumn {
            column: column.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
        })?;
        let each = self.model.n_multiplications() * GRID * 10;
        let rows = (BUDGET / each).clamp(50, DEPENDENCE_ROWS);
        let rows: Vec<usize> = (0..rows.min(self.inputs.n_cols())).collect();
        let mut changed = columns_of(&self.inputs, &rows);
        let (grid, features, points) = self.grid(at)?;
        let mut outputs = Vec::with_capacity(points.len());
        for point in points {
            for row in &rows {
                changed.col_mut(*row)[features.clone()].copy_from_slice(&point);
            }
            self.answers(&changed)?;
            outputs.push(row_means(&self.outputs));
        }
        Ok(PartialDependence {
            column: column.to_owned(),
            grid,
            outputs,
        })
    }

    /// What a column is set to, the features that are set, and their scaled numbers at each point.
    fn grid(&self, at: usize) -> Result<(Grid, Range<usize>, Vec<Vec<T>>)> {
        let column = &self.columns[at];
        let mut raw = self.inputs.clone();
        if let Some(scaling) = &self.encoding.input_scaling {
            scaling.invert(&mut raw)?;
        }
        let first = column.features.start;
        let (grid, features, points) = match &column.categories {
            Some(names) if column.codes.is_some() => {
                let code = |place| column.codes.as_ref().map_or(Vec::new(), |c| c.of(place));
                let mut coded: Vec<_> = (0..names.len()).map(|at| (code(at), at)).collect();
                coded.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]));
                let step = coded.len().div_ceil(GRID);
                let chosen = coded.into_iter().skip(step / 2).step_by(step);
                let chosen = chosen.map(|(code, at)| (names[at].clone(), code));
                let (names, points) = chosen.unzip();
                (Grid::Categories(names), column.features.clone(), points)
            }
            Some(names) => {
                let is = |a: usize, b: usize| f64::from(u8::from(a == b));
                let point = |n: usize| (0..names.len()).map(|other| is(n, other)).collect();
                let points: Vec<Vec<f64>> = (0..names.len()).map(point).collect();
                (
                    Grid::Categories(names.clone()),
                    column.features.clone(),
                    points,
                )
            }
            None => {
                let numbers = (0..raw.n_cols()).map(|row| real(raw[(first, row)]));
                let grid = quantiles(numbers.collect());
                let points = grid.iter().map(|x| vec![*x]).collect();
                (Grid::Numbers(grid), first..first + 1, points)
            }
        };
        let mut scaled = Vec::with_capacity(points.len());
        let mut row = columns_of(&raw, &[0]);
        for point in points {
            row.as_mut_slice().copy_from_slice(raw.col(0));
            for (feature, x) in features.clone().zip(point) {
                row.as_mut_slice()[feature] = <T as tiam_data::Scalar>::from_f64(x);
            }
            if let Some(scaling) = &self.encoding.input_scaling {
                scaling.apply(&mut row)?;
            }
            scaled.push(row.as_slice()[features.clone()].to_vec());
        }
        Ok((grid, features, scaled))
    }
}

fn real<T: Scalar>(x: T) -> f64 {
    tiam_data::Scalar::to_f64(x)
}

/// The named columns of a matrix.
fn columns_of<T: Real>(matrix: &Matrix<T>, columns: &[usize]) -> Matrix<T> {
    Matrix::from_fn(matrix.n_rows(), columns.len(), |i, j| {
        matrix[(i, columns[j])]
    })
}

fn row_means<T: Real>(matrix: &Matrix<T>) -> Vec<f64> {
    let row = |i: usize| -> Vec<f64> {
        (0..matrix.n_cols())
            .map(|j| matrix[(i, j)].to_f64())
            .collect()
    };
    (0..matrix.n_rows()).map(|i| mean(&row(i))).collect()
}

/// All distinct numbers, or quantiles where there are many.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of rows"
)]
fn quantiles(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    let mut distinct = numbers.clone();
    distinct.dedup_by(|a, b| a.total_cmp(b).is_eq());
    if distinct.len() <= GRID {
        return distinct;
    }
    let step = (1.0 - 2.0 * FIRST_QUANTILE) / (GRID - 1) as f64;
    let share = |n: usize| FIRST_QUANTILE + step * n as f64;
    let at = |n: usize| numbers[(share(n) * (numbers.len() - 1) as f64).round() as usize];
    let mut grid: Vec<f64> = (0..GRID).map(at).collect();
    grid.dedup_by(|a, b| a.total_cmp(b).is_eq());
    grid
}

#[allow(clippy::cast_precision_loss, reason = "a number of repeats")]
fn deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / (numbers.len().max(2) - 1) as f64).sqrt()
}

/// SplitMix64.
struct Shuffler(u64);

impl Shuffler {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GROWTH);
        mix(self.0)
    }

    /// 0..n in a random order.
    #[allow(clippy::cast_possible_truncation, reason = "a remainder below n")]
    fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
        order
    }
}
