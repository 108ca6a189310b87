"""A sample's explanation in words: what it is, the way forward, the way back, the gradient in the input."""

from __future__ import annotations

import numpy as np

from chainrule.explain.arithmetic import about, enough, fewest, follows
from chainrule.explain.blocks import (
    Block,
    Equation,
    Heading,
    Line,
    Picture,
    Pictures,
    Table,
    Top,
    at,
    counted,
    factor,
    layer,
    named,
    number,
    percent,
    top,
)
from chainrule.explain.formulas import in_layer
from chainrule.explain.numbers import Numbers
from chainrule.explain.outputs import output_errors, outputs
from chainrule.explain.sums import SHOWN, SMALL, backward_sum, forward_sum, neurons


def blocks(e: Numbers) -> list[Block]:
    """The whole explanation."""
    forward = [block for L in range(1, e.H + 1) for block in _forward(e, L)]
    backward = [block for L in range(e.H, 0, -1) for block in _backward(e, L)]
    return [*_head(e), *_inputs(e), *forward, *backward, *_input_gradient(e)]


def _head(e: Numbers) -> list[Block]:
    size = {"float32": "about 7 digits", "float64": "about 16 digits"}[e.dtype.name]
    return [
        Line(e.network),
        *([Line(e.sample)] if e.sample else []),
        Line(verdict(e), "good" if e.correct else "bad"),
        Line(f"J = {number(e.loss, 6)}, the {e.net.head.loss_name} of this sample alone, without penalties"),
        Line(
            f"Layers and neurons are counted from 1, as in the book: {_place(e)} in Python, which counts "
            f"from 0, as the numbers of classes do. The numbers are {e.dtype.name} ({size}), rounded for "
            "print; ≈ stands where the rounded ones give another last digit.",
            "dim",
        ),
    ]


def _place(e: Numbers) -> str:
    """An example of both counts: the last weight."""
    j, k = (n - 1 for n in e.dW[e.H].shape)
    return f"W{layer(e.H)}{at(j, k)} is W[{e.H}][{j}, {k}]"


def verdict(e: Numbers) -> str:
    """What is true, what the network says, and whether that is right."""
    judged = "right" if e.correct else "WRONG"
    if e.data is not None and (len(e.data.classes), len(e.y)) == (2, 1):
        return _of_two(e, e.data.classes, judged)
    if e.multi_label:
        return f"true: {_labels(e, e.target)}; predicted: {_labels(e, e.predicted)}: {judged}"
    true, said, a = int(e.target), int(e.predicted), e.a[e.H]
    one_hot = e.y[true] == 1 and np.count_nonzero(e.y) == 1
    what = "true class" if one_hot else f"largest target, {number(e.y[true])}, at class"
    how = "with probability" if e.net.head.distribution else "with output"
    got = "" if e.correct else f" (class {true} got {number(a[true])})"
    return (
        f"{what} {named(true, e.classes)}; predicted class {named(said, e.classes)} {how} "
        f"{number(a[said])}: {judged}{got}"
    )


def _of_two(e: Numbers, names: tuple[str, ...], judged: str) -> str:
    """The verdict where the one output is the probability of the second of two classes."""
    true, said, a = int(e.target[0]), int(e.predicted[0]), float(e.a[e.H][0])
    return (
        f"true class {named(true, names)}; predicted class {named(said, names)} with probability "
        f"{number(a if said else 1 - a)}: {judged}"
    )


