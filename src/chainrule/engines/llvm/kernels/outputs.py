"""The output layer as generated code: the head's equations, applied to the logits.

Short rows are turned, so that as many samples as a vector has lanes stand side by side in it (`Samples`):
then sums over the outputs are sums of vectors. A long row fills vectors by itself (`Width`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chainrule.engines.llvm.kernels.row_functions import ROWS, Row, Samples, Width, is_first_largest, total
from chainrule.engines.llvm.kernels.transpose import transpose_block
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int, Vector
from chainrule.engines.llvm.writer.vector_functions import select
from chainrule.equations.heads import Head, smooth_labels

BLOCKS = 4
"""Blocks of a thread's room, of ``lanes`` rows each: logits, targets, outputs, and the turning of targets."""

LINES = 4
"""Lines behind them, a number for each sample: weight, label, loss, and whether it is right."""

SAMPLES = (
    "K", "width", "first", "stop", "rows", "z", "order", "Y", "labels", "weight", "losses", "rights", "room",
)  # fmt: skip


class Output(NamedTuple):
    """What is computed at the output."""

    head: Head
    label_smoothing: float
    uninformed: float
    multi_label: bool
    in_lanes: bool
    """Whether several samples are worked on at once."""


def room(width: Any, lanes: int) -> Any:
    """Numbers of memory that `head` needs for outputs of that width, in whole vectors."""
    return (width * BLOCKS + LINES) * lanes


def head(unit: Unit, output: Output) -> Function:
    """Each sample's loss, and whether it is right; δ^H (Eq. B1), times its weight, over the logits.

    ``rows`` samples are in the mini-batch; those from ``first``, in whole vectors, to ``stop`` are done.
    """
    return _in_lanes(unit, output) if output.in_lanes else _one_by_one(unit, output)


def _one_by_one(unit: Unit, output: Output) -> Function:
    @unit.function("head", SAMPLES)
    def head(
        code: Code, K: Int, width: Int, first: Int, stop: Int, rows: Int, z: Int, order: Int, Y: Int,
        labels: Int, weight: Int, losses: Int, rights: Int, room: Int,
    ) -> None:  # fmt: skip
        with code.loop(first, stop) as i:
            row, place = (code.ints(order) + i).whole(), code.numbers(z) + i * width
            one = Width(code, K, None)
            w = (code.numbers(weight) + row).splat() / code.number(rows)
            label = code.number((code.ints(labels) + row).whole())
            logits, y = one.padded(place), one.load(code.numbers(Y) + row * K)
            loss, right, delta = _equations(output, logits, y, label, w, lambda a: a)
            for results, value in ((losses, loss), (rights, right)):
                _put(code.doubles(results) + i, value.lane())
            one.store(delta, place)

    return head


def _in_lanes(unit: Unit, output: Output) -> Function:
    turned = unit.shared(turn)

    @unit.function("head", SAMPLES)
    def head(
        code: Code, K: Int, width: Int, first: Int, stop: Int, rows: Int, z: Int, order: Int, Y: Int,
        labels: Int, weight: Int, losses: Int, rights: Int, room: Int,
    ) -> None:  # fmt: skip
        lanes, whole = code.lanes, Samples(code, K)
        z_block, y_block, a_block, y_rows = (code.numbers(room) + width * (n * lanes) for n in range(BLOCKS))
        weights, names, lost, hit = (code.numbers(room) + (width * BLOCKS + n) * lanes for n in range(LINES))

        def keep(a: Row) -> Row:
            whole.store(a, a_block)
            return whole.load(a_block)

        with code.loop(first, stop, lanes) as start:
            count = (stop - start).at_most(lanes)
            with code.loop(0, lanes) as i:
                row = (code.ints(order) + start + i.at_most(count - 1)).whole()
                (weights + i).store((code.numbers(weight) + row).load())
                number = code.builder.sitofp((code.ints(labels) + row).load(), code.number_type)
                (names + i).store(number)
                one = Width(code, K, None)
                one.store(one.load(code.numbers(Y) + row * K), y_rows + i * width)
            logits = code.numbers(z) + start * width
            turned(code, width, logits, width, 1, z_block, lanes, lanes)
            turned(code, width, y_rows, width, 1, y_block, lanes, lanes)
            w = weights.vector() / code.number(rows)
            loss, right, delta = _equations(
                output, whole.load(z_block), whole.load(y_block), names.vector(), w, keep
            )
            lost.put(loss)
            hit.put(right)
            whole.store(delta, z_block)
            with code.loop(K, width) as j:
                (z_block + j * lanes).put(code.constant(0.0))
            turned(code, width, z_block, lanes, lanes, logits, width, 1)
            with code.loop(0, count) as i:
                for results, values in ((losses, lost), (rights, hit)):
                    _put(code.doubles(results) + start + i, (values + i).load())

    return head


def predicted(unit: Unit, head: Head) -> Function:
    """a^H over the logits of some rows, in whole vectors, several samples at once. Eq. H1 or H3."""
    turned = unit.shared(turn)

    @unit.function("predicted", ("K", "width", "count", "z", "room"))
    def predicted(code: Code, K: Int, width: Int, count: Int, z: Int, room: Int) -> None:
        lanes, whole, block = code.lanes, Samples(code, K), code.numbers(room)
        with code.loop(0, count, lanes) as start:
            logits = code.numbers(z) + start * width
            turned(code, width, logits, width, 1, block, lanes, lanes)
            whole.store(head.predict(ROWS, whole.load(block)), block)
            turned(code, width, block, lanes, lanes, logits, width, 1)

    return predicted


def _equations(
    output: Output, z: Row, y: Row, label: Vector, w: Vector, keep: Callable[[Row], Row]
) -> tuple[Vector, Vector, Row]:
    """Loss, whether it is right, and δ^H, by the bodies that NumPy runs; ``keep`` may store a^H."""
    target = y
    if output.label_smoothing:
        target = smooth_labels(y, output.label_smoothing, output.uninformed)
    a: Any = keep(output.head.predict(ROWS, z))
    loss = output.head.loss(ROWS, z, target) * w
    right = _all_right(a, y) if output.multi_label else is_first_largest(a, label)
    return loss, right, output.head.delta(ROWS, z, a, target) * w


def _all_right(a: Any, y: Any) -> Vector:
    """1 if every label of the sample is on or off as it should be, else 0."""
    on, off = ROWS.where(a > 0.5, 1.0, 0.0), ROWS.where(a > 0.5, 0.0, 1.0)
    wrong = total(on * (1 - y) + off * y, axis=1)
    return select(wrong > 0, 0.0, Vector.of(wrong.code, 1))


def _put(place: Array, number: Any) -> None:
    code = place.code
    place.store(code.builder.fpext(number, place.type) if code.item_size == 4 else number)


def turn(unit: Unit) -> Function:
    """Transpose ``lanes`` rows of that width, or as many columns back into rows, a square block at a time.

    From block to block the source moves on by ``lanes`` times ``step``, the target likewise.
    """
    block = unit.shared(transpose_block)
    names = ("width", "source", "stride", "step", "target", "target_stride", "target_step")

    @unit.function("turn", names)
    def turned(
        code: Code, width: Int, source: Int, stride: Int, step: Int, target: Int, target_stride: Int,
        target_step: Int,
    ) -> None:  # fmt: skip
        with code.loop(0, width, code.lanes) as j:
            here, there = code.numbers(source) + j * step, code.numbers(target) + j * target_step
            block(code, here, stride, there, target_stride)

    return turned
