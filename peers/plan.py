"""The plan: every job with its setting, in the order of the runs."""

from dataclasses import dataclass, field
from pathlib import Path

import tables

NAMES = {"tiam": "TIAM", "torch": "PyTorch", "candle": "candle", "burn": "burn", "sklearn": "scikit-learn"}
RACERS = ["tiam", "torch", "candle", "burn"]
"""Peers of the images, whose course is recorded epoch by epoch."""
FITTERS = ["tiam", "sklearn"]
"""Peers of the tables, of which the whole fit is timed."""
SKLEARN = [("defaults", []), ("defaults, 1 thread", ["--threads", "1"])]
"""A second thread gains its small products little, and costs much when a core is busy."""
RECIPES = [(f"{name}, {epochs} epochs", [*flags, "--one-cycle", "--batch", "512", "--epochs", str(epochs)])
           for name, flags, lengths in [
               ("Adam in one cycle to 1e-2", ["--learning-rate", "1e-2"], (3, 5, 8)),
               ("Adam in one cycle to 1e-2, standardised", ["--learning-rate", "1e-2", "--standardised"], (3, 4, 6, 8)),
               ("AdamW in one cycle to 1e-2, standardised", ["--optimizer", "adamw", "--learning-rate", "1e-2", "--standardised"], (4,)),
               ("Adam in one cycle to 3e-3", ["--learning-rate", "3e-3"], (6,)),
               ("Muon and Adam in one cycle", ["--optimizer", "muon", "--learning-rate", "1e-2"], (3, 5, 8)),
               ("Muon and Adam in one cycle, standardised", ["--optimizer", "muon", "--learning-rate", "1e-2", "--standardised"], (2, 3, 4)),
           ] for epochs in lengths]
"""PyTorch as a skilled user writes it: each recipe ends when its cycle does."""
N_TRAIN, N_INPUTS, N_CLASSES = 60_000, 784, 10


@dataclass
class Job:
    """One process to run."""

    kind: str
    """`race` (MNIST) or `fit` (a table)."""
    data: str
    network: str
    peer: str
    setting: str
    seed: int
    repeat: int
    train: Path
    test: Path | None
    hidden: list[int]
    epochs: int | None
    n_train: int
    flags: list[str] = field(default_factory=list)
    """What the setting adds to the command line."""

    @property
    def key(self):
        """Names the run's file."""
        parts = [self.kind, self.data, self.network, self.peer, self.setting, f"seed{self.seed}", f"repeat{self.repeat}"]
        return "".join(c if c.isalnum() or c in "-_.," else "_" for c in "__".join(parts))


def race_settings(options, peer):
    """Names and flags of the settings of a peer on images."""
    if peer == "tiam":
        return options.tiam
    settings = []
    for standardised in [False, True] if options.standardised else [False]:
        for batch in options.batch:
            for rate in options.learning_rate:
                name = f"batch {batch}, rate {rate:g}" + (", standardised" if standardised else "")
                flags = ["--batch", str(batch), "--learning-rate", str(rate)]
                settings.append((name, flags + (["--standardised"] if standardised else [])))
    return settings


def races(options, seed, repeat):
    folder = Path(options.data, "mnist") if options.data else None
    if folder is None or not folder.is_dir():
        return []
    jobs = []
    for hidden in options.networks:
        network = "-".join(map(str, [N_INPUTS, *hidden, N_CLASSES]))
        for peer in RACERS:
            if peer not in options.peers:
                continue
            # tiam's step schedule ends with its epochs: their number is a setting of its own, not how long one watches.
            epochs = None if peer == "tiam" else options.epochs
            settings = race_settings(options, peer) + (RECIPES if peer == "torch" and options.recipes else [])
            for setting, flags in settings:
                jobs.append(Job("race", "MNIST", network, peer, setting, seed, repeat, folder, None, hidden, epochs,
                                N_TRAIN, flags))
    return jobs


def fits(options, rows_of, seed, repeat, folder):
    jobs = []
    for name, rows in rows_of.items():
        train, test, n_train = tables.parts(name, rows, seed, folder)
        n_inputs, n_classes = len(rows[0]) - 1, len({row[-1] for row in rows})
        for hidden in options.table_networks:
            network = "-".join(map(str, [n_inputs, *hidden, n_classes]))
            for peer in FITTERS:
                if peer not in options.peers:
                    continue
                settings = options.tiam if peer == "tiam" else SKLEARN
                for setting, flags in settings:
                    jobs.append(Job("fit", name, network, peer, setting, seed, repeat, train, test, hidden, None,
                                    n_train, flags))
    return jobs


def all_jobs(options, rows_of, folder):
    """Peers by turns; each round starts with another one, so that none always follows the same."""
    jobs = []
    for repeat in range(options.repeats):
        for seed in options.seeds:
            together = races(options, seed, repeat) + fits(options, rows_of, seed, repeat, folder)
            by_task = {}
            for job in together:
                by_task.setdefault((job.kind, job.data, job.network), []).append(job)
            for task in by_task.values():
                at = (repeat * len(options.seeds) + options.seeds.index(seed)) % len(task)
                jobs += task[at:] + task[:at]
    return jobs
