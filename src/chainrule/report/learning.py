"""What a report says of the way a run learnt: curves and gradients, in pictures and words."""

from __future__ import annotations

from itertools import pairwise

from chainrule.equations.heads import HEADS
from chainrule.equations.printed import OfHead
from chainrule.escaping.markup import html as escape
from chainrule.history import EpochRecord
from chainrule.report import charts
from chainrule.report import gradients as reading
from chainrule.report.equations import Links
from chainrule.report.parts import figure, paragraph
from chainrule.runs.reading import RunFolder

STUCK = 0.97
"""Last training loss over the first, from which on a run is said not to learn."""

PARTED = 1.1
"""Validation loss over its lowest value, from which on a run is said to overfit."""


def printed(run: RunFolder) -> OfHead:
    """What the run's head owns; without a network what its options name."""
    if run.network is not None:
        return run.network.head.printed
    head = HEADS.get(str(run.options.get("output", "")))
    if head is None:
        return OfHead()
    return head.printed if run.options.get("loss") is None else OfHead(head.printed.a)


def loss_tags(run: RunFolder) -> tuple[str, ...]:
    """The tags behind the loss: of the output head, and of label smoothing and dropout where they are on.

    A head of the user's own has a formula and no tag: then the tags of the forward pass.
    """
    extra = [tag for tag, option in (("S1", "label_smoothing"), ("D1", "dropout")) if run.options.get(option)]
    return (printed(run).J.tag or "F1", *extra)


def output_tag(run: RunFolder) -> str:
    """The tag of the output activation."""
    return printed(run).a.tag or "F2"


def learning(run: RunFolder, links: Links) -> str:
    """Curves of loss, accuracy, and of the learning rate where it varies."""
    records = list(run.history)
    if not records:
        return ""
    loss_name = run.network.loss_name if run.network is not None else "loss"
    name = loss_name[:1].upper() + loss_name[1:]
    figures = [
        figure(
            "fig-loss",
            charts.history(records, "loss", loss_name),
            f"{escape(name)}, mean of a sample{_own_formula(run)}.",
            links.to("fig-loss", "loss", *loss_tags(run)),
        ),
        figure(
            "fig-accuracy",
            charts.history(records, "accuracy", "accuracy"),
            "Share of samples predicted right.",
            links.to("fig-accuracy", "accuracy", "M1", output_tag(run)),
        ),
    ]
    if len({record.learning_rate for record in records}) > 1:
        words = f"The learning rate, by the schedule {escape(str(run.options.get('schedule', '')))}."
        link = links.to("fig-rate", "learning rate", "G1")
        figures.append(figure("fig-rate", charts.rates(records), words, link))
    entries = [("training", charts.FIRST, "")]
    if records[0].val_loss is not None:
        entries += [("validation", charts.SECOND, "6 4"), ("best epoch", "var(--soft)", "2 4")]
    said = paragraph(fit_in_words(records))
    return f'{charts.legend(entries)}<div class="pair">{"".join(figures)}</div>{said}'


def _own_formula(run: RunFolder) -> str:
    formula = run.options.get("loss")
    return "" if formula is None else f", <code>{escape(str(formula))}</code>"


def fit_in_words(records: list[EpochRecord]) -> str:
    """What the curves show: whether validation parts from training, or was still falling."""
    known = [r for r in records if r.val_loss is not None]
    if len(records) > 1 and records[-1].loss > STUCK * records[0].loss:
        return reading.say("stuck", first=records[0].loss, last=records[-1].loss)
    if not known:
        return reading.say("no_validation")
    best = min(known, key=lambda r: r.val_loss or 0.0)
    last = known[-1]
    assert best.val_loss is not None
    assert last.val_loss is not None
    values = {"epoch": best.epoch, "lowest": best.val_loss, "last": last.val_loss}
    if last.val_loss >= PARTED * best.val_loss and last.val_loss > best.val_loss:
        losses = {"loss": best.loss, "last_loss": last.loss}
        if best.val_loss <= 0:  # of which no share can be taken
            return reading.say("overfits_from_zero", **losses, **values)
        higher = 100 * (last.val_loss / best.val_loss - 1)
        return reading.say("overfits", higher=higher, **losses, **values)
    if best.epoch == last.epoch and len(known) > 1:
        return reading.say("still_falling", **values)
    return reading.say("settled", **values)


def gradients(run: RunFolder, links: Links) -> str:
    """Gradients by layer over the epochs, what they show, and what to do about it."""
    network = run.network
    if not run.norms:
        return ""
    H = len(run.norms[0].gradient)
    sizes = [W.size for W in network.W] if network is not None else _sizes(run, H)
    hidden = [activation.name for activation in network.hidden] if network is not None else _hidden(run, H)
    found = reading.read(run.norms, sizes, hidden, run.options)
    steps = [line.epoch for line in run.norms]
    tags = ["M7", "B3", "B2", *filter(None, (printed(run).delta.tag,))]
    links_to = links.to("fig-gradients", "gradients", *tags)
    both = [
        figure(
            "fig-gradients",
            charts.gradients(steps, reading.per_weight(run.norms, sizes), "gradient of a weight"),
            "Typical gradient of a weight (root mean square over the layer). Curves far apart: "
            "layers that learn at different speeds.",
            links_to,
        ),
        figure(
            "fig-relative",
            charts.gradients(steps, reading.relative(run.norms), "‖∂J/∂W‖ / ‖W‖"),
            "The gradient's norm beside the norm of the weights: times η, how far a step moves a layer.",
            links.to("fig-relative", "relative gradients", "B3", "G1"),
        ),
    ]
    kind = "note" if found.kind == "healthy" else "warning"
    remedy = f" {found.remedy}" if found.remedy else ""
    words = (
        "Of the mean loss of at most 512 training samples, the same at every epoch, by the reference "
        "equations; without penalty and dropout. Epoch 0 is the start."
    )
    return (
        paragraph(found.words + remedy, kind)
        + f'<div class="pair">{"".join(both)}</div>'
        + paragraph(words, "soft")
    )


def _sizes(run: RunFolder, H: int) -> list[int]:
    widths = run.options.get("layers", ())
    return [a * b for a, b in pairwise(widths)] or [1] * H


def _hidden(run: RunFolder, H: int) -> list[str]:
    names = str(run.options.get("hidden", "")).split(",")
    return names if len(names) == H - 1 else names[:1] * (H - 1)
