"""Text in programs: string literals and comments of C and Python."""

from __future__ import annotations

from chainrule.escaping.characters import visible

_PLAIN = frozenset(range(32, 127)) - frozenset(b'"\\?')


def c_string(text: str) -> str:
    """A string literal of C: what is not plain ASCII in octal, byte by byte of UTF-8.

    An octal escape ends after three digits, and without ``?`` there is no trigraph.
    """
    return '"' + "".join(chr(b) if b in _PLAIN else f"\\{b:03o}" for b in text.encode()) + '"'


def c_comment(text: str) -> str:
    """Text inside ``/* … */`` that neither ends the comment nor seems to begin another."""
    return visible(text).replace("*/", "* /").replace("/*", "/ *")


def python_string(text: str) -> str:
    """A string literal of Python."""
    return repr(str(text))


def python_comment(text: str) -> str:
    """Text after ``#``: all on one line, and no declaration of an encoding (PEP 263)."""
    return visible(text).replace("coding:", "coding :").replace("coding=", "coding =")


def python_docstring(text: str) -> str:
    r'''Text inside ``"""…"""`` that neither ends the string nor escapes anything.'''
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
