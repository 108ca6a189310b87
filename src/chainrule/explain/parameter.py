"""One weight or bias: its chain rule with the numbers, the check by differences, and one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.checks import as_real
from chainrule.equations.optimizers import descend
from chainrule.explain.check import Difference, difference, loss_at, problem_of

if TYPE_CHECKING:
    from chainrule.explain.blocks import Block
    from chainrule.explain.sample import Explanation


class Step(NamedTuple):
    """One step of gradient descent (G1) of this one parameter, all others as they are, in float64.

    ``predicted`` is what the slope alone foretells of the loss, −η (∂J/∂w)²; ``actual`` what it does.
    """

    learning_rate: float
    before: float
    after: float
    loss_before: float
    loss_after: float
    predicted: float

    @property
    def actual(self) -> float:
        """The change of this sample's loss."""
        return self.loss_after - self.loss_before


class ParameterExplanation(NamedTuple):
    """∂J/∂w = ∂J/∂z^L_j · ∂z^L_j/∂w = δ^L_j · a^{L-1}_k (B3), or δ^L_j for a bias (B4).

    ``tensor`` is "W" or "b", ``at`` the place (j, k) or (j,) in it, counted from 0; ``value`` is w;
    ``delta`` δ^L_j; ``a`` the other factor, a^{L-1}_k or 1; ``gradient`` the entry of dW^L or db^L.
    """

    explanation: Explanation
    layer: int
    tensor: str
    at: tuple[int, ...]
    value: float
    delta: float
    a: float
    gradient: float
    check: Difference
    step: Step

    @property
    def name(self) -> str:
        """As the text writes it: W^2_7,12 or b^2_7."""
        return f"{self.tensor}^{self.layer}_{','.join(map(str, self.at))}"

    @property
    def place(self) -> str:
        """As Python writes it: W[2][7, 12] or b[2][7]."""
        return f"{self.tensor}[{self.layer}][{', '.join(map(str, self.at))}]"

    def blocks(self) -> list[Block]:
        """The explanation in words."""
        from chainrule.explain.parameter_report import blocks

        return blocks(self)

    def to_text(self, width: int = 100) -> str:
        """Plain text of at most ``width`` columns."""
        from chainrule.explain.layout import plain

        return plain(self.blocks(), width)

    def to_markdown(self) -> str:
        """Markdown, with tables."""
        from chainrule.explain.markup import markdown

        return markdown(self.blocks())

    def to_html(self) -> str:
        """A piece of HTML."""
        from chainrule.explain.markup import html

        return html(self.blocks())

    def to_dict(self) -> dict[str, Any]:
        """Every number, as JSON can hold it."""
        return {
            "parameter": self.place,
            "value": self.value,
            "delta": self.delta,
            "a": self.a,
            "gradient": self.gradient,
            "check": self.check._asdict(),
            "step": {**self.step._asdict(), "actual": self.step.actual},
        }

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<ParameterExplanation of {self.place}: gradient {self.gradient:.6g}, {self.check.verdict}>"

    def _repr_html_(self) -> str:
        return self.to_html()


def explain_parameter(
    explanation: Explanation, L: int, tensor: str, index: tuple[int, ...], learning_rate: Any
) -> ParameterExplanation:
    """Explain the entry ``index`` of W^L or b^L, which must exist."""
    rate = as_real("learning_rate", learning_rate, above=0, remedy="Try 0.5.")
    gradient = float(getattr(explanation, f"d{tensor}")[L][index])
    value = float(getattr(explanation.params[L], tensor)[index])
    return ParameterExplanation(
        explanation,
        L,
        tensor,
        index,
        value,
        delta=float(explanation.delta[L][index[0]]),
        a=float(explanation.a[L - 1][index[1]]) if tensor == "W" else 1.0,
        gradient=gradient,
        check=difference(explanation, L, tensor, index),
        step=_step(explanation, L, tensor, index, value, gradient, rate),
    )


def _step(
    explanation: Explanation,
    L: int,
    tensor: str,
    index: tuple[int, ...],
    w: float,
    gradient: float,
    rate: float,
) -> Step:
    problem, after = problem_of(explanation), float(descend(w, gradient, rate))
    loss_before, loss_after = (loss_at(problem, L, tensor, index, value) for value in (w, after))
    return Step(rate, w, after, loss_before, loss_after, predicted=-rate * gradient**2)
