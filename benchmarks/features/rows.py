"""The rows of the table: what each feature must bring about, whoever brings it about."""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import re
import sys
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import erf, softmax
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.features.base import Array, Parameters, Peer


class Failed(Exception):
    """The library did something, but not this."""


class Row(NamedTuple):
    """A feature, the probe, and the test that `tests/estimator` has for ours."""

    title: str
    probe: Callable[[Peer], None]
    test: str


ROWS: list[Row] = []


def row(title: str, test: str = "") -> Callable[[Callable[[Peer], None]], Callable[[Peer], None]]:
    """Put a probe into the table."""

    def put(probe: Callable[[Peer], None]) -> Callable[[Peer], None]:
        ROWS.append(Row(title, probe, test))
        return probe

    return put


def must(true: Any, otherwise: str) -> None:
    """The effect must be there."""
    if not true:
        raise Failed(otherwise)


def apart(one: Any, other: Any) -> float:
    """The largest difference of two arrays, or of two networks' parameters."""
    if isinstance(one, list):
        pairs = zip(one, other, strict=True)
        return max(apart(p, q) for layer, mate in pairs for p, q in zip(layer, mate, strict=True))
    return float(np.abs(np.asarray(one, float) - other).max())


def iris() -> tuple[Array, Array]:
    """Three classes, scaled."""
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def two_classes() -> tuple[Array, Array]:
    """Two classes that no line parts."""
    X = np.random.default_rng(0).standard_normal((120, 4))
    return X, (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)


