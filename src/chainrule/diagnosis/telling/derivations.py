"""The equations with their derivations in a few lines, by tag, for the model at hand."""

from __future__ import annotations

from chainrule.diagnosis.catalogue.models import Model
from chainrule.files.texts import texts

EQUATIONS = texts("diagnosis/telling/derivations.toml")
CODE = str.maketrans({"·": " * ", "−": "-"})


def derivation(tag: str, model: Model) -> tuple[str, str, tuple[str, ...]]:
    """(tag, left side, steps) of the equation that a mistake broke."""
    if tag in ("B1", "Q2", "H2", "H4"):
        delta = model.head.printed.delta
        known = EQUATIONS["output_errors"]
        steps = known.get(model.output, {}).get(model.loss, known["by_the_chain_rule"])
        end = [step.replace("·", " ") for step in delta.steps[:1]]
        return delta.tag, "δ^H_m", ("∂J/∂z_m", *steps, *end)
    name = tag if tag in EQUATIONS else "G1"
    return name, EQUATIONS[name]["left"], tuple(EQUATIONS[name]["steps"])


def right_delta(model: Model) -> str:
    """δ^H as a line of code."""
    formula = model.head.printed.delta.text
    if formula:
        return "delta = " + formula.translate(CODE).replace("a_m", "a[-1]").replace("y_m", "y")
    if model.head.distribution:
        return "delta = a[-1] * (dJ_da - np.sum(dJ_da * a[-1], axis=..., keepdims=True))   # over the neurons"
    return f"delta = dJ_da * d_{model.output}(z[-1])"
