"""A network as one readable Python file that trains: a class of that architecture, over NumPy alone.

The lines are printed from the equations: `chainrule.equations.network` runs over a namespace that records,
with every φ and φ' left as a call. In float64 the file takes the same steps as ``engine="reference"``, bit
for bit, but for activations with erf, which NumPy does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill, indent
from typing import Any, NamedTuple

import numpy as np

from chainrule.about import VERSION
from chainrule.calculus.graph import AS_COLUMN, BRANCHING, Node, Recorder, schedule, shared
from chainrule.equations.activations import Activation
from chainrule.equations.heads import Head, PosWeighted, pos_weighted
from chainrule.equations.network import Architecture, backward, forward
from chainrule.equations.optimizers import descend, sgd
from chainrule.escaping.languages import python_docstring
from chainrule.exchange.model import Function, Model, described, record
from chainrule.exchange.numpy_file import (
    LITERAL,
    WIDTH,
    Lines,
    array_text,
    columns_text,
    floats_text,
    function_text,
    sizes,
)
from chainrule.exchange.numpy_file import PARTS as COMMON
from chainrule.exchange.parts import Parts
from chainrule.model.feedforward import FeedForward
from chainrule.types import ByLayer, Forward, Gradients, Layer

PARTS = Parts("training_parts.txt")

SHORT = 40
"""Characters up to which the error of the output layer stands in the backward pass itself."""

NORMAL = "rng.standard_normal(({n}, {m}))"
INITIAL: dict[str, tuple[str, tuple[str, ...], str]] = {
    "normal": ("N(0, 1)", (NORMAL,), "rng.standard_normal({n})"),
    "lecun": ("N(0, 1/n_in), biases 0", (f"np.sqrt(1 / {{m}}) * {NORMAL}",), "np.zeros({n})"),
    "xavier": (
        "N(0, 2/(n_in + n_out)), biases 0",
        (f"np.sqrt(2 / ({{m}} + {{n}})) * {NORMAL}",),
        "np.zeros({n})",
    ),
    "he": ("N(0, 2/n_in), biases 0", (f"np.sqrt(2 / {{m}}) * {NORMAL}",), "np.zeros({n})"),
    "uniform": (
        "U(−r, r) with r² = 6/(n_in + n_out)",
        ("r = np.sqrt(6 / ({m} + {n}))", "rng.uniform(-r, r, ({n}, {m}))"),
        "rng.uniform(-r, r, {n})",
    ),
}
"""Each of the `INITIALIZERS` in words, and the lines of a layer's W of (n, m) and of its b of (n,)."""


class Equations(NamedTuple):
    """What a file is printed from: the functions that it defines, and both passes, recorded."""

    model: Model
    functions: list[Function]
    cache: Forward
    gradients: Gradients
    error_tag: str


class TrainingLines(Lines):
    """Python over ``np``, as the passes are written."""

    def infix(self, node: Node) -> tuple[str, int]:
        """Two values with their operator between; a matrix product is bracketed where another follows."""
        text, level = super().infix(node)
        first = node.args[0]
        if node.op == "*" and isinstance(first, Node) and first.op == "@" and first not in self.names:
            return f"({self(first)}) * {self.at(node.args[1], level + 1)}", level
        return text, level

    def function(self, node: Node) -> str:
        """A function of NumPy or of the file. The weight of a sample is one number."""
        return self(node.args[0]) if node.op == AS_COLUMN else super().function(node)


def training_file(network: FeedForward, learnt: bool = True) -> str:
    """The text of the file.

    Args:
        network: what is written: its architecture, initializer, seed and dtype.
        learnt: whether its parameters go along.

    Raises:
        InputError: a function that cannot be exported, or parameters that are not finite.
    """
    said = _equations(network)
    model = said.model
    ops = {node.op for function in said.functions for node in schedule(function.body)}
    long = learnt and any(theta.size > LITERAL for layer in model.layers for theta in layer)
    table = model.is_table
    modules = ["base64"] * long + ["math"] * (table or "erf" in ops) + ["sys"] + ["warnings"] * table
    size = sizes(model)
    parts = [
        "\n".join(
            [_docstring(said, network), *(f"import {module}" for module in modules), "\nimport numpy as np"]
        ),
        columns_text(model),
        *[COMMON("erf")] * ("erf" in ops),
        *map(_quiet, said.functions),
        _class(said, network, learnt),
        _helpers(model),
        COMMON("columns", **size) if table else PARTS("numbers", **size),
        *[COMMON("number")] * table,
        *[COMMON("read", bytes=network.dtype.itemsize)] * long,
        _data(model, network.head, learnt),
        PARTS("main"),
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts if part)


