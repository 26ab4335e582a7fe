"""Tables in files, and recorded trajectories."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from tiam import _native
from tiam._native import Table

__all__ = ["Table", "read_table", "verify"]

PathLike = str | os.PathLike[str]


def read_table(
    path: PathLike | Iterable[PathLike],
    *,
    label: str | int | None = None,
    task: str | None = None,
    categorical: Sequence[str] = (),
    ignore: Sequence[str] = (),
    keep: Sequence[str] = (),
    sample_weight: str | None = None,
    missing: str = "fill",
    precision: str = "float32",
) -> Table:
    """Read a table from a file, as the command does.

    Any text table, JSON, ARFF, libsvm, NumPy arrays, workbook or Parquet, plain or packed; a pattern such as ``part-*.csv`` or several paths
    are read as one table. The format, the columns' kinds and what is missing are found. The cells are read when they are needed.

    Parameters
    ----------
    path : path or paths
    label : name or position of the label column; the last one by default, ``"none"`` for none
    task : ``"classes"`` or ``"values"``; found by default
    categorical, ignore, keep : names of columns that hold categories, are left out, or are features whatever they hold
    sample_weight : name of the column with the rows' weights
    missing : ``"fill"`` or ``"error"``
    precision : ``"float32"`` or ``"float64"``

    Raises
    ------
    FileNotFoundError
        Where nothing is.
    ValueError
        For an option that is not known.
    """
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    options = {
        "label": None if label is None else str(label),
        "task": task,
        "categorical": list(categorical),
        "ignore": list(ignore),
        "keep": list(keep),
        "sample_weight": sample_weight,
        "missing": missing,
    }
    return Table.read([os.fspath(one) for one in paths], json.dumps(options), precision)


def verify(path: PathLike) -> dict[str, Any]:
    """Replay a recorded trajectory of the full-batch method.

    Returns the largest relative deviations of ``objective`` and ``violation`` over the iterations and of the final ``weights``, and the
    ``first_restart_difference``: the first iteration with another number of restarts, or None.
    """
    return json.loads(_native.verify(os.fspath(path)))
