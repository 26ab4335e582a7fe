"""The estimators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from tiam._base import BaseTiam, Target
from tiam._native import Model

__all__ = ["TiamClassifier", "TiamRegressor"]


class TiamClassifier(ClassifierMixin, BaseTiam):
    """Classification by multilayer perceptrons.

    By default several networks are searched for, mixed and calibrated (``effort="good"``), in the time that other estimators take for one.
    Giving any of ``hidden_layer_sizes``, ``alpha``, ``max_iter``, ``early_stopping``, ``warm_start``, ``callback``, ``scaling``,
    ``rho``, ``band`` or ``method="tiam"`` trains one network, as does ``effort="single"``.

    Texts, categories, dates and missing cells in ``X`` need no pipeline. Rows that are equal count as one with the sum of their weights,
    so that a weight of two is the same as a row given twice.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default: 100, 100
        Sizes of the hidden layers; ``()`` for a linear model.
    activation : {"relu", "leaky_relu", "elu", "identity"}
        Of the hidden layers.
    effort : {"good", "single", "best"}
        How much is tried: a search for the best mix, one network, or ten times as long a search.
    method : {"stochastic", "tiam"}
        By batches with back-propagated errors, or by the full batch without (arXiv:2503.08489).
    alpha : float
        Ridge: alpha/2 times the sum of squared weights is added to the mean loss. scikit-learn's counts once for all samples, so it is this
        one times their number.
    batch_size : int
        Samples in a batch.
    learning_rate_init : float
        Step size, at first.
    inertia : three floats
        p1, p2, p3, each in [0, 1].
    max_iter : int
        Epochs, or iterations of the full batch.
    early_stopping : bool
        Whether training ends when the loss on a validation part no longer falls.
    validation_fraction : float
        Held out for that.
    n_iter_no_change : int
        Epochs without improvement after which training ends.
    class_weight : dict, "balanced" or None
        Weights of the classes.
    missing : {"fill", "error"}
        What is done about missing cells: medians with a feature that marks them and a category of their own, or an error.
    categorical_features : sequence of names or positions
        Columns of numbers that are categories.
    scaling : {"standard", "min_max", "none"}
        Of the inputs.
    precision : {"float32", "float64"}
        Of data and network.
    rho, band : float, and three floats
        Penalty and band of the full-batch method.
    time_limit : float
        Seconds after which training ends with what there is.
    warm_start : bool
        Whether ``fit`` goes on from the last network.
    random_state : int, RandomState or None
        Seed; None draws one from NumPy's global state.
    n_jobs : int
        Threads: -1 for all cores that this process may use, None the same, but no more than ``OMP_NUM_THREADS``.
    verbose : int
        1 shows progress.
    callback : callable
        Called with a dict after each epoch or iteration; training ends when it returns True.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_, n_outputs_, n_iter_, n_networks_
    loss_curve_, loss_ : loss after each epoch, and at the end; of one network
    search_ : what a search tried, and what came of it
    """

    classes_: Any

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int | None = None,
        activation: str = "relu",
        *,
        effort: str = "good",
        method: str = "stochastic",
        alpha: float | None = None,
        batch_size: int | None = None,
        learning_rate_init: float | None = None,
        inertia: Sequence[float] | None = None,
        max_iter: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        class_weight: Mapping[Any, float] | str | None = None,
        missing: str = "fill",
        categorical_features: Sequence[str | int] | None = None,
        scaling: str | None = None,
        precision: str = "float32",
        rho: float | None = None,
        band: Sequence[float] | None = None,
        time_limit: float | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        callback: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.effort = effort
        self.method = method
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.inertia = inertia
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.missing = missing
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.precision = precision
        self.rho = rho
        self.band = band
        self.time_limit = time_limit
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callback = callback

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One epoch of one network on these rows. The first call takes all ``classes``, and the columns and scalings from its rows."""
        first = "_model" not in self.__dict__
        if first and classes is None:
            classes = unique_labels(y)
        known = np.asarray(classes) if first else self.classes_
        if not first and classes is not None and not np.array_equal(np.sort(np.asarray(classes)), known):
            raise ValueError("classes are others than in the first call of partial_fit")
        return self._partial_fit(X, y, sample_weight, np.sort(known))

    def predict(self, X: Any) -> Any:
        """The most probable class of each row; X may be a path or a table too."""
        indices, outputs = self._predict(X)
        if self._is_flags:
            return (outputs > 0.5).astype(np.int64)
        return self.classes_[indices]

    def predict_proba(self, X: Any) -> Any:
        """Probabilities, a row each, in the order of ``classes_``."""
        return self._predict(X)[1]

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithms of the probabilities."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _target(self, y: Any, known: Any) -> tuple[Target, Any]:
        """Class numbers with the names of the classes, and what the classes are."""
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_classification_targets(y)
        if type_of_target(y).startswith("multilabel"):
            if known is not None and len(known) != y.shape[1]:
                raise ValueError(f"y has {y.shape[1]} answers where there were {len(known)}")
            values = np.ascontiguousarray(y, dtype=self.precision)
            return Target(values=values, flags=True), np.arange(y.shape[1])
        y = column_or_1d(y, warn=True)
        classes, labels = np.unique(y, return_inverse=True)
        if known is not None:
            unknown = np.setdiff1d(classes, known)
            if len(unknown):
                raise ValueError(f"y holds the classes {unknown.tolist()}, which are none of {known.tolist()}")
            labels, classes = np.searchsorted(known, y), known
        if len(classes) < 2:
            raise ValueError(f"y holds one class, {classes.tolist()}, and two at least are needed")
        names = [str(name) for name in classes]
        return Target(labels=labels.astype(np.uint32), classes=names), classes

    def _class_weights(self, y: Any, weights: Any) -> Any:
        if self.class_weight is None:
            return weights
        of_classes = compute_sample_weight(self.class_weight, np.asarray(y))
        return of_classes if weights is None else weights * of_classes

    def _native_class_weights(self) -> str | None:
        if isinstance(self.class_weight, Mapping):
            raise ValueError("for a table that is read from a file class_weight is 'balanced' or None")
        return self.class_weight

    def _of_classes(self, model: Model) -> Any:
        names = model.classes
        if not names:
            raise ValueError("the label column holds values; TiamRegressor learns them")
        if model.has_numbered_classes:
            numbers = np.array([float(name) for name in names])
            whole = numbers.astype(np.int64)
            return whole if np.array_equal(whole, numbers) else numbers
        return np.array(names)

    @property
    def _is_flags(self) -> bool:
        return not self._model.classes


