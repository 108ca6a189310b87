"""Formulas: texts of the grammar, texts near to it, and attacks, all read; some derived and compiled too."""

from __future__ import annotations

import random
import warnings

from chainrule import Activation, FormulaWarning, InputError
from chainrule.formulas.functions import Z
from chainrule.formulas.language import FUNCTIONS
from chainrule.formulas.language import read as read_term
from fuzz.harness import Reader, main, mutated

SEEDS = [
    b'z*tanh(log(1+exp(z)))', b'where(z > 0, z, 0.01*z)', b'max(z, 0)', b'z*(1+erf(z/sqrt(2)))/2',
    b'sin(z)**2', b'min(max(z,-1),1)', b'exp(-z**2/2)/sqrt(2*pi)', b'log1p(expm1(z)**2)',
    b'z/(1+abs(z))', b'e**z', b'2**-z', b'atan(z)+asinh(z)', b'softplus(z)-softplus(-z)',
    b'sigmoid(sinh(z)/cosh(z))', b'1e-3*z**3', b'relu(z)**(1/3)',
]  # fmt: skip
ATTACKS = [
    b"__import__('os').system('x')", b'9**9**9**9', b'z**z**z', b'(lambda: 0)()', b'[z for z in ()]',
    b'z.__class__', b'exp(exp(exp(exp(z))))', b'1/0', b'z if z else z', b"'a'*9", b'0x10', b'1_000',
    b'1e999', b'z;z', b'z=1', b'{}[0]', b"f'{z}'", b'print(z)', b'eval(z)',
    b'max(max(max(max(z,1),2),3),4)', b'((((((((((z))))))))))', b'sqrt(-1)', b'log(-1)', b'\xd7\xa2',
    b'z\x00', b'1j*z', b'z//2', b'z%2', b'~z', b'not z', b'z<1', b'where(z,1,2)', b'where(z>0>1,1,2)',
]  # fmt: skip
SEVERAL = ("max", "min", "maximum", "minimum")

DEEP = 50
"""One accepted text of so many is derived and compiled as well, which takes a second or more."""


def term(rng: random.Random, depth: int) -> str:
    """A text of the grammar, or nearly so."""
    kind = rng.randrange(9) if depth else rng.randrange(2)
    if kind == 0:
        return rng.choice(("z", "z", "z", "pi", "e"))
    if kind == 1:
        return rng.choice(("0", "1", "2", "0.5", "3", "1e-30", "1e30", "64", "65", "0.1", "7"))
    a, b = (term(rng, depth - 1) for _ in range(2))
    if kind < 5:
        return f"({a}{rng.choice('+-*/')}{b})"
    if kind == 5:
        return f"({a})**{rng.choice(('2', '3', '-1', '0.5', '(1/3)', '64', '65', b))}"
    if kind == 6:
        return f"-{a}"
    if kind == 7:
        return f"where({a} {rng.choice(('>', '<', '>=', '<=', '=='))} {b}, {b}, {a})"
    name = rng.choice(sorted(FUNCTIONS))
    return f"{name}({a}, {b})" if name in SEVERAL else f"{name}({a})"


def make(rng: random.Random) -> bytes:
    """A text."""
    kind = rng.randrange(3)
    if kind == 0:
        return term(rng, rng.choice((1, 2, 3, 4, 6))).encode()
    known = SEEDS + ATTACKS
    return mutated(rng, rng.choice(known if kind == 1 else SEEDS), known)


def read(content: bytes) -> str:
    """Read it; derive and compile a few."""
    text = content.decode(errors="replace")
    read_term(text, [Z])
    if hash_of(content) % DEEP:
        return "read"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormulaWarning)
        Activation.from_formula(text)
    return "derived"


def hash_of(content: bytes) -> int:
    """A number that depends on the content alone, so that a finding can be had again."""
    return sum((i + 1) * byte for i, byte in enumerate(content))


READER = Reader("formulas", make, lambda content: None, read, (InputError,), 60, corpus=SEEDS + ATTACKS)

if __name__ == "__main__":
    main(READER)
