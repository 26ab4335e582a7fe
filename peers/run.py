#!/usr/bin/env python3
"""Compares tiam with PyTorch, scikit-learn, candle and burn: trains the same networks on the same data, by turns, and sums up.

Every run is saved in OUT/runs when it is done; the same command goes on where an earlier one stopped. README.md says what is
measured.
"""

import argparse
import datetime
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment
import markdown
import plan
import summary
import tables
import tiam

FORMAT = "tiam peers"
FORMAT_VERSION = 1
QUIET = 0.1
"""Cores that other processes may keep busy during a run before the summary warns."""


def sizes(text):
    return [int(size) for size in text.split(",")]


def named_flags(text):
    name, _, flags = text.partition("=")
    return name.strip(), shlex.split(flags)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, help="folder with mnist/ (IDX files, plain or gzip); without it, tables only")
    add("--table", type=Path, nargs="*", default=[], help="CSV files of numbers, the class in the last column")
    add("--out", type=Path, default=environment.HERE / "results", help="folder for runs/, results.json and summary.md")
    add("--peers", nargs="+", choices=list(plan.NAMES), default=list(plan.NAMES))
    add("--networks", nargs="+", type=sizes, default=[[100, 100], [1500, 1500]], metavar="SIZES", help="hidden layers for MNIST")
    add("--table-networks", nargs="+", type=sizes, default=[[100], [100, 100]], metavar="SIZES", help="hidden layers for tables")
    add("--batch", nargs="+", type=int, default=[128, 512], help="batch sizes of the rivals on MNIST")
    add("--learning-rate", nargs="+", type=float, default=[1e-3, 3e-3], help="Adam's rates of the rivals on MNIST")
    add("--standardised", action="store_true", help="the rivals also with standardised pixels")
    add("--tiam", action="append", type=named_flags, metavar="NAME=FLAGS", help="a setting of tiam; may be repeated (default: its defaults)")
    add("--tiam-binary", type=Path, help="a binary to use (default: build the clone's)")
    add("--epochs", type=int, default=20, help="epochs on MNIST of the rivals; tables, and tiam: each peer's own default")
    add("--seeds", nargs="+", type=int, help="seeds of splits and starts (default: 0 to 4)")
    add("--repeats", type=int, default=1, help="rounds over all runs")
    add("--threads", type=int, default=2)
    add("--build-jobs", type=int, default=os.cpu_count())
    add("--no-recipes", dest="recipes", action="store_false", help="PyTorch at constant rates alone")
    add("--quick", action="store_true", help="a smoke test: small network, few epochs, one seed, one setting, digits")
    add("--again", nargs="*", choices=[*plan.NAMES, "all"], default=[], help="peers whose kept runs are done again")
    add("--summary-only", action="store_true", help="sum up the kept runs, run nothing")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.recipes, chosen.networks, chosen.table_networks = False, [[100, 100]], [[100]]
        chosen.batch, chosen.learning_rate = [512], [3e-3]
        chosen.epochs, chosen.seeds, chosen.repeats, chosen.table = min(chosen.epochs, 3), [0], 1, []
    chosen.tiam = chosen.tiam or [("defaults", [])]
    chosen.seeds = chosen.seeds if chosen.seeds is not None else list(range(5))
    return chosen


