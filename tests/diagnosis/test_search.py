"""The equations: unchanged they are `backward`; with one changed, the search finds which."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.diagnosis.asking.observed import Observed
from chainrule.diagnosis.asking.trials import batch_sizes, trial
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.backprop import run
from chainrule.diagnosis.catalogue.known import CATALOGUE, candidates
from chainrule.diagnosis.catalogue.mistakes import places, terms
from chainrule.diagnosis.catalogue.models import (
    CATEGORICAL,
    COSTS,
    MULTI_LABEL,
    PAIRS,
    QUADRATIC,
    Model,
    head_of,
)
from chainrule.diagnosis.catalogue.scales import MEAN, SUM
from chainrule.diagnosis.verdict.search import agreement, pairs, singles
from chainrule.engines.reference import NUMPY
from chainrule.equations.network import Architecture, backward, forward
from chainrule.types import ByLayer

WIDTHS = (3, 4, 5, 3)
SOFTMAX = Model("tanh", "softmax", CATEGORICAL)
MODELS = (SOFTMAX, Model("sigmoid", "sigmoid", MULTI_LABEL), Model("sigmoid", "sigmoid", QUADRATIC))


def observed(model, applied=(), widths=WIDTHS, scale=MEAN, count=6):
    """What code with these mistakes gives."""
    found = []
    for seed in range(count):
        one = trial(widths, batch_sizes(widths)[seed % 3], seed)
        s = run(one, model, scale.of(one.N, widths[-1]), terms(applied))
        layers = range(1, s.H + 1)
        found.append(Observed(one, tuple(s.dW[L] for L in layers), tuple(s.db[L] for L in layers)))
    return found


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_without_a_mistake_it_is_backward_to_the_bit(model):
    one = trial(WIDTHS, 6, 0)
    net = Architecture(ByLayer([KNOWN[model.hidden]] * 2), model.head)
    right = backward(NUMPY, net, one.params, forward(NUMPY, net, one.params, one.x), one.y, np.full(6, 1 / 6))
    s = run(one, model, 1 / 6)
    for L in (1, 2, 3):
        assert np.array_equal(s.dW[L], right.dW[L])
        assert np.array_equal(s.db[L], right.db[L])


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_output_error_of_every_pair_is_the_slope_of_its_loss(pair):
    """Those that no head of ours couples, too."""
    rng = np.random.default_rng(3)
    head, z, y = head_of(*pair), rng.standard_normal((5, 4)), np.eye(4)[[0, 1, 2, 3, 0]]
    if pair in {("tanh", CATEGORICAL), ("relu", CATEGORICAL)}:
        pytest.skip("not a probability")
    delta = head.delta(NUMPY, z, head.predict(NUMPY, z), y)
    for i, m in np.ndindex(z.shape):
        h = np.zeros_like(z)
        h[i, m] = 1e-6
        slope = (head.loss(NUMPY, z + h, y) - head.loss(NUMPY, z - h, y))[i] / 2e-6
        assert slope == pytest.approx(delta[i, m], abs=1e-8)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.key)
def test_every_mistake_is_found_again(mistake):
    """Planted by itself in a model that may have it, on layers equally wide, it is among the explanations."""
    models = [
        Model(hidden, *pair) for pair in PAIRS for hidden in KNOWN if mistake.fits(Model(hidden, *pair))
    ]
    assert models
    tried = 0
    for model in models[:: max(1, len(models) // 3)]:
        for one in [c for c in candidates(model, 3, True) if c.mistake.key == mistake.key][:1]:
            seen = observed(model, [one], widths=(4, 4, 4, 4))
            if agreement(seen, model, MEAN, {}, 1e-6) <= 1e-6:
                continue  # in this model it changes nothing
            found = singles(seen, [model], [MEAN], True)
            assert one in [e.mistakes[0] for e in found]
            assert min(e.error for e in found) < 1e-9
            tried += 1
    assert tried


def test_a_right_gradient_has_no_explanation_by_a_mistake():
    for model in MODELS:
        seen = observed(model)
        assert agreement(seen, model, MEAN, {}, 1e-6) < 1e-12
        assert singles(seen, [model], [MEAN], True) == []


def test_numbers_of_no_mistake_are_not_explained():
    """Gradients with noise of a ten-thousandth fit nothing."""
    rng = np.random.default_rng(0)
    seen = [
        one._replace(dW=tuple(g * (1 + 1e-4 * rng.standard_normal(g.shape)) for g in one.dW))
        for one in observed(SOFTMAX)
    ]
    assert singles(seen, [SOFTMAX], [MEAN, SUM], True) == []


def test_what_fits_one_network_by_accident_is_not_kept():
    """The first network is wrong in one way, the others in another."""
    a, b = (
        next(c for c in candidates(SOFTMAX, 3, False) if c.mistake.key == key)
        for key in ("B1 sign", "B4 zero")
    )
    mixed = [*observed(SOFTMAX, [a])[:1], *observed(SOFTMAX, [b])[1:]]
    assert singles(mixed, [SOFTMAX], [MEAN], False) == []


def test_two_mistakes_at_once():
    keys = ("B2 slope missing", "B4 one number")
    pair = [next(c for c in candidates(SOFTMAX, 3, False) if c.mistake.key == key) for key in keys]
    seen = observed(SOFTMAX, pair)
    assert singles(seen, [SOFTMAX], [MEAN], False) == []
    found = pairs(seen, SOFTMAX, MEAN, False, until=1e18)
    assert {one.mistake.key for one in found[0].mistakes} == set(keys)


def test_the_catalogue_is_large_and_says_everything():
    assert len(CATALOGUE) >= 40
    assert len({mistake.key for mistake in CATALOGUE}) == len(CATALOGUE)
    for mistake in CATALOGUE:
        assert all((mistake.name, mistake.term, mistake.why, mistake.effect, mistake.code)), mistake.key
        assert list(places(mistake, 3))
    assert {mistake.tag for mistake in CATALOGUE} >= {"F1", "F2", "H1", "B1", "B2", "B3", "B4", "Q2", "G1"}
    assert set(COSTS) == {CATEGORICAL, MULTI_LABEL, QUADRATIC}