def _labels(e: Numbers, on: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    places = [int(m) for m in np.flatnonzero(on)]
    if not places:
        return "label off" if len(on) == 1 else "no label"
    state = " on" if len(on) == 1 else ""
    return (
        ("label " if len(places) == 1 else "labels ") + ", ".join(named(m, e.classes) for m in places) + state
    )


def _inputs(e: Numbers) -> list[Block]:
    found: list[Block] = [Heading(f"Input a^0: {counted(len(e.x), 'number')}")]
    if e.raw is not None:
        found.append(Line(f"Scaled as in training: a^0_k = {_scaling(e)}."))
    if len(e.x) <= SMALL:
        return [*found, _input_table(e, tuple(range(len(e.x))), gradient=False)]
    on = int(np.count_nonzero(e.x))
    low, high = number(e.x.min()), number(e.x.max())
    return [*found, Line(f"From {low} to {high}; {on:,} of {len(e.x):,} are not 0.")]


def _scaling(e: Numbers) -> str:
    """How a^0 came from the raw numbers."""
    assert e.data is not None
    shift, scale = np.asarray(e.data.scaling.shift), np.asarray(e.data.scaling.scale)
    if shift.ndim or scale.ndim:
        return "(raw_k − shift_k) / scale_k"
    moved = f"(raw_k − {factor(shift)})" if shift else "raw_k"
    return f"{moved} / {number(scale)}"


def _input_table(e: Numbers, places: tuple[int, ...], *, gradient: bool) -> Table:
    features, raw = (e.data.features if e.data else None), e.raw
    shape = e.data.shape if e.data else None
    head, rows = ["", "k"], [["B2" if gradient else "", str(k + 1)] for k in places]
    columns = [
        ("feature", None if features is None else [features[k] for k in places]),
        ("[row, column]", None if shape is None else [f"[{k // shape[1]}, {k % shape[1]}]" for k in places]),
        ("raw_k", None if raw is None else [number(raw[k]) for k in places]),
        ("a^0_k", [number(e.x[k]) for k in places]),
        ("∂J/∂a^0_k", [number(e.d_a[0][k]) for k in places] if gradient else None),
    ]
    for title, texts in columns:
        if texts is not None:
            head.append(title)
            rows = [[*row, text] for row, text in zip(rows, texts, strict=True)]
    words = (0, 2) if features is not None else (0,)
    return Table(tuple(head), tuple(map(tuple, rows)), fixed=2, words=words)


def _activation(e: Numbers, L: int) -> str:
    return e.net.hidden[L].name if L < e.H else f"{e.net.head.name} output"


def _forward(e: Numbers, L: int) -> list[Block]:
    n, shown = len(e.z[L]), neurons(e.delta[L])
    found: list[Block] = [
        Heading(f"Forward, layer {L}: {counted(n, 'neuron')}, {_activation(e, L)}"),
        Equation("F1", f"z{layer(L)}_j", (f"Σ_k W{layer(L)}_jk a{layer(L - 1)}_k + b{layer(L)}_j",)),
        *(activation_equations(e, L, "") if L < e.H else []),
        *_selection(e, L),
    ]
    for j in shown:
        found += _neuron(e, L, j)
    return found + (outputs(e) if e.H == L else [])


def _neuron(e: Numbers, L: int, j: int) -> list[Block]:
    """F1 and F2 of one neuron, in numbers."""
    zL, z = f"z{layer(L)}{at(j)}", number(e.z[L][j])
    numbers = enough(lambda n: forward_sum(e, L, j, n)[-1], z)
    found: list[Block] = [Equation("F1", zL, (*forward_sum(e, L, j)[:-1], numbers, z))]
    if L < e.H:
        phi, a = e.net.hidden[L].symbol, number(e.a[L][j])
        put_in = enough(lambda n: f"{phi}({number(e.z[L][j], n)})", a)
        found.append(Equation("F2", f"a{layer(L)}{at(j)}", (f"{phi}({zL})", put_in, a)))
    return found


def activation_equations(e: Numbers, L: int, prime: str) -> list[Block]:
    """The layer's φ, or its φ' with ``prime`` "'", by the formula that the activation owns (F2)."""
    activation = e.net.hidden[L]
    formula = activation.printed.d_phi if prime else activation.printed.phi
    left = f"φ'(z{layer(L)}_j)" if prime else f"a{layer(L)}_j"
    named = f"{activation.symbol}{prime}(z{layer(L)}_j)"
    texts = dict.fromkeys((named, *(in_layer(step, L, "j") for step in formula.steps)))
    texts.pop(left, None)
    return [Equation("F2", left, tuple(texts))] if texts else []


def _selection(e: Numbers, L: int) -> list[Block]:
    """Which neurons of a wide layer are shown, and how much of Σ|δ| that is."""
    n = len(e.delta[L])
    if n <= SMALL:
        return []
    chosen = top(e.delta[L], SHOWN)
    text = (
        f"{len(chosen.places)} of {n:,} neurons, {_which(chosen, f'δ{layer(L)}_j')}: "
        f"{percent(chosen.share)} of Σ_j |δ{layer(L)}_j|."
    )
    dead = int(np.count_nonzero(e.d_phi[L] == 0)) if L < e.H else 0
    still = f" φ'(z{layer(L)}_j) is 0 for {dead:,} of {n:,}, and so is their δ." if dead else ""
    return [Line(text + still, "dim")]


def _which(chosen: Top, name: str) -> str:
    return f"those with the largest |{name}|" if chosen.share < 1 else f"the others have {name} = 0"


def _backward(e: Numbers, L: int) -> list[Block]:
    shown = neurons(e.delta[L])
    found: list[Block] = [Heading(f"Backward, layer {L}: {_activation(e, L)}"), *_selection(e, L)]
    if e.H == L:
        found += output_errors(e, shown)
    else:
        whole = f"(Σ_i W{layer(L + 1)}_ij δ{layer(L + 1)}_i) φ'(z{layer(L)}_j)"
        found += [Equation("B2", f"δ{layer(L)}_j", (whole,)), *activation_equations(e, L, "'")]
        found += [hidden_error_equation(e, L, j) for j in shown]
    return [*found, *_gradients(e, L, shown)]


def hidden_error_equation(e: Numbers, L: int, j: int) -> Equation:
    """δ^L_j of a hidden neuron with its numbers (B2)."""
    *symbols, _ = backward_sum(e, L, j)
    slope, delta = e.d_phi[L][j], number(e.delta[L][j])
    product = enough(lambda n: f"{number(e.d_a[L][j], n)}·{factor(slope, n)}", delta)
    numbers = enough(lambda n: f"({backward_sum(e, L, j, n)[-1]})·{factor(slope, n)}", product)
    return Equation(
        "B2",
        f"δ{layer(L)}{at(j)}",
        (
            *(f"({sum_of_symbols}) φ'(z{layer(L)}{at(j)})" for sum_of_symbols in symbols),
            numbers,
            product,
            delta,
        ),
    )


def _gradients(e: Numbers, L: int, shown: tuple[int, ...]) -> list[Block]:
    """∂J/∂W^L as the table of products that it is, with ∂J/∂b^L beside it."""
    a, delta = e.a[L - 1], e.delta[L]
    across = neurons(a)

    def product(j: int, k: int, digits: int) -> str:
        return f"{number(delta[j], digits)}·{factor(a[k], digits)}"

    places = [(j, k) for j in shown for k in across]
    n = fewest(lambda n: all(follows(product(*place, n), number(e.dW[L][place])) for place in places))
    above = ("", "", f"a{layer(L - 1)}_k →", "", *(number(a[k], n) for k in across))
    rows = []
    for j in shown:
        entries = (about(product(j, k, n), number(e.dW[L][j, k])) for k in across)
        rows.append(("B3, B4", str(j + 1), number(delta[j], n), number(e.db[L][j], n), *entries))
    head = ("", "j", f"δ{layer(L)}_j", f"∂J/∂b{layer(L)}_j", *(f"k = {k + 1}" for k in across))
    found: list[Block] = [
        Equation("B3", f"∂J/∂W{layer(L)}_jk", (f"δ{layer(L)}_j a{layer(L - 1)}_k",)),
        Equation("B4", f"∂J/∂b{layer(L)}_j", (f"δ{layer(L)}_j",)),
        Table(head, (above, *rows), fixed=4),
    ]
    size = np.abs(e.dW[L])
    if size.size > len(shown) * len(across) and size.sum() > 0:
        share = float(size[np.ix_(shown, across)].sum() / size.sum())
        text = f"{len(shown) * len(across)} of {size.size:,} entries, where |δ| and |a| are largest: "
        found.append(Line(f"{text}{percent(share)} of Σ|∂J/∂W{layer(L)}|.", "dim"))
    return found


def _input_gradient(e: Numbers) -> list[Block]:
    gradient = e.d_a[0]
    found: list[Block] = [
        Heading("Backward, input: what each input does to the loss"),
        Equation("B2", "∂J/∂a^0_k", ("Σ_i W^1_ik δ^1_i",)),
    ]
    if len(gradient) > SMALL:
        chosen = top(gradient, SHOWN)
        text = (
            f"{len(chosen.places)} of {len(gradient):,} inputs, {_which(chosen, '∂J/∂a^0_k')}: "
            f"{percent(chosen.share)} of Σ_k |∂J/∂a^0_k|."
        )
        found.append(Line(text, "dim"))
    found.append(_input_table(e, neurons(gradient), gradient=True))
    if e.data is not None and e.data.shape is not None:
        pictures = (
            Picture("input a^0", e.x.reshape(e.data.shape), signed=bool((e.x < 0).any())),
            Picture("input gradient ∂J/∂a^0", gradient.reshape(e.data.shape), signed=True),
        )
        found.append(Pictures(pictures))
        found.append(
            Line(
                f"∂J/∂a^0 from {number(gradient.min())} to {number(gradient.max())}: a larger input raises "
                "the loss where this is positive (red, or +), and lowers it where negative (blue, or -).",
                "dim",
            )
        )
    return found
