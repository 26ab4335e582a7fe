"""What both estimators share: from data to the native library, and back."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from numbers import Number
from pathlib import Path
from typing import Any, Self

import numpy as np
from joblib import cpu_count, effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import validate_data

from tiam import _frames, _native
from tiam._frames import Columns, Rows
from tiam._native import Model, Table
from tiam._progress import Progress
from tiam._tables import read_table

# Of a pickled estimator; it grows when an older version can no longer read it.
FORMAT = 1

# One of these that is given says that one network is to be trained.
OF_ONE_NETWORK = ("hidden_layer_sizes", "alpha", "max_iter", "scaling", "rho", "band", "callback")


@dataclass
class Target:
    """The labels of rows in memory: class numbers with names, or values."""

    labels: Any = None
    classes: list[str] = field(default_factory=list)
    values: Any = None
    flags: bool = False

    @property
    def n_columns(self) -> int:
        return 1 if self.values is None else self.values.shape[1]


class BaseTiam(BaseEstimator):
    """Training, prediction, pickling."""

    _model: Model
    _trace: list[dict[str, Any]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "fill"
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.multi_output = tags.estimator_type == "regressor"
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows with their labels, or on a table.

        Parameters
        ----------
        X : array, frame of pandas or polars, Arrow table, sparse matrix; or a path, or ``tiam.read_table(...)``
        y : one label a row; for a path the name of the label column
        sample_weight : one weight a row, at least 0

        Raises
        ------
        ValueError
            For data or parameters that are refused.
        KeyboardInterrupt
            Within a second after Ctrl-C; the estimator is as it was before.
        RuntimeError
            When numbers stop being finite.
        """
        before = self._model if self.warm_start and "_model" in self.__dict__ else None
        return self._fit(X, y, sample_weight, before, {})

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        before = self.__dict__.get("_model")
        if before is not None and before.n_networks > 1:
            # There is no going on from a mix.
            before = None
        # A schedule that falls over a run would end in every call.
        once = {"effort": "single", "iterations": 1, "step_schedule": "constant", "patience": None}
        return self._fit(X, y, sample_weight, before, once, classes)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        before: Model | None,
        changed: dict[str, Any],
        classes: Any = None,
    ) -> Self:
        options = self._options() | changed
        if is_table(X):
            table = as_table(X, y, self.precision)
            options["class_weights"] = self._native_class_weights()
            found = None
        else:
            if before is not None and classes is None:
                classes = getattr(self, "classes_", None)
            table, found = self._table(X, y, sample_weight, before, classes)
            if found[1]:
                options["effort"] = "single"
        if found is not None and options["effort"] != "single" and table.n_samples < 2:
            raise ValueError("effort='good' and 'best' need two different rows at least, and there is 1 sample")
        model, trace = self._train(table, options, before, found is not None)
        self._learnt(model, json.loads(trace), options, found)
        return self

    def _table(
        self, X: Any, y: Any, sample_weight: Any, before: Model | None, classes: Any
    ) -> tuple[Table, tuple[Any, bool]]:
        if y is None:
            words = f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            raise ValueError(words)
        data = self._data(X, reset=before is None)
        n = data.values.shape[0] if isinstance(data, Rows) else len(data.cells[0][1])
        name = getattr(y, "name", None)
        target, classes = self._target(y, classes)
        found = len(target.labels if target.values is None else target.values)
        if found != n:
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n, found]}")
        weights = self._class_weights(y, _weights(sample_weight, n))
        if weights is not None and self.method == "tiam":
            raise ValueError("sample_weight and class_weight are for method='stochastic'")
        columns = self._column_names()
        label = name if isinstance(name, str) and name not in columns else "label"
        while label in columns:
            label += "_"
        several = target.n_columns > 1
        given = {
            "labels": target.labels,
            "classes": target.classes,
            "values": target.values,
            "flags": target.flags,
            "names": [f"{label}_{at}" for at in range(target.n_columns)] if several else [label],
            "weights": weights,
            "merged": self.method != "tiam",
        }
        return self._native_table(data, before, given), (classes, target.flags)

    def _native_table(self, data: Rows | Columns, model: Model | None, target: dict[str, Any] | None) -> Table:
        names, how = self._column_names(), (self._precision(model), self.missing)
        if isinstance(data, Rows) and (model is None or model.takes_rows):
            return Table.of_rows(data.values, names, how, model, target)
        cells = zip(names, data.columns(), strict=True)
        return Table.of_columns([(name, *cell[1:]) for name, cell in cells], how, model, target)

    def _precision(self, model: Model | None) -> str:
        return self.precision if model is None else model.precision

    def _column_names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"c{at}" for at in range(self.n_features_in_)] if names is None else [str(name) for name in names]

    def _data(self, X: Any, *, reset: bool) -> Rows | Columns:
        """Checks names and number of columns, and finds what they hold."""
        if _frames.is_frame(X):
            X = _frames.as_frame(X)
            if X.shape[0] == 0 or X.shape[1] == 0:
                check_array(np.empty(X.shape))
        else:
            X = _frames.array_of(X)
        validate_data(self, X, reset=reset, skip_check_array=True)
        return _frames.convert(X, self.categorical_features, getattr(self, "feature_names_in_", None))

    def _options(self) -> dict[str, Any]:
        """The options of the native library."""
        given = [name for name in OF_ONE_NETWORK if getattr(self, name) is not None]
        given += [name for name in ("early_stopping", "warm_start") if getattr(self, name)]
        given += ["method"] if self.method == "tiam" else []
        if self.effort == "best" and given:
            raise ValueError(f"effort='best' searches for what {', '.join(given)} would fix; leave that out")
        sizes = self.hidden_layer_sizes
        if sizes is not None:
            sizes = [int(size) for size in np.atleast_1d(np.asarray(sizes, dtype=np.int64))]
        early = self.early_stopping
        return {
            "seed": self._seed(),
            "threads": n_threads(self.n_jobs),
            "method": self.method,
            "effort": "single" if given else self.effort,
            "activation": self.activation,
            "hidden": sizes,
            "scaling": self.scaling,
            "ridge": self.alpha,
            "step": self.learning_rate_init,
            "step_schedule": None,
            "inertia": None if self.inertia is None else [float(p) for p in self.inertia],
            "batch_size": self.batch_size,
            "iterations": self.max_iter,
            "patience": self.n_iter_no_change if early else None,
            "validation_fraction": self.validation_fraction if early else None,
            "time_limit": self.time_limit,
            "class_weights": None,
            "rho": self.rho,
            "band": None if self.band is None else dict(zip(("start", "decay", "floor"), self.band, strict=True)),
        }

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _train(
        self, table: Table, options: dict[str, Any], before: Model | None, consumes: bool
    ) -> tuple[Model, str]:
        on_row = on_training = progress = None
        if self.verbose:
            single = options["effort"] == "single"
            progress = Progress(("epoch" if self.method != "tiam" else "iteration") if single else "training", options["iterations"])

            def on_training(done: int, of: int) -> None:
                progress.show(done, of)

        if self.verbose or self.callback is not None:

            def on_row(text: str) -> bool:
                row = flat(json.loads(text))
                if progress is not None:
                    progress.show(row["iteration"], words=f"loss {row['train_loss']:.4g}  ")
                return self.callback is not None and bool(self.callback(row))

        try:
            text = json.dumps(options, default=_plain)
            return _native.fit(table, text, consumes, before, on_row, on_training)
        finally:
            if progress is not None:
                progress.close()

    def _learnt(
        self, model: Model, trace: list[dict[str, Any]], options: dict[str, Any], found: tuple[Any, bool] | None
    ) -> None:
        self._model = model
        classes = self._of_classes(model) if found is None else found[0]
        if classes is not None:
            self.classes_ = classes
        if found is None:
            names = model.columns
            self.n_features_in_, self.feature_names_in_ = len(names), np.array(names, dtype=object)
        self.n_outputs_, self.n_networks_ = model.n_outputs, model.n_networks
        record = json.loads(model.provenance)
        self._trace = trace
        for name in ("loss_curve_", "loss_", "search_"):
            self.__dict__.pop(name, None)
        if trace:
            self.n_iter_ = trace[-1]["iteration"]
            self.loss_curve_ = [row["objective"] for row in trace[1:]]
            self.loss_ = trace[-1]["objective"]
        else:
            self.search_ = record["search"]
            self.n_iter_ = self.search_["trainings"]

    def _predict(self, X: Any) -> tuple[Any, Any]:
        model = self.__dict__.get("_model")
        if model is None:
            words = f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before using this estimator."
            raise NotFittedError(words)

        def arrays(n: int) -> tuple[Any, Any]:
            return np.empty(n, dtype=np.uint32), np.empty((n, model.n_outputs))

        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind == "f" and len(X) > 0
        if plain and X.shape[1] == self.n_features_in_ and "feature_names_in_" not in self.__dict__:
            # The way of single rows, which must be short.
            if model.takes_rows and self.missing == "fill":
                made = arrays(len(X))
                model.predict_rows(X, *made)
                return made
        if is_table(X):
            return model.predict(as_table(X, None, model.precision), arrays)
        data = self._data(X, reset=False)
        if isinstance(data, Rows) and model.takes_rows and self.missing == "fill":
            made = arrays(data.values.shape[0])
            model.predict_rows(data.values, *made)
            return made
        return model.predict(self._native_table(data, model, None), arrays)

    @property
    def trace_(self) -> Any:
        """The rows of training as a frame of pandas, the start first; of one network."""
        import pandas as pd

        if not self.__dict__.get("_trace"):
            raise AttributeError("a search has no trace; train one network by effort='single'")
        return pd.DataFrame([flat(row) for row in self._trace])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as safetensors, for the command and for Rust."""
        self._fitted().save(os.fspath(path))

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        numeric: bool = False,
        int8: bool = False,
    ) -> None:
        """Writes the model for other programs: ``onnx``, ``c``, ``rust`` or ``json``, by default as the path ends (.onnx, .h, .rs, .json).

        ``numeric``: an ONNX graph of one matrix of numbers, without operators of ai.onnx.ml. ``int8``: weights as integers of eight bits.
        """
        place = Path(path)
        format = format or {".h": "c", ".rs": "rust"}.get(place.suffix, place.suffix.removeprefix("."))
        place.write_bytes(self._fitted().export(format, place.stem, (numeric, int8)))

    def report(self, X: Any, y: Any = None, path: str | os.PathLike[str] | None = None) -> str:
        """A page in HTML about the model on rows with labels, best rows that it did not learn from; written to ``path`` where one is given."""
        model = self._fitted()
        if is_table(X):
            table = as_table(X, y, model.precision)
        else:
            target, _ = self._target(y, getattr(self, "classes_", None))
            given = vars(target) | {"names": [""] * target.n_columns, "weights": None, "merged": False}
            table = self._native_table(self._data(X, reset=False), model, given)
        page = model.report(table)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(page)
        return page

    def plot_loss(self, ax: Any = None) -> Any:
        """The loss after each epoch or iteration, by matplotlib; returns the axes."""
        if not hasattr(self, "loss_curve_"):
            raise AttributeError("a search has no loss curve; train one network by effort='single'")
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        ax.plot(range(1, len(self.loss_curve_) + 1), self.loss_curve_)
        ax.set_xlabel("iteration" if self.method == "tiam" else "epoch")
        ax.set_ylabel("objective")
        return ax

    def _fitted(self) -> Model:
        if "_model" not in self.__dict__:
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet.")
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_model" in state:
            # Bytes of the model's file, which any version reads or refuses with a reason.
            state["_model"] = state["_model"].to_bytes()
        return state | {"_format": FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        found = state.pop("_format", None)
        if not isinstance(found, int) or found > FORMAT:
            raise ValueError(
                f"this estimator was pickled in format {found}, and this version of tiam ({_native.__version__}) "
                f"reads formats up to {FORMAT}: use the version that wrote it, or save() and a model file"
            )
        if "_model" in state:
            state["_model"] = Model.from_bytes(state["_model"]).threads(n_threads(state.get("n_jobs")))
        super().__setstate__(state)


def is_table(X: Any) -> bool:
    return isinstance(X, (str, os.PathLike, Table))


def as_table(X: Any, label: Any, precision: str) -> Table:
    if isinstance(X, Table):
        return X
    return read_table(X, label=label, precision=precision)


def n_threads(n_jobs: int | None) -> int:
    """Threads for ``n_jobs``, of the cores that affinity and cgroup leave to this process."""
    if n_jobs is None:
        limit = os.environ.get("OMP_NUM_THREADS", "")
        cores = cpu_count()
        return min(cores, int(limit)) if limit.isdigit() and int(limit) > 0 else cores
    return effective_n_jobs(n_jobs)


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the trace without nesting: measures beside the rest, those of parts behind the part's name."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name == "measures":
            found |= flat(value)
        elif isinstance(value, dict):
            found |= {f"{name}_{part}": one for part, one in value.items()}
        else:
            found[name] = value
    return found


def _weights(given: Any, n: int) -> Any:
    if given is None:
        return None
    if isinstance(given, Number):
        return np.full(n, float(given))
    weights = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if weights.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n,)}!")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number: every weight is zero")
    return np.ascontiguousarray(weights)


def _plain(value: Any) -> Any:
    """Numbers of NumPy as those of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no value of a parameter")
