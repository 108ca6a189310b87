"""`Network.fit` as its users see it: it learns, repeats itself, stops when told, and keeps the best."""

from __future__ import annotations

import inspect
import io
import sys
from dataclasses import fields

import numpy as np
import pytest

from chainrule import Dataset, InputError, Network
from chainrule.equations.optimizers import OPTIMIZERS, momentum
from chainrule.training import data
from chainrule.training.plan import FitOptions
from chainrule.training.schedules import Schedule


def bits(network):
    return [theta.tobytes() for layer in network.params for theta in layer]


def make(**options):
    return Network([2, 6, 3], **{"seed": 3, "initializer": "xavier", **options})


def fit(network, data, **options):
    return network.fit(*data, **{"progress": False, "epochs": 4, **options})


class _OnlyWrites:
    def write(self, text):
        return len(text)


@pytest.mark.parametrize(
    ("stream", "progress"), [("none", None), ("none", True), ("closed", None), ("that only writes", None)]
)
def test_a_service_has_no_streams(moon, monkeypatch, stream, progress):
    """`pythonw`, and services: `sys.stderr` is None there."""
    closed = io.StringIO()
    closed.close()
    given = {"none": None, "closed": closed, "that only writes": _OnlyWrites()}[stream]
    monkeypatch.setattr(sys, "stderr", given)
    monkeypatch.setattr(sys, "stdout", given)
    assert len(fit(make(), moon, progress=progress)) == 4


class TestLearning:
    def test_loss_falls(self, moon):
        network = make()
        history = fit(network, moon, epochs=10)
        assert history[-1].loss < 0.6 * history[0].loss
        assert history[-1].accuracy > 0.85
        assert network.evaluate(*moon).loss < history[0].loss

    @pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
    def test_xor(self, output):
        X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        network = Network([2, 4, 2], hidden="tanh", output=output, seed=1)
        fit(network, (X, y), epochs=800, batch_size=4, learning_rate=1.0)
        assert network.predict_proba(X)[np.arange(4), y].min() > 0.8
        linear = Network([2, 2], output=output, seed=1)
        fit(linear, (X, y), epochs=300, batch_size=4, learning_rate=1.0)
        assert linear.evaluate(X, np.eye(2)[y]).loss > 0.2  # a net without hidden layer cannot

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_every_optimizer_learns(self, moon, optimizer):
        network = make()
        before = network.evaluate(*moon).loss
        rate = 0.02 if optimizer in ("rmsprop", "adam", "adamw") else None
        fit(network, moon, epochs=15, optimizer=optimizer, learning_rate=rate)
        assert network.evaluate(*moon).loss < 0.6 * before

    def test_digits_above_90_percent(self, digits):
        X, y = digits
        network = Network([64, 30, 10], seed=0)
        fit(network, (X[:800], y[:800]), epochs=20)
        assert network.evaluate(X[800:], y[800:]).accuracy > 0.9

    @pytest.mark.slow
    def test_digits_above_95_percent(self):
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        train = np.arange(len(X)) % 5 > 0
        network = Network([64, 64, 10], hidden="relu", initializer="he", dtype="float32", seed=0)
        fit(network, (X[train] / 16, y[train]), epochs=25, optimizer="adam", dropout=0.2)
        assert network.evaluate(X[~train] / 16, y[~train]).accuracy > 0.95

    def test_several_labels(self):
        rng = np.random.default_rng(0)
        X = rng.uniform(-1, 1, (200, 2))
        y = (X > 0).astype(int)
        network = Network([2, 6, 2], output="sigmoid", initializer="xavier", seed=0)
        fit(network, (X, y), epochs=20)
        assert network.evaluate(X, y).accuracy > 0.9

    def test_one_output(self, moon):
        X, y = moon
        network = Network([2, 6, 1], output="sigmoid", initializer="xavier", seed=0)
        history = fit(network, (X, (y > 0).astype(int)), epochs=20)
        assert history[-1].accuracy > 0.9


