"""Data as people have them, on the fast engine: it answers as the reference does, or refuses as it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from chainrule import Activation, Head, InputError, Network, TrainingDiverged
from tests.patience import PATIENCE

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 7))
Y = rng.integers(0, 3, 50)


def both(X, y, widths=(7, 5, 3), dtype="float64", **options):
    """The same fit by both engines: two networks."""
    networks = [Network(widths, seed=0, dtype=dtype, engine=engine) for engine in ("llvm", "reference")]
    for network in networks:
        network.fit(X, y, **{"epochs": 3, "batch_size": 8, "progress": False, **options})
    return networks


def assert_alike(networks, tolerance=1e-9):
    fast, slow = networks
    for mine, theirs in zip(fast.W, slow.W, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * max(np.abs(theirs).max(), 1))


ODD_ARRAYS = {
    "columns first": np.asfortranarray(X),
    "every second column": np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": X[::-1].copy()[::-1],
    "float32": X.astype(np.float32),
    "whole numbers": np.round(X * 3).astype(np.int64),
    "lists": X.tolist(),
}


@pytest.mark.parametrize("array", ODD_ARRAYS.values(), ids=ODD_ARRAYS)
def test_arrays_of_all_kinds(array):
    networks = both(array, Y)
    assert_alike(networks)
    np.testing.assert_allclose(*(network.predict_proba(array) for network in networks), atol=1e-12)


def test_a_file_in_memory_that_must_not_be_written(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_alike(both(mapped, Y))


@pytest.mark.parametrize(
    ("widths", "n", "batch_size"),
    [((7, 3), 50, 8), ((7, 5, 3), 1, 10), ((7, 5, 3), 50, 1000), ((7, 1), 9, 4)],
)
def test_small_and_shallow(widths, n, batch_size):
    y = Y[:n] if widths[-1] == 3 else Y[:n] % 2
    options = {"batch_size": batch_size}
    networks = [
        Network(widths, seed=0, engine=engine, output="sigmoid" if widths[-1] == 1 else "softmax")
        for engine in ("llvm", "reference")
    ]
    for network in networks:
        network.fit(X[:n], y, epochs=3, progress=False, **options)
    assert_alike(networks)


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e30])
def test_numbers_of_any_size_give_an_answer_or_an_error(scale):
    ends = []
    for engine in ("llvm", "reference"):
        network = Network([7, 5, 3], seed=0, hidden="tanh", engine=engine)
        try:
            network.fit(X * scale, Y, epochs=2, batch_size=8, progress=False)
            ends.append("done")
        except TrainingDiverged:
            ends.append("diverged")
        assert all(np.isfinite(W).all() for W in network.W)
        assert np.isfinite(network.predict_proba(X)).all()
    assert ends[0] == ends[1]


@pytest.mark.parametrize("rows", [1, 16, 17, 500])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
def test_nothing_is_predicted_from_a_number_that_is_none(rows, wrong, hidden):
    network = Network([7, 5, 3], seed=0, hidden=hidden, engine="llvm")
    many = rng.normal(size=(rows, 7))
    network.predict_proba(many)
    many[rows // 2, 6] = wrong
    with pytest.raises(InputError, match=f"row {rows // 2}, column 6"):
        network.predict_proba(many)
    many[rows // 2, 6] = 0
    network.predict_proba(many)


def test_own_formulas_train_alike():
    hidden = Activation.from_formula("z*tanh(softplus(z))")
    output = Head.from_formulas(link="softmax", loss="-y*(1-a)**2*log(a)")
    networks = [
        Network([7, 5, 3], seed=0, hidden=hidden, output=output, engine=e) for e in ("llvm", "reference")
    ]
    for network in networks:
        network.fit(X, Y, epochs=3, batch_size=8, learning_rate=0.1, progress=False)
    assert_alike(networks)


def test_two_threads_may_predict_at_once():
    network = Network([7, 5, 3], seed=0, engine="llvm")
    rows = rng.normal(size=(200, 1, 7))
    right = [network.predict_proba(row) for row in rows]
    wrong = []

    def predict():
        for _ in range(20):
            wrong.extend(
                i for i, row in enumerate(rows) if not np.array_equal(network.predict_proba(row), right[i])
            )

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send on Windows")
def test_ctrl_c_keeps_what_was_learnt():
    program = """
        import numpy as np
        from chainrule import Network

        X = np.random.default_rng(0).random((20000, 50)).astype("f4")
        network = Network([50, 200, 3], seed=0, dtype="float32", engine="llvm")
        before = network.W[1].copy()

        def tell(record):
            if record.epoch == 1:
                print("trained", flush=True)

        y = np.arange(20000) % 3
        history = network.fit(X, y, epochs=100000, on_epoch=tell, progress=False)
        print(history.stopped, bool((network.W[1] != before).any()), bool(np.isfinite(network.W[1]).all()))
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "trained"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=PATIENCE)
    assert out.split() == ["interrupted", "True", "True"]


@pytest.mark.parametrize("layers", [(5, 20_000, 3), (20_000, 4, 3), (5, 4, 20_000)], ids=str)
def test_a_width_of_20_000(layers):
    """At the input, inside and at the output: both engines agree, and the loss falls."""
    X = np.random.default_rng(0).normal(size=(8, layers[0])).astype(np.float32)
    y = np.arange(8) % 3
    losses = []
    for engine in ("reference", "llvm"):
        network = Network(layers, hidden="relu", initializer="he", seed=0, engine=engine, dtype="float32")
        history = network.fit(X, y, epochs=3, batch_size=4, learning_rate=1e-4, progress=False)
        losses.append(history.column("loss"))
        assert np.isfinite(network.predict_proba(X)).all()
    assert losses[0][2] < losses[0][0]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
