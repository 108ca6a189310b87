"""Gradient norms by layer: recorded by the equations, and read as what they are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network, datasets
from chainrule.history import EpochRecord
from chainrule.report.gradients import FACTOR, per_weight, read, relative, times
from chainrule.runs.records import FREE_SECONDS, GradientRecorder, Norms, examples, norms, read_norms

RECORD = EpochRecord(1, 0.5, 0.5, None, None, 0.1, 0.01)


@pytest.fixture(scope="module")
def training():
    return datasets.load("digits")[0]


def trained(training, tmp_path, layers, epochs=3, **options):
    """A network trained with a recorder, and what its norms say."""
    fit = {key: options.pop(key) for key in ("learning_rate",) if key in options}
    network = Network(layers, seed=0, **options)
    return reading(network, training, tmp_path, epochs, **fit)


def reading(network, training, folder, epochs=3, **fit):
    recorder = GradientRecorder(network, training, folder)
    network.fit(training, epochs=epochs, on_epoch=recorder, progress=False, **fit)
    lines = read_norms(folder)
    assert [line.epoch for line in lines] == list(range(epochs + 1))
    hidden = [activation.name for activation in network.hidden]
    options = {"initializer": network.initializer, "learning_rate": fit.get("learning_rate", 0.5)}
    return read(lines, [W.size for W in network.W], hidden, options)


def test_norms_are_those_of_the_gradient(training, tmp_path):
    network = Network([64, 7, 10], seed=0)
    before = network.params
    recorder = GradientRecorder(network, training, tmp_path)
    assert list(tmp_path.iterdir()) == []
    network.fit(training, epochs=1, on_epoch=recorder, progress=False)
    first, last = read_norms(tmp_path)
    part = examples(network, training)
    assert len(part.X) == 512
    for params, line in ((before, first), (network.params, last)):
        twin = Network.from_parameters([(layer.W, layer.b) for layer in params])
        gradients = twin.gradients(part.X, part.Y)
        assert line.gradient == pytest.approx([np.linalg.norm(dW) for dW in gradients.dW])
        assert line.weight == pytest.approx([np.linalg.norm(layer.W) for layer in params])


def test_few_samples_are_all_taken(training):
    assert len(examples(Network([64, 10], seed=0), training.subset(range(40))).X) == 40


def test_deep_sigmoid_with_small_weights_vanishes(training, tmp_path):
    network = Network([64, 20, 20, 20, 20, 10], seed=0)
    for L in range(1, 6):
        network.W[L] = 0.1 * network.W[L]
    found = reading(network, training, tmp_path)
    assert found.kind == "vanishing"
    assert "Layer 1's gradient is" in found.words
    assert "times smaller than layer 5's" in found.words
    assert "--hidden relu" in found.remedy
    lines = read_norms(tmp_path)
    g = per_weight(lines, [W.size for W in network.W])
    assert times(float(np.median(g[:, -1] / g[:, 0]))) in found.words


@pytest.mark.parametrize(
    ("layers", "options"),
    [
        ([64, 30, 10], {}),
        ([64, 10], {}),
        ([64, 64, 64, 64, 10], {"hidden": "relu", "initializer": "he", "learning_rate": 0.05}),
        ([64, 30, 30, 10], {"hidden": "tanh", "initializer": "xavier", "learning_rate": 0.05}),
    ],
    ids=["shallow", "one layer", "relu", "tanh"],
)
def test_healthy_networks_are_called_healthy(training, tmp_path, layers, options):
    found = trained(training, tmp_path, layers, **options)
    assert found.kind == "healthy"
    assert found.remedy == ""


def test_dead_neurons_are_called_dead(training, tmp_path):
    network = Network([64, 20, 20, 10], hidden="relu", initializer="he", seed=0)
    network.b[2] = np.full(20, -1e3)
    found = reading(network, training, tmp_path)
    assert found.kind == "dead"
    assert "no weight of any layer gets a gradient" in found.words
    assert "relu neurons of layer 2 are off" in found.remedy
    found = read(lines_of([1.0, 1.0, 1.0], [0.0, 0.0, 1.0]), [1, 1, 1], ["relu", "relu"], {})
    assert found.kind == "dead"
    assert "layer 2 and all below get no gradient" in found.words


def test_growth_on_the_way_back_is_exploding(training, tmp_path):
    network = Network([64, 20, 20, 20, 10], hidden="leaky_relu", seed=0)
    network.W[4] = 3000.0 * network.W[4]
    found = reading(network, training, tmp_path, learning_rate=1e-9)
    assert found.kind == "exploding"
    assert "times larger than layer 4's" in found.words


def lines_of(*rows):
    return [Norms(i, tuple(row), (1.0,) * len(row)) for i, row in enumerate(rows)]


def test_what_is_just_short_of_vanishing_is_not_called_so():
    short, over = lines_of([1 / (0.9 * FACTOR), 1.0]), lines_of([1 / (1.1 * FACTOR), 1.0])
    assert read(short, [1, 1], ["tanh"], {}).kind == "uneven"
    assert read(over, [1, 1], ["tanh"], {}).kind == "vanishing"


def test_size_of_layers_is_allowed_for():
    """The norm of a layer of 10,000 equal gradients is 100 times that of one; a weight's is the same."""
    assert read(lines_of([100.0, 1.0]), [10_000, 1], ["tanh"], {}).kind == "healthy"


