"""A verdict in words: what was found, what is wrong, why, and the line that puts it right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chainrule.diagnosis.catalogue.mistakes import Applied
from chainrule.diagnosis.telling.derivations import derivation, right_delta
from chainrule.diagnosis.telling.likely_line import probable_line
from chainrule.diagnosis.telling.numpy_lines import RIGHT_LINES, Spelling, spelling
from chainrule.diagnosis.telling.remarks import Remark
from chainrule.diagnosis.telling.remarks_on_data import every_remark
from chainrule.diagnosis.telling.traced_line import located
from chainrule.diagnosis.verdict.judge import Part, Verdict
from chainrule.diagnosis.verdict.rows import Row
from chainrule.diagnosis.verdict.search import Explanation
from chainrule.explain.blocks import Block, Equation, Heading, Line, Table

OR_THE_LOSS = "Or keep this gradient, and state the loss that it belongs to."
WHERE = "The code was run to find this out."


def blocks(verdict: Verdict, where: str = WHERE) -> list[Block]:
    """The whole report."""
    part = verdict.part
    if part is None:
        return [*_failed(verdict), Line(where, "dim")]
    equal = [*_equal_widths(verdict)] if verdict.findings.failed_widths else []
    every = every_remark(verdict, part)
    bad = [remark for remark in every if remark.severe]
    body = [*_wrong(verdict, part)] if not part.right else [*_right(verdict, bad)]
    return [*_found(verdict, part), *equal, *body, *_remarks(every), Line(where, "dim")]


def _found(verdict: Verdict, part: Part) -> list[Block]:
    seen, model = part.answer, part.model
    by = f" (by {part.intended.by})" if part.intended.by else ""
    hidden = f"{model.hidden} hidden layers, " if len(verdict.findings.widths) > 2 else ""
    scale = "one sample a call" if seen.layout.single else part.scale.text
    return [
        Heading(f"Diagnosis of {seen.name}"),
        Line(f"Found: {seen.layout.words()}; {_order(part)}."),
        Line(
            f"Taken for: {'-'.join(map(str, verdict.findings.widths))}, {hidden}{model.output} outputs, "
            f"{model.loss}{by}; {scale}."
        ),
    ]


def _equal_widths(verdict: Verdict) -> list[Block]:
    found, failure = verdict.findings, verdict.findings.failure
    assert failure is not None  # that is why other widths were asked
    asked, used = ("-".join(map(str, widths)) for widths in (found.failed_widths, found.widths))
    return [
        Line(f"With layers {asked} it does not run: {failure.error}", "bad"),
        Line(f"line {failure.line}: {failure.text}", "bad"),
        Line(f"With layers equally wide, {used}, it does, and these are the numbers it gives:"),
    ]


def _order(part: Part) -> str:
    order = part.answer.order
    if part.answer.update:
        return "the gradient is read off the update"
    return f"gradients {order}"


def _right(verdict: Verdict, bad: list[Remark]) -> list[Block]:
    lines: list[Block] = []
    for part in verdict.parts:
        what = "The update" if part.answer.update else "The gradient"
        n, error = len(part.answer.observed), part.error
        lines.append(
            Line(
                f"{what} is right: every tensor agrees with B1 to B4 to {error:.0e} on {n} random networks.",
                "bad" if bad else "good",
            )
        )
    part = verdict.parts[0]
    lines.append(_table(part.rows))
    if bad:
        lines.append(Line("Still, something else is wrong:", "bad"))
    elif not part.intended.loss_known:
        lines.append(
            Line(
                f"It is the gradient of the {part.model.loss} with {part.model.output} outputs. If "
                "another loss is meant, say so by "
                "--output and --loss."
            )
        )
    if not bad and len(verdict.parts) == 1 and not part.answer.update:
        lines.append(
            Line("If it still does not learn, look at the update (G1), the learning rate, the data's scale "
            "and its labels; "
                 "an update function in the same file is diagnosed too.", "dim")
        )  # fmt: skip
    return lines


def _table(rows: Iterable[Row]) -> Table:
    cells = []
    for row in rows:
        ratio = "" if row.ratio is None or row.right else f"always {row.ratio:.6g} times"
        cells.append(
            (f"d{row.tensor}^{row.layer}", f"{row.error:.1e}", "right" if row.right else "WRONG", ratio)
        )
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
    lines.append(
        Line(
            f"Your numbers are those of {_named(best)} (agrees to {best.error:.0e} on {best.networks} "
            "random networks)."
        )
    )
    for one in best.mistakes:
        lines += _mistake(verdict, part, one)
    return [*lines, *_alternatives(part.explanations)]


def _named(e: Explanation) -> str:
    return ", and of ".join(
        f"{one.mistake.tag} with this mistake{_at(one)}: {one.mistake.name}" for one in e.mistakes
    )


def _at(one: Applied) -> str:
    if one.mistake.slots[0] in ("B1", "H") or len(one.layers) > 1:
        return ""
    return f" at layer {one.layers[0]}"


def _mistake(verdict: Verdict, part: Part, one: Applied) -> list[Block]:
    mistake, layout, model = one.mistake, part.answer.layout, part.model
    spelled = spelling(
        layout.spelling(),
        layout.out_in,
        model.hidden,
        part.scale.is_mean,
    )
    tag, left, steps = derivation(mistake.tag, model)
    probable = line_of(verdict, part, one)
    here = f"line {probable.number}: {probable.text}" if probable else _spelled(mistake.code, spelled)
    said = "In your code," if probable and probable.traced else "In your code probably"
    return [
        Heading(f"{mistake.tag}: {mistake.name}"),
        Equation("", "yours", (mistake.term,)),
        Equation(tag, left, steps),
        Line(f"Why: {mistake.why}"),
        Line(f"What it does: {mistake.effect}"),
        Line(f"{said} {here}", "bad"),
        Line(f"Right, in your layout: {right_line(part, one, spelled)}", "good"),
        *([Line(OR_THE_LOSS)] if mistake.other_loss else []),
    ]


class Place(NamedTuple):
    """A line of somebody's code. ``traced``: its value was seen to be the wrong one; else by its words."""

    number: int
    text: str
    traced: bool