class TestRepeating:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize(
        "options", [{}, {"optimizer": "adam", "dropout": 0.3, "validation": 0.2}], ids=str
    )
    def test_same_seed_same_bits(self, moon, dtype, options):
        runs = [make(dtype=dtype) for _ in range(2)]
        records = [[r._replace(seconds=0) for r in fit(n, moon, **options)] for n in runs]
        assert bits(runs[0]) == bits(runs[1])
        assert records[0] == records[1]
        assert {theta.dtype.name for layer in runs[0].params for theta in layer} == {dtype}

    def test_another_seed_takes_another_order(self, moon):
        one, other, default = make(), make(), make()
        fit(one, moon, seed=3)
        fit(other, moon, seed=4)
        fit(default, moon)
        assert bits(one) == bits(default) != bits(other)

    @pytest.mark.parametrize("options", [{}, {"dropout": 0.4}, {"validation": 0.25}], ids=str)
    def test_going_on_is_never_having_stopped(self, moon, options):
        """For plain SGD at a constant rate: the order goes on where it was, and so do the masks."""
        parts, whole = make(), make()
        fit(parts, moon, epochs=2, **options)
        fit(parts, moon, epochs=2, **options)
        fit(whole, moon, epochs=4, **options)
        assert bits(parts) == bits(whole)

    def test_an_epoch_is_not_a_repetition_of_the_one_before(self, moon):
        again, on = make(), make()
        fit(again, moon, epochs=1, seed=3)
        again.training.clear()
        fit(again, moon, epochs=1, seed=3)
        fit(on, moon, epochs=2, seed=3)
        assert bits(again) != bits(on)

    def test_data_in_every_form(self, moon):
        X, y = moon
        reference = make()
        fit(reference, moon)
        forms = [
            ((X, y),),
            ([(x[:, None], k) for x, k in zip(X, y, strict=True)],),
            (X.tolist(), y.tolist()),
            (X, np.eye(3)[y]),
            (np.asfortranarray(X), y[:, None]),
            (Dataset(X, y, ("a", "b", "c")),),
        ]
        for form in forms:
            network = make()
            network.fit(*form, epochs=4, progress=False)
            assert bits(network) == bits(reference)

    def test_inputs_are_left_alone(self, moon):
        X, y = moon[0].copy(), moon[1].copy()
        w = np.ones(60)
        fit(make(), (X, y), sample_weight=w, dropout=0.5, label_smoothing=0.1, validation=0.2)
        assert (moon[0] == X).all()
        assert (y == moon[1]).all()
        assert (w == 1).all()

    def test_parameters_held_before_are_not_written_to(self, moon):
        network = make()
        held = network.params
        before = bits(network)
        fit(network, moon)
        network.params, after = held, network.params
        assert bits(network) == before
        assert after is not held