def test_vanishing_that_is_over_is_told_with_its_epoch():
    found = read(lines_of([1e-3, 1.0], [0.5, 1.0], [0.5, 1.0]), [1, 1], ["sigmoid"], {})
    assert found.kind == "vanishing"
    assert "At the start layer 1's gradient is 1,000 times smaller" in found.words
    assert "over by epoch 1" in found.words


def test_growth_over_time_and_infinity():
    assert read(lines_of([1.0, 1.0], [2e3, 2e3]), [1, 1], ["tanh"], {}).kind == "exploding"
    found = read([Norms(0, (1.0, 1.0), (1.0, 1.0)), Norms(3, (None, 1.0), (1.0, 1.0))], [1, 1], [], {})
    assert (found.kind, "after epoch 3" in found.words) == ("exploding", True)


def test_relative():
    assert relative([Norms(0, (2.0, 3.0), (4.0, 0.0))]).tolist() == [[0.5, float("inf")]]


def test_cut_off_lines_and_repeated_epochs(tmp_path):
    lines = [json.dumps(Norms(e, (g,), (1.0,))._asdict()) for e, g in ((0, 1.0), (1, 2.0), (1, 3.0))]
    (tmp_path / "gradients.jsonl").write_text("\n".join(lines) + '\n{"epoch": 2, "grad')
    assert [(line.epoch, line.gradient[0]) for line in read_norms(tmp_path)] == [(0, 1.0), (1, 3.0)]
    assert read_norms(tmp_path / "nowhere") == []


def test_a_run_that_goes_on_has_one_start(training, tmp_path):
    network = Network([64, 5, 10], seed=0)
    for _ in range(2):
        GradientRecorder(network, training, tmp_path)(RECORD)
    lines = (tmp_path / "gradients.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [0, 1, 1]


def test_measuring_stops_where_it_is_dear(training, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.runs.records.FREE_SECONDS", FREE_SECONDS)
    recorder = GradientRecorder(Network([64, 5, 10], seed=0), training, tmp_path)
    clock = iter(np.arange(0, 1000, FREE_SECONDS * 0.6))
    monkeypatch.setattr("chainrule.runs.records.time.perf_counter", lambda: next(clock))
    for epoch in range(1, 30):
        recorder(RECORD._replace(epoch=epoch, seconds=1.0))
    kept = [line.epoch for line in read_norms(tmp_path)]
    assert kept[:3] == [0, 1, 2]
    assert len(kept) < 10, "a second is free, and 3 % of 29"


def test_a_full_disk_stops_no_training(training, tmp_path):
    (tmp_path / "gradients.jsonl").mkdir()
    network = Network([64, 5, 10], seed=0)
    recorder = GradientRecorder(network, training, tmp_path)
    history = network.fit(training, epochs=2, on_epoch=recorder, progress=False)
    assert len(history) == 2


def test_one_is_of_the_seed_of_nothing(training, tmp_path):
    """Recording changes no bit of the training."""
    plain, recorded = Network([64, 9, 10], seed=3), Network([64, 9, 10], seed=3)
    plain.fit(training, epochs=2, progress=False)
    recorded.fit(training, epochs=2, progress=False, on_epoch=GradientRecorder(recorded, training, tmp_path))
    assert all(np.array_equal(a, b) for a, b in zip(plain.W, recorded.W, strict=True))


def test_infinite_norms_are_written_as_null(training):
    network = Network([64, 5, 10], seed=0)
    network.params[1].W[0, 0] = np.inf
    found = norms(network.architecture, network.params, examples(network, training), 0)
    assert found.weight[0] is None
