"""Learning-rate schedules: what share of the learning rate to take, as training goes on.

A schedule is a function ``share(progress, epochs)`` of the epochs done so far, as a real number (2.5
is the middle of the third epoch), and of the epochs there will be. It multiplies the learning rate,
is asked at the middle of every mini-batch, and so does not depend on the batch size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import cos, pi
from typing import NamedTuple

from chainrule.checks import as_real, as_whole


class Schedule(NamedTuple):
    """A named function of (epochs done, epochs in all) giving a share of the learning rate.

    It pickles where the function does: one of a module, or `functools.partial` of it, but no lambda.
    """

    name: str
    share: Callable[[float, int], float]
    options: tuple[tuple[str, float], ...] = ()


def constant() -> Schedule:
    """The learning rate as given, throughout."""
    return Schedule("constant", _constant_share)


def _constant_share(progress: float, epochs: int) -> float:
    return 1.0


def step(factor: float = 0.1, parts: int = 3) -> Schedule:
    """Multiply by ``factor`` each time a further 1/``parts`` of all epochs is done."""
    factor, parts = as_real("factor", factor, above=0), as_whole("parts", parts)
    share = partial(_step_share, factor=factor, parts=parts)
    return Schedule("step", share, (("factor", factor), ("parts", parts)))


def _step_share(progress: float, epochs: int, factor: float, parts: int) -> float:
    return float(factor ** int(parts * progress / epochs))


def exponential(final: float = 0.01) -> Schedule:
    """Fall by the same factor in every epoch, from 1 to ``final`` at the end."""
    final = as_real("final", final, above=0)
    return Schedule("exponential", partial(_exponential_share, final=final), (("final", final),))


def _exponential_share(progress: float, epochs: int, final: float) -> float:
    return float(final ** (progress / epochs))


def cosine(final: float = 0.0) -> Schedule:
    """Fall along half a cosine from 1 to ``final``. Source: Loshchilov & Hutter, ICLR 2017."""
    final = as_real("final", final, at_least=0)
    return Schedule("cosine", partial(_cosine_share, final=final), (("final", final),))


def _cosine_share(progress: float, epochs: int, final: float) -> float:
    return final + (1 - final) * (1 + cos(pi * min(progress / epochs, 1.0))) / 2


def warm_up(schedule: Schedule, epochs: float) -> Schedule:
    """Rise in a straight line from 0 over the first ``epochs``, then follow ``schedule``.

    Source: Goyal et al., arXiv:1706.02677, 2017.
    """
    epochs = as_real("epochs", epochs, above=0)
    share = partial(_warm_up_share, follow=schedule.share, rise=epochs)
    return Schedule(f"warm-up + {schedule.name}", share, (*schedule.options, ("warm_up", epochs)))


def _warm_up_share(progress: float, epochs: int, follow: Callable[[float, int], float], rise: float) -> float:
    return follow(progress, epochs) * min(progress / rise, 1.0)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
}
