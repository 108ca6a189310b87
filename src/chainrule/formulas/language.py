"""The language of formulas: a text is read by a whitelist, node by node, and never evaluated.

Numbers, ``pi`` and ``e``, the variables, ``+ - * / **``, comparisons inside ``where``, and the functions
listed in `FUNCTIONS`. Length, depth, size of numbers and exponents are bounded, so that no text, however
built, can run code, exhaust memory, or keep the reader busy.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn

import mpmath
import sympy as sp

from chainrule.errors import InputError, did_you_mean
from chainrule.formulas import exact
from chainrule.formulas import functions as f

MAX_LENGTH = 500
MAX_DEPTH = 30
MAX_OPERATIONS = 100
MAX_SIZE = 1000
"""Of a term written out in full: max(u, v) holds u and v twice, and so doubles with every nesting."""
MAX_EXPONENT = 64
MAX_DIGITS = 30
MAX_NUMBER = sp.Integer(10) ** 30
"""Larger numbers, and smaller ones than its inverse, belong into no formula that float32 could follow."""

FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    **{kind.word: (1, kind) for kind in f.ELEMENTARY},
    "arctan": (1, f.Atan),
    "arcsinh": (1, f.Asinh),
    "expm1": (1, lambda u: f.Exp(u) - 1),
    "log1p": (1, lambda u: f.Log(1 + u)),
    "sqrt": (1, sp.sqrt),
    "sinh": (1, lambda u: (f.Exp(u) - f.Exp(-u)) / 2),
    "cosh": (1, lambda u: (f.Exp(u) + f.Exp(-u)) / 2),
    "relu": (1, lambda u: f.maximum(u, sp.Integer(0))),
    "max": (2, f.maximum),
    "maximum": (2, f.maximum),
    "min": (2, f.minimum),
    "minimum": (2, f.minimum),
    "where": (3, f.Branch),
}
"""Name in a formula → how many arguments, and the term it makes."""

CONSTANTS = {"pi": sp.pi, "e": sp.E}
REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "a dot between names",
    ast.BoolOp: "'and' or 'or'",
    ast.Compare: "a comparison outside of where(…)",
    ast.IfExp: "'if': write where(z > 0, …, …)",
    ast.Tuple: "a list",
}
ALLOWED = re.compile(r"[A-Za-z0-9_+\-*/(),.<>=\s]")


def read(text: str, variables: Sequence[sp.Symbol]) -> Any:
    """Read a formula in these variables as a SymPy term.

    Raises:
        InputError: anything but the language above, with the column where it stands.
    """
    if not isinstance(text, str):
        raise InputError(f"a formula must be text; got {text!r}. Write for example 'z*tanh(softplus(z))'.")
    _check_characters(text)
    names = {symbol.name: symbol for symbol in variables}
    return _Reader(text, names).term()


def _check_characters(text: str) -> None:
    if not text.strip():
        _refuse(text, 0, "a formula must not be empty", "Write for example z*tanh(softplus(z)).")
    if len(text) > MAX_LENGTH:
        must = f"a formula must be at most {MAX_LENGTH} characters long; got {len(text)}"
        _refuse(text, MAX_LENGTH, must, "Shorten it.")
    depth = 0
    for column, character in enumerate(text):
        if character == "^":
            _refuse(text, column, "a power must be written with **; got '^'", "Write z**2.")
        if not ALLOWED.match(character):
            must = f"a formula may hold letters, digits, and + - * / ** ( ) , . < > only; got {character!r}"
            _refuse(text, column, must, "Leave it out.")
        depth += (character == "(") - (character == ")")
        if depth > MAX_DEPTH:
            must = f"brackets must be nested at most {MAX_DEPTH} deep"
            _refuse(text, column, must, "Write it with fewer brackets.")


def _refuse(text: str, column: int, must: str, remedy: str) -> NoReturn:
    shown = text[max(0, column - 30) : column + 30]
    raise InputError(f"{must}, at column {column + 1} of the formula (near {shown!r}). {remedy}")


class _Reader:
    """Walks the syntax tree of one formula. What it does not name, it refuses."""

    def __init__(self, text: str, names: dict[str, sp.Symbol]) -> None:
        self.lead = len(text) - len(text.lstrip())
        self.text = text
        self.names = names
        self.operations = 0
        self.sizes: dict[Any, int] = {}

    def term(self) -> Any:
        """The term of the whole text."""
        line = re.sub(r"\s", " ", self.text.strip())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # of "2z", which is refused anyway
                tree = ast.parse(line, mode="eval")
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            column = max((getattr(error, "offset", 1) or 1) - 1, 0) + self.lead
            what = error.msg if isinstance(error, SyntaxError) else "too deep"
            self._refuse_at(min(column, len(self.text)), f"a formula must be well formed; got {what}")
        return self._visit(tree.body, 0)

    def _visit(self, node: ast.AST, depth: int) -> Any:
        self.operations += 1
        if self.operations > 3 * MAX_OPERATIONS or depth > 3 * MAX_DEPTH:
            self._refuse(node, f"a formula must have at most {MAX_OPERATIONS} operations", "Shorten it.")
        method = self._KINDS.get(type(node))
        if method is None:
            what = REFUSED.get(type(node), type(node).__name__.lower())
            self._refuse(node, f"a formula may not hold {what}")
        term = method(self, node, depth + 1)
        self._check_size(node, term)
        return self._checked(node, term.replace(sp.Abs, f.Abs))

    def _check_size(self, node: ast.AST, term: Any) -> None:
        if self._size(term) > MAX_SIZE:
            must = f"a formula must have at most {MAX_SIZE} parts when max and min are written out"
            self._refuse(node, must, "Nest max, min and where less deeply.")

    def _size(self, term: Any) -> int:
        if term not in self.sizes:
            self.sizes[term] = 1 + sum(map(self._size, term.args))
        return self.sizes[term]

    def _checked(self, node: ast.AST, term: Any) -> Any:
        if term.has(sp.zoo, sp.nan, sp.oo):
            self._refuse(node, "a formula must not divide by zero", "Change the divisor.")
        if term.has(sp.I):
            self._refuse(node, "a formula must be real; here is the root of a negative number")
        for number in term.atoms(sp.Rational):
            if abs(number) > MAX_NUMBER or 0 < abs(number) < 1 / MAX_NUMBER:
                self._refuse(node, f"numbers must lie between 1e-30 and 1e30; got about {float(number):.3g}")
        for power in term.atoms(sp.Pow):
            if abs(power.exp) > MAX_EXPONENT:
                self._refuse(node, f"exponents must lie within ±{MAX_EXPONENT}")
        self._check_constant(node, term)
        return term

    def _check_constant(self, node: ast.AST, term: Any) -> None:
        """Require a constant part within the bounds; SymPy alone might never decide whether it is 0."""
        if term.is_Add or term.is_Mul:
            term = term.as_independent(*term.free_symbols, as_Add=term.is_Add)[0]
        if term.is_Rational or not term.is_number:
            return
        try:
            number = abs(exact.evaluate(term, {}, f.Z, digits=60).value)
        except exact.Undefined as error:
            self._refuse(node, f"a constant must have a value; here is {error}", "Change it.")
        except exact.TooLarge as error:
            self._refuse(node, f"numbers must lie between 1e-30 and 1e30; here is {error}", "Change it.")
        if not 1 / MAX_NUMBER <= number <= MAX_NUMBER:
            must = f"numbers must lie between 1e-30 and 1e30; got about {mpmath.nstr(number, 3)}"
            self._refuse(node, must, "Change it.")

    def _number(self, node: ast.Constant, depth: int) -> Any:
        written = ast.get_source_segment(re.sub(r"\s", " ", self.text.strip()), node) or ""
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self._refuse(node, f"a constant must be a real number; got {written!r}")
        if len(written) > MAX_DIGITS or "_" in written or not re.fullmatch(r"[0-9.eE+-]+", written):
            self._refuse(node, f"a number must be written with at most {MAX_DIGITS} digits")
        exponent = re.search(r"[eE]([+-]?[0-9]+)", written)
        if exponent and abs(int(exponent[1])) > 30:
            self._refuse(node, "numbers must lie between 1e-30 and 1e30")
        return sp.Rational(written)

    def _name(self, node: ast.Name, depth: int) -> Any:
        found = self.names.get(node.id, CONSTANTS.get(node.id))
        if found is None:
            known = [*self.names, *CONSTANTS, *FUNCTIONS]
            must = f"a name must be one of {', '.join((*self.names, *CONSTANTS))}; got {node.id!r}"
            remedy = f"{node.id} is a function: write {node.id}(…)." if node.id in FUNCTIONS else ""
            self._refuse(node, must, remedy or did_you_mean(node.id, known).strip())
        return found

    def _call(self, node: ast.Call, depth: int) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else "something else"
            must = f"a function must be one of {', '.join(sorted(FUNCTIONS))}; got {name}"
            self._refuse(node, must, did_you_mean(name, FUNCTIONS).strip())
        n, make = FUNCTIONS[node.func.id]
        if node.keywords or len(node.args) != n:
            arguments = "one argument" if n == 1 else f"{n} arguments"
            must = f"{node.func.id} must have {arguments}; got {len(node.args)}"
            self._refuse(node, must, "Separate arguments by commas.")
        if node.func.id == "where":
            return self._where(node, depth)
        args = [self._visit(arg, depth) for arg in node.args]
        if n == 2:
            self._check_constant(node, args[0] - args[1])
        return make(*args)

    def _where(self, node: ast.Call, depth: int) -> Any:
        test, p, q = node.args
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
            self._refuse(test, "where must begin with one comparison", "Write where(z > 0, z, 0).")
        left, right = (self._visit(side, depth) for side in (test.left, test.comparators[0]))
        p, q = (self._visit(branch, depth) for branch in (p, q))
        self._check_constant(test, left - right)
        kind = type(test.ops[0])
        if kind is ast.Gt:
            return f.Branch(left - right, p, q)
        if kind is ast.Lt:
            return f.Branch(right - left, p, q)
        if kind is ast.GtE:
            return f.Branch(right - left, q, p)
        if kind is ast.LtE:
            return f.Branch(left - right, q, p)
        return self._refuse(test, "a comparison must be one of > < >= <=")

    def _operation(self, node: ast.BinOp, depth: int) -> Any:
        kind = type(node.op)
        if kind not in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow):
            self._refuse(node, f"an operator must be one of + - * / **; got {kind.__name__.lower()}")
        left, right = self._visit(node.left, depth), self._visit(node.right, depth)
        if kind is ast.Pow:
            return self._power(node, left, right)
        if kind is ast.Div and right == 0:
            self._refuse(node.right, "a formula must not divide by zero", "Change the divisor.")
        if kind is ast.Div:
            return left / right
        return left * right if kind is ast.Mult else left + right if kind is ast.Add else left - right

    def _power(self, node: ast.BinOp, base: Any, exponent: Any) -> Any:
        if exponent.is_Rational and abs(exponent) <= MAX_EXPONENT and exponent.q <= MAX_EXPONENT:
            if base == 0 and exponent <= 0:
                self._refuse(node, "0 must not be raised to a power of 0 or less")
            if base.is_number and base != 0 and abs(exponent * sp.log(sp.Abs(base))).evalf() > 70:
                self._refuse(node, "numbers must lie between 1e-30 and 1e30")
            return base**exponent
        if exponent.is_number:
            must = f"an exponent must be a fraction within ±{MAX_EXPONENT}"
            self._refuse(node.right, must, "Write exp(c*log(u)) for other powers of a positive u.")
        if base == sp.E:
            return f.Exp(exponent)
        if base.is_number and base.is_positive:
            return f.Exp(exponent * f.Log(base))
        must = "an exponent must be a number unless the base is a positive number"
        return self._refuse(node.right, must, "Write exp(v*log(u)) for u**v with a positive u.")

    def _sign(self, node: ast.UnaryOp, depth: int) -> Any:
        if not isinstance(node.op, ast.USub | ast.UAdd):
            self._refuse(node, f"a formula may not hold {type(node.op).__name__.lower()}")
        term = self._visit(node.operand, depth)
        return -term if isinstance(node.op, ast.USub) else term

    def _refuse(self, node: ast.AST, must: str, remedy: str = "Leave it out.") -> NoReturn:
        self._refuse_at(getattr(node, "col_offset", 0) + self.lead, must, remedy)

    def _refuse_at(self, column: int, must: str, remedy: str = "Mend it.") -> NoReturn:
        _refuse(self.text, column, must, remedy or "`chainrule formula --help` lists all signs.")

    _KINDS: ClassVar[dict[type[ast.AST], Callable[..., Any]]] = {
        ast.Constant: _number,
        ast.Name: _name,
        ast.Call: _call,
        ast.BinOp: _operation,
        ast.UnaryOp: _sign,
    }