class TestRecords:
    def test_history(self, moon):
        history = fit(make(), moon, epochs=3, batch_size=7, validation=moon, learning_rate=0.2)
        assert [r.epoch for r in history] == [1, 2, 3]
        assert history.stopped == "finished"
        assert history.column("learning_rate") == [0.2] * 3
        assert all(r.seconds > 0 and 0 <= r.accuracy <= 1 and 0 <= r.val_accuracy <= 1 for r in history)
        assert all(type(value) in (int, float) for r in history for value in r)
        assert history.best_epoch == 1 + int(np.argmin(history.column("val_loss")))

    def test_loss_is_the_mean_over_samples_before_each_step(self, moon):
        network = make()
        value = network.evaluate(*moon)
        history = fit(network, moon, epochs=1, batch_size=7, learning_rate=1e-14)
        assert history[0].loss == pytest.approx(value.loss, rel=1e-9)
        assert history[0].accuracy == pytest.approx(value.accuracy)
        assert (history[0].val_loss, history[0].val_accuracy, history.best_epoch) == (None, None, None)

    def test_validation_is_taken_after_the_epoch(self, moon):
        network = make()
        history = fit(network, moon, validation=moon)
        result = network.evaluate(*moon)
        assert history[-1].val_loss == pytest.approx(result.loss, rel=1e-12)
        assert history[-1].val_accuracy == result.accuracy

    def test_events_of_batches(self, moon):
        events = []
        fit(make(), moon, epochs=2, batch_size=25, on_batch=[events.append])
        assert [(e.epoch, e.batch, e.batches, e.samples) for e in events] == [
            (1, 1, 3, 25),
            (1, 2, 3, 50),
            (1, 3, 3, 60),
            (2, 1, 3, 25),
            (2, 2, 3, 50),
            (2, 3, 3, 60),
        ]
        assert (events[0].params[1].W != events[1].params[1].W).any()

    def test_schedule_is_asked_at_the_middle_of_each_batch(self, moon):
        line = Schedule("line", lambda progress, epochs: 1 - progress / epochs)
        rates = []
        fit(make(), moon, epochs=2, batch_size=30, learning_rate=1, schedule=line, on_batch=[rates.append])
        assert [e.learning_rate for e in rates] == pytest.approx([0.875, 0.625, 0.375, 0.125])

    def test_usual_rate_of_the_optimizer(self, moon):
        for name, make_optimizer in OPTIMIZERS.items():
            assert (
                fit(make(), moon, epochs=1, optimizer=name)[0].learning_rate == make_optimizer().learning_rate
            )

    def test_training_record(self, moon):
        network = make()
        fit(network, moon, epochs=2, batch_size=8, optimizer=momentum(0.8), schedule="cosine", l2=0.001)
        fit(network, moon, epochs=3, validation=0.25, patience=9, seed=11)
        first, second = network.training
        assert first["optimizer"] == {"name": "momentum", "mu": 0.8}
        assert first["schedule"] == {"name": "cosine", "final": 0.0}
        assert {first[k] for k in ("samples", "epochs_done", "batch_size", "l2")} == {60, 2, 8, 0.001}
        assert (second["samples"], second["patience"], second["seed"]) == (45, 9, 11)
        assert (first["learning_rate"], first["seed"], first["stopped"]) == (0.1, 3, "finished")
        assert second["last"]["epoch"] == 3

    def test_what_the_data_stand_for_is_remembered(self, moon):
        network = make()
        assert network.classes == ("0", "1", "2")
        data = Dataset(*moon, ("a", "b", "c"), features=("u", "v"), name="moon")
        network.fit(data, epochs=1, progress=False)
        assert network.classes == ("a", "b", "c")
        assert (network.data.name, network.data.features) == ("moon", ("u", "v"))


class TestValidation:
    def test_fraction_is_held_out(self, moon):
        sizes = []
        history = fit(make(), moon, epochs=1, batch_size=100, validation=0.25, on_batch=[sizes.append])
        assert sizes[0].samples == 45
        assert history[0].val_loss is not None

    def test_held_out_samples_teach_nothing(self, moon):
        """Whatever their labels and weights are, the network comes out the same; those of others matter."""
        X, y = moon
        reference = make()
        fit(reference, moon, validation=0.25)
        held_out = []
        for row in range(60):
            other = y.copy()
            other[row] = (other[row] + 1) % 3
            network = make()
            fit(network, (X, other), validation=0.25)
            if bits(network) == bits(reference):
                held_out.append(row)
        assert len(held_out) == 15
        w = np.ones(60)
        w[held_out] = 5
        fit(weighted := make(), moon, validation=0.25, sample_weight=w)
        np.testing.assert_allclose(weighted.W[1], reference.W[1], rtol=1e-9)

    @pytest.mark.parametrize("as_data", [lambda X, y: (X, y), lambda X, y: Dataset(X, y, ("a", "b", "c"))])
    def test_data(self, moon, as_data):
        X, y = moon
        network = make()
        history = fit(network, (X[:40], y[:40]), validation=as_data(X[40:], y[40:]))
        assert history[-1].val_loss == pytest.approx(network.evaluate(X[40:], y[40:]).loss)

    def test_impossible_data(self, moon):
        network = make()
        before = bits(network)
        with pytest.raises(InputError, match="got 5 at row 0"):
            fit(network, moon, validation=([[0, 0]], [5]))
        assert bits(network) == before

    def test_numpy_fraction(self, moon):
        assert fit(make(), moon, epochs=1, validation=np.float32(0.25))[0].val_loss is not None

    def test_weights_that_are_all_zero_in_one_part(self, moon):
        for row in (0, 5):
            w = np.zeros(60)
            w[row] = 1
            try:
                fit(make(), moon, epochs=1, validation=0.5, sample_weight=w)
            except InputError:
                continue


