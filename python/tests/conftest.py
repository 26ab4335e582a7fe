"""Data that several tests use."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris


@pytest.fixture
def iris():
    """150 flowers: numbers and classes."""
    return load_iris(return_X_y=True)


@pytest.fixture
def people():
    """A frame with gaps, texts, categories, nullable numbers, dates and a flag; the class follows from two of them."""
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n)),
            "visits": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 2000, n), unit="D"),
            "member": rng.random(n) > 0.5,
        }
    )
    label = pd.Series(np.where((frame["town"] == "Ulm") | (frame["age"] > 60), "stays", "goes"), name="what")
    frame.loc[::17, "age"] = np.nan
    frame.loc[5, "visits"] = pd.NA
    frame.loc[7, "town"] = None
    frame.loc[9, "since"] = pd.NaT
    return frame, label


@pytest.fixture
def command():
    """Runs the command `tiam`."""

    def run(*args, **how):
        return subprocess.run([sys.executable, "-m", "tiam", *args], capture_output=True, text=True, check=True, timeout=120, **how)

    return run
