"""Runs exported graphs with onnxruntime and compares with the answers of `tiam predict`: check.py FOLDER."""

import csv
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

folder = pathlib.Path(sys.argv[1])
read = lambda name: list(csv.reader(open(folder / name, newline="", encoding="utf-8")))
# Images have no columns.
texts = read("new.csv") if (folder / "new.csv").exists() else [[]]
answers = read("answers.csv")
rows = np.loadtxt(folder / "rows.csv", delimiter=",", dtype=np.float32, ndmin=2)
model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
cells = {name: [[row[at]] for row in texts[1:]] for at, name in enumerate(texts[0])}
n_labels = len(answers[0]) - (0 if model["answer"] == "scores" else len(model["networks"][0]["layers"][-1]["bias"]))
expected = np.array([[float(x) for x in row[n_labels:]] for row in answers[1:]])
labels = [row[:n_labels] for row in answers[1:]]


def run(name, bound, of_numbers):
    onnx.checker.check_model(onnx.load(folder / name), full_check=True)
    session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
    feed, field = {}, 0
    for needed in session.get_inputs():
        width = needed.shape[1]
        if needed.type == "tensor(string)":
            feed[needed.name] = np.array(cells[needed.name], dtype=object)
        else:
            feed[needed.name] = np.ascontiguousarray(rows[:, field : field + width])
        field += width
    assert field == rows.shape[1], (field, rows.shape)
    found = dict(zip([output.name for output in session.get_outputs()], session.run(None, feed)))
    label = found.pop("label", None)
    (numbers,) = found.values()
    assert numbers.dtype == np.float32 and numbers.shape[0] == len(rows), numbers.shape
    error = 0.0
    if expected.size:
        error = float(np.max(np.abs(numbers - expected) / np.maximum(1, np.abs(expected).max(axis=0))))
        assert error <= bound, (name, error)
    if label is not None and bound < 1e-3:
        if of_numbers:
            names = [[flag["no"], flag["yes"]] for flag in model["flags"]] or [model["classes"]]
            label = [[names[k][i] for k, i in enumerate(np.atleast_1d(row))] for row in label]
        else:
            label = [list(np.atleast_1d(row)) for row in label]
        wrong = [i for i, (a, b) in enumerate(zip(label, labels)) if a != b]
        # Two equal probabilities may be rounded to either side.
        assert not wrong or np.all(np.ptp(np.sort(expected[wrong])[:, -2:], axis=1) < 1e-5), (name, wrong)
    print(f"{name}: {error:.1e} of {len(rows)} rows")


run("model.onnx", 1e-5, False)
run("numeric.onnx", 1e-5, True)
run("int8.onnx", np.inf, False)
