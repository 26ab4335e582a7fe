"""MNIST's IDX files as numpy arrays."""

import gzip
from pathlib import Path

import numpy as np


def _bytes(folder, name, head):
    path = Path(folder, name)
    data = path.read_bytes() if path.is_file() else gzip.open(f"{path}.gz").read()
    return np.frombuffer(data, np.uint8, offset=head)


def _part(folder, name):
    labels = _bytes(folder, f"{name}-labels-idx1-ubyte", 8).astype(np.int64)
    pixels = _bytes(folder, f"{name}-images-idx3-ubyte", 16).reshape(len(labels), -1)
    return pixels.astype(np.float32) / np.float32(255), labels


def read(folder, standardised=False):
    """Training and test part, (images as rows, labels) each; pixels in [0, 1], or with the training pixels' mean 0 and deviation 1."""
    parts = _part(folder, "train"), _part(folder, "t10k")
    if standardised:
        mean, deviation = parts[0][0].mean(dtype=np.float64), parts[0][0].std(dtype=np.float64)
        parts = tuple((((x - mean) / deviation).astype(np.float32), y) for x, y in parts)
    return parts
