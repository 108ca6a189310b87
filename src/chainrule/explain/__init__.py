"""One sample explained: every number on the way forward and back, and the chain rule of any one weight.

``sample`` holds the numbers, which the equations computed; ``parameter`` one weight or bias, its check
and one step; ``sample_report`` and ``parameter_report`` put them into words; ``layout``, ``markup`` and
``pictures`` set those words for a terminal, for plain text, and as Markdown or HTML.

Layers are counted from 1; neurons, inputs and classes from 0, as in ``network.W[L][j, k]``.
"""

from chainrule.explain.check import Difference
from chainrule.explain.parameter import ParameterExplanation, Step
from chainrule.explain.sample import Explanation, explain

__all__ = ["Difference", "Explanation", "ParameterExplanation", "Step", "explain"]
