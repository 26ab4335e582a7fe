"""Tables that people have, by the programs that they pick for them: boosting and scikit-learn's perceptron, each with its own defaults.

    python3 peers/boosting.py split OUT FILE...           # each table split by each seed into files that every program reads
    python3 peers/boosting.py run OUT [--peers NAME...]   # trains and measures; a run is kept as soon as it is done, and not repeated
    python3 peers/boosting.py summary OUT [MORE.jsonl...] # means and mean ranks, with runs of other programs of the same form

A table is a CSV file without or with a row of names, the label in the last column; with `--values` the label is a number to
approximate. Columns that are not numbers throughout are categories and are given to each program in the way its documentation
says. `tiam`'s own runs come from `cargo run --release -p tiam --example tables -- OUT/splits`.

Needed: scikit-learn, pandas, lightgbm, xgboost, catboost; for RealMLP-TD pytabkit and torch.
"""

import argparse
import csv
import json
import math
import time
import warnings
from collections import defaultdict
from pathlib import Path

import critical
import tables

LARGEST = 6000
MISSING = ["", "NA"]
# Of LightGBM, XGBoost and CatBoost; on small tables a second one gains little, and costs much on a busy machine.
THREADS = 1


def read(path):
    with open(path, newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    named = not any(tables.is_number(cell) for cell in rows[0]) and any(tables.is_number(c) for c in rows[1])
    return rows[1:] if named else rows


def split(wanted):
    for path in map(Path, wanted.files):
        rows = read(path)
        if len(rows) > wanted.largest:
            continue
        for seed in range(wanted.seeds):
            # Values have no classes to stratify by.
            cut = [[*row, ""] for row in rows] if wanted.values else rows
            train, test = tables.split(cut, seed)
            if wanted.values:
                train, test = [r[:-1] for r in train], [r[:-1] for r in test]
            for part, some in (("train", train), ("test", test)):
                task = "values" if wanted.values else "classes"
                tables.write(Path(wanted.out, "splits", f"{task}-{path.stem}-{seed}-{part}.csv"), some)


def frames(train_path, is_values):
    """Inputs and labels of both parts as pandas frames; categories have one type in both."""
    import pandas as pd
    parts = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in (train_path, test_of(train_path))]
    both = pd.concat(parts, ignore_index=True)
    for name in both.columns[:-1]:
        missing = both[name].isin(MISSING)
        if all(tables.is_number(cell) for cell in both[name][~missing]):
            both[name] = both[name].where(~missing, "nan").astype(float)
        else:
            # A missing category is one of its own, which every program takes.
            both[name] = both[name].astype("category")
    label = both.columns[-1]
    both[label] = both[label].astype(float) if is_values else both[label].astype("category").cat.codes
    n = len(parts[0])
    inputs, labels = both.drop(columns=label), both[label].to_numpy()
    return (inputs[:n], labels[:n]), (inputs[n:], labels[n:])


def test_of(train_path):
    return Path(str(train_path).replace("-train.csv", "-test.csv"))


def hist(is_values, _):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    kind = HistGradientBoostingRegressor if is_values else HistGradientBoostingClassifier
    return kind(categorical_features="from_dtype", random_state=0)


def lightgbm(is_values, _):
    from lightgbm import LGBMClassifier, LGBMRegressor
    return (LGBMRegressor if is_values else LGBMClassifier)(n_jobs=THREADS, verbose=-1)


def xgboost(is_values, _):
    from xgboost import XGBClassifier, XGBRegressor
    return (XGBRegressor if is_values else XGBClassifier)(n_jobs=THREADS, enable_categorical=True)


def catboost(is_values, inputs):
    from catboost import CatBoostClassifier, CatBoostRegressor
    categories = [name for name in inputs if inputs[name].dtype == "category"]
    kind = CatBoostRegressor if is_values else CatBoostClassifier
    return kind(verbose=False, allow_writing_files=False, thread_count=THREADS, cat_features=categories, random_seed=0)


def perceptron(is_values, inputs):
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    categories = [name for name in inputs if inputs[name].dtype == "category"]
    numbers = [name for name in inputs if name not in categories]
    scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encode = ColumnTransformer([("n", scale, numbers), ("c", OneHotEncoder(handle_unknown="ignore"), categories)])
    return make_pipeline(encode, (MLPRegressor if is_values else MLPClassifier)(random_state=0))


def realmlp(is_values, _):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
    return (RealMLP_TD_Regressor if is_values else RealMLP_TD_Classifier)(random_state=0, n_threads=THREADS, device="cpu")


PEERS = {"LightGBM": lightgbm, "HistGradientBoosting": hist, "XGBoost": xgboost, "CatBoost": catboost, "scikit-learn MLP": perceptron, "RealMLP-TD": realmlp}


