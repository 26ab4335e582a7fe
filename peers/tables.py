"""Tables split once into files, so that every peer sees the same training and test samples."""

import csv
import gzip
import random
from pathlib import Path

TEST_PART = 0.2
N_DIGITS, N_PIXELS = 1797, 64


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def digits(root):
    """The digits embedded in tiam (those of scikit-learn): pixel after pixel, then the labels, a byte each."""
    data = gzip.open(Path(root, "crates/tiam-data/data/digits.u8.gz")).read()
    columns = [data[n * N_DIGITS:(n + 1) * N_DIGITS] for n in range(N_PIXELS + 1)]
    return [[str(x) for x in row] for row in zip(*columns)]


def table(path):
    """Rows of a CSV file of numbers whose last column is the class; a row of names is left out."""
    with open(path, newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    if not rows:
        raise ValueError(f"{path} is empty")
    if not all(is_number(cell) for cell in rows[0][:-1]):
        rows = rows[1:]
    for n, row in enumerate(rows, 1):
        if len(row) != len(rows[0]) or not all(is_number(cell) for cell in row[:-1]):
            raise ValueError(f"{path}, sample {n}: all columns but the last, which is the class, must be numbers")
    return rows


def split(rows, seed):
    """Training and test rows: a fifth of each class, drawn with the seed, is for testing."""
    draw = random.Random(seed)
    classes = {}
    for row in rows:
        classes.setdefault(row[-1], []).append(row)
    train, test = [], []
    for name in sorted(classes):
        members = classes[name]
        draw.shuffle(members)
        n_test = round(TEST_PART * len(members))
        test += members[:n_test]
        train += members[n_test:]
    draw.shuffle(train)
    draw.shuffle(test)
    return train, test


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with open(temporary, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"x{n}" for n in range(len(rows[0]) - 1)] + ["label"])
        writer.writerows(rows)
    temporary.replace(path)


def parts(name, rows, seed, folder):
    """Writes both parts; returns their paths and the number of training samples."""
    train, test = split(rows, seed)
    paths = [Path(folder, f"{name}-{seed}-{part}.csv") for part in ("train", "test")]
    for path, part in zip(paths, (train, test)):
        write(path, part)
    return *paths, len(train)
