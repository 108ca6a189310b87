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
OUTPUT_ERRORS = {
    ("softmax", CATEGORICAL): (
        "∂J/∂z_m",
        "Σ_k (∂J/∂a_k) (∂a_k/∂z_m)",
        "Σ_k (−y_k/a_k) a_k ([k = m] − a_m)",
        "−y_m + a_m Σ_k y_k",
        "a_m − y_m",
    ),
    ("sigmoid", MULTI_LABEL): (
        "∂J/∂z_m",
        "(∂J/∂a_m) (∂a_m/∂z_m)",
        "(a_m − y_m)/[a_m (1 − a_m)] · a_m (1 − a_m)",
        "a_m − y_m",
    ),
    ("sigmoid", QUADRATIC): ("∂J/∂z_m", "(∂J/∂a_m) (∂a_m/∂z_m)", "(a_m − y_m) σ'(z_m)"),
    ("identity", QUADRATIC): ("∂J/∂z_m", "(∂J/∂a_m) · 1", "a_m − y_m"),
}


def derivation(tag: str, model: Model) -> tuple[str, str, tuple[str, ...]]:
    """(tag, left side, steps) of the equation that a mistake broke."""
    if tag in ("B1", "Q2", "H2", "H4"):
        steps = OUTPUT_ERRORS.get((model.output, model.loss), ("∂J/∂z_m", "Σ_k (∂J/∂a_k) (∂a_k/∂z_m)"))
        return model.error_tag, "δ^H_m", steps
    known = tag if tag in EQUATIONS else "G1"
    return known, *EQUATIONS[known]


def right_delta(model: Model) -> str:
    """δ^H as a line of code."""
    if (model.output, model.loss) in (
        ("softmax", CATEGORICAL),
        ("sigmoid", MULTI_LABEL),
        ("identity", QUADRATIC),
    ):
        return "delta = a[-1] - y"
    if (model.output, model.loss) == ("sigmoid", QUADRATIC):
        return "delta = (a[-1] - y) * a[-1] * (1 - a[-1])"
    if model.output == "softmax":
        return "delta = a[-1] * (dJ_da - np.sum(dJ_da * a[-1], axis=..., keepdims=True))   # over the neurons"
    return f"delta = dJ_da * d_{model.output}(z[-1])"