def fit(make, train_path):
    from sklearn import metrics
    is_values = train_path.name.startswith("values-")
    (inputs, labels), (test_inputs, test_labels) = frames(train_path, is_values)
    model = make(is_values, inputs)
    begun, busy = time.perf_counter(), time.process_time()
    model.fit(inputs, labels)
    timed = {"seconds": time.perf_counter() - begun, "processor_seconds": time.process_time() - busy}
    if is_values:
        answers = model.predict(test_inputs)
        return {**timed, "r2": metrics.r2_score(test_labels, answers), "rmse": math.sqrt(metrics.mean_squared_error(test_labels, answers))}
    answers, known = model.predict_proba(test_inputs), list(model.classes_)
    right = sum(known[row.argmax()] == label for row, label in zip(answers, test_labels)) / len(test_labels)
    of_label = [row[known.index(label)] if label in known else 0.0 for row, label in zip(answers, test_labels)]
    return {**timed, "accuracy": right, "log_loss": -sum(math.log(max(p, 1e-15)) for p in of_label) / len(of_label)}


def kept(paths):
    return [json.loads(line) for path in map(Path, paths) if path.exists() for line in open(path)]


def run(wanted):
    results = Path(wanted.out, "rivals.jsonl")
    done = {(row["peer"], row["table"], row["seed"]) for row in kept([results])}
    for peer in wanted.peers or PEERS:
        for path in sorted(Path(wanted.out, "splits").glob("*-train.csv"), key=lambda path: path.stat().st_size):
            if wanted.seeds is not None and int(path.name.rsplit("-", 2)[1]) >= wanted.seeds:
                continue
            task, name, seed, _ = path.name.rsplit("-", 2)[0].split("-", 1) + path.name.rsplit("-", 2)[1:]
            if (peer, name, int(seed)) in done:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found = fit(PEERS[peer], path)
                except Exception as error:  # A program that refuses a table has no result there; the summary leaves the table out.
                    print(f"{peer}, {path.name}: {error}")
                    continue
            with open(results, "a") as file:
                file.write(json.dumps({"peer": peer, "task": task, "table": name, "seed": int(seed), **found}) + "\n")


def of_tables(runs, peers, figure):
    """The mean of a figure over the seeds, by table and program, of the tables that all programs have."""
    by = defaultdict(lambda: defaultdict(list))
    for row in runs:
        by[row["table"]][row["peer"]].append(row[figure])
    whole = {table: found for table, found in by.items() if all(peer in found for peer in peers)}
    return {table: [sum(found[peer]) / len(found[peer]) for peer in peers] for table, found in whole.items()}


def summary(wanted):
    every = kept([Path(wanted.out, "rivals.jsonl"), *wanted.more])
    for task, figures in (("classes", [("accuracy", -1), ("log_loss", 1)]), ("values", [("r2", -1)])):
        runs = [row for row in every if row["task"] == task and row["peer"] not in wanted.without]
        peers = list(dict.fromkeys(row["peer"] for row in runs))
        # Splits that every program has, so that means over seeds are of the same ones.
        have = defaultdict(set)
        for row in runs:
            have[row["table"], row["seed"]].add(row["peer"])
        runs = [row for row in runs if len(have[row["table"], row["seed"]]) == len(peers)]
        if not runs:
            continue
        splits = sum(len(found) == len(peers) for found in have.values())
        lines = {peer: [] for peer in peers}
        for name, sign in figures:
            tables_of = of_tables(runs, peers, name)
            ranked = [critical.ranks([sign * value for value in values]) for values in tables_of.values()]
            means = {peer: sum(row[n] for row in ranked) / len(ranked) for n, peer in enumerate(peers)}
            for n, peer in enumerate(peers):
                mean = sum(values[n] for values in tables_of.values()) / len(tables_of)
                lines[peer] += [f"{mean:.4f}", f"{means[peer]:.2f}"]
            if wanted.diagrams and len(peers) > 1:
                words = name.replace("_", " ").replace("r2", "R\u00b2")
                drawn = critical.diagram(means, len(tables_of), f"Mean rank in {words} over {len(tables_of)} tables, 1 is best")
                Path(wanted.diagrams).mkdir(parents=True, exist_ok=True)
                Path(wanted.diagrams, f"tables-{name.replace('_', '-')}.svg").write_text(drawn)
        print(f"{task}: {len(tables_of)} tables, {splits} splits\n")
        heads = [f"mean {name} | mean rank" for name, _ in figures]
        print(f"| program | {' | '.join(heads)} | total fit seconds | median |\n|---" + "|---:" * (2 * len(figures) + 2) + "|")
        for peer in peers:
            seconds = sorted(row["seconds"] for row in runs if row["peer"] == peer)
            print(f"| {peer} | {' | '.join(lines[peer])} | {sum(seconds):.0f} | {seconds[len(seconds) // 2]:.2f} |")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("split", "run", "summary"):
        command = commands.add_parser(name)
        command.add_argument("out")
        if name == "split":
            command.add_argument("files", nargs="+")
            command.add_argument("--seeds", type=int, default=2)
            command.add_argument("--values", action="store_true")
            command.add_argument("--largest", type=int, default=LARGEST, help="tables with more rows are left out")
        elif name == "run":
            command.add_argument("--peers", nargs="+", choices=PEERS)
            command.add_argument("--seeds", type=int, help="only the first so many splits of each table")
        else:
            command.add_argument("more", nargs="*")
            command.add_argument("--without", nargs="*", default=[], help="programs to leave out")
            command.add_argument("--diagrams", help="folder for critical-difference diagrams")
    wanted = parser.parse_args()
    {"split": split, "run": run, "summary": summary}[wanted.command](wanted)


if __name__ == "__main__":
    main()
