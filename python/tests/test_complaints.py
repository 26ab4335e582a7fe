"""What users of other packages have complained of, each kept from happening here."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.utils import get_tags

import tiam
from tiam import TiamClassifier, TiamRegressor
from tiam._base import n_threads

ROOT = Path(__file__).resolve().parents[2]
MANY = make_classification(60_000, 40, n_informative=20, random_state=0)


def child(program, **how):
    """A Python of its own."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, **how)


def test_tags_are_those_of_every_supported_scikit_learn():
    # xgboost 11093
    for estimator, kind in ((TiamClassifier(), "classifier"), (TiamRegressor(), "regressor")):
        tags = get_tags(estimator)
        assert tags.estimator_type == kind
        assert tags.input_tags.allow_nan and tags.input_tags.sparse and tags.target_tags.required


def answers_in_a_fork(model, X, y, queue):
    again = TiamClassifier(effort="single", max_iter=2, random_state=0).fit(X, y)
    queue.put((model.predict_proba(X), again.predict_proba(X)))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fit_and_predict_work_in_a_fork_after_both():
    # tokenizers 187, polars 8032
    X, y = MANY
    model = TiamClassifier(effort="single", max_iter=2, random_state=0, n_jobs=2).fit(X, y)
    expected = model.predict_proba(X)
    fork = multiprocessing.get_context("fork")
    queue = fork.SimpleQueue()
    process = fork.Process(target=answers_in_a_fork, args=(model, X, y, queue), daemon=True)
    process.start()
    deadline = time.monotonic() + 60
    while queue.empty() and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not queue.empty(), "the fork hangs or has died"
    of_model, of_fit = queue.get()
    process.join()
    np.testing.assert_array_equal(of_model, expected)
    np.testing.assert_allclose(of_fit, expected, atol=1e-3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_all_cores_are_those_that_the_process_may_use(monkeypatch):
    # xgboost 7653
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert n_threads(-1) == n_threads(None) == 1
    finally:
        os.sched_setaffinity(0, allowed)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert n_threads(None) == 1
    assert n_threads(3) == 3
    with pytest.raises(ValueError, match="n_jobs"):
        n_threads(0)


def test_training_takes_one_copy_of_the_data_in_single_precision():
    # LightGBM 6280
    program = """
import resource
import numpy as np
from tiam import TiamClassifier

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

small = np.random.default_rng(0).normal(size=(2000, 500))
TiamClassifier(effort="single", max_iter=1, hidden_layer_sizes=4).fit(small, small[:, 0] > 0)
X = np.zeros((100_000, 500), ORDER)
X[:, :2] = np.random.default_rng(0).normal(size=(100_000, 2))
y = X[:, 0] > 0
before = most()
TiamClassifier(effort="single", max_iter=1, hidden_layer_sizes=4).fit(X, y)
print((most() - before) / (X.size * 4))
"""
    for order in ("np.float64, 'F'", "np.float64", "np.float32"):
        found = child(program.replace("ORDER", order))
        assert found.returncode == 0, found.stderr
        # The copy, the indices of merging, and blocks under way.
        assert float(found.stdout) < 1.35, (order, found.stdout)


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize("made", [{"effort": "best"}, {"max_iter": 100_000}, {"method": "tiam", "max_iter": 100_000}])
def test_ctrl_c_ends_training_within_a_second_and_the_estimator_goes_on(made):
    # cuml 4384
    X, y = MANY
    model = TiamClassifier(effort="single", max_iter=1, random_state=0).fit(X[:500], y[:500])
    before = model.predict_proba(X[:50])
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    model.set_params(**{"effort": "single", "max_iter": None} | made)
    timer = threading.Timer(1.0, interrupt)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
    finally:
        timer.cancel()
    assert time.monotonic() - sent[0] < 1.0
    np.testing.assert_array_equal(model.predict_proba(X[:50]), before)
    model.set_params(effort="single", method="stochastic", max_iter=1).fit(X[:500], y[:500])
    np.testing.assert_array_equal(model.predict_proba(X[:50]), before)


def test_the_interpreter_is_free_while_it_trains():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.02):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    begun = time.monotonic()
    try:
        TiamClassifier(effort="single", max_iter=4, n_jobs=1, random_state=0).fit(*MANY)
    finally:
        seconds = time.monotonic() - begun
        done.set()
        thread.join()
    assert len(ticks) > seconds / 0.02 / 4, (len(ticks), seconds)


