"""A network as one C99 file without dependencies but the mathematical library."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill, indent

import numpy as np
from numpy.typing import NDArray

from chainrule.about import VERSION
from chainrule.calculus.graph import Argument, Node, schedule, shared
from chainrule.datasets.preparing.notation import GAPS
from chainrule.datasets.preparing.preprocessing import Input
from chainrule.equations.affine import TERMS
from chainrule.errors import InputError
from chainrule.escaping.characters import visible
from chainrule.escaping.languages import c_comment, c_string
from chainrule.escaping.tables import FORMULA, NUMBER, SIGNS, csv_field
from chainrule.exchange.expressions import Language, Line, named
from chainrule.exchange.model import Function, Model, pass_forward, refuse_notation
from chainrule.exchange.numpy_file import header_line, refuse_unless_affine
from chainrule.exchange.parts import Parts

WIDTH = 100
ATOM = 6

CALLS = {"abs": "fabs", "arctan": "atan", "arcsinh": "asinh", "sign": "sign_of", "maximum": "larger"}
CALLS["minimum"] = "smaller"
"""What C calls otherwise than the equations do; the last three are parts of the file."""

PARTS = Parts("c_parts.txt")

AS_TRAINED = {
    "float32": {"own": "float", "other": "double", "why": "rounds less"},
    "float64": {"own": "double", "other": "float", "why": "is faster"},
}


class Expressions(Language):
    """C over numbers; a value of a whole row is that of its neuron k."""

    rows = False

    def name(self, node: Node) -> str:
        """A value that has a name: one number, or one for each neuron."""
        return self.names[node] if node.narrow or not self.rows else f"{self.names[node]}[k]"

    def symbol(self, node: Node) -> str:
        """A symbol."""
        return f"{node.args[0]}[k]" if self.rows else str(node.args[0])

    def infix(self, node: Node) -> tuple[str, int]:
        """C has no power."""
        if node.op != "**":
            return super().infix(node)
        base, exponent = node.args
        return f"pow({self(base)}, {self(exponent)})", ATOM

    def function(self, node: Node) -> str:
        """A function of the mathematical library or of the file."""
        if node.op == "where":
            condition, p, q = node.args
            return f"({self.at(condition, 1)} ? {self.at(p, 1)} : {self.at(q, 1)})"
        if node.op == "ones_like":
            return "1"
        return f"{CALLS.get(node.op, node.op)}({', '.join(map(self, node.args))})"

    def number(self, value: Argument) -> str:
        """A number; infinity has a word of its own."""
        return super().number(value).replace("inf", "INFINITY").replace("nan", "NAN")


class Rows(Expressions):
    """The same within a loop over the neurons k."""

    rows = True


def c_file(model: Model) -> str:
    """The text of the file."""
    refuse_notation(model)
    ops = {node.op for function in model.distinct for node in schedule(function.body)}
    size = {"n_0": model.widths[0], "K": len(model.classes), "columns": len(model.columns)}
    gaps = ", ".join(map(c_string, sorted(GAPS)))
    kind = "several" if model.multi_label else "one"
    parts = [
        _comment(model),
        "#include <ctype.h>\n#include <stdlib.h>\n#include <string.h>\n#include <tgmath.h>\n",
        PARTS("real", **AS_TRAINED[model.dtype]),
        _names(model),
        _declarations(model),
        "".join(PARTS(op) for op in CALLS if op in ops and op in PARTS),
        PARTS("affine", terms=TERMS),
        *(_function(function, model.widths[-1]) for function in model.distinct),
        PARTS("finite", **size),
        _forward(model),
        _predict(model, kind, size),
        PARTS("cells", gaps=gaps, **size),
        _main(model, PARTS(f"say_{kind}", **size), size),
        _data(model),
    ]
    return "\n".join(part for part in parts if part)


def _predict(model: Model, kind: str, size: Mapping[str, int]) -> str:
    """The function that says which class or labels it is."""
    bounds = model.threshold
    if bounds is None:
        return PARTS(kind, bound="0.5f", **size)
    if model.two_classes:
        return PARTS("second", bound=f"{bounds[0]!r}f")
    declared = f"static const float thresholds[] = {{{', '.join(f'{bound!r}f' for bound in bounds)}}};"
    return f"{declared}\n\n{PARTS(kind, bound='thresholds[k]', **size)}"


def _comment(model: Model) -> str:
    kind = "label" if model.multi_label else "class"
    row = f"A row: {model.expects}. a: the probability of every {kind}."
    row = fill(row, WIDTH, initial_indent=" * ", subsequent_indent=" * ")
    return PARTS("comment", title=c_comment(model.title), version=VERSION, row=row)


def _names(model: Model) -> str:
    lines = [_strings("classes", model.classes), ""]
    for c, column in enumerate(model.columns):
        if column.categories is not None:
            lines.append(f"static {_strings(f'categories_{c}', column.categories)}")
    rows = [f"    {{{c_string(one.name)}, {_how(c, one)}}}," for c, one in enumerate(model.columns)]
    return "\n".join([*lines, PARTS("column", columns=len(rows), rows="\n".join(rows))])


def _how(c: int, column: Input) -> str:
    """The fields of a column behind its name."""
    if column.categories is not None:
        return f"NAN, {len(column.categories)}, categories_{c}"
    return f"{'NAN' if column.fill is None else repr(column.fill)}, -1, NULL"


def _strings(name: str, words: tuple[str | None, ...]) -> str:
    lines, line = [], "   "
    for text in (f" {'NULL' if word is None else c_string(word)}," for word in words):
        if len(line) + len(text) > WIDTH and line.strip():
            lines.append(line)
            line = "   "
        line += text
    return "\n".join([f"const char *const {name}[{len(words)}] = {{", *lines, line, "};"])


def _declarations(model: Model) -> str:
    lines = ["/* what was learnt: the numbers stand at the end of the file */"]
    for L, layer in model.layers.items():
        n, n_prev = layer.W.shape
        lines.append(f"static const float W{L}[{n}][{n_prev}], b{L}[{n}];")
    if model.shift is not None and model.scale is not None:
        for name, values in (("shift", model.shift), ("scale", model.scale)):
            if values.ndim:
                lines.append(f"static const double {name}[{values.size}];")
    return "\n".join([*lines, ""])


def _function(function: Function, n: int) -> str:
    about = f"/* {c_comment(function.about)} */\n" if function.about else ""
    wide = any(node.op in ("sum", "max") for node in schedule(function.body))
    return about + (_of_row(function, n) if wide else _of_number(function))


def _of_number(function: Function) -> str:
    """An activation: one number in, one out."""
    write = Expressions()
    lines = [f"static REAL f_{function.name}(REAL z)", "{"]
    for part, name in _worth_a_name(function.body, ["z"]):
        lines.append(f"    REAL {name} = {write(part)};  /* {function.tag} */")
        write.names[part] = name
    return "\n".join([*lines, f"    return {write(function.body)};  /* {function.tag} */", "}", ""])


def _worth_a_name(body: Node, taken: list[str]) -> list[Line]:
    """What is computed once and used again; a comparison stays where it is."""
    return named((node for node in shared(body) if node.op not in ("<", "<=", ">", ">=", "ones_like")), taken)


def _of_row(function: Function, n: int) -> str:
    """An output that joins a sample's numbers: a loop over the neurons k for each value that has a name."""
    body = function.body
    again = set(shared(body))
    parts = [node for node in schedule(body) if node in again or node.op in ("sum", "max")]
    write, tag = Rows(), f"  /* {function.tag} */"
    lines = [f"static void f_{function.name}(const REAL *z, REAL *a)", "{"]
    for part, name in named(parts, ["z", "a", "k"]):
        loop = f"    for (int k = 0; k < {n}; k++)"
        if part.op == "sum":
            lines += [f"    REAL {name} = 0;", loop, f"        {name} += {write(part.args[0])};{tag}"]
        elif part.op == "max":
            u = write(part.args[0])
            lines += [
                f"    REAL {name} = -INFINITY;",
                loop,
                f"        {name} = {u} > {name} ? {u} : {name};{tag}",
            ]
        elif part.narrow:
            lines += [f"    REAL {name} = {write(part)};{tag}"]
        else:
            lines += [f"    REAL {name}[{n}];", loop, f"        {name}[k] = {write(part)};{tag}"]
        write.names[part] = name
    end = [f"    for (int k = 0; k < {n}; k++)", f"        a[k] = {write(body)};{tag}", "}", ""]
    return "\n".join([*lines, *end])


