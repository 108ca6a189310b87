"""The rules of differentiation: one set for every kind of term, and one account of the steps.

Formulas of one's own are terms of SymPy; a derivation prints trees of its own. A `Calculus` says which
operation a term is and how its kind is built; the rules are the same for both. The derivatives of functions
are bodies over ``xp``, as the equations are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias


class Rule(NamedTuple):
    """A rule's name, and its law as an equation. ``brief``: both in a few words, if not the name alone."""

    name: str
    law: str = ""
    brief: str = ""

    def __str__(self) -> str:
        return self.brief or self.name


class Step(NamedTuple):
    """One line of a derivation: the term, and the rules that make it equal to the line before."""

    term: Any
    rules: tuple[Rule, ...] = ()


class Derivative(NamedTuple):
    """The derivative of a function: ``slope(xp, u)``, the law with the inner derivative u', and without."""

    word: str
    law: str
    plain: str
    slope: Callable[[Any, Any], Any]


class Calculus(Protocol):
    """One kind of terms, differentiated in one ``variable``.

    ``operation``: a term's outermost operation, by its name in the graph of operations, and its arguments.
    ``depends``: whether the variable occurs in a term. ``is_symbol``: whether the term is a symbol.
    ``d``: the derivative of a term, still to be taken. ``inside``: the same operation on the derivatives of
    its arguments, of a sum and of branches. ``build``: the term of ``body(xp, u)``.
    """

    @property
    def variable(self) -> Any: ...  # noqa: D102
    def operation(self, u: Any) -> tuple[str, tuple[Any, ...]]: ...  # noqa: D102
    def depends(self, u: Any) -> bool: ...  # noqa: D102
    def is_symbol(self, u: Any) -> bool: ...  # noqa: D102
    def d(self, u: Any) -> Any: ...  # noqa: D102
    def inside(self, u: Any) -> Any: ...  # noqa: D102
    def build(self, body: Callable[[Any, Any], Any], u: Any) -> Any: ...  # noqa: D102
    def add(self, *terms: Any) -> Any: ...  # noqa: D102
    def times(self, *factors: Any) -> Any: ...  # noqa: D102


SUM = Rule("sum rule", "(u + v)' = u' + v', c' = 0")
FACTOR = Rule("a constant factor stays", "(c u)' = c u'")
PRODUCT = Rule("product rule", "(u v)' = u' v + u v'")
QUOTIENT = Rule("quotient rule", "(u/v)' = (u'v − uv')/v²", "quotient rule, (u/v)' = (u'v − uv')/v²")
RECIPROCAL = Rule("quotient rule", "(1/u)' = −u'/u²", "(1/u)' = −u'/u²")
POWER = Rule("power rule", "(uⁿ)' = n uⁿ⁻¹ u'")
POWER_OF_TERM = POWER._replace(brief="power rule and chain rule")
BRANCHES = Rule("each branch by itself", "where the branch does not change")

LINEAR: dict[str, tuple[Rule, ...]] = {
    "+": (SUM,),
    "Σ": (SUM,),
    "neg": (),
    "where": (BRANCHES,),
    "max": (Rule("the derivative of what the maximum is"),),
    "min": (Rule("the derivative of what the minimum is"),),
}
"""Operations whose derivative is the same operation on derivatives. A sign needs no word."""


def _logistic_slope(xp: Any, u: Any) -> Any:
    s = xp.call("σ", u)
    return s * (1 - s)


DERIVATIVES: dict[str, Derivative] = {
    "exp": Derivative("exp", "(e^u)' = e^u u'", "(e^z)' = e^z", lambda xp, u: xp.exp(u)),
    "log": Derivative("log", "(log u)' = u'/u", "(log u)' = 1/u", lambda xp, u: 1 / u),
    "tanh": Derivative(
        "tanh", "(tanh u)' = (1 − tanh² u) u'", "tanh' = 1 − tanh²", lambda xp, u: 1 - xp.tanh(u) ** 2
    ),
    "σ": Derivative("sigmoid", "σ(u)' = σ(u) (1 − σ(u)) u'", "σ' = σ (1 − σ)", _logistic_slope),
    "softplus": Derivative(
        "softplus", "softplus(u)' = σ(u) u'", "softplus' = σ", lambda xp, u: xp.call("σ", u)
    ),
    "erf": Derivative(
        "erf",
        "(erf u)' = 2/√π e^{−u²} u'",
        "erf' u = 2 e^{−u²} / √π",
        lambda xp, u: 2 * xp.exp(-(u**2)) / xp.sqrt(xp.symbol("π")),
    ),
    "sin": Derivative("sin", "(sin u)' = cos u · u'", "sin' = cos", lambda xp, u: xp.cos(u)),
    "cos": Derivative("cos", "(cos u)' = −sin u · u'", "cos' = −sin", lambda xp, u: -xp.sin(u)),
    "arctan": Derivative(
        "arctan", "(arctan u)' = u'/(1 + u²)", "arctan' u = 1/(1 + u²)", lambda xp, u: 1 / (1 + u**2)
    ),
    "arcsinh": Derivative(
        "arcsinh",
        "(arcsinh u)' = u'/√(1 + u²)",
        "arcsinh' u = 1/√(1 + u²)",
        lambda xp, u: 1 / xp.sqrt(1 + u**2),
    ),
    "sqrt": Derivative("sqrt", "(√u)' = u'/(2√u)", "√' u = 1/(2√u)", lambda xp, u: 1 / (2 * xp.sqrt(u))),
    "abs": Derivative("abs", "|u|' = sign(u) u'", "|u|' = sign u", lambda xp, u: xp.sign(u)),
    "sign": Derivative("sign", "sign(u)' = 0 where u ≠ 0", "sign' = 0 but at the jump", lambda xp, u: 0 * u),
}
"""Functions by their names in terms. ``xp.call`` and ``xp.symbol`` give what has no body over ``xp``."""


