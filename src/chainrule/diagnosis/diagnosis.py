"""The diagnosis as an object: its verdict, its report as text, HTML and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.diagnosis.adapters import adapt
from chainrule.diagnosis.asking.observe import Findings, findings
from chainrule.diagnosis.asking.process import SECONDS, ask_file
from chainrule.diagnosis.asking.source import from_adapted, from_cell, from_object
from chainrule.diagnosis.catalogue.mistakes import Applied
from chainrule.diagnosis.telling.remarks_on_data import every_remark
from chainrule.diagnosis.telling.report import blocks, line_of, summary
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.judge import judge
from chainrule.diagnosis.verdict.parts import Part, Verdict
from chainrule.explain.blocks import Block
from chainrule.explain.markup import page
from chainrule.explain.shown import WIDTH, Shown

RIGHT, WRONG, FAILED = "right", "wrong", "could not run"


class Diagnosis(Shown):
    """What is wrong in somebody's backpropagation, and how that is known.

    Attributes:
        verdict: "right", "wrong" or "could not run"; ``exit_code`` 0, 1 or 2.
        mistakes: of the best explanation, each with ``mistake.key``, ``mistake.tag``, ``mistake.name`` and
        ``layers``.
        lines: of each of them, the number of the line in the file.
    """

    def __init__(self, verdict: Verdict, apart: bool = False) -> None:
        self._verdict, self._apart = verdict, apart
        part = verdict.part
        self.part: Part | None = part
        self.remarks = every_remark(verdict, part) if part is not None else []
        severe = any(remark.severe for remark in self.remarks)
        wrong = part is not None and (not part.right or severe or bool(verdict.findings.failed_widths))
        self.verdict = FAILED if part is None else WRONG if wrong else RIGHT
        best = part.explanations[0] if part is not None and part.explanations else None
        self.mistakes: tuple[Applied, ...] = best.mistakes if best else ()
        found = [line_of(verdict, part, one) for one in self.mistakes] if part is not None else []
        placed = [place.number if place else None for place in found]
        if not found:
            placed = [remark.line for remark in self.remarks if remark.severe]
        self.lines: tuple[int | None, ...] = tuple(placed)

    @property
    def exit_code(self) -> int:
        """0 right, 1 wrong, 2 could not run."""
        return {RIGHT: 0, WRONG: 1, FAILED: 2}[self.verdict]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of what is wrong: the mistakes of the best explanation, then severe remarks."""
        severe = dict.fromkeys(remark.key for remark in self.remarks if remark.severe and not self.mistakes)
        return (*(one.mistake.key for one in self.mistakes), *severe)

    def blocks(self) -> list[Block]:
        """The report, before it is set."""
        return blocks(self._verdict, self.remarks, self._apart)

    def to_text(self, width: int = WIDTH) -> str:
        """Plain text."""
        return super().to_text(width).lstrip("\n")

    def to_html(self) -> str:
        """One page that needs nothing else."""
        return page(f"Diagnosis: {self.verdict}", self.blocks())

    def to_dict(self) -> dict[str, Any]:
        """Everything for machines."""
        part, found = self.part, self._verdict.findings
        told: dict[str, Any] = {"verdict": self.verdict, "layers": list(found.widths), "target": found.target}
        if part is None:
            failure = found.failure
            told["error"] = found.misfit or (failure.error if failure else "")
            told["line"] = failure.line if failure else 0
            return told
        return told | {
            "called": part.answer.name,
            "layout": part.answer.layout._asdict(),
            "model": part.model._asdict(),
            "scale": part.scale.name,
            "stated_by": part.intended.by,
            "summary": summary(part.rows),
            "tensors": [
                {"tensor": f"d{r.tensor}", "layer": r.layer, "relative_error": r.error, "right": r.right}
                for r in part.rows
            ],
            "explanations": [
                {
                    "mistakes": [
                        {"key": m.key, "equation": m.tag, "name": m.name, "layers": list(at)}
                        for m, at in e.mistakes
                    ],
                    "agrees_to": e.error,
                    "networks": e.networks,
                }
                for e in part.explanations
            ],
            "lines": list(self.lines),
            "equations": [e._asdict() for e in part.equations],
            "remarks": [remark._asdict() for remark in self.remarks],
        }

    def _repr_html_(self) -> str:
        return super().to_html()


def diagnose(
    thing: Any,
    layers: Sequence[int] | None = None,
    *,
    hidden: str | None = None,
    output: str | None = None,
    loss: str | None = None,
    criterion: Any = None,
) -> Diagnosis:
    """Say which equation is wrong in somebody's backpropagation, and reproduce the mistake.

    Args:
        thing: a function ``gradients(weights, biases, x, y)`` or ``step(weights, biases, batch, eta)``, or a
            class or object with ``backprop(x, y)``, ``forward`` and ``backward``, or ``train_step(x, y)``; or
            a scikit-learn MLP, a PyTorch module, a Keras model, a function ``loss(params, x, y)`` for JAX. It
            is called here, many times, on random networks; an object is copied first.
        layers: widths of the network, input first; by default those of the object, or 4-5-3.
        hidden: the hidden activation, if it cannot be found out.
        output: "softmax", "sigmoid", "identity", …, or "quadratic": sigmoid outputs with the quadratic cost.
        loss: "cross-entropy", "categorical", "multi-label" or "quadratic".
        criterion: the loss function of a PyTorch module.

    Raises:
        InputError: a name that is not known.
    """
    options = Options(hidden, output, loss).checked()
    adapted = adapt(thing, layers, criterion)
    if adapted is not None:
        source, layers = from_adapted(adapted), adapted.widths
    else:
        source = from_object(thing)
    return Diagnosis(judge(findings(source, None, layers), options))


def diagnose_file(
    path: str,
    name: str | None = None,
    layers: Sequence[int] | None = None,
    *,
    hidden: str | None = None,
    output: str | None = None,
    loss: str | None = None,
    seconds: float = SECONDS,
) -> Diagnosis:
    """The same for a file, which is run in a process of its own for at most ``seconds``.

    Raises:
        InputError: no such file, or a name that is not known.
    """
    options = Options(hidden, output, loss).checked()
    found: Findings = ask_file(path, name, layers, seconds)
    return Diagnosis(judge(found, options), apart=True)


def diagnose_cell(
    text: str,
    namespace: dict[str, Any],
    name: str | None = None,
    layers: Sequence[int] | None = None,
    *,
    hidden: str | None = None,
    output: str | None = None,
    loss: str | None = None,
) -> Diagnosis:
    """The same for a cell of a notebook that has been run: ``namespace`` holds what it and others defined.

    Only what the cell itself defines is asked, unless ``name`` says otherwise.

    Raises:
        InputError: a name that is not known.
    """
    options = Options(hidden, output, loss).checked()
    return Diagnosis(judge(findings(from_cell(text, namespace), name, layers), options))


def file_and_name(text: str) -> tuple[str, str | None]:
    """FILE.py:NAME in its two parts; a drive such as C: is no name."""
    path, colon, name = text.rpartition(":")
    return (path, name) if colon and path.endswith((".py", ".ipynb")) and name else (text, None)