def _forward(model: Model) -> str:
    """The forward pass, line by line as `chainrule.equations.network.forward` takes it."""
    cache, H = pass_forward(model), len(model.layers)
    what = "probability a of each class for" if model.two_classes else "outputs a of"
    lines = [
        f"/* The {what} the inputs x. Returned is 0, or the number of an x that is not finite. */",
        "int predict_proba(const float *x, float *a)",
        "{",
    ]
    for L, n in enumerate(model.widths):
        lines.append(f"    REAL {f'z{L}[{n}], ' if L else ''}a{L}[{n}];")
    lines += [
        "    int wrong = not_finite(x);",
        "    if (wrong) {",
        f"        for (int k = 0; k < {len(model.classes)}; k++)",
        "            a[k] = NAN;",
        "        return wrong;",
        "    }",
        *_inputs(model),
    ]
    for L, function in model.functions.items():
        lines.append(f"    {_affine_call(cache.z[L], L, model)}  /* F1 */")
        lines += _function_call(function, cache.a[L], L, model.widths[L])
    loop = [f"    for (int k = 0; k < {model.widths[-1]}; k++)", f"        a[k] = (float)a{H}[k];"]
    if model.two_classes:
        loop = [f"    a[0] = (float)(1 - a{H}[0]);", f"    a[1] = (float)a{H}[0];"]
    return "\n".join([*lines, *loop, "    return 0;", "}", ""])


