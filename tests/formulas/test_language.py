"""A text is read by a whitelist: what is no formula is refused with its column, whatever it tries."""

from __future__ import annotations

import sys
import warnings

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.formulas import exact
from chainrule.formulas import functions as f
from chainrule.formulas.derivation import as_text
from chainrule.formulas.functions import A, Y, Z
from chainrule.formulas.language import FUNCTIONS, MAX_DEPTH, MAX_LENGTH, read
from tests.formulas.effort import at_most

ATTACKS = {
    "import": "__import__('os').system('touch pwned')",
    "import without quotes": "__import__(z)",
    "classes": "().__class__.__bases__",
    "dunder": "z.__class__",
    "call of a call": "exp(z)(z)",
    "call of an attribute": "z.exp(z)",
    "subscript": "z[0]",
    "lambda": "(lambda: z)()",
    "comprehension": "[z for z in (1,2)]",
    "walrus": "(z:=3)",
    "format string": "f'{z}'",
    "string": "'z'",
    "bytes": "b'z'",
    "starred": "max(*z)",
    "keyword": "exp(u=z)",
    "power tower": "9**9**9**9",
    "power tower by brackets": "((9**9)**9)**9",
    "huge exponent": "z**999999999",
    "huge base": "(10**25)**60*z",
    "growing by products": "*".join(["(10**29)"] * 40) + "*z",
    "nested powers": "((z**60)**60)**60",
    "brackets": "(" * 200 + "z" + ")" * 200,
    "minus signs": "-" * 400 + "z",
    "sum": "+".join(["z"] * 249),
    "functions in functions": "exp(" * 100 + "z" + ")" * 100,
    "long": "z+" * 5000 + "z",
    "1/0": "1/0",
    "0/0": "z*0/0",
    "hidden 1/0": "z + 1/(2-1-1)",
    "1/(z-z)": "1/(z-z)",
    "0 ** -1": "0**-1",
    "imaginary": "sqrt(-1)*z",
    "imaginary number": "2j*z",
    "true": "z*True",
    "none": "None",
    "and": "z and z",
    "if": "z if z else 1",
    "comparison": "z > 0",
    "chained comparison": "where(0 < z < 1, z, 0)",
    "where without one": "where(z, z, 0)",
    "is": "where(z is z, z, 0)",
    "tuple": "(z, z)",
    "floor": "z//2",
    "matrix product": "z@z",
    "bits": "~z",
    "not": "not z",
    "underscores": "1_000*z",
    "hexadecimal": "0x10*z",
    "infinity": "1e999*z",
    "tiny": "1e-99*z",
    "many digits": "0." + "1" * 200 + "*z",
    "null": "z\0",
    "newline and statement": "z\nimport os",
    "semicolon": "z; z",
    "comment": "z # z",
    "backslash": "z\\",
    "letters of other alphabets": "ｅｘｐ(z)",
    "superscript": "z²",
    "unclosed": "tanh(z",
    "empty": "  ",
    "exponent that varies": "z**z",
    "exponent of a negative number": "(-2)**z",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused_at_once_naming_the_column(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with at_most(calls=50_000), pytest.raises(InputError, match=r"at column \d+ of the formula"):
        read(text, [Z])
    assert list(tmp_path.iterdir()) == []


COLUMNS = {
    "z + sigmod(z)": 5,
    "z + y": 5,
    "  z + y": 7,
    "1 + 1/0": 7,
    "tanh(z)*().__class__": 9,
    "z*9**9**9**9": 9,
    "exp(z, 1)": 1,
    "z ^ 2": 3,
    "(" * 200 + "z" + ")" * 200: MAX_DEPTH + 1,
    "z+" * MAX_LENGTH: MAX_LENGTH + 1,
}


@pytest.mark.parametrize(("text", "column"), COLUMNS.items(), ids=range(len(COLUMNS)))
def test_the_column_is_where_it_stands(text, column):
    with pytest.raises(InputError, match=rf"at column {column} of the formula"):
        read(text, [Z])


def test_errors_help():
    with pytest.raises(InputError, match="Did you mean 'sigmoid'"):
        read("sigmod(z)", [Z])
    with pytest.raises(InputError, match="write tanh"):
        read("tanh", [Z])
    with pytest.raises(InputError, match=r"Write z\*\*2"):
        read("z^2", [Z])
    with pytest.raises(InputError, match="must be text; got 3"):
        read(3, [Z])


MEANINGS = {
    "1/2*z": Z / 2,
    "-z**2": -(Z**2),
    "2**-1*z": Z / 2,
    "2*z+3": 2 * Z + 3,
    "0.1*z": Z / 10,
    "1.5e-3*z": sp.Rational(15, 10000) * Z,
    "z - 1 - 2": Z - 3,
    "z/2/2": Z / 4,
    "sqrt(z**2)": f.Abs(Z),
    "sqrt(z**2 + 1)": sp.sqrt(Z**2 + 1),
    "e**z": f.Exp(Z),
    "2**z": f.Exp(Z * f.Log(2)),
    "pi*z": sp.pi * Z,
    "log1p(exp(z))": f.Log(1 + f.Exp(Z)),
    "expm1(z)": f.Exp(Z) - 1,
    "cosh(z)": (f.Exp(Z) + f.Exp(-Z)) / 2,
    "max(z, 0)": f.Branch(Z, Z, 0),
    "relu(z)": f.Branch(Z, Z, 0),
    "where(z > 0, z, 0)": f.Branch(Z, Z, 0),
    "where(z >= 0, z, 0)": f.Branch(-Z, 0, Z),
    "where(z < 1, z, 0)": f.Branch(1 - Z, Z, 0),
    "where(z <= 1, z, 0)": f.Branch(Z - 1, 0, Z),
    "where(2 > 1, z, 0)": Z,
    "abs(-z)": f.Abs(Z),
}


@pytest.mark.parametrize(("text", "term"), MEANINGS.items(), ids=MEANINGS.keys())
def test_what_a_formula_means(text, term):
    assert read(text, [Z]) == term


def test_variables_are_those_named():
    assert read("(a-y)**2", [A, Y]) == (A - Y) ** 2
    with pytest.raises(InputError, match="one of a, y, pi, e; got 'z'"):
        read("z", [A, Y])


leaves = st.sampled_from(["z", "2", "0.5", "pi"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({}){}({})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("{}({})".format, st.sampled_from(["tanh", "sigmoid", "softplus", "abs", "atan"]), inner),
        st.builds("where({}>{},{},{})".format, inner, inner, inner, inner),
        st.builds("({})**2".format, inner),
    ),
    max_leaves=6,
)


@given(formulas)
def test_what_is_printed_can_be_read_again(text):
    term = read(text, [Z])
    again = read(as_text(term), [Z])
    for z in (-1.7734, 0.5312, 2.2265):  # on no seam
        assert exact.evaluate(again, {Z: z}, Z) == exact.evaluate(term, {Z: z}, Z)


def outcome(text):
    """The term, or the message of the refusal."""
    try:
        return read(text, [Z])
    except InputError as error:
        return str(error)


@given(st.one_of(st.text(max_size=60), st.text(alphabet="z01.9e*/+-()<>,", max_size=80)))
def test_any_text_is_read_or_refused(text):
    found = outcome(text)
    assert "column" in found if isinstance(found, str) else sp.count_ops(found) < 1000


def test_every_function_is_known_to_the_reader():
    for name, (n, _) in FUNCTIONS.items():
        arguments = "z > 0, z, 0.5" if name == "where" else ", ".join(["z", "0.5"][:n])
        assert read(f"{name}({arguments})", [Z]).has(Z)
    assert sys.getrecursionlimit() >= 1000


@pytest.mark.parametrize("text", ["1if z else z", "0or z", "z<1and 2"])
def test_nothing_is_said_beside_the_refusal(text):
    """Found by fuzzing: Python's own reader warns of such numbers, of a file called <unknown>."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(InputError):
            read(text, [Z])
    assert told == []
