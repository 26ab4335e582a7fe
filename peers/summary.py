"""Summary of the runs: medians, ratios to tiam, the best setting of every peer. Pure functions of the runs.

A run is a dictionary with `kind`, `data`, `network`, `peer`, `setting`, `curve` ([training seconds, test accuracy] after every
epoch), `seconds`, `test_accuracy` and `steps_per_second` (None where not known).
"""

import math
import statistics

TARGETS = [0.975, 0.978, 0.981, 0.983]
BASE = "tiam"
"""The peer that the others are compared with."""
ORDER = [BASE, "torch", "candle", "burn", "sklearn"]


def summarise(runs, targets=TARGETS):
    return {
        "races": [_race(*task, members, targets) for task, members in _tasks(runs, "race").items()],
        "fits": [_fit(*task, members) for task, members in _tasks(runs, "fit").items()],
    }


def seconds_to(curve, target):
    """Training seconds at the first end of an epoch with at least this test accuracy; infinite for a run that never has it."""
    return next((seconds for seconds, accuracy in curve if accuracy >= target), math.inf)


def median_or_never(seconds):
    """The median, where a run that never reached the target counts as the slowest; None if that is the median."""
    median = statistics.median(seconds)
    return median if math.isfinite(median) else None


def mean_and_deviation(values):
    values = [value for value in values if value is not None]
    if not values:
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "deviation": deviation}


def ratio(seconds, base):
    return seconds / base if seconds is not None and base else None


def _tasks(runs, kind):
    tasks = {}
    for run in runs:
        if run["kind"] == kind:
            tasks.setdefault((run["data"], run["network"]), []).append(run)
    return tasks


def _settings(runs):
    """Runs by peer, the base first, and setting; whatever the order of the runs was."""
    settings = {}
    for run in sorted(runs, key=lambda run: (ORDER.index(run["peer"]), run["setting"])):
        settings.setdefault((run["peer"], run["setting"]), []).append(run)
    return settings


def _race(data, network, runs, targets):
    settings = _settings(runs)
    rows = [_target(settings, target) for target in targets]
    shown = {peer: _shown(settings, peer, targets) for peer, _ in settings}
    return {
        "data": data,
        "network": network,
        "targets": rows,
        "settings": [_setting(*name, members, targets) for name, members in settings.items()],
        "curves": [
            {"peer": peer, "setting": setting, "shown": shown[peer] == setting, "points": _median_curve(members)}
            for (peer, setting), members in settings.items()
        ],
    }


def _target(settings, target):
    """Every peer's best setting for the target, named; ratios are against the base's best."""
    best = {}
    for (peer, setting), runs in settings.items():
        times = [seconds_to(run["curve"], target) for run in runs]
        row = {
            "peer": peer,
            "setting": setting,
            "seconds": median_or_never(times),
            "reached": sum(map(math.isfinite, times)),
            "runs": len(times),
        }
        if peer not in best or _rank(row) < _rank(best[peer]):
            best[peer] = row
    base = best.get(BASE, {}).get("seconds")
    for row in best.values():
        row["ratio"] = ratio(row["seconds"], base)
        if row["reached"] == 0:
            row["setting"] = None
    return {"accuracy": target, "rows": list(best.values())}


def _rank(row):
    """The quicker median is better; without one, the larger part of runs that reach the target."""
    seconds = row["seconds"]
    return (math.inf if seconds is None else seconds, -row["reached"] / row["runs"])


def _shown(settings, peer, targets):
    """The setting a picture shows: the quickest to the highest target the peer reaches, else the one that ends best."""
    own = {setting: runs for (name, setting), runs in settings.items() if name == peer}
    for target in sorted(targets, reverse=True):
        times = {name: median_or_never([seconds_to(run["curve"], target) for run in runs]) for name, runs in own.items()}
        reached = {name: seconds for name, seconds in times.items() if seconds is not None}
        if reached:
            return min(reached, key=reached.get)
    final = {name: mean_and_deviation([run["test_accuracy"] for run in runs]) for name, runs in own.items()}
    return max(own, key=lambda name: final[name]["mean"] if final[name] else -1)


def _setting(peer, setting, runs, targets):
    steps = [run["steps_per_second"] for run in runs if run.get("steps_per_second") is not None]
    times = {target: [seconds_to(run["curve"], target) for run in runs] for target in targets}
    return {
        "peer": peer,
        "setting": setting,
        "runs": len(runs),
        "epochs": statistics.median(run["epochs"] for run in runs),
        "seconds": statistics.median(run["seconds"] for run in runs),
        "steps_per_second": statistics.median(steps) if steps else None,
        "test_accuracy": mean_and_deviation([run["test_accuracy"] for run in runs]),
        "seconds_to": [{"accuracy": target, "seconds": median_or_never(times[target])} for target in targets],
    }


def _median_curve(runs):
    """Epoch by epoch, as far as all runs went: median seconds, mean accuracy."""
    curve = []
    for points in zip(*(run["curve"] for run in runs)):
        seconds, accuracies = zip(*points)
        curve.append([statistics.median(seconds), statistics.fmean(accuracies)])
    return curve


def _fit(data, network, runs):
    rows = []
    for (peer, setting), members in _settings(runs).items():
        rows.append({
            "peer": peer,
            "setting": setting,
            "runs": len(members),
            "seconds": statistics.median(run["seconds"] for run in members),
            "test_accuracy": mean_and_deviation([run["test_accuracy"] for run in members]),
        })
    own = [row["seconds"] for row in rows if row["peer"] == BASE]
    for row in rows:
        row["ratio"] = ratio(row["seconds"], min(own) if own else None)
    return {"data": data, "network": network, "rows": rows}
