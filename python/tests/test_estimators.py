"""scikit-learn's own checks, and what the estimators promise beyond them."""

import copy
import io
import json
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from tiam import TiamClassifier, TiamRegressor

CHECKED = [
    cls(effort="single", max_iter=None, precision=precision)
    for cls in (TiamClassifier, TiamRegressor)
    for precision in ("float64", "float32")
]


# None is expected to fail, in neither precision.
@parametrize_with_checks(CHECKED)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_a_search_is_the_default_and_its_record_is_kept(iris):
    model = TiamClassifier(random_state=0).fit(*iris)
    assert model.n_networks_ >= 4
    assert model.search_["effort"] == "good"
    assert model.score(*iris) > 0.95
    assert not hasattr(model, "loss_curve_")


@pytest.mark.parametrize("given", [{"hidden_layer_sizes": 8}, {"max_iter": 4}, {"alpha": 0.1}, {"early_stopping": True}, {"method": "tiam"}])
def test_a_parameter_of_one_network_trains_one(iris, given):
    model = TiamClassifier(random_state=0, **given).fit(*iris)
    assert model.n_networks_ == 1
    assert len(model.loss_curve_) == model.n_iter_
    with pytest.raises(ValueError, match="best"):
        TiamClassifier(effort="best", **given).fit(*iris)


def test_a_seed_gives_the_same_model_to_the_bit(iris):
    X, y = iris
    one, two = (TiamClassifier(random_state=3, effort="single").fit(X, y) for _ in range(2))
    assert np.array_equal(one.predict_proba(X), two.predict_proba(X))
    other = TiamClassifier(random_state=4, effort="single").fit(X, y)
    assert not np.array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("effort", ["single", "good"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_weight_of_two_is_the_same_as_a_row_given_twice(iris, effort, precision):
    X, y = iris
    weights = np.random.default_rng(0).integers(0, 4, len(y))
    made = {"effort": effort, "precision": precision, "random_state": 0}
    weighted = TiamClassifier(**made).fit(X, y, sample_weight=weights)
    repeated = TiamClassifier(**made).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert np.array_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    plain = TiamClassifier(**made).fit(X, y)
    assert not np.array_equal(weighted.predict_proba(X), plain.predict_proba(X))


def test_class_weights_count(iris):
    X, y = iris
    few = np.r_[np.arange(50, 100), np.arange(100, 110)]
    of = {weight: TiamClassifier(effort="single", max_iter=5, class_weight=weight, random_state=0).fit(X[few], y[few]) for weight in (None, "balanced")}
    rare = X[100:]
    assert (of["balanced"].predict(rare) == 2).sum() > (of[None].predict(rare) == 2).sum()


def test_all_weights_zero_are_refused_in_words(iris):
    with pytest.raises(ValueError, match="(?i)weight.*zero"):
        TiamClassifier(effort="single").fit(*iris, sample_weight=np.zeros(150))


def test_partial_fit_learns_batch_after_batch(iris):
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    model = TiamClassifier(random_state=0)
    for _ in range(20):
        for part in np.array_split(order, 3):
            model.partial_fit(X[part], y[part], classes=[0, 1, 2])
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match="none of"):
        model.partial_fit(X[:2], [7, 7])


def test_warm_start_goes_on_from_the_last_network(iris):
    X, y = iris
    cold = TiamClassifier(max_iter=3, random_state=0).fit(X, y)
    warm = TiamClassifier(max_iter=3, random_state=0, warm_start=True).fit(X, y).fit(X, y)
    assert warm.loss_ < cold.loss_


def test_a_callback_sees_every_epoch_and_can_stop(iris):
    seen = []

    def callback(row):
        seen.append(row["iteration"])
        return row["iteration"] == 4

    model = TiamClassifier(callback=callback, random_state=0).fit(*iris)
    assert seen == [0, 1, 2, 3, 4]
    assert model.n_iter_ == 4


def test_what_a_callback_raises_comes_out_and_the_estimator_stays_usable(iris):
    def callback(row):
        raise LookupError("enough")

    model = TiamClassifier(callback=callback)
    with pytest.raises(LookupError, match="enough"):
        model.fit(*iris)
    with pytest.raises(NotFittedError):
        model.predict(iris[0])
    assert model.set_params(callback=None, effort="single").fit(*iris).score(*iris) > 0.9


def test_verbose_shows_progress_and_changes_nothing(iris, capfd):
    quiet = TiamClassifier(effort="single", random_state=0).fit(*iris)
    assert capfd.readouterr().err == ""
    loud = TiamClassifier(effort="single", random_state=0, verbose=1).fit(*iris)
    assert "epoch" in capfd.readouterr().err
    assert np.array_equal(quiet.predict_proba(iris[0]), loud.predict_proba(iris[0]))


def test_a_notebook_gets_a_bar_of_html(iris, monkeypatch):
    import IPython
    from IPython import display

    shown = []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, html):
            shown.append(html.data)

    monkeypatch.setattr(IPython, "get_ipython", lambda: ZMQInteractiveShell())
    monkeypatch.setattr(display, "display", lambda *_, **__: Handle())
    TiamClassifier(effort="single", max_iter=3, verbose=1, random_state=0).fit(*iris)
    assert shown and "<progress" in shown[-1]