def _equations(network: FeedForward) -> Equations:
    """The equations of a network, run over a namespace that records them."""
    model, head = described(network), network.head
    if isinstance(head, PosWeighted):
        head = pos_weighted(Recorder().symbol("P"))
    of = model.functions
    slopes = {of[L].name: _slope(phi, of[L]) for L, phi in network.hidden.items()}
    own = "" if head.printed.J.tag else head.name
    loss = record(f"the loss of {head.name!r}", head.loss, "zy", each_row=True)
    error = record(f"the error of {head.name!r}", head.delta, "zay")
    tag = head.printed.delta.tag or "B1"
    functions = [*model.distinct, *slopes.values()]
    functions.append(Function("loss", head.printed.J.tag or "J", loss, own, "zy"))
    if shared(error) or len(TrainingLines()(error)) > SHORT:
        functions.append(Function("output_error", tag, error, own, "zay"))
        return Equations(model, functions, *_passes(model, _called_error), tag)
    return Equations(model, functions, *_passes(model, head.delta), tag)


def _called_error(xp: Any, z: Node, a: Node, y: Node) -> Any:
    return xp.call("output_error", z, a, y)


def _slope(phi: Activation, function: Function) -> Function:
    """φ' of a hidden layer."""
    body = record(f"the slope of {phi.name!r}", phi.d_phi, "za")
    about = f"the slope of {phi.name}" if function.about else ""
    return Function(f"d_{function.name}", "B2", body, about, "za")


def _quiet(function: Function) -> str:
    """A function of the file. Only those of a user's own may overflow on the side that is not taken."""
    branches = any(node.op in BRANCHING for node in schedule(function.body))
    return PARTS("quiet") * (branches and bool(function.about)) + function_text(function)


def _passes(model: Model, delta: Callable[..., Any]) -> tuple[Forward, Gradients]:
    """Both passes, with every φ and φ' left as a call by its name."""
    xp = Recorder()

    def called(function: Function) -> Activation:
        return Activation(
            function.name,
            lambda _, z: xp.call(function.name, z),
            lambda _, z, a: xp.call(f"d_{function.name}", z, a),
        )

    *hidden, last = map(called, model.functions)
    net = Architecture(ByLayer(hidden), Head(last.name, last.phi, delta, delta, loss_name=""))
    params = ByLayer(Layer(xp.symbol(f"self.W{L}"), xp.symbol(f"self.b{L}")) for L, _ in model.layers.items())
    cache = forward(xp, net, params, xp.symbol("x"))
    return cache, backward(xp, net, params, cache, xp.symbol("y"), xp.symbol("w"))


def _class(said: Equations, network: FeedForward, learnt: bool) -> str:
    model = said.model
    run = network.training[-1] if network.training else {}
    layers = [L for L, _ in model.layers.items()]
    drawn, initial = _initial(network)
    text = PARTS(
        "network",
        about=_filled(f"The layers {model.title}.", "    "),
        seed=network.seed,
        drawn=drawn,
        initial=_lines(initial),
        forward=_lines(_forward(said)),
        passed=", ".join(f"z{L}, a{L}" for L in layers),
        backward=_lines(_backward(said)),
        gradients=", ".join(f"dW{L}, db{L}" for L in layers),
        descend=_lines(_descend(model)),
        epochs=repr(run.get("epochs", 30)),
        batch_size=repr(run.get("batch_size", 10)),
        learning_rate=repr(run["learning_rate"] if _optimizer(run) == "sgd" else sgd().learning_rate),
        kind="label" if model.multi_label else "class",
        probabilities="np.hstack([1 - a, a])" if model.two_classes else "a",
        decides=_decides(model),
    )
    if learnt:
        put = [f"network.W{L}, network.b{L} = W{L}, b{L}" for L in layers]
        done = sum(run["epochs_done"] for run in network.training)
        text += PARTS("trained", set=_lines(put), epoch=done)
    return text


def _optimizer(run: dict[str, Any]) -> Any:
    return run.get("optimizer", {}).get("name")


def left_out(network: FeedForward) -> str:
    """What the last training had that the file has not, or ""."""
    run = network.training[-1] if network.training else {}
    optimizer, schedule = _optimizer(run), run.get("schedule", {}).get("name", "constant")
    named = [optimizer] if optimizer not in (None, "sgd") else []
    if schedule != "constant":
        named.append(f"{schedule} schedule")
    options = {**run, "clip_value": run.get("optimizer", {}).get("clip_value")}
    plain = ("l1", "l2", "dropout", "label_smoothing", "clip_norm", "clip_value")
    named += [f"{name} {options[name]:g}" for name in plain if options.get(name)]
    if not named:
        return ""
    return f"The network was trained with {', '.join(named)}; this file trains by plain gradient descent."


def _lines(lines: list[str]) -> str:
    return indent("\n".join(lines), " " * 8)


def _initial(network: FeedForward) -> tuple[str, list[str]]:
    """What is drawn, and the lines that draw it."""
    drawn, (*before, W), b = INITIAL[network.initializer]
    single = "" if network.dtype == "float64" else f".astype(np.{network.dtype})"
    lines = []
    for L, layer in network.params.items():
        n, m = layer.W.shape
        texts = (*before, f"self.W{L} = {_cast(W, single)}", f"self.b{L} = {_cast(b, single)}")
        lines += [text.format(n=n, m=m) for text in texts]
    return drawn, lines


