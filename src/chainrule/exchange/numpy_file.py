"""A network as one readable Python file that needs NumPy alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from textwrap import fill, wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.about import VERSION
from chainrule.calculus.graph import BRANCHING, Node, schedule, shared
from chainrule.equations.affine import TERMS
from chainrule.errors import InputError
from chainrule.exchange.expressions import Language, named
from chainrule.exchange.model import Function, Model, pass_forward

LITERAL = 64
"""Arrays of up to this many numbers are written out; longer ones as base64, which is a third of the size."""

WIDTH = 100

USES = {"abs": "np.abs", "erf": "erf"}
"""What is not called as in the equations; the rest is ``np.`` and the same name."""

ERF = '''
def erf(x):
    """The error function, which NumPy does not have."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)
'''

AFFINE = f'''
def affine(a, W, b):
    """W a + b, of {TERMS} products at a time: as where it was trained, so that float32 rounds alike."""
    z = b
    for k in range(0, W.shape[1], {TERMS}):
        z = a[:, k : k + {TERMS}] @ W[:, k : k + {TERMS}].T + z  # F1
    return z
'''

READ = '''
def array(text, *shape):
    """An array from base64 of its {bytes} bytes a number, little-endian."""
    return np.frombuffer(base64.b64decode(text), "<f{bytes}").reshape(shape)
'''

ONE = '''
def predict(X):
    """The number of the most probable class, which CLASSES names."""
    return predict_proba(X).argmax(axis=1)
'''

SEVERAL = '''
def predict(X):
    """1 for every label that is on, else 0."""
    return (predict_proba(X) > 0.5).astype(int)
'''

MAIN = '''
def main(path):
    """Print what predict and predict_proba say of every row of a CSV file, with or without a header."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    columns = range({n_0})
    try:
        float(rows[0][0])
    except ValueError:  # a header: the columns may stand in any order among others
        header = rows.pop(0)
        columns = [header.index(name) for name in FEATURES or header]
    X = np.array([[float(row[column]) for column in columns] for row in rows])
    print(",".join(["{label}", *(f"p({{name}})" for name in CLASSES)]))
    for said, a in zip(predict(X), predict_proba(X)):
        print(",".join([{said}, *(f"{{p:.6g}}" for p in a)]))
'''


class Lines(Language):
    """Python over ``np``."""

    def function(self, node: Node) -> str:
        """A function of NumPy, or of this file."""
        if node.op == "T":
            return f"{self.at(node.args[0], 6)}.T"
        if node.op == "call":
            return f"{node.args[0]}({', '.join(map(self, node.args[1:]))})"
        along = ", axis=1, keepdims=True" if node.op in ("sum", "max") else ""
        name = USES.get(node.op, f"np.{node.op}")
        return f"{name}({', '.join(map(self, node.args))}{along})"


def numpy_file(model: Model) -> str:
    """The text of the file."""
    ops = {node.op for function in model.distinct for node in schedule(function.body)}
    long = any(theta.size > LITERAL for layer in model.layers for theta in layer)
    modules = ["base64"] * long + ["csv"] + ["math"] * ("erf" in ops) + ["sys"]
    parts = [
        _docstring(model),
        "".join(f"import {module}\n" for module in modules) + "\nimport numpy as np\n",
        _names(model),
        ERF if "erf" in ops else "",
        AFFINE if any(_is_long(model, L) for L, _ in model.layers.items()) else "",
        *(_function(function) for function in model.distinct),
        _forward(model, quiet=bool(ops & set(BRANCHING))),
        _predict(model),
        _main(model),
        READ.format(bytes=np.dtype(model.dtype).itemsize) if long else "",
        _data(model),
        '\nif __name__ == "__main__":\n    main(sys.argv[1])\n',
    ]
    return "\n".join(part for part in parts if part)


def _docstring(model: Model) -> str:
    kind = "label" if model.multi_label else "class"
    expects = f"Input: {model.expects}. Output: the probability of every {kind}. In {model.dtype}."
    tags = (
        "F1 is z = W a + b, F2 a = φ(z); H1 is softmax, H3 the sigmoid at the output. A row of an array is a "
        "sample, and W1 has the shape (n_1, n_0), as in the derivation."
    )
    return "\n".join(
        [
            f'"""A network {_harmless(model.title)}, written by chainrule {VERSION}.',
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


