"""What X may be."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import tiam
from tiam import TiamClassifier, TiamRegressor

MADE = {"effort": "single", "max_iter": 10, "random_state": 0}


def probabilities(X, y, **made):
    return TiamClassifier(**MADE, **made).fit(X, y).predict_proba(X)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "object"])
def test_any_type_and_layout_of_numbers_gives_the_same_model(iris, dtype):
    X, y = np.round(iris[0]), iris[1]
    expected = probabilities(X, y)
    typed = X.astype(dtype)
    wide = np.zeros((300, 8), dtype=dtype)
    wide[::2, ::2] = typed
    for same in (typed, np.asfortranarray(typed), wide[::2, ::2]):
        assert np.array_equal(probabilities(same, y), expected)
    if dtype != "object":
        with_readonly = typed.copy()
        with_readonly.flags.writeable = False
        assert np.array_equal(probabilities(with_readonly, y), expected)


def test_frames_arrow_and_sparse_give_the_same_model(iris):
    X, y = iris
    expected = probabilities(X, y)
    names = list("abcd")
    frame = pd.DataFrame(X, columns=names)
    for same in (frame, frame.astype("Float64"), pl.DataFrame(X, schema=names), pa.table(frame)):
        assert np.array_equal(probabilities(same, y), expected)
    for same in (sparse.csr_matrix(X), sparse.csc_array(X)):
        assert np.array_equal(probabilities(same, y), expected)


def test_what_offers_the_arrow_stream_is_a_table(people):
    frame, label = people

    class Capsule:
        def __init__(self, table):
            self._table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self._table.__arrow_c_stream__(requested_schema)

    arrow = pa.Table.from_pandas(frame)
    model = TiamClassifier(**MADE).fit(Capsule(arrow), label)
    assert list(model.feature_names_in_) == list(frame)
    assert np.array_equal(model.predict_proba(Capsule(arrow)), model.predict_proba(arrow))


def test_texts_categories_dates_and_gaps_need_no_pipeline(people):
    frame, label = people
    model = TiamClassifier(random_state=0, effort="single").fit(frame, label)
    assert model.score(frame, label) > 0.97
    assert list(model.feature_names_in_) == list(frame)
    unseen = frame.head(4).copy()
    unseen.loc[0, "town"] = "Rom"
    unseen["visits"] = pd.array([1, pd.NA, 3, 4], dtype="Int64")
    assert np.isfinite(model.predict_proba(unseen)).all()
    in_polars = TiamClassifier(random_state=0, effort="single").fit(pl.from_pandas(frame), label)
    assert in_polars.score(pl.from_pandas(frame), label) > 0.97


def test_gaps_are_marked_or_refused(iris):
    X, y = iris[0].copy(), iris[1]
    X[::7, 2] = np.nan
    model = TiamClassifier(**MADE).fit(X, y)
    assert model._model.sizes[0] == 5
    np.testing.assert_allclose(model.predict_proba(X), np.vstack([model.predict_proba(row[None]) for row in X]), atol=1e-5)
    with pytest.raises(ValueError, match="missing"):
        TiamClassifier(**MADE, missing="error").fit(X, y)
    whole = TiamClassifier(**MADE, missing="error").fit(iris[0], y)
    with pytest.raises(ValueError, match="missing"):
        whole.predict(X)


def test_columns_of_numbers_may_be_named_categories():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 5, 400)
    frame = pd.DataFrame({"code": code, "noise": rng.normal(size=400)})
    y = np.isin(code, [1, 3])
    model = TiamClassifier(**MADE, categorical_features=["code"]).fit(frame, y)
    assert model._model.sizes[0] == 6
    assert model.score(frame, y) == 1.0
    by_position = TiamClassifier(**MADE, categorical_features=[0]).fit(frame.to_numpy(), y)
    assert by_position.score(frame.to_numpy(), y) == 1.0


def test_a_file_is_read_as_the_command_reads_it(tmp_path, people):
    frame, label = people
    path = tmp_path / "people.csv"
    frame.assign(what=label).to_csv(path, index=False)
    model = TiamClassifier(**MADE).fit(path)
    assert model.classes_.tolist() == ["goes", "stays"]
    assert (model.predict(path) == label).mean() > 0.9
    table = tiam.read_table(path, label="what", ignore=["since"])
    again = TiamClassifier(**MADE).fit(table)
    assert "since" not in again.feature_names_in_
    assert table.n_samples == 300
    values = TiamRegressor(**MADE).fit(path, "age")
    assert values.predict(path).shape == (300,)
    with pytest.raises(ValueError, match="TiamClassifier"):
        TiamRegressor(**MADE).fit(path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        TiamClassifier().fit(tmp_path / "nowhere.csv")


def test_a_saved_model_is_the_commands_and_a_page_is_written(tmp_path, people, command):
    frame, label = people[0].drop(columns="since"), people[1]
    model = TiamClassifier(**MADE).fit(frame, label)
    model.save(tmp_path / "model.safetensors")
    frame.to_csv(tmp_path / "new.csv", index=False)
    answers = command("predict", "model.safetensors", "--data", "new.csv", cwd=tmp_path).stdout.split()
    assert answers[-300:] == model.predict(frame).tolist()
    page = model.report(frame, label, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == page
    assert "Right and wrong" in page and "town" in page


def test_names_of_columns_are_checked(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = TiamClassifier(**MADE).fit(frame, y)
    with pytest.raises(ValueError, match="same order"):
        model.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)
