"""Words with mathematics between them, in Markdown, LaTeX and HTML.

Rules are short strings such as "(u/v)' = (u'v − uv')/v²"; what they have of powers and Greek letters is
set as mathematics too.
"""

from __future__ import annotations

import re
from html import escape

from chainrule.derivation.blocks import Inline
from chainrule.derivation.terms.print_latex import LATEX, NAMES
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.terms import Term
from chainrule.files.texts import texts

POWER = re.compile(r"\b([a-z])\^(?:\{([^}]*)\}|(\w))")
"""e^{−z}, e^u."""

SIGNS: dict[str, str] = {
    **texts("derivation/terms/latex.toml")["signs"],
    **{letter: command for letter, command in NAMES.items() if len(letter) == 1 and letter != "Σ"},
}


def latex(words: Inline, escaped: bool = True) -> str:
    """For a LaTeX text, math between dollars."""
    return "".join(f"${LATEX(word)}$" if isinstance(word, Term) else _latex_text(word) for word in words)


def _latex_text(text: str) -> str:
    text = re.sub(r"([&%$#])", r"\\\1", text)
    out, start = [], 0
    for found in POWER.finditer(text):
        out += [_signs(text[start : found.start()]), f"${_power(found)}$"]
        start = found.end()
    return "".join([*out, _signs(text[start:])])


def _power(found: re.Match[str]) -> str:
    exponent = (found[2] or found[3]).replace("−", "-").replace("²", "^{2}")
    return f"{found[1]}^{{{exponent}}}"


def _signs(text: str) -> str:
    text = text.replace("_", r"\_").replace("^", r"\^{}").replace("{", "{").replace("`", "`")
    return "".join(f"${SIGNS[c]}$" if c in SIGNS else c for c in text)


def markdown(words: Inline) -> str:
    """For Markdown, math between dollars."""
    return "".join(f"${LATEX(word)}$" if isinstance(word, Term) else _markdown_text(word) for word in words)


def _markdown_text(text: str) -> str:
    text = POWER.sub(lambda found: f"${_power(found)}$", text)
    return text.replace("[", r"\[").replace("|", r"\|").replace("*", r"\*")


def html(words: Inline) -> str:
    """For HTML, math as MathML."""
    return "".join(MATHML.document(w) if isinstance(w, Term) else _html_text(w) for w in words)


def _html_text(text: str) -> str:
    marked = POWER.sub(lambda found: f"\0{found[1]}\1{found[2] or found[3]}\2", text)
    out = escape(marked, quote=False)
    out = re.sub(r"`([^`]*)`", r"<code>\1</code>", out)
    return re.sub("\0(.)\1(.*?)\2", r"<i>\1</i><sup>\2</sup>", out)
