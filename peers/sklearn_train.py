"""scikit-learn's MLPClassifier on a training and a test file, with its own defaults. One line of JSON is the result.

The files are CSV with a row of names; the label is the last column.
"""

import argparse
import csv
import json
import sys
import time
import warnings

try:
    import numpy as np
    import sklearn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits
except ModuleNotFoundError as missing:
    sys.exit(f"sklearn_train.py: {missing.name} is not installed; run: python3 -m pip install -r peers/requirements.txt")


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([row[:-1] for row in rows], dtype=np.float64), np.array([row[-1] for row in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--hidden", default="", help="sizes of the hidden layers; scikit-learn's own default without")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="threads of the products; those of the environment without")
    wanted = parser.parse_args()
    (inputs, labels), (test_inputs, test_labels) = read(wanted.train), read(wanted.test)
    scaler = StandardScaler().fit(inputs)
    hidden = {"hidden_layer_sizes": tuple(map(int, wanted.hidden.split(",")))} if wanted.hidden else {}
    model = MLPClassifier(random_state=wanted.seed, **hidden)
    inputs = scaler.transform(inputs)
    with threadpool_limits(wanted.threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begun = time.perf_counter()
        model.fit(inputs, labels)
        seconds = time.perf_counter() - begun
    print(json.dumps({
        "seconds": seconds,
        "test_accuracy": float(model.score(scaler.transform(test_inputs), test_labels)),
        "epochs": model.n_iter_,
        "converged": not any(issubclass(w.category, ConvergenceWarning) for w in caught),
        "sklearn": sklearn.__version__,
    }))


if __name__ == "__main__":
    main()
