"""Data as they may come: an answer or a clear error, never a silent NaN, on both engines."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from chainrule import ChainruleError, Network

N = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = (X[:, 0] > 0).astype(int)
TINY = np.finfo(np.float64).smallest_subnormal

ODD = {
    "a constant column": (np.column_stack([X, np.full(N, 7.0)]), Y, 2),
    "all columns constant": (np.full((N, 3), 0.1), Y, 2),
    "one class": (X, np.zeros(N, int), 1),
    "all labels equal": (X, np.ones(N, int), 2),
    "one sample": (X[:1], Y[:1], 2),
    "duplicated rows": (np.repeat(X[:2], 30, axis=0), np.repeat([0, 1], 30), 2),
    "the same row with both labels": (np.tile(X[:1], (N, 1)), np.arange(N) % 2, 2),
    "10,000 classes": (X, np.arange(N) * 169, 10_000),
    "features of 1e30": (X * 1e30, Y, 2),
    "features of 1e-30": (X * 1e-30, Y, 2),
    "features of 1e30 and 1e-30": (X * [1e30, 1, 1e-30], Y, 2),
    "denormals": (np.sign(X) * TINY * 8, Y, 2),
    "float32 denormals": (X * 1e-42, Y, 2),
}
"""What: X, y, number of classes."""


def finite(network):
    return all(np.isfinite(theta).all() for layer in network.params for theta in layer)


def network(widths, engine, dtype="float32", hidden="tanh", **options):
    return Network(widths, hidden=hidden, seed=0, engine=engine, dtype=dtype, **options)


def attempt(net, data, labels, **options):
    """The history of three epochs, or what was said instead."""
    try:
        return net.fit(data, labels, epochs=3, progress=False, **options), ""
    except ChainruleError as error:
        return None, str(error)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("what", ODD)
def test_fit_on_odd_data(what, dtype, engine):
    data, labels, classes = ODD[what]
    output = "softmax" if classes > 1 else "sigmoid"  # softmax refuses a single output
    net = network([data.shape[1], 5, classes], engine, dtype, output=output)
    history, said = attempt(net, data, labels)
    if said:
        assert "must be finite" in said or "must stay finite" in said
        assert what.startswith("features of 1e30")
    else:
        assert np.isfinite(history.column("loss")).all()
        assert np.isfinite(net.predict_proba(data)).all()
        assert np.isfinite(net.evaluate(data, labels).loss)
    assert finite(net)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
@pytest.mark.parametrize("rate", [1e-300, 1e-30, 1e30, 1e300])
def test_extreme_learning_rates(rate, hidden, optimizer, engine):
    net = network([3, 5, 2], engine, hidden=hidden)
    history, said = attempt(net, X, Y, learning_rate=rate, optimizer=optimizer)
    if said:
        assert rate > 1
        assert "learning rate" in said
    else:
        assert np.isfinite(history.column("loss")).all()
        assert np.isfinite(net.predict_proba(X)).all()
    assert finite(net)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_what_is_not_finite_is_refused_with_its_place(bad, engine):
    broken = X.copy()
    broken[41, 2] = bad
    with pytest.raises(ChainruleError, match=r"must be finite in float32; got .* at row 41, column 2"):
        network([3, 5, 2], engine).fit(broken.astype(np.float32) if bad < 1e38 else broken, Y, progress=False)


def write(path, data, labels):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{j}" for j in range(data.shape[1])), "k"])
        writer.writerows(
            [*(repr(float(v)) for v in row), label] for row, label in zip(data, labels, strict=True)
        )
    return path


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command here: exit code, what it said, and its errors."""
    import sys

    from chainrule.cli import main
    from chainrule.runs.folder import Run

    monkeypatch.setattr(Run, "draw", lambda *args: None)
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, args)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        return code, *capsys.readouterr()

    return run


REFUSED = {
    "one sample": "both parts of a split must have samples; got 1 of 1 held out",
    "one class": "t.csv must have samples of two classes at least; got '0' on every one",
    "10,000 classes": "it looks like a measure or an id: 60 different numbers on 60 rows",
    "all labels equal": "t.csv must have samples of two classes at least; got '1' on every one",
}


@pytest.mark.parametrize("what", ODD)
def test_train_on_odd_tables(what, tmp_path, command):
    """Columns are standardised, whatever their scale: all train, but one sample, which cannot be split,
    and labels that are no classes."""
    data, labels, _ = ODD[what]
    path = write(tmp_path / "t.csv", data, labels)
    code, out, err = command("train", path, "--epochs", 3, "--run", "run", "--no-progress")
    if what in REFUSED:
        assert code == 1
        assert REFUSED[what] in err
        return
    assert (code, err) == (0, "")
    assert "test accuracy" in out
    assert "nan" not in out.lower()
    net = Network.load(tmp_path / "run" / "model.safetensors")
    assert finite(net)
    if "features of" in what or what == "denormals":
        scaled = net.data.scaling(data)
        np.testing.assert_allclose(scaled.std(axis=0), 1, atol=0.2)


def test_a_table_of_10000_classes(tmp_path, command):
    n = 20_000
    data = np.random.default_rng(1).normal(size=(n, 2))
    path = write(tmp_path / "t.csv", data, np.arange(n) % 10_000)
    options = (
        "--epochs",
        1,
        "--batch-size",
        500,
        "--layers",
        4,
        "--validation",
        0,
        "--run",
        "run",
        "--no-progress",
    )
    code, out, err = command("train", path, *options)
    assert (code, err) == (0, "")
    assert "10,000 classes" in out
    assert "nan" not in out


def test_extreme_numbers_beyond_what_training_rows_have(tmp_path, command):
    """A model takes 1e300 where training rows had 1e-300: refused, with the place, or taken, never NaN."""
    path = write(tmp_path / "t.csv", X * 1e-300, Y)
    assert command("train", path, "--epochs", 2, "--run", "run", "--no-progress")[0] == 0
    (tmp_path / "new.csv").write_text("x0,x1,x2\n1e300,0,0\n")
    code, out, err = command("predict", "run", "new.csv")
    assert "nan" not in out
    assert code == 1
    assert "must be finite" in err
