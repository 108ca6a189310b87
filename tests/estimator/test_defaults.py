"""The defaults: the prior behind alpha="auto", the learning rate that falls, biases drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleClassifier
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError
from chainrule.estimator.options import NARROW, WIDER, of_prior
from tests.estimator.small import estimator, same


def defaults(**options):
    """The defaults with a small layer and few epochs."""
    return ChainruleClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 0, **options})


def test_auto_is_the_maximum_of_the_posterior(iris):
    """There Σ ∂C/∂W over the samples is −W/σ², and Σ ∂C/∂b is 0: the prior says nothing of biases."""
    X, y = iris
    one = ChainruleClassifier((), solver="lbfgs", max_iter=5000, tol=1e-9, random_state=0).fit(X, y)
    g = one.network_.gradients(X, y)
    np.testing.assert_allclose(len(X) * g.dW[1], -NARROW * one.network_.W[1], atol=1e-4)
    np.testing.assert_allclose(len(X) * g.db[1], 0, atol=1e-4)


def test_the_prior_of_few_and_of_many_samples():
    assert of_prior(100) == NARROW / 100
    assert of_prior(10_000) == pytest.approx(WIDER / 100 / 10_000)
    edge = (WIDER / NARROW) ** 2
    assert of_prior(edge) == pytest.approx(NARROW / edge) == pytest.approx(WIDER / edge**1.5)


def test_auto_is_an_alpha_that_can_be_named(iris):
    """alpha stands beside the sum of a mini-batch's losses, so it is λ₂ times the samples in one."""
    X, y = iris
    named = defaults(alpha=50 * of_prior(len(X)), batch_size=50).fit(X, y)
    auto = defaults(batch_size=50).fit(X, y)
    np.testing.assert_allclose(auto.coefs_[0], named.coefs_[0], rtol=1e-10)
    assert not same(auto, defaults(batch_size=50, alpha=0.0001).fit(X, y))


def test_a_weight_of_two_is_two_samples(iris):
    X, y = iris
    twice = defaults(batch_size=300).fit(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    heavy = defaults(batch_size=300).fit(X, y, np.full(len(y), 2.0))
    np.testing.assert_allclose(twice.coefs_[0], heavy.coefs_[0], rtol=1e-9)


def test_weights_that_are_shares_of_a_whole_do_not_make_samples_fewer(iris):
    X, y = iris
    shares = defaults().fit(X, y, np.full(len(y), 1 / len(y)))
    np.testing.assert_allclose(shares.coefs_[0], defaults().fit(X, y).coefs_[0], rtol=1e-9)


def test_any_other_word_is_refused(iris):
    with pytest.raises(InputError, match=r"alpha must be at least 0; got 'automatic'\. Or 'auto'"):
        estimator(alpha="automatic").fit(*iris)


@pytest.mark.parametrize("engine", ["reference", "llvm"])
def test_parts_are_epochs_whatever_max_iter_is(iris, engine):
    """The learning rate falls with the epochs that were done, not with those that will be."""
    X, y = iris
    whole, parts = defaults(engine=engine).fit(X, y), defaults(engine=engine, max_iter=200)
    for _ in range(6):
        parts.partial_fit(X, y, classes=np.unique(y))
    assert same(whole, parts)
    assert whole.loss_curve_ == parts.loss_curve_


def test_the_learning_rate_searches_and_then_converges(iris):
    one = defaults(max_iter=300, tol=-np.inf).fit(*iris)
    rates = np.array(one.history_.column("learning_rate"))
    middles = np.arange(300) + 0.5  # one mini-batch an epoch
    np.testing.assert_allclose(rates, 0.003 * 100 / (100 + middles), rtol=1e-12)


def test_biases_begin_at_random(iris):
    one = defaults(max_iter=1, learning_rate_init=1e-300).fit(*iris)
    for W, b in zip(one.coefs_, one.intercepts_, strict=True):
        assert 0 < np.abs(b).min() <= np.abs(b).max() < (6 / sum(W.shape)) ** 0.5


def test_the_strength_of_a_penalty_is_no_part_of_the_code():
    """Else every number of samples would have code of its own to compile."""
    from chainrule.engines.llvm.writer.step_numbers import Facts, Slots, StepNumbers

    slots = Slots()
    strength = StepNumbers(None, slots, None).strength("l2")  # type: ignore[arg-type]
    facts = [Facts(np.ones(1), np.zeros(1), Penalty(l2=value), 1.0) for value in (0.1, 0.2)]
    assert [strength._rule(fact) for fact in facts] == [0.1, 0.2]
    assert strength._rule(facts[0]._replace(weights=0.0)) == 0
