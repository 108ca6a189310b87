"""The equations with their derivations in a few lines, by tag, for the model at hand."""

from __future__ import annotations

from chainrule.diagnosis.catalogue.models import CATEGORICAL, MULTI_LABEL, QUADRATIC, Model

EQUATIONS = {
    "F1": ("z^L", ("W^L a^{L−1} + b^L",)),
    "F2": ("a^L", ("φ(z^L), and φ' is the derivative of this φ",)),
    "H1": ("a_m", ("e^{z_m} / Σ_k e^{z_k}, the sum over the neurons of one sample",)),
    "B2": (
        "δ^L_j",
        (
            "∂J/∂z^L_j",
            "Σ_i (∂J/∂z^{L+1}_i) (∂z^{L+1}_i/∂a^L_j) (∂a^L_j/∂z^L_j)",
            "Σ_i δ^{L+1}_i W^{L+1}_ij φ'(z^L_j)",
            "[(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)]_j",
        ),
    ),
    "B3": (
        "∂J/∂W^L_jk",
        ("(∂J/∂z^L_j) (∂z^L_j/∂W^L_jk)", "δ^L_j a^{L−1}_k", "[δ^L (a^{L−1})ᵀ]_jk, added up over the samples"),
    ),
    "B4": ("∂J/∂b^L_j", ("(∂J/∂z^L_j) (∂z^L_j/∂b^L_j)", "δ^L_j · 1, added up over the samples")),
    "G1": ("θ", ("θ − η ∂J/∂θ, every ∂J/∂θ taken before any θ is changed",)),
}
BY_THE_CHAIN_RULE = "Σ_k (∂J/∂a_k) (∂a_k/∂z_m)"
OUTPUT_ERRORS = {
    ("softmax", CATEGORICAL): (
        BY_THE_CHAIN_RULE,
        "Σ_k (−y_k/a_k) a_k ([k = m] − a_m)",
        "−y_m + a_m Σ_k y_k",
    ),
    ("sigmoid", MULTI_LABEL): (
        "(∂J/∂a_m) (∂a_m/∂z_m)",
        "(a_m − y_m)/[a_m (1 − a_m)] · a_m (1 − a_m)",
    ),
    ("sigmoid", QUADRATIC): ("(∂J/∂a_m) (∂a_m/∂z_m)",),
    ("identity", QUADRATIC): ("(∂J/∂a_m) · 1",),
}
"""The steps from ∂J/∂z_m to the formula of δ^H_m, which the head has."""
CODE = str.maketrans({"·": " * ", "−": "-"})


def derivation(tag: str, model: Model) -> tuple[str, str, tuple[str, ...]]:
    """(tag, left side, steps) of the equation that a mistake broke."""
    if tag in ("B1", "Q2", "H2", "H4"):
        delta = model.head.printed.delta
        steps = OUTPUT_ERRORS.get((model.output, model.loss), (BY_THE_CHAIN_RULE,))
        end = [step.replace("·", " ") for step in delta.steps[:1]]
        return delta.tag, "δ^H_m", ("∂J/∂z_m", *steps, *end)
    known = tag if tag in EQUATIONS else "G1"
    return known, *EQUATIONS[known]


def right_delta(model: Model) -> str:
    """δ^H as a line of code."""
    formula = model.head.printed.delta.text
    if formula:
        return "delta = " + formula.translate(CODE).replace("a_m", "a[-1]").replace("y_m", "y")
    if model.head.distribution:
        return "delta = a[-1] * (dJ_da - np.sum(dJ_da * a[-1], axis=..., keepdims=True))   # over the neurons"
    return f"delta = dJ_da * d_{model.output}(z[-1])"
