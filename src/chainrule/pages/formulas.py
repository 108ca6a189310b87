"""Formulas that are written as text, such as ∂J/∂W^1_{1,2} = δ^1_1 a^0_2, as presentation MathML."""

from __future__ import annotations

import re
from itertools import pairwise

from chainrule.escaping.markup import html as escape

SCRIPT = r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|%s)"
LAYER = rf"\^{SCRIPT % '[0-9A-Z]'}"
INDEX = rf"_{SCRIPT % '(?:[a-z]{1,2}(?![a-z])|[0-9])'}"
SYMBOL = rf"[A-Za-zδφσℓ]'?(?:{LAYER})?(?:{INDEX})?"
"""A letter with its layer and its index."""
MARKED = rf"(?<![\w^_])d?(?=[WbzayJpδφℓ]'?(?:{LAYER}|{INDEX})){SYMBOL}"
"""One that is told from a word by its layer or its index."""
INLINE = re.compile(
    rf"e\^{SCRIPT % '[a-z]'}"
    rf"|[φσ]'\({MARKED}\)"
    rf"|∂J/∂{SYMBOL}"
    rf"|(?:Σ_[a-z] )?\|(?:∂J/∂)?{MARKED}\|"
    rf"|{MARKED}"
)
"""What is a formula within a sentence."""
SLOPE = re.compile(rf"(∂(?:{SYMBOL}))/(∂(?:log )?{SYMBOL})")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?|\.\d+")
WORD = re.compile(r"(?:[A-Za-z]{2,}\d?(?:_[a-z]{2,})*|\w)['′]*")
PLAIN = r"(?:for|else|where|the|other|terms|all|of|from|logits|and|with|at)\b"
WORDS = re.compile(rf"\s*\b{PLAIN}(?:\s+{PLAIN})*\s*")
RAISED = {"²": "<mn>2</mn>", "³": "<mn>3</mn>", "ᵀ": '<mi mathvariant="normal">T</mi>'}
SIGNS = {"-": "−", "*": "·"}
OTHERS = "(the other "
BRACKET = '<mo stretchy="false" lspace="0" rspace="0">%s</mo>'
TIGHT = '<mo lspace="0" rspace="0">/</mo>'
MINUS = '<mo form="prefix">−</mo>'
ROOM = '<mspace width="0.17em"/>'


def formula(text: str) -> str:
    """A formula as ``<math>`` elements, between whose terms a line may end. Other text stands as it is."""
    return " ".join(_math(part, high=True) for part in _terms(text))


def _math(text: str, high: bool) -> str:
    """``high``: fractions may be higher than a line."""
    style = ' displaystyle="true"' if high else ""
    inside = _Reader(text, high).row()
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{style}><mrow>{inside}</mrow></math>'


def _terms(text: str) -> list[str]:
    """The terms of a sum, each with the sign before it; what is raised or lowered stays whole."""
    starts, depth = [0], 0
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        alone = sign in "+−" and text[place - 1 : place + 2].split() == [sign]
        if place and depth == 0 and (alone or text.startswith(OTHERS, place)):
            starts.append(place)
    return [text[start:end].strip() for start, end in pairwise([*starts, len(text)])]


def inline(text: str) -> str:
    """A sentence as HTML, with the formulas in it as MathML."""
    parts, end = [], 0
    for found in INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _math(found[0], high=False)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


class _Reader:
    """Reads a formula from left to right; scripts belong to what stands before them."""

    def __init__(self, text: str, high: bool = False) -> None:
        self.text, self.high, self.at = text, high, 0

    def row(self, until: str = "") -> str:
        """The elements up to the sign that closes."""
        done: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != until:
            sign = self.text[self.at]
            if sign in "^_" and done:
                self.at += 1
                sub, sup = self._scripts(sign)
                done.append(_scripted(done.pop(), sub, sup))
            elif sign in RAISED and done:
                self.at += 1
                done.append(_scripted(done.pop(), "", RAISED[sign]))
            else:
                done.append(self._element())
        self.at += 1
        return "".join(done)

    def _scripts(self, sign: str) -> tuple[str, str]:
        """Index and layer, in either order."""
        scripts = {sign: self._script(sign)}
        other = "_" if sign == "^" else "^"
        if self.text[self.at : self.at + 1] == other:
            self.at += 1
            scripts[other] = self._script(other)
        return scripts.get("_", ""), scripts.get("^", "")

    def _script(self, sign: str) -> str:
        if self.text[self.at : self.at + 1] == "{":
            self.at += 1
            return self.row("}")
        pattern = r"[a-z]{1,2}(?![a-z])|." if sign == "_" else "."
        found = re.compile(pattern).match(self.text, self.at)
        self.at += len(found[0]) if found else 0
        return "".join(_letter_or_digit(one) for one in found[0]) if found else ""

    def _element(self) -> str:
        """One number, name, slope or sign."""
        for pattern, made in ELEMENTS:
            found = pattern.match(self.text, self.at)
            if found and (self.high or pattern is not SLOPE):
                self.at = found.end()
                return made(found)
        sign, before = self.text[self.at], self.text[self.at - 1 : self.at]
        self.at += 1
        if sign.isspace():
            return ROOM
        if sign == "/" and not before.isspace():
            return TIGHT
        if sign in "()[]{}|":
            return BRACKET % sign
        if sign in "-−" and not self.text[self.at : self.at + 1].isspace():
            return MINUS
        return f"<mo>{escape(SIGNS.get(sign, sign))}</mo>"


def _slope(found: re.Match[str]) -> str:
    above, below = (f"<mrow><mo>∂</mo>{_Reader(part[1:]).row()}</mrow>" for part in found.groups())
    return f"<mfrac>{above}{below}</mfrac>"


def _number(found: re.Match[str]) -> str:
    return f"<mn>{escape(found[0].replace('e-', 'e−'))}</mn>"


def _word(found: re.Match[str]) -> str:
    base = found[0].rstrip("'′")
    name = _letter_or_digit(base)
    primes = "′" * (len(found[0]) - len(base))
    return f'<msup>{name}<mo lspace="0" rspace="0">{primes}</mo></msup>' if primes else name


def _words(found: re.Match[str]) -> str:
    text = re.sub(r"\s+", "&#160;", found[0])
    return f"<mtext>{text}</mtext>"


ELEMENTS = ((SLOPE, _slope), (NUMBER, _number), (WORDS, _words), (WORD, _word))


def _letter_or_digit(text: str) -> str:
    return f"<mn>{text}</mn>" if text.isdecimal() else f"<mi>{escape(text)}</mi>"


def _scripted(base: str, sub: str, sup: str) -> str:
    below, above = (f"<mrow>{part}</mrow>" if part else "" for part in (sub, sup))
    if below and above:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    if below:
        return f"<msub>{base}{below}</msub>"
    return f"<msup>{base}{above}</msup>" if above else base
