"""A verdict in words: what was found, what is wrong, why, and the line that puts it right.

The sentences stand in ``report.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from chainrule.diagnosis.asking.slopes import AUTOMATIC, INSIDE, NETWORKS, OWN
from chainrule.diagnosis.catalogue.mistakes import Applied
from chainrule.diagnosis.telling.derivations import derivation, right_delta
from chainrule.diagnosis.telling.likely_line import probable_line
from chainrule.diagnosis.telling.numpy_lines import RIGHT_LINES, Pieces, pieces_of
from chainrule.diagnosis.telling.own_line import own_line
from chainrule.diagnosis.telling.remarks import Remark
from chainrule.diagnosis.telling.traced_line import located
from chainrule.diagnosis.verdict.parts import Part, Verdict
from chainrule.diagnosis.verdict.rows import Row
from chainrule.diagnosis.verdict.search import Explanation
from chainrule.explain.blocks import Block, Equation, Heading, Line, Table
from chainrule.files.texts import said

say = partial(said, "diagnosis/telling/report.toml")


def blocks(verdict: Verdict, remarks: Sequence[Remark], apart: bool) -> list[Block]:
    """The whole report. ``apart``: the code was run in a process of its own."""
    end = Line(say("run_apart" if apart else "run_here"), "dim")
    missing = _missing(verdict)
    part = verdict.part
    if part is None:
        return [*_failed(verdict), *missing, end]
    equal = _equal_widths(verdict) if verdict.findings.failed_widths else []
    severe = any(remark.severe for remark in remarks)
    body = _right(verdict, severe) if part.right else _wrong(verdict, part)
    return [*_found(verdict, part), *equal, *body, *_remarks(remarks), *missing, end]


def _found(verdict: Verdict, part: Part) -> list[Block]:
    answer, model = part.answer, part.model
    order = "the gradient is read off the update" if answer.update else f"gradients {answer.order}"
    found = f"Found: {answer.layout.words()}; {order}."
    if part.slope is not None:
        return [Heading(f"Diagnosis of {answer.name}"), Line(found), Line(_taken_by_slope(verdict, part))]
    taken_for = say(
        "taken_for",
        widths=_widths(verdict.findings.widths),
        hidden=f"{model.hidden} hidden layers, " if len(verdict.findings.widths) > 2 else "",
        output=model.output,
        loss=model.loss,
        by=f" (by {part.intended.by})" if part.intended.by else "",
        scale="one sample a call" if answer.layout.single else part.scale.text,
    )
    return [
        Heading(f"Diagnosis of {answer.name}"),
        Line(found),
        Line(taken_for),
    ]


def _taken_by_slope(verdict: Verdict, part: Part) -> str:
    """What is known of a network whose loss is its own: as much as its outputs tell."""
    model, known = part.model, part.intended.forward_known
    hidden = f"{model.hidden} hidden layers, " if len(verdict.findings.widths) > 2 else ""
    network = f"{hidden}{model.output} outputs" if known else "activations of your own"
    own = part.slope is not None and part.slope.is_own
    loss = "a loss of your own" if own else f"{model.loss} over your outputs"
    return say("taken_by_slope", widths=_widths(verdict.findings.widths), network=network, loss=loss)


def _equal_widths(verdict: Verdict) -> list[Block]:
    found, failure = verdict.findings, verdict.findings.failure
    assert failure is not None  # that is why other widths were asked
    return [
        Line(say("fails", failed=_widths(found.failed_widths), error=failure.error), "bad"),
        Line(f"line {failure.line}: {failure.text}", "bad"),
        Line(say("equal", widths=_widths(found.widths))),
    ]


def _widths(widths: Sequence[int]) -> str:
    return "-".join(map(str, widths))


def _right(verdict: Verdict, severe: bool) -> list[Block]:
    lines: list[Block] = []
    for part in verdict.parts:
        what = "The update" if part.answer.update else "The gradient"
        lines.append(Line(_is_right(part, what), "bad" if severe else "good"))
    first = verdict.parts[0]
    lines.append(_table(first.rows))
    if severe:
        return [*lines, Line(say("still_wrong"), "bad")]
    if not first.intended.loss_known and first.slope is None:
        lines.append(Line(say("whose", loss=first.model.loss, output=first.model.output)))
    if len(verdict.parts) == 1 and not first.answer.update:
        lines.append(Line(say("not_learning"), "dim"))
    return lines


def _is_right(part: Part, what: str) -> str:
    """Against which numbers it is right: those of the equations, or the slope of a loss."""
    if part.slope is None or part.constant is None:
        return say("right", what=what, error=part.error, networks=len(part.answer.observed))
    if part.slope.loss == AUTOMATIC:
        return say("right_automatically", what=what)
    times = "" if part.constant.is_one else f"{part.constant} times "
    whose = {OWN: "your own loss", INSIDE: "the loss inside of your code"}
    loss = whose.get(part.slope.loss, f"the {part.slope.loss}, summed,")
    return say("right_by_slope", what=what, times=times, loss=loss, error=part.error, networks=NETWORKS)


def _table(rows: Iterable[Row]) -> Table:
    cells = []
    for row in rows:
        ratio = "" if row.ratio is None or row.right else f"always {row.ratio:.6g} times"
        word = "right" if row.right else "WRONG"
        cells.append((f"d{row.tensor}^{row.layer}", f"{row.error:.1e}", word, ratio))
    return Table(("", "relative error", "", ""), tuple(cells), words=(0, 2, 3))


def summary(rows: Iterable[Row]) -> str:
    """Which tensors are wrong and which right, such as: dW^1, db^1 wrong; dW^2, db^2 right."""
    every = list(rows)
    parts = []
    for word, state in (("wrong", False), ("right", True)):
        names = [f"d{row.tensor}^{row.layer}" for row in every if row.right is state]
        if names:
            parts.append(f"{', '.join(names)} {word}")
    return "; ".join(parts) + "."


def _wrong(verdict: Verdict, part: Part) -> list[Block]:
    what = "Update: " if part.answer.update else ""
    lines: list[Block] = [Line(f"{what}{summary(part.rows)}", "bad"), _table(part.rows)]
    if not part.explanations:
        return [*lines, *_unexplained(part)]
    best = part.explanations[0]
    named = ", and of ".join(
        f"{one.mistake.tag} with this mistake{_at(one)}: {one.mistake.name}" for one in best.mistakes
    )
    lines.append(Line(say("explained", mistakes=named, error=best.error, networks=best.networks)))
    for one in best.mistakes:
        lines += _mistake(verdict, part, one)
    return [*lines, *_alternatives(part.explanations)]


def _at(one: Applied) -> str:
    if one.mistake.slots[0] in ("B1", "H") or len(one.layers) > 1:
        return ""
    return f" at layer {one.layers[0]}"


def _mistake(verdict: Verdict, part: Part, one: Applied) -> list[Block]:
    mistake, layout, model = one.mistake, part.answer.layout, part.model
    pieces = pieces_of(layout.stacking, layout.out_in, model.hidden, part.scale.is_mean)
    tag, left, steps = derivation(mistake.tag, model)
    place = line_of(verdict, part, one)
    here = f"line {place.number}: {place.text}" if place else _filled(mistake.code, pieces)
    said = "In your code," if place and place.traced else "In your code probably"
    return [
        Heading(f"{mistake.tag}: {mistake.name}"),
        Equation("", "yours", (mistake.term,)),
        Equation(tag, left, steps),
        Line(f"Why: {mistake.why}"),
        Line(f"What it does: {mistake.effect}"),
        Line(f"{said} {here}", "bad"),
        Line(_right_in_words(part, one, pieces, place), "good"),
        *([Line(say("or_the_loss"))] if mistake.other_loss else []),
    ]


def _right_in_words(part: Part, one: Applied, pieces: Pieces, place: Place | None) -> str:
    """The line put right in the user's own names, where it is clear how; else in their layout alone."""
    own = own_line(place.text, one.mistake, part.answer.layout) if place is not None else ""
    return f"Right: {own}" if own else f"Right, in your layout: {right_line(part, one, pieces)}"


