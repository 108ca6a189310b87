"""Stop anywhere, go on in another process's shoes: the same bits as a run that never stopped."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

from chainrule import (
    Checkpoints,
    CheckpointWarning,
    FolderBusy,
    InputError,
    ModelFileError,
    Network,
    TrainingDiverged,
)
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.files.locks import held
from chainrule.training.checkpoints import SLOTS, find, read_checkpoint, write_checkpoint
from chainrule.training.keeper import Keeper
from chainrule.training.resume import SHARE, Saver
from chainrule.training.schedules import Schedule

OPTIONS = {
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 0.05,
    "optimizer": "adam",
    "validation": 0.25,
    "progress": False,
}
BATCHES = 6  # 45 of 60 samples, 8 at a time


def make(engine="reference", dtype="float64", **options):
    options = {"hidden": "tanh", "initializer": "xavier", "seed": 4, **options}
    return Network([2, 9, 5, 3], dtype=dtype, engine=engine, **options)


def outcome(network, history):
    """Everything that must be alike, but for times."""
    bits = [theta.tobytes() for layer in network.params for theta in layer]
    training = json.loads(json.dumps(network.training))
    for run in training:
        run["last"]["seconds"] = 0
    return bits, [r._replace(seconds=0) for r in history], history.stopped, history.engine, training


class Killed(Exception):
    """Stands for SIGKILL: raised in the loop, so that nothing of `fit` comes after it."""


def kill_at(step):
    count = iter(range(10**9))

    def kill(event):
        if next(count) == step:
            raise Killed

    return kill


def train(moon, folder, *, kill=None, network=None, every=1, **options):
    """Train with a checkpoint after every step; killed after so many steps."""
    network = network or make()
    # An event comes after each step, killed or not.
    options = {**OPTIONS, "on_batch": [lambda e: None if kill is None else kill], **options}
    if kill is not None:
        options["on_batch"] = [kill_at(kill)]
    history = network.fit(*moon, checkpoint=Checkpoints(folder, batches=every), resume=True, **options)
    return outcome(network, history)


def whole(moon, network=None, **options):
    network = network or make()
    return outcome(network, network.fit(*moon, **{**OPTIONS, **options}))


CASES = [
    {"optimizer": optimizer, "dropout": dropout, "dtype": dtype}
    for dtype in ("float32", "float64")
    for optimizer in OPTIMIZERS
    for dropout in (0.0, 0.3)
]


def name_of(case):
    return "-".join(map(str, case.values()))


@pytest.mark.parametrize("engine", ["reference", "llvm"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_killed_again_and_again(moon, tmp_path, engine, case):
    """Killed after 1, 2, 3, … steps of each process, until one gets to the end."""
    case = dict(case)
    dtype = case.pop("dtype")
    expected = whole(moon, make(engine, dtype), **case)
    for kill in range(1, 100):
        try:
            resumed = train(moon, tmp_path, kill=kill, network=make(engine, dtype), **case)
        except Killed:
            continue
        break
    assert kill > 4
    assert resumed == expected


@pytest.mark.parametrize("kill", range(0, 4 * BATCHES, 3))
@pytest.mark.parametrize("every", [1, 4, 1000])
def test_killed_anywhere(moon, tmp_path, kill, every):
    with pytest.raises(Killed):
        train(moon, tmp_path, kill=kill, every=every)
    found = find(tmp_path)
    if found is not None:
        assert 0 <= kill - (len(found.records) * BATCHES + found.state.at.batch) <= every
    assert train(moon, tmp_path) == whole(moon)


class TestEarlyStopping:
    """A rate that turns negative climbs the loss, so that the best epoch lies behind."""

    turn = Schedule("turn", lambda progress, epochs: 1.0 if progress < 4 else -1.0)

    @pytest.mark.parametrize("engine", ["reference", "llvm"])
    @pytest.mark.parametrize("kill", [3, 4 * BATCHES, 5 * BATCHES + 1, 6 * BATCHES])
    def test_the_best_is_remembered(self, moon, tmp_path, kill, engine):
        options = {"schedule": self.turn, "patience": 3, "epochs": 30, "optimizer": "sgd"}
        expected = whole(moon, make(engine), **options)
        assert expected[2] == "early stopping"
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=kill, network=make(engine), **options)
        assert train(moon, tmp_path, network=make(engine), **options) == expected
        assert train(moon, tmp_path, network=make(engine), **options) == expected  # it is over


@pytest.mark.parametrize("engine", ["reference", "llvm"])
def test_by_the_clock(digits, tmp_path, engine):
    """Without callbacks the fast engine takes many steps at once; a checkpoint may come after each chunk."""
    options = {"epochs": 3, "dropout": 0.2, "optimizer": "momentum", "progress": False}
    networks = [Network([64, 20, 10], seed=1, dtype="float32", engine=engine) for _ in range(2)]
    expected = outcome(networks[0], networks[0].fit(*digits, **options))
    killed = Network([64, 20, 10], seed=1, dtype="float32", engine=engine)
    with pytest.raises(Killed):
        killed.fit(*digits, checkpoint=Checkpoints(tmp_path, seconds=0), on_epoch=kill_at(1), **options)
    history = networks[1].fit(*digits, checkpoint=tmp_path, resume=True, **options)
    assert outcome(networks[1], history) == expected


class TestInterrupted:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("engine", ["reference", "llvm"])
    def test_ctrl_c_loses_nothing(self, moon, tmp_path, monkeypatch, engine, number):
        """The signal comes while a step is under way; the step is finished, and written."""
        before = {n: signal.signal(n, signal.default_int_handler) for n in (signal.SIGINT, signal.SIGTERM)}
        try:

            def interrupt(event):
                if (event.epoch, event.batch) == (2, 3):
                    signal.raise_signal(number)

            network = make(engine)
            history = network.fit(*moon, checkpoint=tmp_path, on_batch=[interrupt], **OPTIONS)
        finally:
            for n, handler in before.items():
                signal.signal(n, handler)
        assert (history.stopped, len(history)) == ("interrupted", 1)
        found = find(tmp_path)
        assert (found.stopped, found.state.at.epoch, found.state.at.batch) == ("interrupted", 1, 3)
        assert train(moon, tmp_path, network=make(engine)) == whole(moon, make(engine))

    def test_in_the_same_session(self, moon, tmp_path):
        """As in a notebook: the very network that was interrupted goes on."""
        network = make()
        stop = [lambda e: (e.epoch, e.batch) == (3, 1) and (_ for _ in ()).throw(KeyboardInterrupt)]
        network.fit(*moon, checkpoint=tmp_path, on_batch=stop, **OPTIONS)
        assert network.training[-1]["stopped"] == "interrupted"
        with pytest.raises(Killed):
            train(moon, tmp_path, network=network, kill=3)
        assert train(moon, tmp_path, network=network) == whole(moon)

    def test_handlers_are_as_before(self, moon, tmp_path):
        before = signal.getsignal(signal.SIGINT)
        make().fit(*moon, checkpoint=tmp_path, **OPTIONS)
        assert signal.getsignal(signal.SIGINT) is before


class TestOver:
    def test_one_file_is_left_and_the_outcome_is_given_back(self, moon, tmp_path):
        expected = train(moon, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [SLOTS[0]]
        calls = []
        assert train(moon, tmp_path, on_batch=[calls.append]) == expected == whole(moon)
        assert calls == []

    @pytest.mark.parametrize("at_once", [True, False])
    def test_more_epochs(self, moon, tmp_path, at_once):
        if at_once:
            train(moon, tmp_path, epochs=2)
        else:
            with pytest.raises(Killed):
                train(moon, tmp_path, epochs=2, kill=8)
        assert train(moon, tmp_path, epochs=5) == whole(moon, epochs=5)

    def test_fewer_than_are_done(self, moon, tmp_path):
        train(moon, tmp_path)
        with pytest.raises(InputError, match="epochs must be more than the 4 that are done; got 3"):
            train(moon, tmp_path, epochs=3)

    def test_a_schedule_that_counts_epochs(self, moon, tmp_path):
        train(moon, tmp_path, schedule="cosine")
        with pytest.raises(InputError, match=r"epochs must be 4, as in the run that is resumed.*'cosine'"):
            train(moon, tmp_path, schedule="cosine", epochs=5)

    def test_a_callback_ended_it(self, moon, tmp_path):
        history = make().fit(*moon, checkpoint=tmp_path, on_epoch=[lambda r: r.epoch == 2], **OPTIONS)
        assert history.stopped == "callback"
        again = train(moon, tmp_path)
        assert (again[2], len(again[1])) == ("callback", 2)

    def test_a_new_run_does_not_write_over_it(self, moon, tmp_path):
        train(moon, tmp_path)
        before = (tmp_path / SLOTS[0]).read_bytes()
        with pytest.raises(InputError, match=r"without any; .* has one, the end \(finished\)\. Pass resume"):
            make().fit(*moon, checkpoint=tmp_path, **OPTIONS)
        assert (tmp_path / SLOTS[0]).read_bytes() == before


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def empty(path):
    path.write_bytes(b"")


def swap(path):
    """A whole file, but a model."""
    make().save(path)


DAMAGES = [flip, truncate, empty, swap]


class TestDamage:
    @pytest.fixture
    def killed(self, moon, tmp_path):
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=9)
        return sorted((tmp_path / name for name in SLOTS), key=lambda p: read_checkpoint(p).number)

    @pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
    def test_the_one_before_is_used_and_said(self, moon, tmp_path, killed, damage):
        _, newer = killed
        damage(newer)
        with pytest.warns(
            CheckpointWarning, match=f"{newer.name} must .* Going on from the other one: epoch 2"
        ):
            resumed = train(moon, tmp_path)
        assert resumed == whole(moon)

    @pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
    def test_damage_does_not_spread(self, moon, tmp_path, killed, damage):
        """The next checkpoint takes the damaged one's place, never that of the last good one."""
        older, newer = killed
        damage(newer)
        good = older.read_bytes()
        with pytest.warns(CheckpointWarning), pytest.raises(Killed):
            train(moon, tmp_path, kill=1)
        assert older.read_bytes() == good
        assert read_checkpoint(newer).number > read_checkpoint(older).number

    def test_a_damaged_older_one(self, moon, tmp_path, killed):
        older, _ = killed
        flip(older)
        with pytest.warns(CheckpointWarning, match=older.name):
            assert train(moon, tmp_path) == whole(moon)

    def test_both(self, moon, tmp_path, killed):
        for path in killed:
            flip(path)
        network = make()
        with pytest.raises(ModelFileError, match=r"none is: .* Remove them to begin again"):
            train(moon, tmp_path, network=network)
        assert outcome(network, network.fit(*moon, **OPTIONS)) == whole(moon)

    def test_one_is_missing(self, moon, tmp_path, killed):
        killed[1].unlink()
        assert train(moon, tmp_path) == whole(moon)

    def test_what_a_killed_writer_left_is_removed(self, moon, tmp_path, killed):
        for kind in ("safetensors", "jsonl"):
            (tmp_path / f".chainrule-abc.{kind}").write_bytes(b"part")
        train(moon, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [SLOTS[0]]


class TestFullDisk:
    def refuse(self, monkeypatch, when):
        """fsync fails as on a full disk, where a written file may still not be there."""
        from chainrule.files import atomic

        sync, count = os.fsync, iter(range(10**9))

        def full(descriptor):
            if when(next(count)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return sync(descriptor)

        monkeypatch.setattr(atomic.os, "fsync", full)

    def test_training_goes_on_and_says_so_once(self, moon, tmp_path, monkeypatch):
        self.refuse(monkeypatch, lambda count: True)
        with pytest.warns(CheckpointWarning, match="No space left.* The last good one stays") as told:
            assert train(moon, tmp_path) == whole(moon)
        assert len(told) == 1
        assert list(tmp_path.iterdir()) == []

    def test_what_stood_there_stays(self, moon, tmp_path, monkeypatch):
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=7)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with monkeypatch.context() as patch:
            self.refuse(patch, lambda count: True)
            with pytest.warns(CheckpointWarning):
                train(moon, tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        assert train(moon, tmp_path) == whole(moon)

    def test_a_disk_with_room_again_is_used(self, moon, tmp_path, monkeypatch):
        self.refuse(monkeypatch, lambda count: count < 5)
        with pytest.warns(CheckpointWarning), pytest.raises(Killed):
            train(moon, tmp_path, kill=12)
        assert find(tmp_path) is not None
        assert train(moon, tmp_path) == whole(moon)


NETWORKS = {
    "layers": (lambda: Network([2, 8, 5, 3], hidden="tanh", seed=4), "layers must be 2-9-5-3.*got 2-8-5-3"),
    "hidden": (lambda: make(hidden="relu"), "hidden must be tanh-tanh, .*got relu-relu"),
    "output": (lambda: make(output="quadratic"), "output must be softmax, .*got quadratic"),
    "dtype": (lambda: make(dtype="float32"), "dtype must be float64"),
}
OTHERS = {
    "batch_size": (9, "batch_size must be 8, as in the run that is resumed; got 9"),
    "learning_rate": (0.1, "learning_rate must be 0.05, .*got 0.1"),
    "optimizer": ("adamw", r"optimizer must be adam\(beta_1=0.9.*got adamw\("),
    "schedule": ("cosine", r"schedule must be constant\(\), .*got cosine"),
    "l1": (0.1, "l1 must be 0.0"),
    "l2": (0.1, "l2 must be 0.0"),
    "dropout": (0.1, "dropout must be 0.0"),
    "label_smoothing": (0.1, "label_smoothing must be 0.0"),
    "patience": (3, "patience must be None"),
    "seed": (5, "seed must be 4"),
    "validation": (0.5, "samples must be 45"),
    "sample_weight": (np.arange(60) + 1, "the data must be those of the run"),
}


class TestOtherRuns:
    @pytest.fixture
    def killed(self, moon, tmp_path):
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=9)
        return tmp_path

    @pytest.mark.parametrize("option", OTHERS)
    def test_options(self, moon, killed, option):
        value, said = OTHERS[option]
        self.refused(moon, killed, make(), said, **{option: value})

    @pytest.mark.parametrize("option", NETWORKS)
    def test_networks(self, moon, killed, option):
        other, said = NETWORKS[option]
        self.refused(moon, killed, other(), said)

    @pytest.mark.parametrize("part", [0, 1])
    def test_data(self, moon, killed, part):
        changed = [array.copy() for array in moon]
        changed[part][7] = (changed[part][7] + 1) % 3
        self.refused(changed, killed, make(), "data must be those of the run")

    def refused(self, data, folder, network, said, **options):
        before = [theta.tobytes() for layer in network.params for theta in layer]
        with pytest.raises(InputError, match=said):
            train(data, folder, network=network, **options)
        assert [theta.tobytes() for layer in network.params for theta in layer] == before
        assert network.training == []

    def test_other_validation_data(self, moon, tmp_path):
        X, y = moon
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=9, validation=(X[:20], y[:20]))
        with pytest.raises(InputError, match="the validation data must be those"):
            train(moon, tmp_path, validation=(X[:21], y[:21]))

    def test_a_seed_that_was_drawn_is_taken_from_the_checkpoint(self, moon, tmp_path):
        first = make(seed=None)
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=9, network=first)
        second, third = make(seed=None), make(seed=None)
        assert len({first.seed, second.seed, third.seed}) == 3
        with pytest.raises(Killed):
            train(moon, tmp_path, kill=3, network=second)
        assert train(moon, tmp_path, network=third) == whole(moon, make(seed=first.seed))
        assert third.seed == first.seed

    def test_a_network_that_was_trained_before(self, moon, tmp_path):
        def trained():
            network = make()
            network.fit(*moon, **OPTIONS)
            return network

        with pytest.raises(Killed):
            train(moon, tmp_path, kill=9, network=trained())
        assert train(moon, tmp_path, network=trained()) == whole(moon, trained())

    def test_another_engine_is_said(self, moon, killed):
        with pytest.warns(CheckpointWarning, match="trained by the engine reference, and goes on by llvm"):
            train(moon, killed, network=make("llvm"))