def _inputs(model: Model) -> list[str]:
    value = "x[k]"
    if model.shift is not None and model.scale is not None:
        shift = "shift[k]" if model.shift.ndim else Expressions().number(float(model.shift))
        scale = "scale[k]" if model.scale.ndim else Expressions().number(float(model.scale))
        shift = f"({shift})" if shift.startswith("-") else shift
        value = f"((double)x[k] - {shift}) / {scale}" if shift != "0" else f"(double)x[k] / {scale}"
    return [f"    for (int k = 0; k < {model.widths[0]}; k++)", f"        a0[k] = {value};"]


def _affine_call(z: Node, L: int, model: Model) -> str:
    refuse_unless_affine(z, L)
    n_prev, n = model.widths[L - 1 : L + 1]
    return f"affine({n}, {n_prev}, W{L}[0], b{L}, a{L - 1}, z{L});"


def _function_call(function: Function, a: Node, L: int, n: int) -> list[str]:
    wide = any(node.op in ("sum", "max") for node in schedule(function.body))
    tag = f"  /* {function.tag} */"
    assert a.op == "call"
    assert a.args[0] == function.name
    if wide:
        return [f"    f_{function.name}(z{L}, a{L});{tag}"]
    return [f"    for (int k = 0; k < {n}; k++)", f"        a{L}[k] = f_{function.name}(z{L}[k]);{tag}"]


def _main(model: Model, say: str, size: dict[str, int]) -> str:
    header = PARTS("named_header" if model.named else "unnamed_header")
    line = f"static const char *const header_line = {c_string(header_line(model))};\n"
    line += f"{_cells(model)}\n\n"
    first = "the labels that are on" if model.multi_label else "the class"
    need = c_string(visible(f"the first line must name the columns {', '.join(model.features or ())}"))
    about = {"first": first, "need": need, "words": int(model.has_words)}
    signs = ", ".join(map(c_string, SIGNS))
    main = PARTS("main", header=header, say=say.rstrip("\n"), signs=signs, **about, **size)
    return main.replace("enum {", f"{line}enum {{", 1)


def _cells(model: Model) -> str:
    """The classes as fields of CSV; of several labels in one cell, which of them would begin a formula."""
    if not model.multi_label:
        return f"static {_strings('fields', tuple(map(csv_field, model.classes)))}"
    kinds = (2 if NUMBER.fullmatch(name) else 1 for name in model.classes)
    which = (kind if FORMULA.match(name) else 0 for kind, name in zip(kinds, model.classes, strict=True))
    numbers = ", ".join(map(str, which))
    begins = f"static const char formula[] = {{{numbers}}};  /* 2: unless alone */"
    return f"{begins}\n\n{PARTS('put')}"


def _data(model: Model) -> str:
    parts = []
    if model.shift is not None and model.scale is not None:
        for name, values in (("shift", model.shift), ("scale", model.scale)):
            if values.ndim:
                parts.append(f"static const double {name}[{values.size}] = {{\n{_numbers(values)}}};\n")
    for L, layer in model.layers.items():
        n, n_prev = layer.W.shape
        rows = "".join(f"{{\n{_numbers(row)}}},\n" for row in _singles(layer.W))
        parts.append(f"static const float W{L}[{n}][{n_prev}] = {{\n{rows}}};\n")
        parts.append(f"static const float b{L}[{n}] = {{\n{_numbers(_singles(layer.b))}}};\n")
    return "\n".join(parts)


def _singles(theta: NDArray[np.floating]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        single = theta.astype(np.float32)
    if not np.isfinite(single).all():
        raise InputError(
            "parameters must fit into float32 to be exported to C; there is one beyond 3e38. Use --to numpy."
        )
    return single


def _numbers(values: NDArray[np.floating]) -> str:
    """Numbers in the fewest digits that give them back."""
    suffix = "f" if values.dtype == np.float32 else ""
    texts = [str(value) for value in values]
    whole = [text if set(text) & set(".e") else f"{text}.0" for text in texts]
    lines = fill(", ".join(text + suffix for text in whole), WIDTH - 4, break_on_hyphens=False)
    return indent(lines, "    ") + "\n"
