"""The loop beneath `fit`: order, mini-batches, masks, one step, and divergence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import History, InputError, Network, TrainingDiverged
from chainrule.equations.heads import HEADS, smooth_labels
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.evaluation import correct
from chainrule.history import EpochRecord
from chainrule.training.randomness import dropout_masks, epoch_randomness
from tests.equations.calculus import TOLERANCE


def bits(network):
    return [theta.tobytes() for layer in network.params for theta in layer]


@given(seed=st.integers(0, 2**63), epoch=st.integers(0, 1000), n=st.integers(1, 50))
def test_an_epoch_takes_every_sample_once_in_an_order_of_its_own(seed, epoch, n):
    order = epoch_randomness(seed, epoch).order.permutation(n)
    assert sorted(order) == list(range(n))
    assert order.tolist() == epoch_randomness(seed, epoch).order.permutation(n).tolist()


def test_orders_differ_by_seed_and_epoch():
    orders = {
        tuple(epoch_randomness(seed, epoch).order.permutation(20)) for seed in range(5) for epoch in range(5)
    }
    assert len(orders) == 25


@pytest.mark.parametrize("batch_size", [1, 7, 20, 60, 1000])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
def test_fit_is_the_loop_written_by_hand(moon, output, batch_size):
    """The last mini-batch is smaller and divides by its own size; one larger than the data is all of it."""
    X, y = moon
    fitted, by_hand = (Network([2, 4, 3], output=output, seed=5) for _ in range(2))
    fitted.fit(X, y, epochs=2, batch_size=batch_size, learning_rate=0.3, progress=False)
    for epoch in range(2):
        order = epoch_randomness(5, epoch).order.permutation(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            by_hand.gradient_descent((X[rows], y[rows]), 0.3)
    for a, b in zip(fitted.params, by_hand.params, strict=True):
        np.testing.assert_allclose(a.W, b.W, **TOLERANCE["float64"])
        np.testing.assert_allclose(a.b, b.b, **TOLERANCE["float64"])


def test_penalties_and_smoothing_enter_every_step(moon):
    X, y = moon
    fitted, by_hand = (Network([2, 4, 3], seed=5) for _ in range(2))
    fitted.fit(
        X,
        y,
        epochs=1,
        batch_size=60,
        learning_rate=0.3,
        l1=0.01,
        l2=0.02,
        label_smoothing=0.1,
        progress=False,
    )
    smooth = smooth_labels(np.eye(3)[y], 0.1, 1 / 3)
    g = by_hand.gradients(X, smooth, l1=0.01, l2=0.02)
    for L in (1, 2):
        np.testing.assert_allclose(fitted.W[L], by_hand.W[L] - 0.3 * g.dW[L], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(fitted.b[L], by_hand.b[L] - 0.3 * g.db[L], rtol=1e-10, atol=1e-12)


def test_smoothing_of_labels_of_their_own_goes_to_one_half(moon):
    X, y = moon
    fitted = Network([2, 4, 3], output="quadratic", seed=5)
    g = fitted.gradients(X, 0.8 * np.eye(3)[y] + 0.1)
    W = fitted.W[2].copy()
    fitted.fit(X, y, epochs=1, batch_size=60, learning_rate=1, label_smoothing=0.2, progress=False)
    np.testing.assert_allclose(fitted.W[2], W - g.dW[2], rtol=1e-9, atol=1e-12)


def test_adamw_decays_weights_and_no_biases(moon):
    """With a gradient of 0 (every sample weighs nothing but one, which fits) only decay is left."""
    X, y = np.zeros((2, 2)), [0, 1]
    network = Network([2, 2], seed=0)
    network.b[1] = [0.5, 0.5]
    network.W[1] = W = np.array([[1.0, -2], [3, 4]])
    network.fit(X, y, epochs=3, batch_size=2, optimizer="adamw", learning_rate=0.1, progress=False)
    np.testing.assert_allclose(network.W[1], W * (1 - 0.1 * 0.01) ** 3, rtol=1e-12)
    np.testing.assert_allclose(network.b[1], [0.5, 0.5], rtol=1e-12)


class TestDropout:
    @pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
    def test_masks(self, rate):
        """100,000 draws: the share dropped is known to 0.0016, so 5 σ is 0.008."""
        masks = dropout_masks(np.random.default_rng(0), rate, [400], 250, np.dtype(np.float64))
        assert len(masks) == 1
        r = masks[1]
        assert r.shape == (250, 400)
        np.testing.assert_allclose(np.unique(r), [0, 1 / (1 - rate)], rtol=1e-12)
        assert np.mean(r == 0) == pytest.approx(rate, abs=0.008)
        assert r.mean() == pytest.approx(1, abs=0.008 / (1 - rate))
        assert abs(np.corrcoef(r[:, 0], r[:, 1])[0, 1]) < 0.35

    def test_masks_keep_the_dtype(self):
        masks = dropout_masks(np.random.default_rng(0), 0.5, [400], 4, np.dtype(np.float32))
        assert masks[1].dtype == np.float32

    def test_no_hidden_layer_to_drop_from(self, moon):
        X, y = moon
        plain, dropped = (Network([2, 3], seed=0) for _ in range(2))
        plain.fit(X, y, epochs=2, progress=False)
        dropped.fit(X, y, epochs=2, dropout=0.5, progress=False)
        assert bits(plain) == bits(dropped)

    def test_training_uses_them_and_evaluation_does_not(self, moon):
        X, y = moon
        plain, dropped = (Network([2, 30, 3], seed=0) for _ in range(2))
        before = plain.evaluate(X, y).loss
        options = {"epochs": 1, "batch_size": 60, "learning_rate": 1e-12, "progress": False}
        assert plain.fit(X, y, **options)[0].loss == pytest.approx(before, rel=1e-9)
        history = dropped.fit(X, y, dropout=0.5, validation=(X, y), **options)
        assert abs(history[0].loss - before) > 1e-3 * before
        assert history[0].val_loss == pytest.approx(before, rel=1e-9)
        assert dropped.evaluate(X, y).loss == pytest.approx(before, rel=1e-9)

    def test_expectation_of_a_linear_net_is_the_net_without(self):
        """Over many masks the mean output logit is the one without dropout: that is what 1/(1 − p) is for."""
        rng = np.random.default_rng(1)
        a = rng.standard_normal(400)
        w = rng.standard_normal(400)
        r = dropout_masks(rng, 0.3, [400], 4000, np.dtype(np.float64))[1]
        spread = np.sqrt(np.sum((a * w) ** 2) * 0.3 / 0.7 / 4000)
        assert abs(np.mean((a * r) @ w) - a @ w) < 5 * spread


def test_what_the_head_calls_uninformed():
    assert [HEADS[name].uninformed(4) for name in ("softmax", "sigmoid", "quadratic")] == [0.25, 0.5, 0.5]


def test_history_reads_as_a_sequence():
    records = [EpochRecord(e, 1.0 / e, 0.5, v, 0.5, 0.1, 0.0) for e, v in ((1, 0.9), (2, 0.4), (3, 0.6))]
    history = History(records, "callback")
    assert (len(history), history[-1].epoch, history.best_epoch) == (3, 3, 2)
    assert history[1:] == records[1:]
    assert history.column("val_loss") == [0.9, 0.4, 0.6]
    assert repr(history) == "History(3 epochs, callback: loss 0.3333, val_loss 0.6000)"
    assert repr(History()) == "History(no epoch done, finished)"
    assert History().best_epoch is None
    assert History([records[0]._replace(val_loss=None)]).best_epoch is None


@pytest.mark.parametrize(
    ("head", "a", "y", "right"),
    [
        ("softmax", [[0.2, 0.8], [0.6, 0.4]], [[0, 1], [0, 1]], [True, False]),
        ("quadratic", [[0.2, 0.3], [0.6, 0.7]], [[0, 1], [1, 0]], [True, False]),
        ("sigmoid", [[0.9, 0.8], [0.6, 0.4]], [[1, 1], [1, 1]], [True, False]),
        ("sigmoid", [[0.9], [0.4]], [[1], [1]], [True, False]),
        ("quadratic", [[0.9], [0.4]], [[1], [1]], [True, False]),
    ],
)
def test_correct(head, a, y, right):
    assert correct(np.array(a), np.array(y), HEADS[head].multi_label).tolist() == right


class TestDivergence:
    def fit(self, X, y, **options):
        network = Network([2, 8, 3], hidden="relu", seed=0)
        start = network.params
        with pytest.raises(TrainingDiverged) as caught:
            network.fit(X, y, progress=False, **options)
        assert all(np.isfinite(theta).all() for layer in network.params for theta in layer)
        assert np.isfinite(network.loss(*moderate(X, y)))
        return network, start, caught.value

    def test_learning_rate(self, moon):
        _, _, error = self.fit(*moon, epochs=3, learning_rate=1e200)
        assert error.epoch == 1
        assert 2 <= error.batch <= 6
        message = str(error)
        assert "the loss must stay finite" in message
        assert f"epoch 1, mini-batch {error.batch}" in message
        assert "learning rate 1e+200 is too large" in message
        assert "Try 1e+199" in message
        assert len(error.history) == 0

    def test_inputs(self, moon):
        X, y = moon
        network, start, error = self.fit(X * 1e307, y, epochs=1, learning_rate=0.1)
        assert (error.epoch, error.batch) == (1, 1)
        assert "inputs are large" in str(error)
        assert "Scale them" in str(error)
        assert network.params is start

    def test_later_epochs_keep_the_history(self, moon):
        from chainrule.training.schedules import Schedule

        jump = Schedule("jump", lambda progress, epochs: 1.0 if progress < 2 else 1e250)
        _, _, error = self.fit(*moon, epochs=5, learning_rate=0.1, schedule=jump)
        assert error.epoch == 3
        assert [record.epoch for record in error.history] == [1, 2]

    @pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
    def test_optimizers_with_moments(self, moon, optimizer):
        self.fit(*moon, epochs=3, learning_rate=1e200, optimizer=OPTIMIZERS[optimizer]())

    def test_the_network_can_be_trained_on(self, moon):
        network, _, _ = self.fit(*moon, epochs=3, learning_rate=1e200)
        fresh = Network([2, 8, 3], hidden="relu", seed=0)
        assert bits(network) == bits(fresh)
        losses = network.fit(*moon, epochs=5, learning_rate=0.05, progress=False).column("loss")
        assert losses[-1] < losses[0]

    def test_in_the_very_last_step(self, moon):
        network = Network([2, 8, 3], hidden="relu", seed=0)
        with pytest.raises(TrainingDiverged):
            network.fit(*moon, epochs=1, batch_size=60, learning_rate=1e308, progress=False)


def moderate(X, y):
    return np.clip(X, -3, 3), y


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"epochs": 0}, ["epochs must be a whole number of 1 or more", "got 0"]),
        ({"epochs": 2.5}, ["epochs must", "got 2.5"]),
        ({"epochs": True}, ["epochs must", "got True"]),
        ({"batch_size": -1}, ["batch_size must be a whole number", "got -1"]),
        ({"learning_rate": 0}, ["learning_rate must be above 0", "got 0"]),
        ({"learning_rate": float("nan")}, ["learning_rate must be above 0", "got nan"]),
        ({"learning_rate": float("inf")}, ["learning_rate must", "got inf"]),
        ({"l1": -0.1}, ["l1 must be at least 0", "got -0.1"]),
        ({"l2": float("nan")}, ["l2 must be at least 0", "got nan"]),
        ({"dropout": 1}, ["dropout must be at least 0 and below 1", "got 1"]),
        ({"label_smoothing": 1.0}, ["label_smoothing must be", "got 1.0"]),
        ({"optimizer": "adm"}, ["optimizer must be one of sgd", "mean 'adam'?"]),
        ({"schedule": "cosin"}, ["schedule must be one of constant", "mean 'cosine'?"]),
        ({"patience": 2}, ["patience needs validation data", "got none", "validation=0.1"]),
        ({"patience": 0, "validation": 0.5}, ["patience must be a whole number", "got 0"]),
        ({"validation": 0.0}, ["validation must be above 0 and below 1", "got 0.0", "Try 0.1"]),
        ({"validation": 0.999}, ["validation must leave samples on both sides", "got 0.999 of 60"]),
        ({"validation": 1.5}, ["validation must be above 0 and below 1", "got 1.5"]),
        ({"sample_weight": [1, 2]}, ["sample_weight must have shape (60,)", "got (2,)"]),
        ({"sample_weight": -np.ones(60)}, ["0 or more", "got -1.0 at row 0"]),
    ],
)
def test_options_that_cannot_be_right(moon, options, parts):
    network = Network([2, 3, 3], seed=0)
    before = bits(network)
    with pytest.raises(InputError) as caught:
        network.fit(*moon, progress=False, **options)
    assert all(part in str(caught.value) for part in parts), caught.value
    assert bits(network) == before
    assert network.training == []


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": "0.1"},
        {"l1": "x"},
        {"dropout": "0.5"},
        {"seed": -1},
        {"seed": "a"},
        {"validation": float("nan")},
        {"on_epoch": 5},
    ],
    ids=str,
)
def test_options_of_an_odd_kind(moon, options):
    # TypeError and a plain ValueError are not what was promised, though InputError is a ValueError.
    with pytest.raises(InputError):
        Network([2, 3, 3], seed=0).fit(*moon, epochs=1, progress=False, **options)