class TestOneProcessAtATime:
    def test_another_is_refused(self, moon, tmp_path):
        with held(tmp_path), pytest.raises(FolderBusy, match=f"process {os.getpid()} is training in"):
            train(moon, tmp_path)
        assert train(moon, tmp_path) == whole(moon)

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no lock there")
    def test_the_lock_of_a_killed_process_is_free(self, tmp_path):
        code = (
            "import os, signal; from pathlib import Path; from chainrule.files.locks import held\n"
            "with held(Path('.')): os.kill(os.getpid(), signal.SIGKILL)"
        )
        assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == -9
        assert (tmp_path / "lock").exists()
        with held(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        assert list(tmp_path.iterdir()) == []


def test_a_file_gives_back_what_it_got(moon, tmp_path):
    with pytest.raises(Killed):
        train(moon, tmp_path, kill=9, dropout=0.5, patience=2)
    found = find(tmp_path)
    write_checkpoint(tmp_path / "again", found)
    again = read_checkpoint(tmp_path / "again")
    assert again._replace(state=None, best=None) == found._replace(state=None, best=None)
    assert again.state.at == found.state.at
    assert again.state.at.masks["bit_generator"] == "PCG64"
    for a, b in ((again.state.params, found.state.params), (again.best.params, found.best.params)):
        assert str(list(a)) == str(list(b))
    assert str(list(again.state.moments)) == str(list(found.state.moments))


def test_after_divergence(moon, tmp_path):
    """What was done is remembered, so that further training sees the samples in an order of its own."""
    jump = Schedule("jump", lambda progress, epochs: 1.0 if progress < 2 else 1e250)
    network = make(hidden="relu")
    with pytest.raises(TrainingDiverged) as caught:
        network.fit(*moon, **{**OPTIONS, "schedule": jump, "optimizer": "sgd"}, checkpoint=tmp_path)
    assert [r["stopped"] for r in network.training] == ["diverged"]
    assert network.training[0]["epochs_done"] == len(caught.value.history) == 2
    assert caught.value.history.stopped == "diverged"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resume": True}, "resume needs the folder of the checkpoints"),
        ({"checkpoint": 5}, "checkpoint must be a folder, .*got 5"),
        ({"checkpoint": Checkpoints("x", seconds=-1)}, "seconds must be at least 0"),
        ({"checkpoint": Checkpoints("x", batches=0)}, "batches must be a whole number"),
    ],
    ids=["resume", "kind", "seconds", "batches"],
)
def test_arguments_that_cannot_be_right(moon, options, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        make().fit(*moon, **OPTIONS, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_resumed_network_is_like_any_other(moon, tmp_path):
    train(moon, tmp_path)
    network = make()
    network.fit(*moon, checkpoint=tmp_path, resume=True, **OPTIONS)
    network.W[1] = np.ones((9, 2))
    network.save(tmp_path / "model")
    assert Network.load(tmp_path / "model").training == network.training


def test_writing_costs_no_more_than_its_share(tmp_path, monkeypatch):
    """By the clock: where a write takes long, they come less often."""
    clock = [0.0]
    monkeypatch.setattr("chainrule.training.resume.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(
        "chainrule.training.resume.write_checkpoint", lambda *args: clock.__setitem__(0, clock[0] + 3)
    )
    saver, keeper, written = Saver(Checkpoints(tmp_path, seconds=1)), Keeper(make()), []
    saver.state = lambda: written.append(clock[0])
    while clock[0] < 10_000:
        clock[0] += 1
        saver.save(keeper)
    assert 0.9 * SHARE < len(written) * 3 / 10_000 <= 1.1 * SHARE


def test_no_disk_is_asked_without_checkpoints(moon, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.training.resume.write_checkpoint", shutil.rmtree)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make().fit(*moon, **OPTIONS)
    assert list(tmp_path.iterdir()) == []
