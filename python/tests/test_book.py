"""The Python of the book, run page by page with the data that the pages name. That of docs/EXPORT.md is run by the tests of the command."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", ["start.md", "tables.md", "examples-churn.md", "examples-house-prices.md"])
def test_the_programs_of_a_page_run(page, tmp_path, monkeypatch, iris):
    for table in [ROOT / "crates/tiam/data/iris.csv", *DOCS.glob("data/*.csv")]:
        shutil.copy(table, tmp_path)
    monkeypatch.chdir(tmp_path)
    pd.read_csv("iris.csv").drop(columns="species").to_csv("new.csv", index=False)
    X, y = iris
    names = {"X": X, "y": y, "X_new": X[:5], "X_test": X, "y_test": y}
    programs = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)
    assert programs
    for program in programs:
        exec(compile(program, page, "exec"), names)


def test_the_tables_of_the_book_are_made_as_it_says(tmp_path):
    subprocess.run([sys.executable, DOCS / "data/make.py", tmp_path], check=True)
    for made in tmp_path.glob("*.csv"):
        assert made.read_bytes() == (DOCS / "data" / made.name).read_bytes(), made.name
    assert len(list(tmp_path.glob("*.csv"))) == len(list(DOCS.glob("data/*.csv")))
