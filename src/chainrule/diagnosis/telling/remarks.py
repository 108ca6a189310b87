"""Remarks, with the sentences of ``remarks.toml``."""

from __future__ import annotations

from typing import Any, NamedTuple

from chainrule.files.texts import entry, sentence


class Remark(NamedTuple):
    """A sentence; ``severe`` makes the verdict wrong.

    ``line``, ``code``: where, and what stands there; ``right``: what should.
    """

    key: str
    text: str
    severe: bool = False
    line: int | None = None
    code: str = ""
    right: str = ""


def remark(key: str, variant: str = "text", **values: Any) -> Remark:
    """The remark of this key, in one of its variants, with the values filled in.

    Raises:
        LookupError: ``remarks.toml`` has no such sentence.
    """
    found = entry("diagnosis/telling/remarks.toml", (key,), ("severe", variant))
    return Remark(key, sentence(found[variant]).format(**values), found["severe"])
