"""The speed benchmark: operations counted by hand, its checks given something wrong, the command itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import report
from benchmarks.speed.arithmetic import Score, reference, score
from benchmarks.speed.data import Samples, epoch_order, initial_parameters
from benchmarks.speed.peers.base import Task
from benchmarks.speed.peers.numpy_loop import Loop
from benchmarks.speed.run import best_settings, rotated
from benchmarks.speed.team import Failed, Key, Team
from benchmarks.speed.workloads import prediction_flops, training_flops
from chainrule.training.randomness import epoch_randomness
from tests.patience import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    X = (rng.standard_normal((200, 8)) + np.eye(3, 8)[y] * 3).astype(np.float32)
    layers = (8, 5, 4, 3)
    return Task(layers, 7, "sgd", 0.5, initial_parameters(layers), Samples(X, y))


def test_operations_are_those_counted_by_hand():
    """[3, 2, 4], one sample: forward 3·2 + 2·4, dW the same, δW 4·2, each of two operations."""
    assert training_flops([3, 2, 4], 1) == 2 * (6 + 8 + 6 + 8 + 8)
    assert prediction_flops([3, 2, 4], 5) == 5 * 2 * (6 + 8)
    # The floor of [784, 30, 10]: .051 s an epoch of 60,000 at 113 GFLOP/s.
    assert training_flops([784, 30, 10], 60_000) / 113e9 == pytest.approx(0.051, abs=5e-4)


def test_operations_are_those_of_the_loop(task):
    """The products that the NumPy loop really asks for, counted at the operator."""

    class Counting(np.ndarray):
        done = 0

        def __matmul__(self, other):
            product = np.matmul(np.asarray(self), np.asarray(other))
            Counting.done += 2 * product.size * self.shape[-1]
            return product.view(Counting)

    loop = Loop(task._replace(samples=Samples(task.samples.X.view(Counting), task.samples.y)), "float32")
    loop.reset()
    loop.W = [W.view(Counting) for W in loop.W]
    loop.run(1)
    assert Counting.done == training_flops(task.layers, 200)


def test_the_order_is_that_of_fit():
    for epoch in (0, 3):
        assert (epoch_order(5, epoch, 50) == epoch_randomness(5, epoch).order.permutation(50)).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_fit_does_the_arithmetic_of_the_loop(task, optimizer):
    """In float64 to 1e-10, last partial mini-batch included."""
    from chainrule import Network

    rate = 0.5 if optimizer == "sgd" else 0.01
    mine = task._replace(optimizer=optimizer, learning_rate=rate)
    network = Network.from_parameters(task.parameters)
    options = {"batch_size": 7, "optimizer": optimizer, "learning_rate": rate, "seed": 0, "progress": False}
    network.fit(task.samples.X, task.samples.y, epochs=2, **options)
    for (W, b), theirs, bias in zip(reference(mine, 2), network.W, network.b, strict=True):
        np.testing.assert_allclose(W, theirs, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(b, bias, rtol=1e-10, atol=1e-12)


def test_other_arithmetic_is_found(task):
    end = reference(task, 1)
    exact = score(end, end, task.parameters, task.samples)
    assert exact.apart == 0
    assert exact.problem(exact) is None
    wrong = [task._replace(seed=1), task._replace(learning_rate=0.51), task._replace(batch=8)]
    wrong.append(task._replace(optimizer="adam"))
    for other in wrong:
        found = score(reference(other, 1), end, task.parameters, task.samples)
        assert "other arithmetic" in found.problem(exact)
    assert "way apart" in exact._replace(apart=0.06).problem(exact)
    assert "accuracy" in exact._replace(accuracy=exact.accuracy - 0.02).problem(exact)
    assert Score(float("nan"), exact.accuracy, 0.0).problem(exact)


def test_settings_near_the_best_go_on_and_wrong_ones_never():
    tried = [
        {"peer": "torch", "setting": "a", "first": 1.0},
        {"peer": "torch", "setting": "b", "first": 1.29},
        {"peer": "torch", "setting": "c", "first": 1.31},
        {"peer": "torch", "setting": "d", "first": 0.1, "problem": "other arithmetic"},
        {"peer": "jax", "setting": "e", "first": 9.0},
    ]
    assert [result["setting"] for result in best_settings(tried)] == ["a", "b", "e"]
    assert [result["setting"] for result in rotated(tried, 6)] == ["b", "c", "d", "e", "a"]


def made_up(**peers):
    return [
        {"peer": peer, "setting": "s", "threads": 1, "seconds": seconds, "busy": [1.0] * 3}
        for peer, seconds in peers.items()
    ]


def test_ratios_are_of_medians_and_a_faster_peer_is_named():
    entries = made_up(chainrule=[1.0, 2.0, 9.0], jax=[6.0, 1.0, 5.0], torch=[1.0, 1.0, 8.0])
    assert report.against(entries, "jax", 2.0) == "5.00 (2.50 ×)"
    assert report.against(entries, "numpy", 2.0) == "–"
    said = report.faster([("W1", entries)], "training")
    assert said == "Faster than chainrule in training: PyTorch on W1 (0.50 ×)."
    assert report.faster([("W1", made_up(chainrule=[1.0], jax=[2.0]))], "training").endswith("nowhere.")


def test_the_best_setting_is_that_of_the_lowest_median():
    entries = made_up(jax=[1.0, 5.0, 5.0]) + made_up(jax=[2.0, 3.0, 9.0])
    assert report.best(entries, "jax") is entries[1]


def test_shares_are_of_the_peak_of_as_many_threads():
    looks = [
        {"numpy": {1: 100.0, 2: 150.0}, "jax": {1: 70.0, 2: 160.0}},
        {"numpy": {"1": 90.0, "2": 120.0}, "jax": {}},
    ]
    results = {"peak": looks[:1], "training": [{"peak": looks[1:]}]}
    peak = report.peaks(results)
    assert peak == {1: (100.0, "numpy"), 2: (160.0, "jax")}
    assert [report.busy_threads({"busy": [busy]}, peak) for busy in (0.8, 1.1, 1.9, 3.0)] == [1, 1, 2, 2]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_who_is_not_asked_is_stopped_and_failures_are_told(tmp_path):
    key = Key("numpy", 1)
    with Team(tmp_path) as team:
        assert team.ask(key, "hello") == {"training": ["loop"], "prediction": ["products"]}
        process = team._processes[key]
        stat = Path(f"/proc/{process.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
        with pytest.raises(Failed, match="numpy: FileNotFoundError"):
            team.ask(key, "prepare", data="pictures", rows=10, layers=[2, 2], batch=1)
        process.kill()
        process.wait()
        with pytest.raises(Failed, match="numpy ended: "):
            team.ask(key, "hello")
        assert team.ask(key, "hello")["training"] == ["loop"]  # a new one
        process = team._processes[key]
    assert process.returncode == -signal.SIGKILL


def speed(folder, *arguments):
    """Run the command on the bundled digits; the process, and what it wrote as JSON."""
    command = [sys.executable, "-W", "error", "-m", "benchmarks.speed", "--quick", "--data", "digits"]
    command += [
        "--threads",
        "1",
        "--rounds",
        "1",
        "--peers",
        "sklearn,numpy",
        "--out",
        str(folder / "r.json"),
    ]
    command += ["--markdown", str(folder / "r.md"), "--figure", str(folder / "growth.svg"), *arguments]
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # beside other tests
    done = subprocess.run(
        command, cwd=ROOT, env=one_thread, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert "left out" not in done.stderr
    assert (folder / "r.md").read_text(encoding="utf-8") == done.stdout.removesuffix("\n")
    return done, json.loads((folder / "r.json").read_text(encoding="utf-8"))


def tables(text):
    """Every Markdown table: its titles, and its rows as dictionaries."""
    for block in re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE):
        lines = [
            [cell.strip() for cell in line.strip("|").split(" | ")] for line in block.strip().splitlines()
        ]
        titles = [title.strip() for title in lines[0]]
        assert all(len(line) == len(titles) for line in lines)
        yield titles, [dict(zip(titles, line, strict=True)) for line in lines[2:]]


def test_the_command_measures_training_and_prediction(tmp_path):
    done, results = speed(tmp_path, "--only", "W1", "--sections", "train,predict")
    assert "bundled digits" in done.stdout
    assert "A quick run" in done.stdout
    (titles, training), _, _, (_, prediction) = tables(done.stdout)
    assert titles[-3:] == ["scikit-learn", "NumPy", "core to core"]
    assert [row["optimiser"] for row in training] == ["sgd", "adam"]
    for row, result in zip(training, results["training"], strict=True):
        assert result["flops"] == 1500 * 2 * (2 * 784 * 30 + 3 * 30 * 10)
        seconds = {entry["peer"]: np.median(entry["seconds"]) for entry in result["entries"]}
        assert set(seconds) == {"chainrule", "sklearn", "numpy"}
        assert float(row["GFLOP/s"]) == pytest.approx(result["flops"] / seconds["chainrule"] / 1e9, abs=0.051)
        shown = float(re.search(r"\((.*) ×\)", row["NumPy"])[1])
        assert shown == pytest.approx(seconds["numpy"] / seconds["chainrule"], abs=0.0051)
        exact = result["reference"]
        for entry in result["entries"]:
            assert entry["loss"] == pytest.approx(exact["loss"], rel=1e-3)
            assert entry["accuracy"] == pytest.approx(exact["accuracy"], abs=0.01)
        assert exact["accuracy"] > 0.5
    assert [row["what"] for row in prediction] == ["1,500 rows", "one row"]


def test_the_command_measures_processes_and_growth(tmp_path):
    done, results = speed(tmp_path, "--sections", "process,growth")
    (titles, process), (_, growth) = tables(done.stdout)
    assert {row[""] for row in process} == {"chainrule", "scikit-learn", "NumPy"}
    assert titles[-2:] == ["import alone, s", "peak memory"]
    for entry in results["process"]:
        assert min(entry["import"]) > 0
        assert min(entry["seconds"]) > 0
        assert 2e7 < np.median(entry["memory"]) < 1e9
    axes = ["width 16", "width 128", "depth 1", "depth 4", "batch 1", "batch 64"]
    assert [row[""] for row in growth] == axes
    figure = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert figure.count('<g id="axes_') == 3


def test_a_wrong_name_is_refused():
    command = [sys.executable, "-m", "benchmarks.speed", "--peers", "caffe"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert (
        "must be of reference, jax, torch, torch-step, sklearn, onnxruntime, numpy; got 'caffe'"
        in done.stderr
    )