class Place(NamedTuple):
    """A line of somebody's code. ``traced``: its value was seen to be the wrong one; else by its words."""

    number: int
    text: str
    traced: bool


def line_of(verdict: Verdict, part: Part, one: Applied) -> Place | None:
    """Where a mistake is: the line that makes its wrong value, otherwise the one whose words fit best."""
    text, first = verdict.findings.text, verdict.findings.first_line
    traced = located(part, one, text, first)
    if traced is not None:
        return Place(*traced, True)
    likely = probable_line(text, one.mistake, first)
    return Place(*likely, False) if likely is not None else None


def _filled(template: str, pieces: Pieces) -> str:
    return pieces.line(template) if "{" in template else template


def right_line(part: Part, one: Applied, pieces: Pieces) -> str:
    """The corrected line in the user's own convention."""
    if one.mistake.remedy:
        return one.mistake.remedy
    slot = "G1" if one.mistake.tag == "G1" else one.mistake.slots[0]
    if one.mistake.tag == "F2" and slot == "B2":
        where = "   # s = sigmoid(z[l])" if part.model.hidden == "silu" else ""
        return f"φ'(z[l]) = {pieces.d_phi}{where}"
    if slot == "B1":
        return right_delta(part.model)
    if slot == "H":
        return RIGHT_LINES["H1"]
    if slot == "F2":
        return f"a[l] = {part.model.hidden}(z[l])"
    return pieces.line(RIGHT_LINES[slot])


