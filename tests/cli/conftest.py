from __future__ import annotations

import gzip
import struct
import sys

import numpy as np
import pytest

from tests.cli.commandline import Done, chainrule

NAMES = ("ant", "bee", "cat")


def _write_table(path, header, X, labels):
    lines = [
        ",".join([*(f"{x:.4f}" for x in row), *map(str, label)]) for row, label in zip(X, labels, strict=True)
    ]
    path.write_text("\n".join([*([",".join(header)] if header else []), *lines]) + "\n", encoding="utf-8")


def _write_idx(folder, pictures, labels):
    head = struct.pack(">4I", 0x803, *pictures.shape)
    (folder / "toy-images-idx3-ubyte").write_bytes(head + pictures.astype(np.uint8).tobytes())
    packed = gzip.compress(struct.pack(">2I", 0x801, len(labels)) + labels.astype(np.uint8).tobytes())
    (folder / "toy-labels-idx1-ubyte.gz").write_bytes(packed)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder of small files of every kind, whose classes a small network can tell apart."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 3))
    X[np.arange(90), y] += 4
    on = (X[:, :2] > 1).astype(int)
    _write_table(folder / "kinds.csv", ("u", "v", "w", "kind"), X, [(NAMES[k],) for k in y])
    _write_table(folder / "plain.csv", None, X, [(k,) for k in y])
    _write_table(folder / "bare.csv", None, X, [() for _ in y])
    _write_table(folder / "pets.csv", ("u", "v", "w", "cat", "dog"), X, on.tolist())
    _write_table(folder / "turned.csv", ("w", "note", "u", "v"), X[:, [2, 2, 0, 1]], [() for _ in y])
    np.savez(folder / "kinds.npz", X=X, y=y, classes=np.array(NAMES))
    np.savez(folder / "pets.npz", X=X, y=on)
    pictures = rng.integers(0, 60, size=(90, 4, 4))
    pictures[np.arange(90), y] += 180
    _write_idx(folder, pictures, y)
    return folder


@pytest.fixture(scope="session")
def kinds(data, tmp_path_factory):
    """Run folder of a network trained on ``kinds.csv``."""
    folder = tmp_path_factory.mktemp("kinds") / "run"
    done = chainrule("train", data / "kinds.csv", "--run", folder, cwd=folder.parent)
    assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="session")
def pets(data, tmp_path_factory):
    """Run folder of a multi-label network trained on ``pets.csv``."""
    folder = tmp_path_factory.mktemp("pets") / "run"
    done = chainrule("train", data / "pets.csv", "--target", "cat,dog", "--run", folder, cwd=folder.parent)
    assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="session")
def plain_train(tmp_path_factory):
    """``chainrule train`` without arguments: what it said, and the folder it was said in."""
    folder = tmp_path_factory.mktemp("plain")
    return chainrule("train", cwd=folder), folder


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Run the command in this process, in an empty folder: what `main` does, without the start-up."""
    from chainrule.cli import main

    for name in ("CHAINRULE_DATA", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, args)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def no_figures(monkeypatch):
    """Leave out the figures, which take most of a small training's time."""
    from chainrule.runs.folder import Run

    monkeypatch.setattr(Run, "draw", lambda *args: None)
