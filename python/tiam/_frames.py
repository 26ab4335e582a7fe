"""Arrays, data frames, Arrow tables and sparse matrices as the native library takes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

MISSING = np.uint32(0xFFFFFFFF)


class Blocks:
    """A matrix that gives its rows as arrays, a slice at a time."""

    def __init__(self, shape: tuple[int, int], rows: Callable[[slice], Any]) -> None:
        self.shape = shape
        self._rows = rows

    def __getitem__(self, rows: slice) -> Any:
        return self._rows(rows)


@dataclass
class Rows:
    """Numbers only."""

    values: Any

    def columns(self) -> list[tuple[Any, ...]]:
        values = np.asarray(self.values[0 : self.values.shape[0]], dtype=np.float64)
        return [("", np.ascontiguousarray(column)) for column in values.T]


@dataclass
class Columns:
    """Numbers of ``float64``, or positions of ``uint32`` among texts and whether these are categories; each behind an empty name."""

    cells: list[tuple[Any, ...]]

    def columns(self) -> list[tuple[Any, ...]]:
        return self.cells


def is_frame(X: Any) -> bool:
    """Whether it is a frame of pandas or polars, or an Arrow table."""
    return hasattr(X, "__arrow_c_stream__") or (hasattr(X, "iloc") and hasattr(X, "dtypes"))


def as_frame(X: Any) -> Any:
    """The same, but for an Arrow table a frame of polars or pandas."""
    if not hasattr(X, "__arrow_c_stream__") or hasattr(X, "columns") and _is_of(X, "pandas", "polars"):
        return X
    try:
        import polars

        return polars.DataFrame(X)
    except ImportError:
        pass
    try:
        import pyarrow

        return pyarrow.table(X).to_pandas()
    except ImportError:
        raise TypeError("an Arrow table takes polars, or pyarrow and pandas, to be read") from None


def _is_of(X: Any, *packages: str) -> bool:
    return any(isinstance(X, getattr(sys.modules.get(name), "DataFrame", ())) for name in packages)


def convert(X: Any, categorical: Iterable[str | int] | None, names: Sequence[str] | None) -> Rows | Columns:
    """Numbers where all columns are, else columns."""
    chosen = _positions(categorical, names, X.shape[1])
    if sparse.issparse(X):
        X = X.tocsr()
        rows = Rows(Blocks(X.shape, lambda part: X[part].toarray()))
        return rows if not chosen else _of_array(rows.values[0 : X.shape[0]], chosen)
    if _is_of(X, "pandas"):
        return _of_pandas(X, chosen)
    if _is_of(X, "polars"):
        return _of_polars(X, chosen)
    if X.dtype.kind in "fiub" and not chosen:
        return Rows(X)
    return _of_array(X, chosen)


def array_of(X: Any) -> Any:
    """Whatever is no frame as an array of two dimensions, or a sparse matrix."""
    return check_array(X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False)


def _positions(categorical: Iterable[str | int] | None, names: Sequence[str] | None, n: int) -> set[int]:
    found = set()
    for one in categorical or ():
        if isinstance(one, str):
            if names is None or one not in names:
                raise ValueError(f"categorical_features names {one!r}, which is no column of X")
            one = list(names).index(one)
        if not -n <= one < n:
            raise ValueError(f"categorical_features names column {one} of {n}")
        found.add(int(one) % n)
    return found


def _texts(cells: Iterable[Any], categorical: bool) -> tuple[Any, ...]:
    """A column of texts, whatever its cells are."""
    known: dict[Any, int] = {}
    codes = [MISSING if _is_missing(cell) else known.setdefault(cell, len(known)) for cell in cells]
    return ("", np.array(codes, dtype=np.uint32), [str(cell) for cell in known], categorical)


def _is_missing(cell: Any) -> bool:
    # NaN and NaT are not themselves; pandas' NA is neither.
    return cell is None or type(cell).__name__ == "NAType" or cell != cell


def _of_array(X: Any, chosen: set[int]) -> Columns:
    cells = []
    for at, column in enumerate(X.T):
        if X.dtype.kind == "M":
            column = column.astype("datetime64[s]")
            text = [None if np.isnat(cell) else str(cell).replace("T", " ") for cell in column]
            cells.append(_texts(text, False))
            continue
        if at not in chosen:
            try:
                if X.dtype.kind == "O":
                    column = np.array([np.nan if _is_missing(cell) else cell for cell in column], dtype=object)
                cells.append(("", np.ascontiguousarray(column, dtype=np.float64)))
                continue
            except (TypeError, ValueError):
                pass
        cells.append(_texts(column.tolist(), at in chosen))
    return Columns(cells)


def _of_pandas(X: Any, chosen: set[int]) -> Rows | Columns:
    from pandas.api import types

    def is_number(dtype: Any) -> bool:
        return types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)

    if not chosen and all(map(is_number, X.dtypes)):
        plain = all(isinstance(dtype, np.dtype) for dtype in X.dtypes)
        missing = {} if plain else {"dtype": np.float64, "na_value": np.nan}
        return Rows(Blocks(X.shape, lambda part: X.iloc[part].to_numpy(**missing)))
    return Columns([_pandas_column(X.iloc[:, at], at in chosen) for at in range(X.shape[1])])


def _pandas_column(column: Any, categorical: bool) -> tuple[Any, ...]:
    import pandas as pd
    from pandas.api import types

    dtype = column.dtype
    if types.is_complex_dtype(dtype):
        raise ValueError("Complex data not supported")
    if not categorical:
        if types.is_timedelta64_dtype(dtype):
            return ("", column.dt.total_seconds().to_numpy(dtype=np.float64))
        if types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype):
            return ("", column.to_numpy(dtype=np.float64, na_value=np.nan))
        if types.is_object_dtype(dtype):
            kind = types.infer_dtype(column, skipna=True)
            if kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"):
                return ("", pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan))
    if isinstance(dtype, pd.CategoricalDtype):
        codes, known = column.cat.codes.to_numpy(), column.cat.categories
        categorical = True
    else:
        codes, known = pd.factorize(column)
    if types.is_datetime64_any_dtype(dtype) or (types.is_object_dtype(dtype) and _holds_dates(column)):
        texts = pd.to_datetime(known).strftime("%Y-%m-%d %H:%M:%S")
    else:
        texts = (str(text) for text in known)
    return ("", np.ascontiguousarray(codes).astype(np.int64).astype(np.uint32), list(texts), categorical)


def _holds_dates(column: Any) -> bool:
    from pandas.api import types

    return types.infer_dtype(column, skipna=True) in ("datetime", "datetime64", "date")


def _of_polars(X: Any, chosen: set[int]) -> Rows | Columns:
    import polars as pl

    if not chosen and all(dtype.is_numeric() or dtype == pl.Boolean for dtype in X.dtypes):

        def rows(part: slice) -> Any:
            block = X[part]
            return block.cast(pl.Float64).to_numpy() if pl.Boolean in X.dtypes else block.to_numpy()

        return Rows(Blocks(X.shape, rows))
    cells = []
    for at, column in enumerate(X.iter_columns()):
        dtype = column.dtype
        if dtype.is_numeric() and at not in chosen:
            numbers = column.cast(pl.Float64).to_numpy()
            cells.append(("", np.ascontiguousarray(numbers, dtype=np.float64)))
        elif dtype == pl.Duration:
            cells.append(("", column.dt.total_microseconds().cast(pl.Float64).to_numpy() / 1e6))
        else:
            if dtype == pl.Date or dtype == pl.Datetime:
                column = column.cast(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M:%S")
            declared = at in chosen or dtype in (pl.Categorical, pl.Enum)
            texts = column.to_list() if dtype == pl.Boolean else column.cast(pl.String).to_list()
            cells.append(_texts(texts, declared))
    return Columns(cells)