def _alternatives(found: tuple[Explanation, ...]) -> list[Block]:
    first = {one.mistake.key for one in found[0].mistakes}
    others = [
        ", and ".join(f"{one.mistake.name}{_at(one)}" for one in e.mistakes)
        for e in found[1:]
        if len(e.mistakes) == len(found[0].mistakes) and {one.mistake.key for one in e.mistakes} != first
    ]
    names = "; ".join(dict.fromkeys(others[:3]))
    return [Line(say("alternatives", names=names), "dim")] if others else []


def _unexplained(part: Part) -> list[Block]:
    lines: list[Block] = [Line(say("unexplained"))]
    if part.equations:
        rows = tuple(
            (e.tag, str(e.layer), f"{e.error:.1e}", "holds" if e.right else "BROKEN") for e in part.equations
        )
        lines += [Line(say("by_itself")), Table(("", "layer", "relative error", ""), rows, words=(0, 3))]
    for first in [e for e in part.equations if not e.right][:1]:
        lines.append(Line(say("look_first", tag=first.tag, layer=first.layer), "bad"))
    return [*lines, Line(say("find_the_place"))]


def _remarks(found: Sequence[Remark]) -> list[Block]:
    lines: list[Block] = [Heading("Besides")] if found else []
    for one in found:
        lines.append(Line(one.text, "bad" if one.severe else ""))
        if one.line is not None:
            lines.append(Line(f"In your code, line {one.line}: {one.code}", "bad"))
        if one.right:
            lines.append(Line(f"Right: {one.right}", "good"))
    return lines


def _missing(verdict: Verdict) -> list[Block]:
    """What the program asks for and is not there, and which of its statements were passed over."""
    found = verdict.findings
    lines: list[Block] = [Line(say("stood_in", names=", ".join(found.stood_in)))] if found.stood_in else []
    lines += [
        Line(say("passed_over", line=one.line, text=one.text, error=one.error), "dim")
        for one in found.passed_over[:3]
        if one.line
    ]
    return lines


def _failed(verdict: Verdict) -> list[Block]:
    found = verdict.findings
    lines: list[Block] = [
        Heading(f"Diagnosis of {found.target or 'the file'}"),
        Line(say("not_asked"), "bad"),
    ]
    if found.failure is not None:
        error = found.failure.error
        lines.append(Line(error))
        if found.failure.line:
            lines.append(Line(f"line {found.failure.line}: {found.failure.text}", "bad"))
        if any(word in error for word in ("shapes", "broadcast", "mismatch")):
            lines.append(Line(say("shapes")))
    return [*lines, Line(found.misfit)] if found.misfit else lines