def differentiate(u: Any, on: Calculus) -> Step:
    """Apply the rule of the term's outermost operation."""
    op, args = on.operation(u)
    if op in LINEAR:
        return Step(on.inside(u), LINEAR[op])
    return ARITHMETIC[op](args, on) if op in ARITHMETIC else _function(op, args, on)


def _product(factors: tuple[Any, ...], on: Calculus) -> Step:
    moving = [i for i, factor in enumerate(factors) if on.depends(factor)]
    products = (on.times(*factors[:i], on.d(factors[i]), *factors[i + 1 :]) for i in moving)
    return Step(on.add(*products), (FACTOR if len(moving) == 1 else PRODUCT,))


def _quotient(args: tuple[Any, ...], on: Calculus) -> Step:
    u, v = args
    if not on.depends(v):
        return Step(on.d(u) / v, (FACTOR,))
    if not on.depends(u):
        return Step(-(u * on.d(v) / v**2), (RECIPROCAL,))
    return Step((on.d(u) * v - u * on.d(v)) / v**2, (QUOTIENT,))


def _power(args: tuple[Any, ...], on: Calculus) -> Step:
    u, n = args
    lower = u if n == 2 else u ** (n - 1)
    return Step(n * lower * on.d(u), (POWER if on.is_symbol(u) else POWER_OF_TERM,))


ARITHMETIC = {"*": _product, "/": _quotient, "**": _power}


def _function(name: str, args: tuple[Any, ...], on: Calculus) -> Step:
    """f(u)' = f'(u) u'; a function that is not in the table is differentiated by a name, φ'."""
    (u,) = args
    found = DERIVATIVES.get(name)
    slope = on.build(found.slope if found else lambda xp, u: xp.call(f"{name}'", u), u)
    return Step(slope if u == on.variable else slope * on.d(u), (_chain_rule(name, found, on.is_symbol(u)),))


def _chain_rule(name: str, found: Derivative | None, is_symbol: bool) -> Rule:
    if found is None:
        return Rule(f"{name}' is the derivative of {name}" if is_symbol else f"chain rule with {name}'")
    if is_symbol:
        return Rule(f"derivative of {found.word}", found.law, found.plain)
    return Rule(f"chain rule, {found.word}", found.law, f"chain rule, {found.law}")


Pending: TypeAlias = Callable[[Any], list[Any]]
Put: TypeAlias = Callable[[Any, Mapping[Any, Any]], Step]


def steps(
    term: Any, pending: Pending, apply: Callable[[Any], Step], put: Put, *, one_rule: bool = False
) -> Iterator[Step]:
    """Lines that lead from a term with pending derivatives to one without, each with its rules.

    Args:
        term: where to begin.
        pending: the outermost derivatives of a term that are still to be taken, from left to right.
        apply: what a rule makes of one of them.
        put: the term with these in their places, simplified, and the rules of what was trivial.
        one_rule: a line applies the leftmost derivative's rule alone, wherever it fits.
    """
    shown, rules = term, list[Rule]()
    while True:
        found = {d: apply(d) for d in pending(term)}
        if one_rule and found:
            name = next(iter(found.values())).rules[0].name
            found = {d: step for d, step in found.items() if step.rules[0].name == name}
        after = put(term, {d: step.term for d, step in found.items()})
        rules += [rule for step in (*found.values(), after) for rule in step.rules]
        if after.term == term:
            break
        term = after.term
        if rules:
            yield Step(term, tuple(dict.fromkeys(rules)))
            shown, rules = term, []
    if term != shown:
        yield Step(term)
