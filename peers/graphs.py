"""Boosted trees on the citation and co-author graphs: the yardstick beside the paper's methods.

    python3 peers/graphs.py --data DIR --out FILE.csv    # a row for each run; runs that are in the file are not repeated

The features are those of the experiments, x = [A^4 X, A^3 X, A^2 X, A X, X] with A = D^(-1/2) (A + I) D^(-1/2). Splits are the file's own, and drawn ones of
20 training nodes a class, 500 for validation and 1,000 for the test. Each program's setting is the best of `SETTINGS` on the validation part of the usual
split (the file's, or the first drawn one); the test parts are looked at with that one alone.

Needed: numpy, scipy, scikit-learn, lightgbm, xgboost.
"""

import argparse
import csv
from itertools import product
from pathlib import Path

import numpy as np
import scipy.sparse as sp

GRAPHS = ["cora", "citeseer", "pubmed", "coauthor-cs"]
PROGRAMS = ["LightGBM", "XGBoost"]
HOPS = 4
SETTINGS = [dict(zip(("trees", "rate", "depth"), s, strict=True)) for s in product((100, 300), (0.03, 0.1), (2, 4))]
COLUMNS = ["data", "split", "program", "seed", "setting", "part", "accuracy"]


def read(path):
    """Features, labels and the file's split, if it has one."""
    with np.load(path, allow_pickle=False) as file:
        matrix = {name: sp.csr_matrix((file[f"{name}_data"], file[f"{name}_indices"], file[f"{name}_indptr"]),
                                      shape=file[f"{name}_shape"]) for name in ("adj", "attr")}
        labels = file["labels"]
        split = [file[name] for name in ("train_idx", "val_idx", "test_idx")] if "train_idx" in file else None
    adjacency = matrix["adj"] + matrix["adj"].T
    adjacency.data[:] = 1
    adjacency.setdiag(1)
    scale = sp.diags(1 / np.sqrt(np.asarray(adjacency.sum(1)).ravel()))
    normalised = scale @ adjacency @ scale
    hops = [matrix["attr"].astype(np.float32)]
    for _ in range(HOPS):
        hops.insert(0, (normalised @ hops[0]).astype(np.float32))
    return sp.hstack(hops, format="csr"), labels, split


def draw(labels, seed):
    random = np.random.default_rng(seed)
    nodes = random.permutation(len(labels))
    train = np.concatenate([nodes[labels[nodes] == c][:20] for c in np.unique(labels)])
    rest = nodes[~np.isin(nodes, train)]
    return train, rest[:500], rest[500:1500]


def model(program, setting, seed):
    if program == "LightGBM":
        from lightgbm import LGBMClassifier
        return LGBMClassifier(n_estimators=setting["trees"], learning_rate=setting["rate"], max_depth=setting["depth"],
                              min_child_samples=5, colsample_bytree=0.3, subsample=0.8, subsample_freq=1,
                              random_state=seed, n_jobs=1, verbose=-1)
    from xgboost import XGBClassifier
    return XGBClassifier(n_estimators=setting["trees"], learning_rate=setting["rate"], max_depth=setting["depth"],
                         colsample_bytree=0.3, subsample=0.8, tree_method="hist", random_state=seed, n_jobs=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--graphs", nargs="+", default=GRAPHS)
    parser.add_argument("--programs", nargs="+", default=PROGRAMS)
    wanted = parser.parse_args()
    done = {}
    if wanted.out.exists():
        with wanted.out.open(newline="") as file:
            done = {tuple(row[:-1]): float(row[-1]) for row in list(csv.reader(file))[1:]}
    else:
        wanted.out.write_text(",".join(COLUMNS) + "\n")

    def run(graph, split, name, program, seed, setting, part):
        key = (graph, name, program, str(seed), " ".join(f"{k}={v}" for k, v in setting.items()), part)
        if key not in done:
            train, validation, test = split
            judged = validation if part == "validation" else test
            x, y = data[graph][:2]
            used = np.flatnonzero(np.diff(x[train].tocsc().indptr))
            fitted = model(program, setting, seed).fit(x[train][:, used].toarray(), y[train])
            done[key] = float((fitted.predict(x[judged][:, used].toarray()) == y[judged]).mean())
            with wanted.out.open("a", newline="") as file:
                csv.writer(file).writerow([*key, done[key]])
        return done[key]

    data = {}
    for graph in wanted.graphs:
        data[graph] = read(wanted.data / f"{graph}.npz")
        labels, public = data[graph][1:]
        usual = public or draw(labels, 0)
        for program in wanted.programs:
            best = max(SETTINGS, key=lambda s: run(graph, usual, "usual", program, 0, s, "validation"))
            scores = {"usual": [run(graph, usual, "usual", program, seed, best, "test") for seed in range(3)]}
            scores["drawn"] = [run(graph, draw(labels, k), str(k), program, 0, best, "test") for k in range(wanted.splits)]
            for where, found in scores.items():
                print(f"{graph}, {where}: {program} {100 * np.mean(found):.1f} ± {100 * np.std(found, ddof=1):.1f} %", flush=True)


if __name__ == "__main__":
    main()
