"""Gradients compared with centred differences of the loss: `gradient_check` and its report."""

from chainrule.proof.measured.report import Entry, GradientReport, TensorReport

__all__ = ["Entry", "GradientReport", "TensorReport"]
