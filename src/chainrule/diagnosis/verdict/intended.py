"""Which network somebody means: from the options, the outputs and losses their code gives, and its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.observed import Observed, relative_error
from chainrule.diagnosis.catalogue.activations import KNOWN, LEAKS
from chainrule.diagnosis.catalogue.backprop import run
from chainrule.diagnosis.catalogue.models import (
    COSTS,
    DEFAULT_LOSS,
    LOSS_NAMES,
    MULTI_LABEL,
    OUTPUTS,
    QUADRATIC,
    Model,
    models,
)
from chainrule.diagnosis.catalogue.scales import ALL, Scale
from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import look_up
from chainrule.files.texts import texts

NEAR = 1e-6
SQUARED = re.compile(r"squared?.?error|\bmse\b|quadratic|\*\* ?2", re.IGNORECASE)
WORDS: dict[str, str] = dict(texts("diagnosis/verdict/words.toml")["hidden"])
WORDS |= {name: rf"\b{name}\b" for name in ACTIVATIONS if name not in (*WORDS, "identity")}
"""What code says that means an activation; by default its name."""


class Options(NamedTuple):
    """What the user said: names, or nothing."""

    hidden: str | None = None
    output: str | None = None
    loss: str | None = None

    def checked(self) -> Options:
        """The same, with every name known.

        Raises:
            InputError: a name that is not known.
        """
        if self.hidden is not None:
            look_up("hidden", self.hidden, dict(KNOWN))
        if self.output is not None:
            look_up("output", self.output, {**OUTPUTS, "quadratic": OUTPUTS["sigmoid"]})
        if self.loss is not None:
            look_up("loss", self.loss, LOSS_NAMES)
        return self


class Intended(NamedTuple):
    """The models that may be meant, and how that is known.

    ``loss_known``: the loss is stated; ``by``: where. ``scale``: the factor of their loss, where it gives
    numbers.
    ``forward_known``: the outputs are those of these models. ``odd_forward``: they are those of none.
    ``logits``: models whose z^H they are.
    """

    models: tuple[Model, ...]
    by: str = ""
    loss_known: bool = False
    scale: Scale | None = None
    forward_known: bool = False
    odd_forward: bool = False
    odd_loss: bool = False
    logits: tuple[Model, ...] = ()


def intended(seen: Sequence[Observed], options: Options, text: str) -> Intended:
    """Put together what is known."""
    hidden, outputs = _hidden(options, text), _outputs(options, text)
    if seen[0].trial.y.shape[1] == 1:  # of which softmax makes 1, whatever it is
        outputs = [name for name in outputs if name != "softmax"] or outputs
    possible = models(hidden, outputs, COSTS)
    forward_known = odd = False
    logits: list[Model] = []
    if seen[0].output is not None:
        everything = models(
            [options.hidden] if options.hidden else KNOWN, outputs if options.output else OUTPUTS, COSTS
        )
        fitting = [model for model in everything if _same_outputs(seen, model)]
        logits = _of_logits(seen, options)
        forward_known, odd = bool(fitting), not fitting and not logits
        possible = fitting or logits or possible
    if options.loss is not None or options.output in ("softmax", "quadratic") or options.output == "sigmoid":
        kept = [model for model in possible if model.loss == _named_loss(options, model.output)]
        kept = kept or _by_logits(possible, options)
        by = f"--loss {options.loss}" if options.loss else f"--output {options.output}"
        return Intended(tuple(kept), by, True, None, forward_known, odd)
    if seen[0].loss is not None:
        every = [*possible, *logits]
        for model in every:
            for scale in ALL:
                if _same_loss(seen, model, scale):
                    same = tuple(m for m in every if m.loss == model.loss and m.output == model.output)
                    return Intended(same, "the numbers of your loss", True, scale, forward_known, odd)
    line = _speaks_of_cross_entropy(text)
    if line:
        kept = [model for model in possible if model.loss == _cross_entropy(model.output)]
        if kept:
            return Intended(tuple(kept), line, True, None, forward_known, odd)
    if SQUARED.search(text):  # said in passing perhaps: it comes first, and that is all
        possible.sort(key=lambda model: model.loss != QUADRATIC)
    odd_loss = seen[0].loss is not None
    return Intended(tuple(possible), "", False, None, forward_known, odd, odd_loss, tuple(logits))


def _of_logits(seen: Sequence[Observed], options: Options) -> list[Model]:
    """The models whose z^H the outputs are: what is left to the loss, or to the way back."""
    names = [options.hidden] if options.hidden else KNOWN
    hidden = [one.hidden for one in models(names, ["identity"], [QUADRATIC]) if _same_outputs(seen, one)]
    return models(hidden, [options.output] if options.output in OUTPUTS else OUTPUTS, COSTS)


def _by_logits(possible: Sequence[Model], options: Options) -> list[Model]:
    """The models of a loss that takes logits: the forward pass leaves the output activation to it."""
    hidden = dict.fromkeys(model.hidden for model in possible) or KNOWN
    every = models(hidden, [options.output] if options.output in OUTPUTS else OUTPUTS, COSTS)
    return [model for model in every if model.loss == _named_loss(options, model.output)]


def _hidden(options: Options, text: str) -> list[str]:
    if options.hidden is not None:
        return [options.hidden]
    found = [name for name, pattern in WORDS.items() if re.search(pattern, text)]
    found += [name for leak, name in _leaks().items() if "leaky_relu" in found and _says(text, leak)]
    return found or ["sigmoid", "tanh", "relu"]


def _leaks() -> dict[str, str]:
    return {f"{leak:g}": f"leaky_relu {leak:g}" for leak in LEAKS}


def _says(text: str, number: str) -> bool:
    short = number.removeprefix("0")
    return re.search(rf"(?<![\d.])0?{re.escape(short)}(?!\d)", text) is not None


def _outputs(options: Options, text: str) -> list[str]:
    if options.output is not None:
        return ["sigmoid" if options.output == "quadratic" else options.output]
    if re.search(r"softmax", text):
        return ["softmax", "sigmoid"]
    return ["sigmoid", "softmax", "identity", "tanh"]


def _cross_entropy(output: str) -> str:
    return DEFAULT_LOSS.get(output, MULTI_LABEL)


def _named_loss(options: Options, output: str) -> str:
    if options.loss is None:
        if options.output == "quadratic" or output not in DEFAULT_LOSS:
            return QUADRATIC
        return DEFAULT_LOSS[output]
    return LOSS_NAMES[options.loss] or _cross_entropy(output)


def _same_outputs(seen: Sequence[Observed], model: Model) -> bool:
    return all(
        one.output is not None
        and relative_error(one.output, run(one.trial, model, 1.0).a[one.trial.params.last]) < NEAR
        for one in seen[:6]
    )


def _same_loss(seen: Sequence[Observed], model: Model, scale: Scale) -> bool:
    for one in seen[:6]:
        if one.loss is None:
            return False
        value = loss_of(one, model, scale)
        if not abs(one.loss - value) <= 1e-5 * max(abs(value), 1e-9):
            return False
    return True


def loss_of(one: Observed, model: Model, scale: Scale) -> float:
    """The loss of a trial, by probabilities as people compute it."""
    N, K = one.trial.y.shape
    with np.errstate(all="ignore"):
        a = run(one.trial, model, 1.0).a[one.trial.params.last]
        return float(np.sum(COSTS[model.loss].value(a, one.trial.y)) * scale.of(N, K))


def _speaks_of_cross_entropy(text: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"cross.?entropy|log.?loss|\bbce\b|\bnll\b", line, re.IGNORECASE):
            return f"your words on line {number}, {line.strip()[:60]!r}"
    return ""
