"""A network as one readable Python file that needs NumPy alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from textwrap import fill, indent, wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.about import VERSION
from chainrule.calculus.graph import BRANCHING, Node, schedule, shared
from chainrule.datasets.preparing.notation import GAPS
from chainrule.equations.affine import TERMS
from chainrule.errors import InputError
from chainrule.escaping.languages import python_comment, python_docstring, python_string
from chainrule.escaping.tables import DIVIDED, FORMULA, NUMBER, csv_field
from chainrule.exchange.expressions import Language, named
from chainrule.exchange.model import Function, Model, pass_forward, refuse_notation
from chainrule.exchange.parts import Parts

LITERAL = 64
"""Arrays of up to this many numbers are written out; longer ones as base64, which is a third of the size."""

WIDTH = 100
LONG = 80
"""Characters of a formula above which its parts get lines of their own."""

USES = {"abs": "np.abs", "erf": "erf"}
"""What is not called as in the equations; the rest is ``np.`` and the same name."""

PARTS = Parts("numpy_parts.txt")


class Lines(Language):
    """Python over ``np``."""

    def function(self, node: Node) -> str:
        """A function of NumPy, or of this file."""
        if node.op == "T":
            return f"{self.at(node.args[0], 6)}.T"
        if node.op == "call":
            return f"{node.args[0]}({', '.join(map(self, node.args[1:]))})"
        name = USES.get(node.op, f"np.{node.op}")
        return f"{name}({', '.join(map(self, node.args))}{self.along(node)})"

    def along(self, node: Node) -> str:
        """The axis of a sum or maximum."""
        axis, keepdims = node.along or (None, False)
        return f", axis={axis}" * (axis is not None) + ", keepdims=True" * keepdims


def numpy_file(model: Model) -> str:
    """The text of the file."""
    refuse_notation(model)
    ops = {node.op for function in model.distinct for node in schedule(function.body)}
    long = any(theta.size > LITERAL for layer in model.layers for theta in layer)
    modules = ["base64"] * long + ["csv", "math", "re", "sys"] + ["warnings"] * model.is_table
    size = sizes(model)
    parts = [
        "\n".join([_docstring(model), *(f"import {module}" for module in modules), "\nimport numpy as np"]),
        columns_text(model),
        *[PARTS("erf")] * ("erf" in ops),
        *[PARTS("affine", terms=TERMS)] * any(_is_long(model, L) for L, _ in model.layers.items()),
        *map(function_text, model.distinct),
        _forward(model, quiet=bool(ops & set(BRANCHING))),
        PARTS("columns" if model.is_table else "numbers", **size),
        PARTS("number"),
        _predict(model, size),
        *[PARTS("read", bytes=np.dtype(model.dtype).itemsize)] * long,
        _main(model, size),
        _data(model),
        PARTS("run"),
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def sizes(model: Model) -> dict[str, Any]:
    """What is filled into the parts that depend on sizes alone."""
    gaps = f"({', '.join(map(repr, sorted(GAPS)))})"
    return {"n_0": model.widths[0], "H": len(model.layers), "columns": len(model.columns), "gaps": gaps}


def _docstring(model: Model) -> str:
    kind = "label" if model.multi_label else "class"
    expects = f"Input: {model.expects}. Output: the probability of every {kind}. In {model.dtype}."
    tags = (
        "F1 is z = W a + b, F2 a = φ(z); H1 is softmax, H3 the sigmoid at the output. A row of an array is a "
        "sample, and W1 has the shape (n_1, n_0), as in the derivation."
    )
    return "\n".join(
        [
            f'"""A network {python_docstring(model.title)}, written by chainrule {VERSION}.',
            "",
            fill(expects, WIDTH),
            "",
            "    python this_file.py rows.csv",
            "",
            fill(tags, WIDTH),
            '"""',
            "",
        ]
    )


def columns_text(model: Model) -> str:
    """The names of classes and columns, and how the columns of a table become inputs."""
    names = f"CLASSES = {names_text(model.classes)}\nFEATURES = {names_text(model.features)}\n"
    if not model.is_table:
        return names
    rows = "".join(f"    {tuple(column[:3])!r},\n" for column in model.columns)
    return f"{names}COLUMNS = (  # name, what a gap counts as, categories with None for a gap\n{rows})\n"


def names_text(words: tuple[str, ...] | None) -> str:
    """A tuple of words, on several lines where it is long."""
    if words is None or len(text := repr(words)) < WIDTH - 12:
        return repr(words)
    lines, line = [], "   "
    for word in words:
        if len(line) + len(repr(word)) > WIDTH - 2:
            lines.append(line)
            line = "   "
        line += f" {word!r},"
    assert text
    return "\n".join(["(", *lines, line, ")"])


def function_text(function: Function) -> str:
    """A function of the file, each line with its tag."""
    lines = [f"def {function.name}({', '.join(function.inputs)}):"]
    if function.about:
        lines.append(f"    # {python_comment(function.about)}")
    write = Lines()
    for part, name in named(worth_a_name(function.body), function.inputs):
        lines.append(f"    {name} = {write(part)}  # {function.tag}")
        write.names[part] = name
    return "\n".join([*lines, f"    return {write(function.body)}  # {function.tag}"])


