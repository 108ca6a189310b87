"""What became of the forms of a program: the parts of a verdict, and what they are judged from."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.diagnosis.asking.observe import Answer, Findings
from chainrule.diagnosis.asking.slopes import Slope
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import Scale
from chainrule.diagnosis.verdict.equationwise import EquationVerdict
from chainrule.diagnosis.verdict.intended import Intended
from chainrule.diagnosis.verdict.own_loss import Constant
from chainrule.diagnosis.verdict.penalties import Penalty
from chainrule.diagnosis.verdict.rows import Row
from chainrule.diagnosis.verdict.search import Explanation


class Part(NamedTuple):
    """What became of one form, the gradients or the update.

    ``slope``: that of the loss that judged it, which the gradient is ``constant`` times. Without one,
    ``constant`` is the learning rate inside that the numbers were divided by; ``penalty`` is in the numbers
    too.
    """

    answer: Answer
    intended: Intended
    right: bool
    model: Model
    scale: Scale
    rows: tuple[Row, ...]
    explanations: tuple[Explanation, ...] = ()
    equations: tuple[EquationVerdict, ...] = ()
    slope: Slope | None = None
    constant: Constant | None = None
    penalty: Penalty | None = None

    @property
    def error(self) -> float:
        """The largest relative error of all tensors."""
        return max(row.error for row in self.rows)

    @property
    def mistakes(self) -> float:
        """How many mistakes explain it; infinite where none do."""
        return len(self.explanations[0].mistakes) if self.explanations else float("inf")


class Verdict(NamedTuple):
    """The parts judged, the gradients before the update; nothing where the code could not be asked.

    ``made_good``: gradients that are wrong by themselves, as of the other sign, and right as the update uses
    them.
    """

    findings: Findings
    parts: tuple[Part, ...]
    made_good: Part | None = None

    @property
    def part(self) -> Part | None:
        """The first part that is wrong, otherwise the first."""
        wrong = [part for part in self.parts if not part.right]
        return wrong[0] if wrong else self.parts[0] if self.parts else None


class Candidate(NamedTuple):
    """An answer in one layout, and the network that is meant.

    ``unsummed``: it fits one sample a call only since the code does not sum over the batches that it takes.
    ``rate``: the learning rate inside that its numbers have been divided by; ``penalty``: that on the
    parameters, whose part has been taken away.
    """

    answer: Answer
    intended: Intended
    unsummed: bool
    rate: Constant | None = None
    penalty: Penalty | None = None
