"""Multilayer perceptrons for tables: scikit-learn estimators over the native library, and the tables, models and pages of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiam._native import __version__

if TYPE_CHECKING:
    from tiam._estimators import TiamClassifier, TiamRegressor
    from tiam._tables import Table, read_table, verify

__all__ = ["Table", "TiamClassifier", "TiamRegressor", "__version__", "read_table", "verify"]

_MODULES = {
    "Table": "_tables",
    "TiamClassifier": "_estimators",
    "TiamRegressor": "_estimators",
    "read_table": "_tables",
    "verify": "_tables",
}


def __getattr__(name: str) -> object:
    # The command must not wait for scikit-learn.
    if name not in _MODULES:
        raise AttributeError(f"module 'tiam' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"tiam.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