class TestPatience:
    """A rate that turns negative climbs the loss, so that the best epoch is known."""

    turn = Schedule("turn", lambda progress, epochs: 1.0 if progress < 5 else -1.0)

    def run(self, moon, **options):
        network, ends = make(), []
        keep = [lambda e: ends.append(e.params) if e.batch == e.batches else None]
        options = {"schedule": self.turn, "patience": 3, **options}
        history = fit(network, moon, epochs=50, validation=moon, on_batch=keep, **options)
        return network, history, ends

    def test_stops_and_goes_back_to_the_best(self, moon):
        network, history, ends = self.run(moon)
        best = history.best_epoch
        assert history.stopped == "early stopping"
        assert len(history) == best + 3
        assert 1 < best < 50
        network.params, kept = ends[best - 1], network.params
        assert bits(network) == [t.tobytes() for layer in kept for t in layer]
        assert network.evaluate(*moon).loss == pytest.approx(min(history.column("val_loss")), rel=1e-12)
        assert network.training[-1]["best_epoch"] == best

    def test_without_patience_the_last_stay(self, moon):
        network, ends = make(), []
        fit(network, moon, epochs=8, validation=moon, schedule=self.turn, on_batch=[ends.append])
        assert network.params is ends[-1].params

    def test_best_is_kept_when_all_epochs_are_done(self, moon):
        network, history, ends = self.run(moon, patience=100)
        assert (history.stopped, len(history)) == ("finished", 50)
        assert network.params is ends[history.best_epoch - 1]


class TestStopping:
    def test_a_callback_that_returns_true_ends_it(self, moon):
        history = fit(make(), moon, epochs=9, on_epoch=[lambda r: r.epoch == 3])
        assert (len(history), history.stopped) == (3, "callback")

    def test_in_the_middle_of_an_epoch(self, moon):
        network, seen = make(), []
        history = fit(network, moon, epochs=9, on_batch=[seen.append, lambda e: (e.epoch, e.batch) == (2, 4)])
        assert (len(history), history.stopped, len(seen)) == (1, "callback", 10)
        assert network.params is seen[-1].params
        assert network.training[-1]["epochs_done"] == 1

    def test_all_callbacks_are_called_and_other_values_mean_nothing(self, moon):
        calls = []
        history = fit(
            make(), moon, epochs=3, on_epoch=[lambda r: True, calls.append], on_batch=[lambda e: "yes"]
        )
        assert len(history) == len(calls) == 1

    @pytest.mark.parametrize("where", ["on_batch", "on_epoch"])
    def test_ctrl_c_keeps_what_was_learnt(self, moon, where):
        network, seen = make(), []

        def interrupt(event):
            if event.epoch == 2:
                raise KeyboardInterrupt

        options = {"on_batch": [seen.append]}
        options[where] = [*options.get(where, []), interrupt]
        history = fit(network, moon, epochs=9, **options)
        assert history.stopped == "interrupted"
        assert [r.epoch for r in history] == ([1] if where == "on_batch" else [1, 2])
        assert network.params is seen[-1].params
        assert network.training[-1]["stopped"] == "interrupted"
        fit(network, moon, epochs=1)

    def test_an_error_in_a_callback_is_not_swallowed(self, moon):
        def fail(event):
            raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            fit(make(), moon, on_epoch=[fail])


