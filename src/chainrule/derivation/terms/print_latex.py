r"""Terms as LaTeX for math mode, with nothing but standard commands and amsmath's ``cases``."""

from __future__ import annotations

from chainrule.derivation.terms.printing import Printer
from chainrule.escaping.markup import latex
from chainrule.files.texts import texts

NAMES: dict[str, str] = texts("derivation/terms/latex.toml")["names"]
OPERATORS = {"=": "=", "≈": r"\approx", "←": r"\leftarrow", "≥": r"\ge", "≤": r"\le", "≠": r"\ne"}


class Latex(Printer):
    r"""Prints ``\left(W^{L+1}\right)^{\mathsf{T}} \delta^{L+1} \odot \varphi'(z^{L})``."""

    linear = False
    minus = "-"
    dot = r" \cdot "
    hadamard = r" \odot "
    thin = " "

    def identifier(self, name: str) -> str:
        """A letter, a Greek letter, or a name set upright."""
        base, primes = name.rstrip("'"), len(name) - len(name.rstrip("'"))
        if base in NAMES:
            return NAMES[base] + "'" * primes
        if not base.isascii():
            return rf"\text{{{latex(base)}}}" + "'" * primes
        return (base if len(base) == 1 else rf"\mathrm{{{latex(base)}}}") + "'" * primes

    def number(self, text: str) -> str:
        """Digits; T for a transpose; a minus without the room of an operator."""
        return r"\mathsf{T}" if text == "ᵀ" else text.replace("−", "-")

    def operator(self, text: str) -> str:
        """With the room that LaTeX gives it."""
        return ", " if text == "," else f" {OPERATORS.get(text, text)} "

    def brackets(self, text: str) -> str:
        """Brackets as tall as what is in them."""
        return rf"\left({text}\right)" if _tall(text) else f"({text})"

    def square(self, text: str) -> str:
        """[text]."""
        return f"[{text.replace(' ', '')}]"

    def script(self, base: str, sub: str = "", sup: str = "") -> str:
        """``z^{L}_{m}``."""
        return base + (f"^{{{sup}}}" if sup else "") + (f"_{{{sub}}}" if sub else "")

    def fraction(self, num: str, den: str) -> str:
        r"""``\frac{}{}``."""
        return rf"\frac{{{num}}}{{{den}}}"

    def big(self, op: str, index: str) -> str:
        r"""``\sum_{k}``."""
        return NAMES[op] + (f"_{{{index}}}" if index else "")

    def bars(self, text: str) -> str:
        """|text|."""
        return rf"\lvert {text} \rvert"

    def root(self, text: str) -> str:
        r"""``\sqrt{}``."""
        return rf"\sqrt{{{text}}}"

    def called(self, name: str, text: str) -> str:
        """name(text)."""
        return f"{name}{self.brackets(text)}"

    def cases(self, rows: list[tuple[str, str]]) -> str:
        """The cases of amsmath."""
        lines = [
            rf"{value} & \text{{{'where ' if when else 'else'}}} {when}".rstrip() for value, when in rows
        ]
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"

    def by(self, sign: str, of: str, variable: str) -> str:
        r"""``\frac{\partial J}{\partial z}``."""
        d = r"\partial " if sign == "∂" else r"\mathrm{d}"
        return rf"\frac{{{d}{of}}}{{{d}{variable}}}"

    def layer(self, sup: str) -> str:
        """With an ordinary minus."""
        return sup.replace("−", "-")


def _tall(text: str) -> bool:
    return any(command in text for command in (r"\frac", r"\sum", r"\sqrt", r"\begin"))


LATEX = Latex()
"""The printer of LaTeX."""
