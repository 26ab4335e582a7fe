"""The Python environment, the builds and the machine of the comparison."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def digest(*paths):
    """Names a program: a run is done again when it has changed."""
    found = hashlib.sha256()
    for path in paths:
        found.update(Path(path).read_bytes())
    return found.hexdigest()[:16]


def python():
    """The environment with what requirements.txt asks for, made on first use; returns its interpreter."""
    requirements, mark = HERE / "requirements.txt", VENV / "installed"
    wanted = digest(requirements)
    if not mark.is_file() or mark.read_text() != wanted:
        print(f"making {VENV}; this takes some minutes", file=sys.stderr)
        if not PYTHON.is_file():
            venv.create(VENV, with_pip=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        mark.write_text(wanted)
    return PYTHON


def cargo_peer(name, jobs):
    """Builds the project of a Rust peer; returns its binary."""
    print(f"building {name}; this takes some minutes the first time", file=sys.stderr)
    folder = HERE / name
    # Flags from outside would take the place of those the project sets in its rival's favour.
    env = {key: value for key, value in os.environ.items() if key not in ("RUSTFLAGS", "CARGO_TARGET_DIR")}
    subprocess.run(["cargo", "build", "--release", "--locked", f"-j{jobs}", "-q"], cwd=folder, env=env, check=True)
    return folder / "target/release" / binary_name(f"peer-{name}")


def tiam(jobs):
    """Builds tiam as users do; returns its binary."""
    print("building tiam; this takes some minutes the first time", file=sys.stderr)
    subprocess.run(["cargo", "build", "--release", "--locked", f"-j{jobs}", "-q", "-p", "tiam-cli"], cwd=ROOT, check=True)
    told = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    return Path(json.loads(told.stdout)["target_directory"], "release", binary_name("tiam"))


def binary_name(name):
    return name + (".exe" if os.name == "nt" else "")


def threads(count):
    """The environment of a run: this many threads for every library; each chooses the kernels for this processor itself."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    for name in ("OMP", "MKL", "OPENBLAS", "RAYON", "CANDLE"):
        env[f"{name}_NUM_THREADS"] = str(count)
    return env


def busy_seconds():
    """Seconds that all cores have worked since the machine started, for whomever; None where the system does not tell."""
    try:
        user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def child_seconds():
    """Seconds that the processes started here, and ended by now, have worked."""
    times = os.times()
    return times.children_user + times.children_system


def machine(count):
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0] if names else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "threads": count,
        "system": f"{platform.system().lower()} {platform.machine()}",
        "python": platform.python_version(),
    }


def locked_version(name, package):
    """The version of a package in the lock file of a Rust peer."""
    lines = (HERE / name / "Cargo.lock").read_text().splitlines()
    at = lines.index(f'name = "{package}"')
    return lines[at + 1].split('"')[1]


def required_version(package):
    for line in (HERE / "requirements.txt").read_text().splitlines():
        if line.startswith(f"{package}=="):
            return line.split("==")[1].strip()
    return "?"
