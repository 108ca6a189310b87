"""Readers of printed mathematics: text, LaTeX and MathML back to a number, by the usual precedences."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

TOKEN = re.compile(r"\d+\.?\d*|log|tanh|[A-Za-zσ]|[()^+*/|-]")
CALLED = {"log": math.log, "tanh": math.tanh, "σ": lambda x: 1 / (1 + math.exp(-x))}


def from_text(text, **values):
    """Read what the text printer wrote."""
    text = text.replace("−", "-").replace("·", "*").replace("½", "(1/2)").replace("{", "(").replace("}", ")")
    return _read(re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^(" + _lowered(m[0]) + ")", text), values)


def _lowered(text):
    return "".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) for c in text)


def from_latex(text, **values):
    """Read what the LaTeX printer wrote."""
    for command, plain in {
        r"\left": "",
        r"\right": "",
        r"\cdot": "*",
        r"\lvert": "|",
        r"\rvert": "|",
    }.items():
        text = text.replace(command, plain)
    text = text.replace(r"\sigma", "σ").replace(r"\frac", "F").replace("\\", "")
    return _read(_fractions(text).replace("{", "(").replace("}", ")"), values)


def _fractions(text):
    """F{a}{b} → ((a)/(b)), innermost first."""
    while "F" in text:
        at = text.rindex("F")
        num, rest = _group(text[at + 1 :])
        den, rest = _group(rest)
        text = f"{text[:at]}(({num})/({den})){rest}"
    return text


def _group(text):
    depth = 0
    for place, c in enumerate(text):
        depth += {"{": 1, "}": -1}.get(c, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    raise AssertionError(text)


def from_mathml(text, **values):
    """Read what the MathML printer wrote."""
    return _read(_flat(ET.fromstring(f"<mrow>{text}</mrow>")), values)


def _flat(node):
    children = [_flat(child) for child in node]
    if node.tag == "mfrac":
        return f"(({children[0]})/({children[1]}))"
    if node.tag == "msup":
        base = children[0]
        return f"{base}^({children[1]})"
    if node.tag in ("mi", "mn", "mo"):
        return {"−": "-", "·": "*", "\u2061": ""}.get(node.text, node.text)
    assert node.tag in ("mrow", "mspace"), node.tag
    return " ".join(children)


def _read(text, values):
    tokens = [t for t in TOKEN.findall(text) if t]
    result, rest = _sum(tokens, values)
    assert not rest, (text, rest)
    return result


def _sum(tokens, values):
    sign = 1
    if tokens[0] == "-":
        sign, tokens = -1, tokens[1:]
    total, tokens = _product(tokens, values)
    total *= sign
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens[0] == "+" else -1
        part, tokens = _product(tokens[1:], values)
        total += sign * part
    return total, tokens


def _product(tokens, values):
    """Juxtaposition and · and / from left to right."""
    total, tokens = _power(tokens, values)
    while tokens and tokens[0] not in "+-)|":
        operator = tokens[0] if tokens[0] in "*/" else ""
        part, tokens = _power(tokens[1:] if operator else tokens, values)
        total = total / part if operator == "/" else total * part
    return total, tokens


def _power(tokens, values):
    base, tokens = _atom(tokens, values)
    if tokens and tokens[0] == "^":
        exponent, tokens = _atom(tokens[1:], values)
        return base**exponent, tokens
    return base, tokens


def _atom(tokens, values):
    head, *tokens = tokens
    if head in "(|":
        inside, (end, *tokens) = _sum(tokens, values)
        assert end == {"(": ")", "|": "|"}[head]
        return (abs(inside) if head == "|" else inside), tokens
    if head in CALLED:
        argument, tokens = _power(tokens, values)
        return CALLED[head](argument), tokens
    return (math.e if head == "e" else values[head] if head in values else float(head)), tokens
