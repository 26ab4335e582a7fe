"""The summary as Markdown, which also reads well on a terminal."""

from plan import NAMES


def document(results):
    machine = results["machine"]
    lines = [
        "# Comparison with other programs",
        "",
        f"{results['date']}, {machine['processor']}, {machine['threads']} threads of {machine['cores']} cores, {machine['system']}.",
        ", ".join(f"{NAMES[name]} {version}" for name, version in results["versions"].items()) + ".",
        f"`{results['command']}`",
    ]
    for race in results["summary"]["races"]:
        lines += ["", f"## {race['data']}, {race['network']}", "", *_targets(race), "", *_settings(race)]
    for fit in results["summary"]["fits"]:
        lines += ["", f"## {fit['data']}, {fit['network']}", "", *_fit(fit)]
    lines += [
        "",
        "Training seconds, without loading and evaluation; medians of runs, one that never gets there counting as the slowest.",
        "A target is reached at the first end of an epoch with that test accuracy. × is the time against TIAM's. For each target",
        "every peer's quickest setting counts.",
    ]
    return "\n".join(lines) + "\n"


WORDS = {"target", "peer", "setting", "runs that reach it"}
"""Headings of columns of words, set left."""


def _table(heading, rows):
    yield "| " + " | ".join(heading) + " |"
    yield "|" + "|".join(" :--- " if name in WORDS else " ---: " for name in heading) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _targets(race):
    rows = []
    for target in race["targets"]:
        for row in target["rows"]:
            rows.append([f"{100 * target['accuracy']:.1f} %", NAMES[row["peer"]], _seconds(row["seconds"]), _ratio(row["ratio"]),
                         f"{row['reached']} of {row['runs']}", row["setting"] or "–"])
    return _table(["target", "peer", "seconds", "×", "runs that reach it", "setting"], rows)


def _settings(race):
    heading = ["peer", "setting", "runs", "epochs", "seconds", "steps/s", "final accuracy [%]"]
    heading += [f"s to {100 * target['accuracy']:.1f} %" for target in race["targets"]]
    rows = []
    for row in race["settings"]:
        steps = row["steps_per_second"]
        rows.append([NAMES[row["peer"]], row["setting"], str(row["runs"]), f"{row['epochs']:g}", _seconds(row["seconds"]),
                     "–" if steps is None else f"{steps:.0f}", _accuracy(row["test_accuracy"])]
                    + [_seconds(target["seconds"]) for target in row["seconds_to"]])
    return _table(heading, rows)


def _fit(fit):
    rows = [[NAMES[row["peer"]], row["setting"], str(row["runs"]), _seconds(row["seconds"]), _ratio(row["ratio"]),
             _accuracy(row["test_accuracy"])] for row in fit["rows"]]
    return _table(["peer", "setting", "runs", "fit seconds", "×", "test accuracy [%]"], rows)


def _seconds(value):
    return "never" if value is None else f"{value:.3g}"


def _ratio(value):
    return "–" if value is None else f"{value:.2f}"


def _accuracy(value):
    if value is None:
        return "–"
    deviation = value["deviation"]
    return f"{100 * value['mean']:.2f}" + ("" if deviation is None else f" ± {100 * deviation:.2f}")
