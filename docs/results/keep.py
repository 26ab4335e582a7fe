"""Keeps in this folder what `tiam reproduce --full --out FOLDER` wrote: its report, the pictures, and every run's row.

    python3 docs/results/keep.py FOLDER

The rows lose machine, build and parameters, which FOLDER/results.json has, and digits beyond the sixth.
"""

import csv
import re
import shutil
import sys
from pathlib import Path

DROPPED = {"experiment", "version", "build", "processor", "cores", "threads", "system", "finished", "config"}
HERE = Path(__file__).parent


def short(cell):
    if re.fullmatch(r"-?\d*", cell):
        return cell
    try:
        return f"{float(cell):.6g}"
    except ValueError:
        return cell


def main(folder):
    report = (folder / "report.md").read_text()
    (HERE / "report.md").write_text(report)
    shutil.rmtree(HERE / "img", ignore_errors=True)
    (HERE / "img").mkdir()
    for picture in sorted(set(re.findall(r"img/[\w.-]+\.svg", report))):
        shutil.copy(folder / picture, HERE / picture)
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            heading, *rows = csv.reader(file)
        kept = [i for i, name in enumerate(heading) if name not in DROPPED and any(row[i] for row in rows)]
        with (HERE / path.name).open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([re.sub(r"^(labels|figures)\.", "", heading[i]) for i in kept])
            writer.writerows([[short(row[i]) for i in kept] for row in rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