class TiamRegressor(RegressorMixin, BaseTiam):
    """Regression by multilayer perceptrons, of one value or of several.

    Parameters, rules and attributes are those of :class:`TiamClassifier`, without classes.
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int | None = None,
        activation: str = "relu",
        *,
        effort: str = "good",
        method: str = "stochastic",
        alpha: float | None = None,
        batch_size: int | None = None,
        learning_rate_init: float | None = None,
        inertia: Sequence[float] | None = None,
        max_iter: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        missing: str = "fill",
        categorical_features: Sequence[str | int] | None = None,
        scaling: str | None = None,
        precision: str = "float32",
        rho: float | None = None,
        band: Sequence[float] | None = None,
        time_limit: float | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        callback: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.effort = effort
        self.method = method
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.inertia = inertia
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.missing = missing
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.precision = precision
        self.rho = rho
        self.band = band
        self.time_limit = time_limit
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callback = callback

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch of one network on these rows. The first call takes the columns and scalings from its rows."""
        return self._partial_fit(X, y, sample_weight, None)

    def predict(self, X: Any) -> Any:
        """The value of each row, or the values; X may be a path or a table too."""
        outputs = self._predict(X)[1]
        return outputs[:, 0] if self._is_flat else outputs

    def _target(self, y: Any, known: Any) -> tuple[Target, Any]:
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._is_flat = y.ndim == 1
        values = y.reshape(len(y), -1)
        return Target(values=np.ascontiguousarray(values, dtype=self.precision)), None

    def _class_weights(self, y: Any, weights: Any) -> Any:
        return weights

    def _native_class_weights(self) -> None:
        return None

    def _of_classes(self, model: Model) -> None:
        if model.classes:
            raise ValueError("the label column holds classes; TiamClassifier learns them, or read_table(task='values')")
        self._is_flat = model.n_outputs == 1