def worth_a_name(body: Node) -> list[Node]:
    """What is needed more than once, and the parts of what would make a line too long."""
    again, write, found = set(shared(body)), Lines(), []

    def name(node: Node) -> None:
        write.names[node] = "t"
        found.append(node)

    for node in schedule(body):
        for part in sorted(set(node.nodes), key=lambda part: -len(write(part))):
            if len(write(node)) > LONG and part.op != "symbol" and part not in write.names:
                name(part)
        if node in again:
            name(node)
    return found


def _forward(model: Model, quiet: bool) -> str:
    cache = pass_forward(model)
    H = len(model.layers)
    write = Lines()
    lines = ['@np.errstate(all="ignore")  # both sides of a branch are computed'] if quiet else []
    what = "The probability of each class for" if model.two_classes else f"The outputs a^{H} of"
    about = f"{what} inputs x (N, {model.widths[0]}), as `numbers` gives them."
    a0 = "x" if model.shift is None else "((x - SHIFT) / SCALE)"
    lines += ["def forward(x):", f'    """{about}"""', f"    a0 = {a0}.astype(np.{model.dtype})"]
    for L, function in model.functions.items():
        for letter, node, tag in (("z", cache.z[L], "F1"), ("a", cache.a[L], function.tag)):
            text = write(node)
            if letter == "z" and _is_long(model, L):
                refuse_unless_affine(node, L)
                text = f"affine(a{L - 1}, W{L}, b{L})"
            lines.append(f"    {letter}{L} = {text}  # {tag}")
            write.names[node] = f"{letter}{L}"
    result = f"np.hstack([1 - a{H}, a{H}])" if model.two_classes else f"a{H}"
    return "\n".join([*lines, f"    return {result}"])


def _is_long(model: Model, L: int) -> bool:
    """Whether how the sums of a layer are cut decides their rounding, to what one can see."""
    return model.dtype == "float32" and model.widths[L - 1] > TERMS


def refuse_unless_affine(z: Node, L: int) -> None:
    """Make sure that the equations say what a function ``affine`` computes."""
    shape = f"a{L - 1} @ W{L}.T + b{L}"
    said = Lines({node: f"a{L - 1}" for node in schedule(z) if node.op == "call"})(z)
    if said != shape:
        raise InputError(f"exports know z = a W^T + b; the equations say {said}. Extend their `affine`.")


def _predict(model: Model, size: dict[str, Any]) -> str:
    kind, predicts = "class", "The number of the most probable class of each row, which CLASSES names."
    if model.multi_label:
        kind, predicts = "label", "1 for every label that is on, else 0: a row of them for each row."
    decide = _decide(model).strip("\n")
    return f"{decide}\n\n\n{PARTS('predict', kind=kind, predicts=predicts, **size)}"


def _decide(model: Model) -> str:
    if model.multi_label:
        bounds = model.threshold
        return PARTS("several", bound="0.5" if bounds is None else f"np.array({list(bounds)}, a.dtype)")
    if model.threshold is not None and model.two_classes:
        return PARTS("second", bound=f"{model.threshold[0]!r}")
    return PARTS("one")


def _main(model: Model, size: dict[str, Any]) -> str:
    said = '" ".join(name for name, on in zip(CLASSES, said) if on)' if model.multi_label else "CLASSES[said]"
    patterns = {"formula": FORMULA.pattern, "number": NUMBER.pattern, "divided": DIVIDED.pattern}
    literals = {name: python_string(pattern) for name, pattern in patterns.items()}
    cells = PARTS("text", **literals).strip("\n")
    main = PARTS("main", label=_said(model), said=said, words=model.has_words, **size)
    return f"{cells}\n\n\n{main}"


def _said(model: Model) -> str:
    return "labels" if model.multi_label else "class"


def header_line(model: Model) -> str:
    """The first line of the predictions, as CSV."""
    return ",".join([_said(model), *(csv_field(f"p({name})") for name in model.classes)])


def _data(model: Model) -> str:
    lines = []
    if model.shift is not None and model.scale is not None:
        lines += [f"SHIFT = {floats_text(model.shift)}", f"SCALE = {floats_text(model.scale)}"]
    for L, layer in model.layers.items():
        for letter, theta in layer._asdict().items():
            lines.append(f"{letter}{L} = {array_text(theta)}")
    return "\n".join(lines)


def floats_text(values: NDArray[np.float64]) -> str:
    """One number, or an array of float64."""
    return f"np.array({_listed(values.tolist())})" if values.ndim else repr(float(values))


def _listed(values: Iterable[Any]) -> str:
    """[1.0, 2.0, …], on several lines where it is long."""
    text = ", ".join(map(str, values))
    if len(text) < WIDTH - 25:
        return f"[{text}]"
    return "[\n" + "".join(f"    {line}\n" for line in wrap(text, WIDTH - 4)) + "]"


def array_text(theta: NDArray[np.floating]) -> str:
    """An array in its own precision: written out, or as base64 where it is long."""
    if theta.size > LITERAL:
        data = b64encode(theta.astype(f"<f{theta.itemsize}").tobytes()).decode()
        lines = "".join(f"{data[i : i + WIDTH]}\n" for i in range(0, len(data), WIDTH))
        return f'array("""\n{lines}""", {", ".join(map(str, theta.shape))})'
    if theta.ndim == 1:
        return f"np.array({_listed(theta)}, np.{theta.dtype})"
    text = "".join(indent(f"{_listed(row)},\n", "    ") for row in theta)
    return f"np.array([\n{text}], np.{theta.dtype})"
