"""What a mistake is: a change of one term of our equations, with what to say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from string import Template
from typing import Any, NamedTuple

from chainrule.diagnosis.catalogue.backprop import RIGHT, Term
from chainrule.diagnosis.catalogue.changes import Change
from chainrule.diagnosis.catalogue.models import Model
from chainrule.files.texts import entry, sentence, texts

FILE = "diagnosis/catalogue/mistakes.toml"
SENTENCES = ("name", "why", "effect")
NEEDED = ("family", *SENTENCES, "term", "code")
SLOTS = {
    "F1": ("F1",), "F2": ("B2",), "H1": ("H",), "B1": ("B1",), "B2": ("B2",), "B3": ("B3",), "B4": ("B4",),
    "ALL": ("B3", "B4"),
}  # fmt: skip
"""The terms that a mistake at a place changes. F2 is the slope φ', which B2 uses."""


class Family(Enum):
    """The kinds of mistakes, whatever the equation they are in."""

    ZERO = "zero"
    SIGN = "sign"
    SCALE = "scale"
    """A constant factor other than 1/N and the learning rate."""
    NOT_AVERAGED = "not averaged"
    AVERAGED_TWICE = "averaged twice"
    RATE = "rate"
    SAMPLES = "samples"
    """Not every sample counts by itself."""
    LOOP = "loop"
    """What belongs after the loop over samples stands in it."""
    SLOPE = "slope"
    """φ' or σ' is missing, wrong, of another layer, or once too many."""
    SLOPE_OF_A = "slope of a"
    """φ' or σ' taken at a, not at z."""
    VALUE_FOR_SLOPE = "value for slope"
    BEFORE_SLOPE = "before slope"
    """∂J/∂a where δ = ∂J/∂z is meant."""
    LOSS = "loss"
    """The gradient of another loss."""
    LABELS = "labels"
    WEIGHTS = "weights"
    """Another matrix in the place of W, or none."""
    UPDATED = "updated"
    """W was changed before it was used."""
    RESHAPED = "reshaped"
    LAYER = "layer"
    """The index of a layer is wrong."""
    AXIS = "axis"
    PART = "part"
    """A part of the term is left out."""
    QUANTITY = "quantity"
    """Another quantity, or another function of the right one."""
    FORWARD = "forward"

    @property
    def is_slope(self) -> bool:
        """Whether what is wrong is a derivative of an activation."""
        return self in (Family.SLOPE, Family.SLOPE_OF_A, Family.VALUE_FOR_SLOPE)


class Mistake(NamedTuple):
    """A wrong equation: which, in what way, and what comes of it.

    ``place``: the equation it is in, or ALL gradients; ``slip``: what was done there. ``change`` is made in
    each of the ``slots``; ``tag`` is the equation that it breaks. ``other_loss``: the loss whose gradient it
    is. ``unlikely_over_outputs``: with a loss that is a mean over outputs, another mistake with these numbers
    is likelier. ``mistakes.toml`` says what the sentences are.
    """

    place: str
    slip: str
    change: Change
    fits: Callable[[Model], bool]
    family: Family
    tag: str
    slots: tuple[str, ...]
    name: str
    term: str
    why: str
    effect: str
    code: str
    remedy: str = ""
    evidence: str = ""
    other_loss: str = ""
    updates_only: bool = False
    one_layer: bool = True
    unlikely_over_outputs: bool = False

    @property
    def key(self) -> str:
        """Place and slip, such as "B3 transposed"."""
        return f"{self.place} {self.slip}"


def mistake(
    place: str, slip: str, change: Change, fits: Callable[[Model], bool] | None = None, **values: str
) -> Mistake:
    """A mistake with its sentences; ``values`` are filled in where the slip and they say ``$name``.

    Without ``fits`` the models that may have it are those of ``mistakes.toml``, or all.

    Raises:
        LookupError: ``mistakes.toml`` says nothing of it.
    """
    said = entry(FILE, (place, slip), NEEDED)
    family, slots = Family(said.pop("family")), tuple(said.pop("slots", SLOTS[place]))
    tag, needed = said.pop("tag", place), {part: said.pop(part) for part in Model._fields if part in said}
    fits = fits or (lambda model: all(getattr(model, part) in names for part, names in needed.items()))
    told = {field: _filled(field, text, values) for field, text in said.items()}
    return Mistake(place, Template(slip).substitute(values), change, fits, family, tag, slots, **told)


def _filled(field: str, text: Any, values: dict[str, str]) -> Any:
    if not isinstance(text, str) or field == "evidence":
        return text
    filled = Template(text).substitute(texts(FILE)["shared"], **values)
    return sentence(filled) if field in SENTENCES else filled


class Applied(NamedTuple):
    """A mistake at certain layers."""

    mistake: Mistake
    layers: tuple[int, ...]


def places(mistake: Mistake, H: int) -> Iterator[tuple[int, ...]]:
    """The layers where it may be: everywhere first, then one layer alone."""
    slot = mistake.slots[0]
    if slot in ("B1", "H"):
        yield (H,)
        return
    every = tuple(range(1, H if slot in ("B2", "F2") else H + 1))
    if every:
        yield every
    if mistake.one_layer and len(every) > 1:
        if slot in ("B3", "B4") and H > 2:
            yield every[:-1]
        yield from ((L,) for L in reversed(every))


def terms(applied: Iterable[Applied]) -> dict[tuple[str, int], Term]:
    """The changed terms of several mistakes; one that wraps is done to what the others put in place."""
    changed: dict[tuple[str, int], Term] = {}
    for mistake, layers in sorted(applied, key=lambda one: one.mistake.change.wraps):
        for slot in mistake.slots:
            for L in layers:
                changed[slot, L] = mistake.change.make(changed.get((slot, L), RIGHT[slot]))
    return changed