class Programs:
    """The peers' programs, each made ready when it is first asked for."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.known = {}

    def __call__(self, peer):
        if peer not in self.known:
            self.known[peer] = getattr(self, f"_{peer}")()
        return self.known[peer]

    def _tiam(self):
        binary = self.chosen.tiam_binary or environment.tiam(self.chosen.build_jobs)
        binary = binary.resolve()
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        text = subprocess.run([binary, "train", "--help"], capture_output=True, text=True, check=True).stdout
        return {"start": [binary], "version": told.split()[-1], "digest": environment.digest(binary), "help": text}

    def _script(self, name, package):
        script = environment.HERE / f"{name}_train.py"
        return {"start": [environment.python(), script], "version": environment.required_version(package),
                "digest": environment.digest(script, environment.HERE / "mnist.py", environment.HERE / "requirements.txt")}

    def _torch(self):
        return self._script("torch", "torch")

    def _sklearn(self):
        return self._script("sklearn", "scikit-learn")

    def _cargo(self, name, package):
        binary = environment.cargo_peer(name, self.chosen.build_jobs)
        return {"start": [binary], "version": environment.locked_version(name, package), "digest": environment.digest(binary)}

    def _candle(self):
        return self._cargo("candle", "candle-core")

    def _burn(self):
        return self._cargo("burn", "burn")


def command_of(job, program, out, threads):
    if job.peer == "tiam":
        return tiam.command(program["start"][0], job, out, threads, program["help"])
    words = [str(word) for word in program["start"]]
    hidden = ",".join(map(str, job.hidden))
    words += ["--hidden", hidden, "--seed", str(job.seed)]
    if job.peer == "sklearn":
        return words + ["--train", str(job.train), "--test", str(job.test), *job.flags]
    words += ["--mnist", str(job.train), "--epochs", str(job.epochs), *job.flags]
    return words + (["--threads", str(threads)] if job.peer == "torch" else [])


def run_once(job, program, threads):
    """Runs the job in a process of its own; returns its record."""
    with tempfile.TemporaryDirectory(prefix="peers-") as out:
        command = command_of(job, program, out, threads)
        begun, busy, own = time.perf_counter(), environment.busy_seconds(), environment.child_seconds()
        ended = subprocess.run(command, env=environment.threads(threads), capture_output=True, text=True)
        wall = time.perf_counter() - begun
        if busy is not None:
            busy = max(0.0, environment.busy_seconds() - busy - (environment.child_seconds() - own)) / wall
        if ended.returncode != 0:
            raise RuntimeError(f"exit status {ended.returncode}: {ended.stderr.strip()[-400:]}")
        if job.peer == "tiam":
            found = tiam.read(out, ended.stdout, job.n_train)
        else:
            found = json.loads(ended.stdout.strip().splitlines()[-1])
        command = shown(command, out)
    curve = found.get("curve", [])
    seconds, steps = found["seconds"], found.get("steps")
    return {
        "kind": job.kind, "data": job.data, "network": job.network, "peer": job.peer, "setting": job.setting,
        "seed": job.seed, "repeat": job.repeat,
        "curve": curve,
        "seconds": seconds,
        "epochs": found.get("epochs", len(curve)),
        "test_accuracy": found["test_accuracy"] if "test_accuracy" in found else curve[-1][1],
        "steps_per_second": steps / seconds if steps and seconds else None,
        "wall_seconds": wall,
        "details": {name: value for name, value in found.items() if name in ("adam", "converged")},
        "version": program["version"], "program": program["digest"], "threads": threads,
        "others_busy": busy,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": command,
    }


def shown(command, out):
    """A command line as records hold it: the same wherever the clone lies."""
    words = (str(word).replace(out, "OUT").replace(f"{environment.ROOT}{os.sep}", "") for word in command)
    return shlex.join(words)


def kept(path, job, program, threads):
    """The record of an earlier run of the same program with the same settings, if there is one."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    same = record["program"] == program["digest"] and record["threads"] == threads
    wanted = shown(command_of(job, program, "OUT", threads), "OUT")
    return record if same and record["command"] == wanted else None


def write(path, text):
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    temporary.replace(path)


def run_all(jobs, programs, chosen):
    """Runs what is not kept; returns all records and how many runs failed."""
    folder = chosen.out / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    records, failed, spent, done = [], 0, 0.0, 0
    for n, job in enumerate(jobs, 1):
        path = folder / f"{job.key}.json"
        program = programs(job.peer)
        again = job.peer in chosen.again or "all" in chosen.again
        record = None if again else kept(path, job, program, chosen.threads)
        if record is None and not chosen.summary_only:
            begun = time.perf_counter()
            try:
                record = run_once(job, program, chosen.threads)
            except (RuntimeError, ValueError, KeyError, IndexError, OSError) as error:
                failed += 1
                print(f"[{n}/{len(jobs)}] {job.key}: failed: {error}", file=sys.stderr)
                continue
            write(path, json.dumps(record))
            spent, done = spent + time.perf_counter() - begun, done + 1
            left = spent / done * (len(jobs) - n) / 60
            print(f"[{n}/{len(jobs)}] {job.data} {job.network} {plan.NAMES[job.peer]} ({job.setting}), seed {job.seed}: "
                  f"{record['seconds']:.2f} s, {100 * record['test_accuracy']:.2f} %; at most about {left:.0f} min left",
                  file=sys.stderr, flush=True)
        if record is not None:
            records.append(record)
    return records + others(folder, {f"{job.key}.json" for job in jobs}, programs, chosen.threads), failed


def others(folder, planned, programs, threads):
    """Records of earlier commands with the same programs into the same folder: large and small networks need not be run alike."""
    records = []
    for path in sorted(folder.glob("*.json")):
        if path.name in planned:
            continue
        record = json.loads(path.read_text())
        if record["program"] == programs(record["peer"])["digest"] and record["threads"] == threads:
            records.append(record)
    return records


def main():
    chosen = options()
    if chosen.data and not (chosen.data / "mnist").is_dir():
        sys.exit(f"{chosen.data} holds no folder mnist")
    try:
        rows_of = {"digits": tables.digits(environment.ROOT)} | {path.stem: tables.table(path) for path in chosen.table}
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    jobs = plan.all_jobs(chosen, rows_of, chosen.out / "parts")
    programs = Programs(chosen)
    for peer in dict.fromkeys(job.peer for job in jobs):
        programs(peer)
    records, failed = run_all(jobs, programs, chosen)
    results = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "command": shlex.join(["peers/run.py", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": environment.machine(chosen.threads),
        "versions": {peer: program["version"] for peer, program in programs.known.items()},
        "runs": records,
        "summary": summary.summarise(records),
    }
    write(chosen.out / "results.json", json.dumps(results, indent=1, allow_nan=False))
    text = markdown.document(results)
    # The system's clock of work is too coarse for shorter runs.
    busy = [record["others_busy"] for record in records if record["others_busy"] is not None and record["wall_seconds"] > 1]
    if busy and max(busy) > QUIET:
        text += f"\n**Not quiet:** others kept up to {max(busy):.2f} cores busy during a run; times are not to be relied on.\n"
    write(chosen.out / "summary.md", text)
    print(text)
    print(chosen.out / "results.json", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; the runs that are done are kept, the same command goes on from there")
