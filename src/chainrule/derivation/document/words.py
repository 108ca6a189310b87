"""Words with mathematics between them, in Markdown, LaTeX and HTML.

Rules are short strings such as "(u/v)' = (u'v − uv')/v²"; what they have of powers and Greek letters is
set as mathematics too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from chainrule.derivation.blocks import Inline
from chainrule.derivation.terms.print_latex import LATEX, NAMES
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.terms import Term
from chainrule.escaping import markup
from chainrule.files.texts import texts

MARKED = re.compile(r"`([^`]*)`|\b([a-z])\^(?:\{([−+\w²]*)\}|(\w))")
"""`code`, e^{−z}, e^u."""

SIGNS: dict[str, str] = {
    **texts("derivation/terms/latex.toml")["signs"],
    **{letter: command for letter, command in NAMES.items() if len(letter) == 1 and letter != "Σ"},
}
SIGN = re.compile(f"([{''.join(SIGNS)}])")


def latex(words: Inline) -> str:
    """For a LaTeX text, math between dollars."""
    return _in_order(words, _latex_text, lambda code: rf"\texttt{{{_latex_text(code)}}}", _power, _math)


def _latex_text(text: str) -> str:
    parts = SIGN.split(text)
    return "".join(f"${SIGNS[part]}$" if part in SIGNS else markup.latex(part) for part in parts)


def markdown(words: Inline) -> str:
    """For Markdown, math between dollars."""
    return _in_order(words, markup.markdown, markup.markdown_code, _power, lambda term: f"${math(term)}$")


def math(term: Term) -> str:
    r"""LaTeX within Markdown. Lines of cases end in \\cr: Markdown would eat a double backslash."""
    return LATEX(term).replace(r"\\ ", r"\cr ")


def _math(term: Term) -> str:
    return f"${LATEX(term)}$"


def _power(base: str, exponent: str) -> str:
    exponent = exponent.replace("−", "-").replace("²", "^{2}")
    return f"${base}^{{{exponent}}}$"


def html(words: Inline) -> str:
    """For HTML, math as MathML."""
    return _in_order(
        words,
        markup.html,
        lambda code: f"<code>{markup.html(code)}</code>",
        lambda base, exponent: f"<i>{base}</i><sup>{exponent}</sup>",
        MATHML.document,
    )


def _in_order(
    words: Inline,
    text: Callable[[str], str],
    code: Callable[[str], str],
    power: Callable[[str, str], str],
    term: Callable[[Term], str],
) -> str:
    """Each piece in its own way: a word of text, `code`, a power within the text, and mathematics."""
    out = []
    for word in words:
        if isinstance(word, Term):
            out.append(term(word))
            continue
        start = 0
        for found in MARKED.finditer(word):
            spelt, base, exponent, letter = found.groups()
            out += [
                text(word[start : found.start()]),
                code(spelt) if base is None else power(base, exponent or letter),
            ]
            start = found.end()
        out.append(text(word[start:]))
    return "".join(out)
