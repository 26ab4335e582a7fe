"""The estimators inside scikit-learn's tools."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tiam import TiamClassifier, TiamRegressor

ONE = {"effort": "single", "random_state": 0}


def test_grid_search_over_a_pipeline_with_a_column_transformer(people):
    frame, label = people
    frame = frame[["age", "town", "member"]].fillna({"age": 40, "town": "none"})
    columns = ColumnTransformer([("numbers", StandardScaler(), ["age"]), ("texts", OneHotEncoder(handle_unknown="ignore"), ["town"])], remainder="passthrough")
    pipeline = make_pipeline(columns, TiamClassifier(**ONE))
    grid = GridSearchCV(pipeline, {"tiamclassifier__hidden_layer_sizes": [(4,), (32,)], "tiamclassifier__alpha": [1e-3, 10.0]}, cv=3)
    grid.fit(frame, label)
    assert grid.best_params_["tiamclassifier__alpha"] == 1e-3
    assert grid.best_score_ > 0.85
    assert grid.predict(frame).shape == (300,)


def test_cross_validation_in_two_processes(iris):
    alone = cross_val_score(TiamClassifier(**ONE, n_jobs=1), *iris, cv=4)
    beside = cross_val_score(TiamClassifier(**ONE, n_jobs=1), *iris, cv=4, n_jobs=2)
    np.testing.assert_array_equal(alone, beside)
    assert alone.mean() > 0.93


def test_calibration(iris):
    calibrated = CalibratedClassifierCV(TiamClassifier(**ONE), cv=3).fit(*iris)
    assert calibrated.predict_proba(iris[0]).shape == (150, 3)
    assert calibrated.score(*iris) > 0.93


def test_permutation_importance_finds_the_column_that_counts():
    X = np.random.default_rng(0).normal(size=(400, 3))
    model = TiamRegressor(**ONE).fit(X, 3 * X[:, 1])
    found = permutation_importance(model, X, 3 * X[:, 1], n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() == 1
    assert found.importances_mean[1] > 20 * found.importances_mean[0]


def test_stacking(iris):
    stack = StackingClassifier([("tiam", TiamClassifier(**ONE)), ("linear", LogisticRegression(max_iter=500))], cv=3)
    assert stack.fit(*iris).score(*iris) > 0.93


def test_frames_come_out_where_they_are_asked_for(people):
    pytest.importorskip("pandas")
    frame, label = people
    columns = ColumnTransformer([("numbers", StandardScaler(), ["age"])], remainder="passthrough", verbose_feature_names_out=False)
    pipeline = make_pipeline(columns.set_output(transform="pandas"), TiamClassifier(**ONE))
    pipeline.fit(frame, label)
    assert set(pipeline[-1].feature_names_in_) == set(frame)
    assert pipeline.score(frame, label) > 0.9
