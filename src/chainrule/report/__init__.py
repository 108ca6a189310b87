"""A run as one HTML page, and several runs side by side.

``folder`` reads a run folder, ``measures`` and ``gradients`` turn it into figures and words,
``charts`` draws on ``svg``, ``equations`` prints what stands behind each figure, and ``page`` and
``comparison`` put it together. The pages are self-contained, without scripts.
"""

from chainrule.runs.reading import RunFolder, open_run

__all__ = ["RunFolder", "open_run"]