def _harmless(text: str) -> str:
    """Text that can end neither a comment nor a docstring."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")


def _names(model: Model) -> str:
    features = None if model.features is None else model.features
    return f"CLASSES = {_tuple(model.classes)}\nFEATURES = {_tuple(features)}\n"


def _tuple(words: tuple[str, ...] | None) -> str:
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


def _function(function: Function) -> str:
    lines = [f"def {function.name}(z):"]
    if function.about:
        lines.append(f"    # {_harmless(function.about)}")
    write = Lines()
    parts = shared(function.body)
    for part, name in named(parts, ["z"]):
        lines.append(f"    {name} = {write(part)}  # {function.tag}")
        write.names[part] = name
    return "\n".join(["", *lines, f"    return {write(function.body)}  # {function.tag}", ""])


def _forward(model: Model, quiet: bool) -> str:
    cache = pass_forward(model)
    H = len(model.layers)
    write = Lines()
    lines = ['@np.errstate(all="ignore")  # both sides of a branch are computed'] if quiet else []
    lines += ["def predict_proba(X):", f'    """The outputs a^{H} of rows X (N, {model.widths[0]})."""']
    if model.shift is None:
        lines.append(f"    a0 = np.asarray(X, np.{model.dtype})")
    else:
        lines.append(
            f"    a0 = ((np.asarray(X, float) - SHIFT) / SCALE).astype(np.{model.dtype})  # as in training"
        )
    for L, function in model.functions.items():
        for letter, node, tag in (("z", cache.z[L], "F1"), ("a", cache.a[L], function.tag)):
            text = write(node)
            if letter == "z" and _is_long(model, L):
                refuse_unless_affine(node, L)
                text = f"affine(a{L - 1}, W{L}, b{L})"
            lines.append(f"    {letter}{L} = {text}  # {tag}")
            write.names[node] = f"{letter}{L}"
    return "\n".join(["", *lines, f"    return a{H}", ""])


def _is_long(model: Model, L: int) -> bool:
    """Whether how the sums of a layer are cut decides their rounding, to what one can see."""
    return model.dtype == "float32" and model.widths[L - 1] > TERMS


def refuse_unless_affine(z: Node, L: int) -> None:
    """Make sure that the equations say what a function ``affine`` computes."""
    shape = f"a{L - 1} @ W{L}.T + b{L}"
    said = Lines({node: f"a{L - 1}" for node in schedule(z) if node.op == "call"})(z)
    if said != shape:
        raise InputError(f"exports know z = a W^T + b; the equations say {said}. Extend their `affine`.")


def _predict(model: Model) -> str:
    return SEVERAL if model.multi_label else ONE


def _main(model: Model) -> str:
    said = '" ".join(name for name, on in zip(CLASSES, said) if on)' if model.multi_label else "CLASSES[said]"
    return MAIN.format(n_0=model.widths[0], label="labels" if model.multi_label else "class", said=said)


def _data(model: Model) -> str:
    lines = []
    if model.shift is not None and model.scale is not None:
        lines += [f"SHIFT = {_floats(model.shift)}", f"SCALE = {_floats(model.scale)}"]
    for L, layer in model.layers.items():
        for letter, theta in layer._asdict().items():
            lines.append(f"{letter}{L} = {_array(theta)}")
    return "\n".join(["", *lines, ""])


def _floats(values: NDArray[np.float64]) -> str:
    return f"np.array({_listed(values.tolist())})" if values.ndim else repr(float(values))


def _listed(values: Iterable[Any]) -> str:
    """[1.0, 2.0, …], on several lines where it is long."""
    text = ", ".join(map(str, values))
    if len(text) < WIDTH - 25:
        return f"[{text}]"
    return "[\n" + "".join(f"    {line}\n" for line in wrap(text, WIDTH - 4)) + "]"


def _array(theta: NDArray[np.floating]) -> str:
    if theta.size > LITERAL:
        data = b64encode(theta.astype(f"<f{theta.itemsize}").tobytes()).decode()
        lines = "".join(f"{data[i : i + WIDTH]}\n" for i in range(0, len(data), WIDTH))
        return f'array("""\n{lines}""", {", ".join(map(str, theta.shape))})'
    if theta.ndim == 1:
        return f"np.array({_listed(theta)}, np.{theta.dtype})"
    text = "".join(f"    {_listed(row)},\n" for row in theta)
    return f"np.array([\n{text}], np.{theta.dtype})"
