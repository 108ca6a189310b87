"""Text in documents: HTML and SVG, LaTeX, Markdown."""

from __future__ import annotations

import html as standard
import re

from chainrule.escaping.characters import visible

LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\^{}", "~": r"\textasciitilde{}", "`": r"\textasciigrave{}",
    "<": r"\textless{}", ">": r"\textgreater{}", '"': r"\textquotedbl{}",
}  # fmt: skip
"""Characters that mean something to LaTeX, or another sign in some encodings of its fonts."""

BEYOND_LATEX = re.compile("[^\0-\u017f–—‘’‚“”„†‡•…‰‹›€™]")
"""Characters for which pdfLaTeX has no sign in its usual fonts."""

MARKDOWN = re.compile(r"[\\`*_{}\[\]<>|~$&]")
"""Characters that mean something to Markdown wherever they stand; braces and dollars to its dialects."""

MARKDOWN_START = re.compile(
    r"""^(\s*)(\d*)                                 # a backslash goes behind these, in front of
    (?=(?: \#{1,6} | [+-] | (?<=\d)[.)] )(?:\s|$)   # a heading, an item of a list
    |  (?: =+ | -+ )\s*$                            # the line below a heading
    |  \+{3} | :{3} | % )                           # what MyST reads
    """,
    re.VERBOSE,
)


def html(text: str) -> str:
    """Text of one line between tags, or in an attribute in quotation marks; in SVG and MathML, too."""
    return standard.escape(visible(text))


def latex(text: str) -> str:
    r"""Text of one line outside of math; a letter that pdfLaTeX does not know stands as ``\u4e2d``."""
    known = BEYOND_LATEX.sub(lambda found: ascii(found[0])[1:-1], visible(text))
    return "".join(LATEX.get(c, c) for c in known).replace("--", "-{}-")


def markdown(text: str) -> str:
    """Text of one line, as CommonMark and the tables of GitHub read it."""
    text = re.sub(r"^\s{4,}", "   ", visible(text))  # four would make it code
    return MARKDOWN_START.sub(r"\1\2\\", MARKDOWN.sub(r"\\\g<0>", text))


def markdown_code(text: str) -> str:
    """A span of code: its marks are longer than every run of backticks in it."""
    plain = visible(text)
    if not plain:
        return ""
    mark = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    pad = " " if plain[0] in "` " or plain[-1] in "` " else ""
    return f"{mark}{pad}{plain}{pad}{mark}"