def test_pickle_joblib_copy_and_clone_keep_every_bit(iris):
    X, y = iris
    model = TiamClassifier(random_state=0).fit(X, y)
    file = io.BytesIO()
    joblib.dump(model, file)
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(io.BytesIO(file.getvalue())), copy.deepcopy(model), copy.copy(model)):
        assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
        assert again.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


def test_skops_loads_it_and_trusts_nothing_but_our_classes(iris):
    skops = pytest.importorskip("skops.io")
    X, y = iris
    model = TiamClassifier(random_state=0, effort="single").fit(X, y)
    data = skops.dumps(model)
    untrusted = skops.get_untrusted_types(data=data)
    assert untrusted == ["tiam._estimators.TiamClassifier"]
    again = skops.loads(data, trusted=untrusted)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_several_values_and_several_answers():
    X, y = load_diabetes(return_X_y=True)
    values = TiamRegressor(effort="single", random_state=0).fit(X, np.c_[y, -y])
    assert values.predict(X).shape == (442, 2)
    assert values.score(X, np.c_[y, -y]) > 0.5
    X, Y = make_multilabel_classification(n_samples=200, n_classes=3, random_state=0)
    answers = TiamClassifier(random_state=0).fit(X, Y)
    assert answers.predict(X).shape == answers.predict_proba(X).shape == (200, 3)
    assert (answers.predict(X) == Y).mean() > 0.85


def test_full_batch_leaves_its_trace(iris):
    model = TiamClassifier(method="tiam", max_iter=7, precision="float64", random_state=0).fit(*iris)
    assert model.trace_["iteration"].tolist() == list(range(8))
    assert model.trace_["objective"].iloc[-1] < model.trace_["objective"].iloc[0]
    assert {"violation", "restarts", "inertia_start", "epsilon", "train_loss"} <= set(model.trace_)
    assert json.loads(model._model.provenance)["training"]["method"] == "tiam"
    with pytest.raises(ValueError, match="stochastic"):
        model.fit(*iris, sample_weight=np.arange(150.0))


def test_it_shows_itself_in_notebooks(iris):
    model = TiamClassifier(alpha=0.5).fit(*iris)
    assert "TiamClassifier" in model._repr_html_() and "0.5" in repr(model)


def test_the_loss_is_plotted(iris):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model = TiamClassifier(effort="single", max_iter=6).fit(*iris)
    (line,) = model.plot_loss().lines
    assert line.get_ydata().tolist() == model.loss_curve_


def test_infinite_numbers_and_unknown_parameters_are_refused(iris):
    X, y = iris
    bad = X.copy()
    bad[3, 1] = np.inf
    with pytest.raises(ValueError, match="inf"):
        TiamClassifier(effort="single").fit(bad, y)
    model = TiamClassifier(effort="single", max_iter=2).fit(X, y)
    for rows in (bad, bad[:5]):
        with pytest.raises(ValueError, match="inf"):
            model.predict(rows)
    for wrong in ({"activation": "tanh"}, {"effort": "much"}, {"method": "adam"}, {"precision": "float16"}, {"missing": "drop"}):
        with pytest.raises(ValueError, match=next(iter(wrong.values()))):
            TiamClassifier(**wrong).fit(X, y)


def test_a_model_leaves_for_other_programs(iris, tmp_path):
    X, y = iris
    model = TiamClassifier(effort="single", max_iter=5, random_state=0).fit(X, y)
    model.export(tmp_path / "iris.json")
    left = json.loads((tmp_path / "iris.json").read_text())
    assert left["format"] == "tiam" and len(left["networks"]) == 1
    model.export(tmp_path / "iris.h", int8=True)
    assert "int iris_predict(const float *row, float *out)" in (tmp_path / "iris.h").read_text()
    model.export(tmp_path / "graph", format="onnx", numeric=True)
    # The first field of a graph is its IR version, 8.
    assert (tmp_path / "graph").read_bytes()[:2] == b"\x08\x08"
    with pytest.raises(ValueError, match="onnx"):
        model.export(tmp_path / "iris.pmml")
    with pytest.raises(ValueError, match="numeric"):
        model.export(tmp_path / "iris.h", numeric=True)
