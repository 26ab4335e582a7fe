//! Reader of NumPy arrays that make a table: `X` and `y` of an archive, or a single matrix.

use super::{
    Head, TableReader,
    chain::Gridded,
    grid::Grid,
    npy::{Archive, Array},
};
use crate::{
    ColumnEncoding, LoadParams,
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

impl TableReader for Arrays {
    const KNOWN_AS: &'static str = "NumPy arrays (npz with X and y, npy)";

    fn recognises(head: &Head) -> bool {
        head.zip == Zip::Arrays || head.text.starts_with(b"\x93NUMPY")
    }
}

impl Gridded for Arrays {
    fn grid<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        let mut grid = Grid::new(source);
        grid.has_header = false;
        if source.zip == Zip::None {
            let bytes = source.read_all()?.into_owned();
            let matrix = Array::parse(source, "matrix", bytes)?;
            matrix.check_rank(2)?;
            put(&mut grid, &matrix, None)?;
            return Ok(grid);
        }
        let mut archive = Archive::open(source, NEEDS)?;
        let found = NAMES.iter().find(|[x, ..]| archive.has(x));
        let [x, y, more_x, more_y] = *found.unwrap_or(&NAMES[3]);
        put_pair(&mut grid, &mut archive, x, y)?;
        if archive.has(more_x) {
            grid.n_train = Some(grid.n_rows());
            put_pair(&mut grid, &mut archive, more_x, more_y)?;
        }
        Ok(grid)
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