def labels() -> tuple[Array, Array]:
    """Three labels a sample."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 6))
    return X, (X[:, :3] + 0.1 * rng.standard_normal((200, 3)) > 0.8).astype(int)


def halves() -> tuple[Array, ...]:
    """To train on, and to watch."""
    X, y = two_classes()
    return X[:60], y[:60], X[60:], y[60:]


@row("all of scikit-learn's checks", "test_check")
def checks(peer: Peer) -> None:
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(peer.estimator(), on_skip=None, on_fail=None)
    bad = [result for result in results if result["status"] in ("failed", "xfail")]
    names = ", ".join(sorted({result["check_name"] for result in bad})[:3])
    must(not bad, f"{len(bad)} of {len(results)} fail, among them {names}")


@row("text as labels", "test_labels_may_be_text")
def text(peer: Peer) -> None:
    X, y = iris()
    names = np.array(["versicolor", "setosa", "virginica"])[y]
    said = peer.predict(peer.text(X, names), X)
    must(np.mean(said == names) > 0.9, f"predicts {said[0]!r} for {names[0]!r}")


@row("several labels a sample", "test_outputs_of_every_kind_train_the_same")
def several(peer: Peer) -> None:
    X, Y = labels()
    said = peer.predict(peer.several(X, Y), X)
    must(said.shape == Y.shape, f"predicts an array of shape {said.shape} where y has {Y.shape}")
    must((said == Y).mean() > 0.9, "does not learn them")


@row("sparse X, dense by mini-batches", "test_sparse_rows_train_as_dense_ones")
def sparse_rows(peer: Peer) -> None:
    X, y = iris()
    X = np.where(np.abs(X) < 0.7, 0, X)
    thin = sparse.csr_matrix(X)
    found = peer.sparse_proba(peer.sparse(thin, y), thin)
    must(apart(found, peer.proba(peer.train(X, y), X)) < 1e-4, "trains otherwise than on a dense X")
    wide = sparse.random(2000, 10_000, density=1e-3, format="csr", random_state=0, dtype=np.float32)
    tracemalloc.start()
    peer.sparse(wide, np.arange(2000) % 2, hidden=(2,), epochs=1, batch=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    must(peak < 4 * 2000 * 10_000 / 2, f"takes {peak / 1e6:.0f} MB for what is 80 MB when dense")


@row("names of columns kept and checked", "test_names_of_columns_are_kept_and_checked")
def names(peer: Peer) -> None:
    import pandas as pd

    X, y = iris()
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    model = peer.names(frame, y)
    before = peer.proba(model, frame)
    found = _or_none(lambda: peer.proba(model, frame[list("badc")]))
    must(found is None or apart(found, before) < 1e-6, "takes columns in another order")
    found = _or_none(lambda: peer.proba(model, frame.rename(columns={"a": "z"})))
    must(found is None, "takes columns of other names")


def _or_none(way: Callable[[], Array]) -> Array | None:
    try:
        return way()
    except Exception:
        return None


@row("float32 stays float32", "test_precision_is_kept")
def precision(peer: Peer) -> None:
    X, y = iris()
    X = X.astype(np.float32)
    model = peer.train(X, y)
    kinds = {theta.dtype for layer in peer.parameters(model) for theta in layer} | {
        peer.proba(model, X).dtype
    }
    must(kinds == {np.dtype(np.float32)}, f"becomes {kinds}")


@row("`sample_weight`", "test_sample_weight_counts_as_repetition")
def sample_weight(peer: Peer) -> None:
    X, y = iris()
    times = np.random.default_rng(0).integers(0, 4, len(y))
    repeated = peer.train(np.repeat(X, times, axis=0), np.repeat(y, times))
    _the_same(peer, peer.weighted(X, y, times.astype(float)), repeated, peer.train(X, y), X)


@row("`class_weight`", "test_class_weight_is_the_sample_weight_of_a_class")
def class_weight(peer: Peer) -> None:
    X, y = two_classes()
    repeated = peer.train(np.repeat(X, 1 + 2 * y, axis=0), np.repeat(y, 1 + 2 * y))
    _the_same(peer, peer.class_weight(X, y, {0: 1.0, 1: 3.0}), repeated, peer.train(X, y), X)


def _the_same(peer: Peer, one: Any, repeated: Any, plain: Any, X: Array) -> None:
    must(apart(peer.proba(one, X), peer.proba(plain, X)) > 1e-3, "has no effect")
    must(apart(peer.proba(one, X), peer.proba(repeated, X)) < 1e-3, "is not as if samples were repeated")


@row("weights for labels that are on", "test_pos_weight_is_a_repeated_label")
def pos_weight(peer: Peer) -> None:
    """Of inputs that say nothing only the shares q are learnt: w q / (w q + 1 − q)."""
    weight, q = np.array([3.0, 0.5]), np.array([0.2, 0.5])
    X, Y = np.zeros((100, 3)), (np.arange(100)[:, None] < 100 * q).astype(int)
    found = peer.proba(peer.pos_weight(X, Y, weight.tolist()), X[:1])[0]
    must(apart(found, weight * q / (weight * q + 1 - q)) < 0.01, f"learns {found}")


@row("thresholds for labels", "test_thresholds_of_labels")
def thresholds(peer: Peer) -> None:
    X, Y = labels()
    limits = [0.02, 0.5, 0.98]
    model = peer.thresholds(X, Y, limits)
    a = peer.proba(model, X)
    must(((a > limits) != (a > 0.5)).any(), "cannot be told by these probabilities")
    must(np.array_equal(peer.predict(model, X), a > limits), "are not kept to")


@row("validation data of your own", "test_validation_data_of_ones_own")
def validated(peer: Peer) -> None:
    X, y, X_val, y_val = halves()
    model, curve = peer.validated(X, y, X_val, y_val, 7)
    must(len(curve) == 7, f"{len(curve)} losses in 7 epochs")
    must(abs(curve[-1] - log_loss(y_val, peer.proba(model, X_val))) < 1e-4, "the loss is another")
    plain = peer.train(X, y, epochs=7)
    must(apart(peer.proba(model, X), peer.proba(plain, X)) < 1e-5, "is learnt from")


@row("best parameters by validation loss", "test_early_stopping_keeps_the_best_by_validation_loss")
def best(peer: Peer) -> None:
    X, y, X_val, y_val = halves()
    model, curve = peer.best(X, y, X_val, y_val)
    must(min(curve) < curve[-1], "the last is the best, which proves nothing")
    loss = log_loss(y_val, peer.proba(model, X_val))
    must(abs(loss - min(curve)) < 1e-4, f"keeps parameters of a loss of {loss:.4f}, best {min(curve):.4f}")


@row("callbacks", "test_callbacks_see_each_epoch_and_may_stop")
def stopped(peer: Peer) -> None:
    X, y = iris()
    model, seen = peer.stopped(X, y, 4)
    must(seen == [1, 2, 3, 4], f"told of epochs {seen}")
    must(apart(peer.proba(model, X), peer.proba(peer.train(X, y, epochs=4), X)) < 1e-6, "did not stop")


class Recorder:
    """A callback of scikit-learn's protocol: the accuracy after each epoch; stops after three."""

    def __init__(self, X: Array, y: Array) -> None:
        self.data, self.found = (X, y), list[float]()

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to set up."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to tear down."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to do yet."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, X: Any, y: Any, fitted_estimator: Any) -> bool:
        """Judge the estimator as it is now."""
        if context.task_name != "epoch":
            return False
        self.found.append(fitted_estimator.score(*self.data))
        return len(self.found) == 3


