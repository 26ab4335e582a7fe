"""The command that the package brings, and recorded trajectories."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tiam

GOLDEN = sorted((Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "golden").glob("*.json"))


def test_the_command_trains_and_predicts(tmp_path, command, people):
    frame, label = people
    frame.assign(what=label).to_csv(tmp_path / "people.csv", index=False)
    command("train", "--data", "people.csv", "--out", "run", "--effort", "single", cwd=tmp_path)
    answers = command("predict", "run/model.safetensors", "--data", "people.csv", cwd=tmp_path).stdout
    assert "stays" in answers
    with pytest.raises(subprocess.CalledProcessError) as wrong:
        command("train", "--data", "nowhere.csv", cwd=tmp_path)
    assert wrong.value.returncode == 2 and "nowhere.csv" in wrong.value.stderr


def test_it_is_installed_as_a_script():
    script = shutil.which("tiam", path=os.path.dirname(sys.executable))
    if script is None:
        pytest.skip("the package is not installed here")
    assert tiam.__version__ in subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_ctrl_c_saves_as_the_binary_does(tmp_path):
    arguments = ["train", "--effort", "single", "--epochs", "100000", "--out", "run"]
    process = subprocess.Popen([sys.executable, "-m", "tiam", *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert "interrupted" in words
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_a_recorded_trajectory_is_met():
    if not GOLDEN:
        pytest.skip("no records beside these tests")
    deviation = tiam.verify(GOLDEN[0])
    assert max(deviation["objective"], deviation["violation"], deviation["weights"]) < 1e-6
    assert deviation["first_restart_difference"] is None
