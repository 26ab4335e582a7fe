//! Reader of NumPy arrays that make a table: `X` and `y` of an archive, or a single matrix.

use super::{
    Head, Reader,
    grid::Grid,
    npy::{Archive, Array},
};
use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar, Split,
    error::Result,
    source::{Source, Zip},
};

/// Names of inputs and answers, and of those of a test part that belongs to them.
const NAMES: [[&str; 4]; 9] = [
    ["x_train", "y_train", "x_test", "y_test"],
    ["X_train", "y_train", "X_test", "y_test"],
    ["train_images", "train_labels", "test_images", "test_labels"],
    ["X", "y", "", ""],
    ["x", "y", "", ""],
    ["X", "Y", "", ""],
    ["data", "target", "", ""],
    ["features", "labels", "", ""],
    ["images", "labels", "", ""],
];
const NEEDS: &str =
    "a table needs X and y (or x_train and y_train, data and target, features and labels)";

/// An archive with inputs and answers, or a matrix whose last column is the answer.
pub(super) struct Arrays;

impl Reader for Arrays {
    const KNOWN_AS: &'static str = "NumPy arrays (npz with X and y, npy)";
    const HAS_COLUMNS: bool = true;

    fn recognises(head: &Head) -> bool {
        head.zip == Zip::Arrays || head.text.starts_with(b"\x93NUMPY")
    }

    fn read<T: Scalar>(
        source: &Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        let mut grid = Grid::new(source);
        grid.has_header = false;
        if source.zip == Zip::None {
            let bytes = source.read_all()?.into_owned();
            let matrix = Array::parse(source, "matrix", bytes)?;
            matrix.check_rank(2)?;
            put(&mut grid, &matrix, None)?;
            drop(matrix);
            return grid.read(params, encoding);
        }
        let mut archive = Archive::open(source, NEEDS)?;
        let [x, y, more_x, more_y] = *NAMES
            .iter()
            .find(|[x, ..]| archive.has(x))
            .unwrap_or(&NAMES[3]);
        put_pair(&mut grid, &mut archive, x, y)?;
        let n_train = grid.n_rows();
        let has_test = archive.has(more_x);
        if has_test {
            put_pair(&mut grid, &mut archive, more_x, more_y)?;
        }
        drop(archive);
        let data = grid.read(params, encoding)?;
        if !has_test {
            return Ok(data);
        }
        let n = data.n_samples();
        data.with_split(Split::new(
            (0..n_train).collect(),
            Vec::new(),
            (n_train..n).collect(),
        )?)
    }
}

/// Puts the rows of inputs and, if they are there, answers.
fn put_pair(grid: &mut Grid<'_>, archive: &mut Archive<'_>, x: &str, y: &str) -> Result<()> {
    let inputs = archive.array(x)?;
    let answers = if archive.has(y) {
        Some(archive.array(y)?)
    } else {
        None
    };
    put(grid, &inputs, answers.as_ref())
}

fn put(grid: &mut Grid<'_>, inputs: &Array<'_>, answers: Option<&Array<'_>>) -> Result<()> {
    let n = inputs.rows();
    if n == 0 || inputs.len() == 0 {
        return Err(inputs.fault(format!("shape {:?} holds nothing", inputs.shape)));
    }
    let width = inputs.len() / n;
    if let Some(answers) = answers
        && (answers.rows() != n || answers.len() != n)
    {
        let shape = &answers.shape;
        return Err(answers.fault(format!(
            "shape {shape:?}, where one number for each of {n} rows is needed"
        )));
    }
    let columns = width + usize::from(answers.is_some());
    if grid.n_rows() > 0 && columns != grid.n_columns() {
        let before = grid.n_columns();
        return Err(inputs.fault(format!(
            "{columns} columns, where the training part has {before}"
        )));
    }
    for column in grid.n_columns()..columns {
        grid.add_column(format!("c{column}"), "", false)?;
    }
    for row in 0..n {
        grid.begin_row(1 + row as u64)?;
        for column in 0..width {
            inputs.put(grid, column, inputs.element(row, column, width))?;
        }
        if let Some(answers) = answers {
            answers.put(grid, width, row)?;
        }
    }
    Ok(())
}