@row("scikit-learn's own callbacks", "test_callbacks_of_scikit_learn")
def scikit_callbacks(peer: Peer) -> None:
    X, y = iris()
    X = X.astype(np.float32)
    recorder = Recorder(X, y)
    model = peer.scikit_callbacks(X, y, recorder)
    must(len(recorder.found) == 3, f"told of {len(recorder.found)} epochs, stopped after 3")
    must(recorder.found[-1] == model.score(X, y), "the estimator that was shown is another")


@row("an activation per layer, or from a formula", "test_an_activation_per_layer_and_from_a_formula")
def activations(peer: Peer) -> None:
    """By a forward pass in NumPy."""
    X, y = iris()
    model = peer.activations(X, y)
    (W1, b1), (W2, b2), (W3, b3) = peer.parameters(model)
    z = X @ W1.T + b1
    z = (z * (1 + erf(z / np.sqrt(2))) / 2) @ W2.T + b2
    a = softmax((z * np.tanh(np.log1p(np.exp(z)))) @ W3.T + b3, axis=1)
    must(apart(peer.proba(model, X), a) < 1e-4, "computes something else")


@row("dropout", "test_dropout")
def dropout(peer: Peer) -> None:
    X, y = iris()
    none, half = (peer.dropout(X, y, share) for share in (0.0, 0.5))
    must(apart(peer.proba(none, X), peer.proba(peer.train(X, y), X)) < 1e-5, "of 0 is not nothing")
    must(apart(peer.proba(half, X), peer.proba(none, X)) > 1e-3, "has no effect")
    must(apart(peer.proba(half, X), peer.proba(half, X)) == 0, "drops in prediction, too")


@row("label smoothing", "test_label_smoothing")
def smoothing(peer: Peer) -> None:
    """Of inputs that say nothing only the shares q are learnt: (1 − ε) q + ε/K."""
    X, y, q = np.zeros((100, 3)), np.repeat([0, 1, 2], [60, 30, 10]), np.array([0.6, 0.3, 0.1])
    found = peer.proba(peer.smoothing(X, y, 0.3), X[:1])[0]
    must(apart(found, 0.7 * q + 0.1) < 0.01, f"learns {found}")


@row("optimisers beside SGD, Adam and L-BFGS", "test_all_optimisers")
def optimisers(peer: Peer) -> None:
    X, y = iris()
    found = [peer.proba(model, X) for model in peer.optimisers(X, y).values()]
    found.append(peer.proba(peer.train(X, y, epochs=100), X))
    must(max(log_loss(y, a) for a in found) < 0.5, "do not learn")
    pairs = [apart(a, b) for i, a in enumerate(found) for b in found[:i]]
    must(len(found) > 2 and min(pairs) > 1e-6, "are the same")


@row("schedules that reach zero", "test_all_schedules")
def falling(peer: Peer) -> None:
    after = peer.falling(*iris(), 10)
    must(len(after) == 10, f"{len(after)} epochs")
    steps = [apart(one, other) for one, other in itertools.pairwise(after)]
    must(0 < steps[-1] < 0.1 * steps[0], f"the last step is {steps[-1] / steps[0]:.2g} of the first")


def _second_step(peer: Peer, train: Callable[..., Any], limit: float) -> Array:
    """What plain gradient descent with η = 1 subtracts: the gradient."""
    X, y = iris()
    before, after = (peer.parameters(train(X, y, limit, epochs)) for epochs in (1, 2))
    pairs = zip(sum(before, ()), sum(after, ()), strict=True)
    return np.concatenate([(np.float64(p) - q).ravel() for p, q in pairs])


@row("clipping by the norm", "test_clip_norm_bounds_each_step")
def clip_norm(peer: Peer) -> None:
    length = float(np.linalg.norm(_second_step(peer, peer.clip_norm, 0.01)))
    must(abs(length - 0.01) < 1e-5, f"a step of {length:.3g} where 0.01 is the longest")


@row("clipping by value", "test_clip_value_cuts_each_entry")
def clip_value(peer: Peer) -> None:
    step = np.abs(_second_step(peer, peer.clip_value, 0.02))
    must(abs(step.max() - 0.02) < 1e-6, f"an entry of {step.max():.3g} where 0.02 is the largest")
    must(np.sum(step > 0.01999) > 5 and step.min() < 0.01, "cuts not each entry by itself")


