"""All mistakes of the catalogue, and where a network may have them."""

from __future__ import annotations

from functools import cache

from chainrule.diagnosis.catalogue.gradients import GRADIENTS
from chainrule.diagnosis.catalogue.hidden import HIDDEN
from chainrule.diagnosis.catalogue.mistakes import Applied, Family, Mistake, places
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.output import OTHER_LOSSES, OUTPUT
from chainrule.diagnosis.catalogue.slopes import OTHER_SLOPES, SLOPES
from chainrule.diagnosis.catalogue.whole import WHOLE

EVERY = (*OUTPUT, *SLOPES, *HIDDEN, *GRADIENTS, *WHOLE, *OTHER_LOSSES, *OTHER_SLOPES)
CATALOGUE: tuple[Mistake, ...] = tuple(sorted(EVERY, key=lambda mistake: mistake.family is not Family.ZERO))
"""What gives 0 comes first: a sum that happens to be 0, as that of softmax's δ, would else explain it."""


@cache
def candidates(model: Model, H: int, updates: bool) -> tuple[Applied, ...]:
    """Every mistake that this model may have, at every place."""
    return tuple(
        Applied(mistake, layers)
        for mistake in CATALOGUE
        if mistake.fits(model) and (updates or not mistake.updates_only)
        for layers in places(mistake, H)
    )