def _cast(text: str, single: str) -> str:
    return f"({text}){single}" if single and " * " in text else f"{text}{single}"


def _forward(said: Equations) -> list[str]:
    write, lines = TrainingLines(), []
    for L, function in said.model.functions.items():
        for name, node, tag in ((f"z{L}", said.cache.z[L], "F1"), (f"a{L}", said.cache.a[L], function.tag)):
            lines.append(f"{name} = {write(node)}  # {tag}")
            write.names[node] = name
    return lines


def _backward(said: Equations) -> list[str]:
    cache, gradients = said.cache, said.gradients
    write = TrainingLines()
    for L, z in cache.z.items():
        write.names |= {z: f"z{L}", cache.a[L]: f"a{L}"}
    lines, H = [], len(gradients.delta)
    for L in range(H, 0, -1):
        parts = (
            (f"delta{L}", gradients.delta[L], said.error_tag if H == L else "B2"),
            (f"dW{L}", gradients.dW[L], "B3"),
            (f"db{L}", gradients.db[L], "B4"),
        )
        for name, node, tag in parts:
            lines.append(f"{name} = {write(node)}  # {tag}")
            write.names[node] = name
    return lines


def _descend(model: Model) -> list[str]:
    xp, write = Recorder(), TrainingLines()
    eta: Any = xp.symbol("learning_rate")
    lines = []
    for theta in (f"{letter}{L}" for L, _ in model.layers.items() for letter in "Wb"):
        step = descend(xp.symbol(f"self.{theta}"), xp.symbol(f"d{theta}"), eta)
        lines.append(f"self.{theta} = {write(step)}  # G1")
    return lines


def _helpers(model: Model) -> str:
    n, dtype = model.widths[-1], model.dtype
    scaled, x = (
        (", scaled", "(numbers(X) - SHIFT) / SCALE") if model.shift is not None else ("", "numbers(X)")
    )
    bounds = model.threshold
    bound = (
        0.5 if bounds is None else bounds[0] if model.two_classes else f"np.array({list(bounds)}, a.dtype)"
    )
    decide = f"(a[:, 0] > {bound}).astype(int)" if model.two_classes else "a.argmax(axis=1)"
    return PARTS(
        "helpers",
        scaled=scaled,
        inputs=f"({x}).astype(np.{dtype})" if " " in x else f"{x}.astype(np.{dtype})",
        of="A 0 or 1 for each row" if n == 1 else "Class numbers become rows of 0 and a single 1",
        encode=f"y[:, None].astype(np.{dtype})" if n == 1 else f"np.eye({n}, dtype=np.{dtype})[y]",
        dtype=dtype,
        decides=_decides(model),
        decide=f"(a > {bound}).astype(int)" if model.multi_label else decide,
    )


def _decides(model: Model) -> str:
    return (
        "1 for every label that is on, else 0."
        if model.multi_label
        else "The number of the most probable class."
    )


def _data(model: Model, head: Head, learnt: bool) -> str:
    lines = []
    if model.shift is not None and model.scale is not None:
        lines += [f"SHIFT = {floats_text(model.shift)}", f"SCALE = {floats_text(model.scale)}"]
    if isinstance(head, PosWeighted):
        weights = np.atleast_1d(np.asarray(head.pos_weight, model.dtype))
        lines.append(f"P = {array_text(weights)}  # how much a label counts where it is on")
    for L, layer in model.layers.items() if learnt else ():
        lines += [f"{letter}{L} = {array_text(theta)}" for letter, theta in layer._asdict().items()]
    return "\n".join(["", *lines, ""]) if lines else ""


def _docstring(said: Equations, network: FeedForward) -> str:
    model, left = said.model, left_out(network)
    kind = "label" if model.multi_label else "class"
    inputs = f"Inputs: {model.expects}. Outputs: the probability of every {kind}. In {model.dtype}."
    used = {"F1", "B3", "B4", "G1", said.error_tag, *(function.tag for function in said.functions)}
    own = said.error_tag == "B1" and any(function.name == "output_error" for function in said.functions)
    lines = [line for line in PARTS("tags").splitlines() if line[:2].strip() in used]
    if own:
        lines = [
            line.replace("δ^H = a^H − y, the", "δ^H = ∂J/∂z^H, the").removesuffix(", ∂J/∂z^H")
            for line in lines
        ]
    title = _filled(f"A network {model.title} that trains, written by chainrule {VERSION}.", opening='"""')
    return PARTS(
        "docstring",
        title=title,
        inputs=_filled(f"{inputs} {left}".strip()),
        tags=indent("\n".join(lines), "    "),
    )


def _filled(text: str, margin: str = "", opening: str = "") -> str:
    """Text within a docstring, in lines that are not too long."""
    escaped = opening + python_docstring(text)
    return fill(escaped, WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False)
