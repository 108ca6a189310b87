"""One sample explained: every number on the way forward and back, and the chain rule of any one weight.

``numbers`` holds what the equations computed; ``outputs`` and ``sample_report`` put it into words, by the
formulas that the head and the activations own; ``parameter`` is one weight or bias, its check and one step;
``layout``, ``markup`` and ``pictures`` set the words for a terminal, for plain text, and as Markdown or HTML.

Layers are counted from 1; neurons, inputs and classes from 0, as in ``network.W[L][j, k]``.
"""

from chainrule.explain.check import Difference
from chainrule.explain.parameter import ParameterExplanation, Step
from chainrule.explain.sample import Explanation, explain

__all__ = ["Difference", "Explanation", "ParameterExplanation", "Step", "explain"]
