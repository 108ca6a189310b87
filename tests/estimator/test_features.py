"""What the estimator has beyond MLPClassifier: a test for each row of the table in docs/estimator.md."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from chainrule import Activation, Network, gradient_check
from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import HEADS, pos_weighted
from chainrule.equations.optimizers import adam, clip_by_norm, clip_by_value, sgd
from chainrule.errors import InputError, TrainingDiverged
from chainrule.training.schedules import SCHEDULES, warm_up
from tests.estimator.small import estimator, same


def test_class_weight_is_the_sample_weight_of_a_class(two_classes):
    X, y = two_classes
    one = estimator(class_weight={0: 1, 1: 5}).fit(X, y)
    assert same(one, estimator().fit(X, y, np.where(y == 1, 5.0, 1.0)))
    assert one.predict_proba(X)[:, 1].mean() > estimator().fit(X, y).predict_proba(X)[:, 1].mean()
    share = y.mean()
    balanced = np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
    found = estimator(class_weight="balanced").fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found, estimator().fit(X, y, balanced).predict_proba(X), rtol=1e-9)


def test_class_weight_multiplies_sample_weight(two_classes):
    X, y = two_classes
    w = np.random.default_rng(0).uniform(1, 2, len(y))
    both = estimator(class_weight={0: 1, 1: 3}).fit(X, y, w)
    assert same(both, estimator().fit(X, y, w * np.where(y == 1, 3, 1)))


def test_sample_weight_counts_as_repetition(iris):
    X, y = iris
    times = np.random.default_rng(0).integers(0, 4, len(y))
    options = {"batch_size": 10_000, "shuffle": False}
    weighted = estimator(**options).fit(X, y, times)
    repeated = estimator(**options).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-8)


def test_a_sample_of_weight_0_is_not_there(iris):
    X, y = iris
    counts = np.arange(len(y)) % 3 > 0
    assert same(estimator().fit(X, y, counts.astype(float)), estimator().fit(X[counts], y[counts]))


@pytest.mark.parametrize("p", [3.0, [1.0, 4.0, 0.5]], ids=["one", "each"])
def test_pos_weight_is_a_repeated_label(labels, p):
    """p = 3: as if each label that is on stood in the loss three times; the gradient is checked besides."""
    X, Y = labels
    one = estimator(pos_weight=p).fit(X, Y)
    network = one.network_
    each = np.broadcast_to(p, 3)
    a = network.predict_proba(X)
    by_hand = -(each * Y * np.log(a) + (1 - Y) * np.log(1 - a)).sum(axis=1).mean()
    assert network.loss(X, Y) == pytest.approx(by_hand, rel=1e-12)
    assert gradient_check(network, X[:20], Y[:20]).passed
    assert (one.predict(X).sum(axis=0) != estimator().fit(X, Y).predict(X).sum(axis=0)).any()


def test_pos_weight_stays_finite_and_is_kept_in_files(labels, tmp_path):
    head = pos_weighted(np.array([3.0, 0.2]))
    z, y = np.array([[1e4, -1e4], [-1e4, 1e4]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(head.loss(NUMPY, z, y), [0, 3e4 + 1e4])
    np.testing.assert_allclose(head.delta(NUMPY, z, head.predict(NUMPY, z), y), [[0, 0], [-3, 1]])
    network = estimator(pos_weight=[1.0, 4.0, 0.5]).fit(*labels).network_
    network.save(tmp_path / "network")
    again = Network.load(tmp_path / "network")
    assert again.loss(*labels) == network.loss(*labels)


def test_pos_weight_is_for_several_labels(two_classes, labels):
    with pytest.raises(InputError, match="Use class_weight instead"):
        estimator(pos_weight=2.0).fit(*two_classes)
    with pytest.raises(InputError, match="one for each of 3 labels; got 2"):
        estimator(pos_weight=[1, 2]).fit(*labels)
    with pytest.raises(InputError, match="pos_weight must be above 0"):
        estimator(pos_weight=-1).fit(*labels)
    with pytest.raises(InputError, match="Use pos_weight"):
        estimator(class_weight="balanced").fit(*labels)


def test_validation_data_of_ones_own(iris):
    X, y = iris
    one = estimator(max_iter=7).fit(X[::2], y[::2], validation_data=(X[1::2], y[1::2]))
    assert len(one.validation_loss_curve_) == len(one.validation_scores_) == 7
    assert one.validation_loss_curve_[-1] == pytest.approx(log_loss(y[1::2], one.predict_proba(X[1::2])))
    assert one.validation_scores_[-1] == pytest.approx(one.score(X[1::2], y[1::2]))
    assert same(one, estimator(max_iter=7).fit(X[::2], y[::2]))  # it is watched, not learnt from


def test_early_stopping_keeps_the_best_by_validation_loss(two_classes):
    X, y = two_classes
    given = {"early_stopping": True, "max_iter": 400, "learning_rate_init": 0.05, "hidden_layer_sizes": (50,)}
    one = estimator(**given).fit(X[:60], y[:60], validation_data=(X[60:], y[60:]))
    assert one.n_iter_ < 400
    assert one.history_.stopped == "early stopping"
    curve = one.validation_loss_curve_
    assert one.best_loss_ == min(curve) < curve[-1]
    assert log_loss(y[60:], one.predict_proba(X[60:])) == pytest.approx(min(curve))


def test_early_stopping_holds_out_the_same_share_of_each_class(iris):
    X, y = iris
    seen = []
    one = estimator(early_stopping=True, validation_fraction=0.2, callbacks=seen.append, max_iter=3).fit(X, y)
    assert one.t_ == 3 * 120
    assert seen[0].val_loss is not None


def test_callbacks_see_each_epoch_and_may_stop(iris):
    seen = []
    one = estimator(callbacks=[seen.append, lambda record: record.epoch == 4]).fit(*iris)
    assert [record.epoch for record in seen] == [1, 2, 3, 4]
    assert [record.loss for record in seen] == one.loss_curve_
    assert one.history_.stopped == "callback"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_of_scikit_learn(iris, solver):
    """Its protocol came with 1.9."""
    pytest.importorskip("sklearn.callback")

    class Recorder:
        def __init__(self, stop):
            self.stop, self.accuracies, self.calls = stop, [], []

        def setup(self, estimator, context):
            self.calls.append("setup")

        def teardown(self, estimator, context):
            self.calls.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            self.calls.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
            if context.task_name != "epoch":
                return False
            self.accuracies.append(fitted_estimator.score(*iris))
            return len(self.accuracies) == self.stop

    recorder = Recorder(stop=3)
    one = estimator(max_iter=5, solver=solver).set_callbacks(recorder).fit(*iris)
    assert one.n_iter_ == len(recorder.accuracies) == 3
    assert recorder.accuracies[-1] == one.score(*iris)
    assert recorder.calls == ["setup", "begin fit", *["begin epoch"] * 3, "teardown"]


def test_an_activation_per_layer_and_from_a_formula(iris):
    mish = Activation.from_formula("z*tanh(log(1+exp(z)))", name="mish")
    given = {"hidden_layer_sizes": (8, 7, 6), "max_iter": 3}
    one = estimator(activation=["gelu", mish, "z*tanh(softplus(z))"], **given).fit(*iris)
    assert [phi.name for phi in one.network_.hidden][:2] == ["gelu", "mish"]
    assert gradient_check(one.network_, *iris).passed
    with pytest.raises(InputError, match="one for each of the 3 hidden layers; got 2"):
        estimator(activation=["relu", "tanh"], **given).fit(*iris)


def test_dropout(iris):
    assert not same(estimator().fit(*iris), estimator(dropout=0.5).fit(*iris))
    assert estimator(max_iter=1, dropout=0.5).fit(*iris).network_.training[0]["dropout"] == 0.5


def test_label_smoothing(iris):
    plain = estimator(max_iter=100).fit(*iris)
    smooth = estimator(max_iter=100, label_smoothing=0.3).fit(*iris)
    assert smooth.predict_proba(iris[0]).max() < plain.predict_proba(iris[0]).max()


def name_of(choice):
    return getattr(choice, "name", choice)


@pytest.mark.parametrize(
    "solver",
    ["adam", "sgd", "momentum", "nesterov", "rmsprop", "adamw", sgd()],
    ids=name_of,
)
def test_all_optimisers(iris, solver):
    given = {"learning_rate": "constant", "learning_rate_init": 0.02, "initializer": "xavier", "alpha": 0}
    one = estimator(solver=solver, max_iter=60, **given).fit(*iris)
    assert one.loss_curve_[-1] < 0.6 * one.loss_curve_[0]


@pytest.mark.parametrize(
    "schedule",
    [*SCHEDULES, "invscaling", warm_up(SCHEDULES["cosine"](), 2)],
    ids=name_of,
)
def test_all_schedules(iris, schedule):
    one = estimator(learning_rate=schedule, max_iter=6, batch_size=10).fit(*iris)
    rates = one.history_.column("learning_rate")
    assert len(set(rates)) == (1 if schedule == "constant" else 6 if schedule != "step" else 3)


def test_clip_norm_shortens_the_whole_gradient():
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal(shape) for shape in ((3, 4), (3,), (2, 3))]
    length = np.sqrt(sum((g * g).sum() for g in parts))
    clipped = clip_by_norm(NUMPY, parts, length / 4)
    for g, short in zip(parts, clipped, strict=True):
        np.testing.assert_allclose(short, g / 4, rtol=1e-14)
    assert all(
        np.array_equal(g, same) for g, same in zip(parts, clip_by_norm(NUMPY, parts, 2 * length), strict=True)
    )
    assert not any(g.any() for g in clip_by_norm(NUMPY, [0 * g for g in parts], 1.0))


def test_clip_norm_bounds_each_step(iris):
    """With plain gradient descent and η = 1 a step is the gradient, so no longer than the limit."""
    X, y = iris
    network = Network([4, 8, 3], seed=0)
    start = [theta.copy() for layer in network.params for theta in layer]
    network.engine = "reference"
    network.fit(X, y, epochs=1, batch_size=150, learning_rate=1.0, clip_norm=0.01)
    moved = [theta for layer in network.params for theta in layer]
    length = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(moved, start, strict=True)))
    assert length == pytest.approx(0.01, rel=1e-9)


def test_clip_value_cuts_each_entry():
    g = np.array([-3.0, -0.1, 0.0, 0.2, 9.0])
    optimizer = clip_by_value(sgd(), 0.2)
    direction, _ = optimizer.update(NUMPY, g, optimizer.init(NUMPY, g))
    np.testing.assert_array_equal(direction, [-0.2, -0.1, 0, 0.2, 0.2])
    assert dict(clip_by_value(adam(), 0.5).options)["clip_value"] == 0.5


@pytest.mark.parametrize("engine", ["reference", "llvm"])
def test_clip_value_runs_on_every_engine(iris, engine):
    one = estimator(clip_value=1e-3, engine=engine, max_iter=5).fit(*iris)
    reference = estimator(clip_value=1e-3, engine="reference", max_iter=5).fit(*iris)
    np.testing.assert_allclose(one.predict_proba(iris[0]), reference.predict_proba(iris[0]), rtol=1e-9)


def test_thresholds_of_labels(labels):
    X, Y = labels
    one = estimator().fit(X, Y)
    a = one.predict_proba(X)
    assert np.array_equal(one.predict(X), a > 0.5)
    one.set_params(threshold=[0.1, 0.5, 0.9])
    assert np.array_equal(one.predict(X), a > [0.1, 0.5, 0.9])
    one.set_params(threshold=[0.1, 0.5])
    with pytest.raises(InputError, match="one for each of 3 labels"):
        one.predict(X)


def test_a_progress_bar_on_demand(iris, capsys):
    estimator(max_iter=2).fit(*iris)
    assert capsys.readouterr().err == ""
    estimator(max_iter=2, verbose=True).fit(*iris)
    assert "epoch 2/2" in capsys.readouterr().err


def test_lbfgs_finds_the_minimum_that_scikit_learn_finds(iris):
    """Without a hidden layer the loss is convex: one minimum, whoever looks for it."""
    from sklearn.linear_model import LogisticRegression

    X, y = iris
    n = len(y)
    one = estimator(solver="lbfgs", hidden_layer_sizes=(), alpha=1.0, max_iter=5000, tol=1e-9).fit(X, y)
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-6)
    gradients = one.network_.gradients(X, y, l2=1.0 / n)
    assert max(abs(g).max() for g in (*gradients.dW, *gradients.db)) < 1e-6


def test_lbfgs_judges_validation_data_after_each_iteration(iris):
    X, y = iris
    one = estimator(solver="lbfgs", max_iter=30).fit(X[::2], y[::2], validation_data=(X[1::2], y[1::2]))
    assert len(one.validation_loss_curve_) == one.n_iter_ == len(one.history_)
    assert one.validation_loss_curve_[-1] == pytest.approx(log_loss(y[1::2], one.predict_proba(X[1::2])))
    assert one.validation_scores_[-1] == pytest.approx(one.score(X[1::2], y[1::2]))
    assert one.loss_curve_ == sorted(one.loss_curve_, reverse=True)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e154, "float64"), (1e200, "float64"), (1e307, "float64"), (1e38, "float32")]
)
def test_lbfgs_on_huge_inputs_diverges(iris, scale, dtype):
    X, y = (iris[0] * scale).astype(dtype), iris[1]
    one = estimator(solver="lbfgs")
    with pytest.raises(
        TrainingDiverged, match=r"NaN or infinite in iteration \d+ of lbfgs, with inputs up to"
    ):
        one.fit(X, y)
    assert all(np.isfinite(W).all() for W in one.coefs_)
    assert one.history_.stopped == "diverged"


def test_lbfgs_on_huge_validation_data_diverges(iris):
    X, y = iris
    with pytest.raises(TrainingDiverged, match=r"iteration \d+ of lbfgs, with inputs up to \d\.\d+e\+307"):
        estimator(solver="lbfgs").fit(X, y, validation_data=(X * 1e307, y))


def test_lbfgs_calls_callbacks_and_may_be_stopped(iris):
    X, y = iris
    seen = []
    one = estimator(solver="lbfgs", callbacks=[seen.append, lambda record: record.epoch == 4]).fit(X, y)
    assert [record.epoch for record in seen] == [1, 2, 3, 4]
    assert one.n_iter_ == 4
    assert seen == one.history_.records
    assert one.history_.stopped == "callback"
    assert seen[-1].loss == pytest.approx(log_loss(y, one.predict_proba(X)))
    assert seen[-1].accuracy == one.score(X, y)


def test_lbfgs_shows_its_progress(iris, capsys):
    estimator(solver="lbfgs", max_iter=2).fit(*iris)
    assert capsys.readouterr().err == ""
    estimator(solver="lbfgs", max_iter=2, verbose=True).fit(*iris)
    assert "epoch 2/2" in capsys.readouterr().err


def test_lbfgs_interrupted_keeps_what_it_found(iris):
    def interrupt(record):
        if record.epoch == 3:
            raise KeyboardInterrupt

    one = estimator(solver="lbfgs", callbacks=interrupt).fit(*iris)
    assert one.history_.stopped == "interrupted"
    assert one.n_iter_ == 3
    assert one.history_[-1].loss == pytest.approx(log_loss(iris[1], one.predict_proba(iris[0])))


@pytest.mark.parametrize(("options", "remedy"), [({"max_iter": 3}, "max_iter"), ({"max_fun": 3}, "max_fun")])
def test_lbfgs_says_which_limit_ended_it(iris, options, remedy):
    with pytest.warns(ConvergenceWarning, match=f"Raise {remedy}, or"):
        estimator(solver="lbfgs", tol=1e-9, **options).fit(*iris)


def test_lbfgs_refuses_what_it_cannot_do(iris):
    with pytest.raises(InputError, match="solver='lbfgs' must do without dropout, learning_rate"):
        estimator(solver="lbfgs", dropout=0.1, learning_rate="cosine").fit(*iris)


def test_log_probabilities_stay_finite(two_classes):
    """Where a probability rounds to 0 its logarithm is still right; scikit-learn's is −∞, with a warning."""
    X, y = two_classes
    one = estimator(max_iter=1).fit(X, y)
    far = 1e5 * X[:5]
    logs = one.predict_log_proba(far)
    assert np.isfinite(logs).all()
    assert logs.min() < -1000
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPClassifier((8,), max_iter=1, random_state=0).fit(X, y).predict_log_proba(far)
    assert np.isneginf(theirs).any()