@row("L-BFGS", "test_lbfgs_finds_the_minimum_that_scikit_learn_finds")
def lbfgs(peer: Peer) -> None:
    X, y = two_classes()
    exact = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(X, y).predict_proba(X)
    must(apart(peer.proba(peer.lbfgs(X, y), X), exact) < 1e-3, "does not reach the minimum")


@row("training in parts, bit for bit", "test_ten_parts_are_ten_epochs_to_the_last_bit")
def parts(peer: Peer) -> None:
    X, y = iris()
    whole, ten = peer.parts(X, y, 10)
    off = apart(peer.parameters(whole), peer.parameters(ten))
    must(off == 0, f"parameters differ by {off:.2g}")
    ordered = peer.train(X, y, epochs=10, batch=20, shuffle=False)
    must(apart(peer.proba(whole, X), peer.proba(ordered, X)) > 1e-4, "are not shuffled")


@row("parts with a schedule, pickled between", "test_the_schedule_goes_on_through_pickling")
def parts_pickled(peer: Peer) -> None:
    whole, ten = peer.parts_pickled(*iris(), 10, _as_in_a_new_process)
    off = apart(peer.parameters(whole), peer.parameters(ten))
    must(off == 0, f"parameters differ by {off:.2g}")


def _as_in_a_new_process() -> None:
    """Generators that belong to the process begin anew."""
    random.seed(7)
    np.random.seed(7)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(7)


@row("finite logarithms of probabilities", "test_log_probabilities_stay_finite")
def log_proba(peer: Peer) -> None:
    X, y = two_classes()
    logs = peer.log_proba(X, y, 1e5 * X[:5])
    must(np.isfinite(logs).all(), "−∞")
    must(logs.min() < -1000, f"not below {logs.min():.0f}")


@row("the loss is the one whose gradient is taken", "test_the_loss_is_the_one_whose_gradient_is_taken")
def loss_and_gradient(peer: Peer) -> None:
    """A network that is wrong and very sure of it: the loss's slope, and the step over the rate."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1, 0])
    unit = {1: np.array([[-1.0]]), 2: np.array([[0.5], [-0.5]])}
    outputs = len(peer.parameters(peer.train(X, y, hidden=(), epochs=1))[0][0])
    D, rate = unit[outputs], 2.0**-3

    def at(t: float) -> tuple[float, Parameters]:
        return peer.one_step(X, y, [(t * D, np.zeros(outputs))], rate)

    slope = (at(60)[0] - at(40)[0]) / 20
    taken = float(((50 * D - at(50)[1][0][0]) / rate * D).sum())
    must(abs(slope - taken) < 0.01, f"the loss has slope {slope:.3g}, the step is of {taken:.3g}")


@row("a progress bar", "test_a_progress_bar_on_demand")
def bar(peer: Peer) -> None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        peer.bar(*iris())
    must(re.search(r"[━█#=]{4}|\d+/\d+|\d+ ?%", said.getvalue()), f"says {said.getvalue()[:60]!r}")


@row("GridSearchCV with `n_jobs`, pipelines", "test_grid_search_in_a_pipeline")
def grid_search(peer: Peer) -> None:
    X, y = iris()
    estimator, key, values = peer.searched()
    pipeline = make_pipeline(StandardScaler(), estimator)
    grid = {f"{pipeline.steps[-1][0]}__{key}": values}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X.astype(np.float32), y)
    scores = search.cv_results_["mean_test_score"]
    must(len(scores) == 2 and search.best_score_ > 0.8, f"scores {scores}")


@row("gradients held to differences", "test_the_gradients_are_checked")
def gradients(peer: Peer) -> None:
    X, y = iris()
    must(peer.gradients(X[::10], y[::10]), "does not pass")


@row("each number explained", "test_the_network_is_there_for_everything_else")
def explained(peer: Peer) -> None:
    must("∂J/∂" in peer.explained(*iris()), "no derivative in it")


@row("convolutions, recurrence")
def other_layers(peer: Peer) -> None:
    digits = load_digits(n_class=10)
    images, y = (digits.images[:600] / 16).astype(np.float32), digits.target[:600]
    for model in peer.other_layers(images, y):
        flat = getattr(model, "n_features_in_", 8) == 64
        score = model.score(images.reshape(600, 64) if flat else images, y)
        must(score > 0.8, f"learns {score:.0%} of the digits")


@row("a GPU")
def gpu(peer: Peer) -> None:
    X, y = iris()
    must(peer.proba(peer.gpu(X, y), X).shape == (150, 3), "no probabilities")


def quiet() -> contextlib.AbstractContextManager[Any]:
    """Trainings here are short on purpose, and say so."""
    return warnings.catch_warnings(action="ignore")