def test_an_old_pickle_loads_and_a_newer_one_says_why_not(iris):
    # xgboost 7423
    old = pickle.loads((Path(__file__).parent / "data" / "format-1.pickle").read_bytes())
    assert old.score(*iris) > 0.95
    np.testing.assert_allclose(old.predict_proba(iris[0][:1])[0, 0], 1.0, atol=1e-3)
    state = TiamClassifier(effort="single", max_iter=2).fit(*iris).__getstate__()
    with pytest.raises(ValueError, match="format 99.*use the version that wrote it"):
        TiamClassifier().__setstate__(state | {"_format": 99})
    with pytest.raises(ValueError, match="model in memory"):
        TiamClassifier().__setstate__(state | {"_model": state["_model"][:100]})


def test_importing_and_training_take_no_instruction_beyond_plain_x86_64():
    # polars 2922: what the processor has is asked at run time, so the wheel is built without -C target-cpu
    settings = [path.read_text() for path in (ROOT / ".cargo").glob("*.toml")] + [(ROOT / "pyproject.toml").read_text()]
    assert settings and not any("target-cpu" in text for text in (*settings, os.environ.get("RUSTFLAGS", "")))


@pytest.mark.skipif(not os.environ.get("TIAM_SDIST"), reason="TIAM_SDIST names no sdist; ./check python makes one")
def test_the_sdist_holds_all_that_installing_takes():
    # maturin 3181
    with tarfile.open(os.environ["TIAM_SDIST"]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"LICENSE-MIT", "LICENSE-APACHE", "Cargo.lock", "Cargo.toml", "pyproject.toml"} <= names
    assert {"python/tiam/py.typed", "python/tiam/_native.pyi", "crates/tiam-python/src/lib.rs", "crates/tiam-core/src/lib.rs"} <= names


@pytest.mark.skipif(not os.environ.get("TIAM_WHEEL"), reason="TIAM_WHEEL names no wheel; ./check python makes one")
def test_one_wheel_is_for_every_python_and_holds_types_and_licences():
    wheel = Path(os.environ["TIAM_WHEEL"])
    assert "-cp311-abi3-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("tiam/py.typed", "tiam/_native.pyi", "LICENSE-MIT", "LICENSE-APACHE"):
        assert any(name.endswith(part) for name in names), part


def test_a_seed_decides_whatever_the_cores_are_busy_with(iris):
    # LightGBM 3473
    X, y = MANY[0][:400, :10], MANY[1][:400]
    made = {"random_state": 0, "n_jobs": 2}
    alone = [TiamClassifier(**made, **how).fit(X, y).predict_proba(X) for how in ({}, {"effort": "single"})]
    stop = threading.Event()
    busy = [threading.Thread(target=lambda: [np.linalg.svd(np.ones((200, 200))) for _ in iter(stop.is_set, True)]) for _ in range(4)]
    for thread in busy:
        thread.start()
    try:
        among = [TiamClassifier(**made, **how).fit(X, y).predict_proba(X) for how in ({}, {"effort": "single"})]
    finally:
        stop.set()
        for thread in busy:
            thread.join()
    for one, two in zip(alone, among, strict=True):
        assert np.array_equal(one, two)


def test_probabilities_are_one_plain_array(iris):
    # sklearn-onnx 202
    found = TiamClassifier(effort="single", max_iter=2).fit(*iris).predict_proba(iris[0])
    assert type(found) is np.ndarray and found.dtype == np.float64 and found.shape == (150, 3)
    assert found.flags.c_contiguous and found.flags.writeable
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)


def test_a_panic_becomes_an_exception(iris):
    # A layer larger than any vector can be breaks the native library down.
    with pytest.raises((RuntimeError, ValueError, MemoryError)):
        TiamClassifier(hidden_layer_sizes=2**61).fit(*iris)
    assert TiamClassifier(effort="single").fit(*iris).score(*iris) > 0.9


def test_importing_is_quick_and_takes_no_scikit_learn_until_it_is_needed():
    found = child("import sys, tiam; assert 'sklearn' not in sys.modules; print(tiam.__version__)")
    assert found.stdout.strip() == tiam.__version__, found.stderr