class TestWeights:
    def test_only_ratios_matter(self, moon):
        w = np.random.default_rng(0).uniform(0.5, 2, 60)
        one, other = make(), make()
        a, b = fit(one, moon, sample_weight=w), fit(other, moon, sample_weight=8 * w)
        np.testing.assert_allclose(one.W[1], other.W[1], rtol=1e-9)
        assert a[-1].loss == pytest.approx(b[-1].loss)

    def test_weight_2_is_the_sample_twice(self, moon):
        X, y = moon
        w = np.ones(60)
        w[:10] = 2
        rows = np.r_[np.arange(60), np.arange(10)]
        one, other = make(), make()
        fit(one, moon, sample_weight=w, batch_size=100)
        fit(other, (X[rows], y[rows]), batch_size=100)
        np.testing.assert_allclose(one.W[1], other.W[1], rtol=1e-9, atol=1e-12)

    def test_weight_0_is_no_sample(self, moon):
        X, y = moon
        w = np.ones(60)
        w[20:] = 0
        one, other = make(), make()
        fit(one, moon, sample_weight=w, batch_size=100)
        fit(other, (X[:20], y[:20]), batch_size=100)
        np.testing.assert_allclose(one.W[1], other.W[1], rtol=1e-9, atol=1e-12)

    def test_a_heavy_class_is_favoured(self, moon):
        X, y = moon
        plain, biased = make(), make()
        fit(plain, (X * 0.2, y), epochs=20)
        fit(biased, (X * 0.2, y), epochs=20, sample_weight=np.where(y == 1, 20.0, 1.0))
        assert np.sum(biased.predict(X * 0.2) == 1) > np.sum(plain.predict(X * 0.2) == 1)


class TestNumpyScalars:
    """Options often come out of arrays."""

    @pytest.mark.parametrize("engine", ["auto", "reference"])
    def test_large_samples_keep_their_precision_in_memory(self, moon, engine, monkeypatch):
        """They are cast mini-batch by mini-batch, to the same bits as if they had been cast before."""
        X, y = moon
        cast, kept = make(dtype="float32", engine=engine), make(dtype="float32", engine=engine)
        fit(cast, (X, y), validation=0.2)
        monkeypatch.setattr(data, "LARGE", 0)
        assert data.as_examples(kept, (X, y)).X is X
        fit(kept, (X, y), validation=0.2)
        assert [W.tobytes() for W in kept.W] == [W.tobytes() for W in cast.W]

    def test_large_samples_out_of_range_are_refused(self, moon, monkeypatch):
        monkeypatch.setattr(data, "LARGE", 0)
        X, y = moon
        X = X.copy()
        X[3, 1] = -1e39
        with pytest.raises(InputError, match=r"X must be finite in float32; got -1e\+39 at row 3, column 1"):
            fit(make(dtype="float32"), (X, y))
        fit(make(dtype="float64"), (X, y), epochs=1, learning_rate=1e-90)

    @pytest.mark.parametrize(
        "options",
        [
            {"learning_rate": np.float64(0.1)},
            {"label_smoothing": np.float64(0.1)},
            {"l1": np.float64(0.1)},
            {"l2": np.float64(0.1)},
            {"optimizer": momentum(np.float64(0.9))},
            {"schedule": Schedule("own", lambda progress, epochs: np.float64(1))},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_float32_stays(self, moon, options):
        network = make(dtype="float32")
        fit(network, moon, **options)
        assert network.W[1].dtype == np.float32

    @pytest.mark.parametrize(
        "options",
        [
            {"epochs": np.int64(2)},
            {"batch_size": np.int64(8)},
            {"seed": np.int64(5)},
            {"learning_rate": np.float32(0.1)},
            {"patience": np.int64(5), "validation": 0.2},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_what_was_trained_can_be_saved(self, moon, tmp_path, options):
        network = make()
        fit(network, moon, **options)
        network.save(tmp_path / "model")
        assert Network.load(tmp_path / "model").training == network.training


@pytest.mark.parametrize("show", [True, False, None])
def test_progress_bar_shows_and_stays_quiet(moon, capfd, show):
    fit(make(), moon, epochs=2, progress=show)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("loss" in err and "accuracy" in err) if show else err == ""


def test_fit_hands_every_option_on_by_name(monkeypatch):
    """`FitOptions` has the names and the usual values of `Network.fit`, and nothing is lost between them."""
    handed = []
    monkeypatch.setattr("chainrule.training.fit.fit", lambda *arguments: handed.append(arguments[-1]))
    names = [name for name in inspect.signature(Network.fit).parameters if name not in ("self", "data", "y")]
    assert set(names) == {field.name for field in fields(FitOptions)} - {"shuffle"}
    network = Network([2, 3, 2], seed=0)
    network.fit(None)
    assert handed == [FitOptions()]
    network.fit(None, **{name: name for name in names})
    assert handed[1] == FitOptions(**{name: name for name in names})