def line_of(verdict: Verdict, part: Part, one: Applied) -> Place | None:
    """Where a mistake is: the line that makes its wrong value, otherwise the one whose words fit best."""
    text, first = verdict.findings.text, verdict.findings.first_line
    seen = located(part, one, text, first)
    if seen is not None:
        return Place(*seen, True)
    likely = probable_line(text, one.mistake, first)
    return Place(*likely, False) if likely is not None else None


def _spelled(template: str, spelled: Spelling) -> str:
    return spelled.line(template) if "{" in template else template


def right_line(part: Part, one: Applied, spelled: Spelling) -> str:
    """The corrected line in the user's own convention."""
    if one.mistake.remedy:
        return one.mistake.remedy
    slot = "G1" if one.mistake.tag == "G1" else one.mistake.slots[0]
    if one.mistake.tag == "F2" and slot == "B2":
        where = "   # s = sigmoid(z[l])" if part.model.hidden == "silu" else ""
        return f"φ'(z[l]) = {spelled.d_phi}{where}"
    if slot == "B1":
        return right_delta(part.model)
    if slot == "H":
        return RIGHT_LINES["H1"]
    if slot == "F2":
        return f"a[l] = {part.model.hidden}(z[l])"
    return spelled.line(RIGHT_LINES[slot])


def _alternatives(found: tuple[Explanation, ...]) -> list[Block]:
    first = {one.mistake.key for one in found[0].mistakes}
    others = []
    for e in found[1:]:
        name = ", and ".join(f"{one.mistake.name}{_at(one)}" for one in e.mistakes)
        if len(e.mistakes) == len(found[0].mistakes) and {one.mistake.key for one in e.mistakes} != first:
            others.append(name)
    if not others:
        return []
    return [Line(f"The same numbers would come of: {'; '.join(dict.fromkeys(others[:3]))}.", "dim")]


def _unexplained(part: Part) -> list[Block]:
    lines: list[Block] = [
        Line("No mistake of the catalogue, and no two of them, reproduce these numbers."),
    ]
    if part.equations:
        rows = tuple(
            (e.tag, str(e.layer), f"{e.error:.1e}", "holds" if e.right else "BROKEN") for e in part.equations
        )
        lines += [
            Line(
                "Each equation by itself, for one sample, fed with your own δ of the layer above (read "
                "off db):"
            ),
            Table(("", "layer", "relative error", ""), rows, words=(0, 3)),
        ]
        broken = [e for e in part.equations if not e.right]
        if broken:
            first = broken[0]
            lines.append(
                Line(f"Look at {first.tag} of layer {first.layer} first: the way back meets it first.", "bad")
            )
    lines.append(
        Line(
            "To find the place: print δ^H for one sample beside a − y; then δ of each layer beside "
            "(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L) "
            "by hand, from the last layer to the first. The first that differs is it. A network of "
            "widths 2-2-2 and "
            "one sample keep the numbers few."
        )
    )
    return lines


def _remarks(found: list[Remark]) -> list[Block]:
    return [Heading("Besides"), *(Line(r.text, "bad" if r.severe else "") for r in found)] if found else []


def _failed(verdict: Verdict) -> list[Block]:
    found = verdict.findings
    lines: list[Block] = [
        Heading(f"Diagnosis of {found.target or 'the file'}"),
        Line("It could not be asked for gradients.", "bad"),
    ]
    if found.failure is not None:
        lines.append(Line(found.failure.error))
        if found.failure.line:
            lines.append(Line(f"line {found.failure.line}: {found.failure.text}", "bad"))
        if (
            "shapes" in found.failure.error
            or "broadcast" in found.failure.error
            or "mismatch" in found.failure.error
        ):
            lines.append(
                Line(
                    "Shapes do not go together in any layout that was tried: look for a transpose that "
                    "is missing or too many."
                )
            )
    if found.misfit:
        lines.append(Line(found.misfit))
    return lines
