"""The command `tiam` as the comparison uses it: its flags, and the files it writes. If they change, change them here."""

import csv
import json
import tomllib
from pathlib import Path

EPOCH = ("epoch", "iteration")
"""Names of trace.csv's columns, the first one found counts."""
SECONDS = ("training_seconds", "seconds")
"""Training seconds since the start, without loading and evaluation."""
TEST_ACCURACY = ("test_accuracy",)
STEPS = ("steps", "step")
"""Steps since the start; without such a column they are counted from the batch size."""
EPOCHS_FLAGS = ("--epochs", "--iterations")


def command(binary, job, out, threads, help_text):
    """The command line of a run that leaves its files in `out`. `job` is a plan.Job."""
    flags = job.flags
    words = [str(binary), "train", "--data", str(job.train)]
    if job.test is not None:
        words += ["--test", str(job.test), "--header", "yes", "--label", "label", "--task", "classes"]
    if job.hidden:
        words += ["--hidden", ",".join(map(str, job.hidden))]
    if job.epochs is not None and not any(flag in flags for flag in EPOCHS_FLAGS):
        words += [next((flag for flag in EPOCHS_FLAGS if flag in help_text), EPOCHS_FLAGS[0]), str(job.epochs)]
    if "--method" not in flags and "--trace-test" in help_text:
        words.append("--trace-test")
    words += ["--seed", str(job.seed), "--threads", str(threads), "--out", str(out), "--json", "--quiet"]
    return words + flags


def read(out, stdout, n_train):
    """The course of a run: curve, steps (None where not known), seconds, test_accuracy, epochs."""
    result = json.loads(stdout.strip().splitlines()[-1])
    with open(Path(out, "trace.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    curve = [[_number(row, SECONDS), _number(row, TEST_ACCURACY)] for row in rows]
    curve = [point for point in curve if None not in point]
    seconds = _number(rows[-1], SECONDS) if rows else result.get("seconds")
    accuracy = result.get("test_accuracy")
    if not curve and accuracy is not None:
        # A trace without test accuracy: only the end is known.
        curve = [[seconds, accuracy]]
    epochs = int(_number(rows[-1], EPOCH)) if rows else None
    return {
        "curve": curve,
        "steps": _steps(rows, epochs, result, out, n_train),
        "seconds": seconds,
        "test_accuracy": accuracy if accuracy is not None else (curve[-1][1] if curve else None),
        "epochs": epochs,
    }


def _steps(rows, epochs, result, out, n_train):
    counted = _number(rows[-1], STEPS) if rows else None
    if counted is not None:
        return int(counted)
    batch = result.get("batch_size") or _config(out).get("batch-size")
    return epochs * -(-n_train // int(batch)) if batch and epochs and n_train else None


def _config(out):
    path = Path(out, "config.toml")
    return tomllib.loads(path.read_text()) if path.is_file() else {}


def _number(row, names):
    text = next((row[name] for name in names if row.get(name)), None)
    return None if text is None else float(text)