def test_the_network_is_there_for_everything_else(iris):
    """Names of classes and inputs come along."""
    X, y = iris
    one = estimator(activation="tanh").fit(X, np.array(["red", "green", "blue"])[y])
    assert one.network_.classes == ("blue", "green", "red")
    assert "∂J/∂" in str(one.network_.explain(X[0], 1))


def test_the_gradients_are_checked(iris):
    X, y = iris
    assert gradient_check(estimator(activation="tanh").fit(X, y).network_, X[:20], y[:20]).passed


def test_the_loss_is_the_one_whose_gradient_is_taken():
    """Saturated and wrong: scikit-learn clips the probability, so its float32 loss stops at 15.94."""
    z = np.array([[-1e4]], np.float32)
    assert HEADS["sigmoid"].loss(NUMPY, z, np.ones((1, 1), np.float32))[0] == 1e4


def test_max_iter_reached_is_said(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning, match=r"max_iter=2 epochs\. Raise max_iter"):
            estimator(max_iter=2).fit(*iris)


def test_training_ends_when_the_loss_no_longer_falls(iris):
    one = estimator(max_iter=500, tol=1.0, n_iter_no_change=3).fit(*iris)
    assert one.n_iter_ == 5  # the first epoch falls from infinity, then three that may, and one too many


@pytest.mark.parametrize(
    "row", ["class_weight", "pos_weight", "callbacks", "dropout", "label_smoothing", "clip_norm", "threshold"]
)
def test_mlp_has_no_such_parameter(row):
    """What the table says of MLPClassifier."""
    assert row not in MLPClassifier().get_params()
