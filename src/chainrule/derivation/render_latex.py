"""A derivation as a complete LaTeX article: amsmath, array and longtable, nothing else."""

from __future__ import annotations

from chainrule.derivation.document import (
    Array,
    Block,
    Chain,
    Document,
    Formula,
    Paragraph,
    Table,
)
from chainrule.derivation.latex import LATEX
from chainrule.derivation.terms import Add, Term
from chainrule.derivation.text import TEXT
from chainrule.derivation.words import latex

PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{array,longtable,graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em}
\setlength{\LTpre}{0.3em}
\setlength{\LTpost}{0.3em}
\setlength{\LTleft}{1em}
\allowdisplaybreaks
\renewcommand{\arraystretch}{1.5}
\setcounter{MaxMatrixCols}{100}
\newcommand{\rules}[1]{\footnotesize #1}
\newcommand{\fitted}[1]{\resizebox{0.95\linewidth}{!}{$\displaystyle #1$}}
"""
COLUMNS = (
    r"@{}>{$\displaystyle}r<{$}@{\;}>{$\displaystyle}l<{$}@{\quad}>{\raggedright\arraybackslash}p{5.2cm}@{}"
)
RELATIONS = {"←": r"\leftarrow"}
BESIDE, LONGEST = 58, 105
"""Characters of an equation that has room beside its rule, and on a line of its own."""


def render(document: Document) -> str:
    """The whole document."""
    parts = [
        PREAMBLE,
        rf"\title{{{document.title}}}",
        r"\author{}\date{}",
        r"\begin{document}",
        r"\maketitle",
    ]
    parts += map(_block, document.lead)
    for section in document.sections:
        parts.append(rf"\{'sub' * (section.level - 1)}section{{{latex(section.title)}}}")
        parts += map(_block, section.blocks)
    return "\n\n".join([*parts, r"\end{document}"]) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        words = latex(block.words).replace("`", r"\texttt{", 1).replace("`", "}", 1)
        return words if block.kind == "plain" else rf"\begin{{quote}}\small {words} \end{{quote}}"
    if isinstance(block, Formula):
        source = rf"\quad\text{{\footnotesize\ttfamily {latex((block.source,))}}}" if block.source else ""
        return rf"\begin{{equation*}} {LATEX(block.equation)}{source} \tag{{{block.tag}}} \end{{equation*}}"
    if isinstance(block, Chain):
        return _chain(block)
    if isinstance(block, Table):
        return _table(block)
    return _array(block)


def _chain(block: Chain) -> str:
    if block.numbers:
        whole = f"{TEXT(block.left)} = {' = '.join(TEXT(step.right) for step in block.steps)}"
        if len(whole) <= LONGEST:
            return _line(block)
    head = f"{latex(block.when)}:\n\n" if block.when else ""
    rows = []
    for place, step in enumerate(block.steps):
        left = LATEX(block.left) if place == 0 else ""
        rule = rf"\rules{{{latex(step.rule)}}}"
        op = RELATIONS.get(step.op, step.op)
        beside = BESIDE - (len(TEXT(block.left)) if len(block.steps) else 0)
        rows += _rows(left, op, step.right, rule, beside)
    return head + rf"\begin{{longtable}}{{{COLUMNS}}}" + "\n" + "\n".join(rows) + "\n" + r"\end{longtable}"


def _line(block: Chain) -> str:
    steps = "".join(rf" {RELATIONS.get(step.op, step.op)} {LATEX(step.right)}" for step in block.steps)
    rule = rf"\hfill\rules{{{latex(block.steps[0].rule)}}}" if block.steps[0].rule else ""
    return rf"$\displaystyle {LATEX(block.left)}{steps}${rule}\par"


def _rows(left: str, op: str, right: Term, rule: str, beside: int) -> list[str]:
    length = len(TEXT(right))
    if length <= beside:
        return [rf"{left} & {op} {LATEX(right)} & {rule} \\"]
    out = [
        rf"{left} & \multicolumn{{2}}{{@{{}}l@{{}}}}{{$\displaystyle {line}$}} \\*"
        for line in _lines(op, right)
    ]
    out = [out[0], *(" &" + line.split(" &", 1)[1] for line in out[1:])]
    return [*out, rf" & & {rule} \\"] if rule != r"\rules{}" else [*out[:-1], out[-1].removesuffix("*")]


def _lines(op: str, right: Term) -> list[str]:
    """A long sum in lines of some summands; anything else too long is set smaller."""
    if len(TEXT(right)) <= LONGEST:
        return [f"{op} {LATEX(right)}"]
    if isinstance(right, Add):
        return [f"{op if i == 0 else ''} {line}" for i, line in enumerate(_summands(right))]
    return [rf"{op} \fitted{{{LATEX(right)}}}"]


def _summands(right: Add) -> list[str]:
    lines, now = [], [right.terms[0]]
    for part in right.terms[1:]:
        if len(TEXT(Add((*now, part)))) > LONGEST - 10:
            lines.append(now)
            now = []
        now.append(part)
    lines.append(now)
    texts = [LATEX(Add(tuple(line))) for line in lines]
    return [texts[0], *(rf"\quad {'' if text.startswith('-') else '+ '}{text}" for text in texts[1:])]


def _table(block: Table) -> str:
    spec = "".join(
        "l" if place != 1 else r">{\raggedright\arraybackslash}p{7.5cm}" for place in range(len(block.head))
    )
    rows = [" & ".join(rf"\textbf{{{head}}}" for head in block.head)]
    rows += [" & ".join(_cell(cell) for cell in row) for row in block.rows]
    body = " \\\\\n".join([rows[0] + r" \\ \hline" + "\n" + rows[1], *rows[2:]])
    return rf"{{\small\begin{{longtable}}{{@{{}}{spec}@{{}}}}" + "\n" + body + "\n" + r"\end{longtable}}"


def _cell(cell: tuple[str | Term, ...]) -> str:
    text = latex(cell)
    return rf"\texttt{{\footnotesize {text}}}" if "src/" in text else text


def _array(block: Array) -> str:
    rows = r" \\ ".join(" & ".join(cell.replace("−", "-") for cell in row) for row in block.rows)
    body = rf"{LATEX(block.symbol)} = \begin{{pmatrix}} {rows} \end{{pmatrix}}"
    wide = sum(max(map(len, column)) + 2 for column in zip(*block.rows, strict=True)) > LONGEST - 10
    words = rf"\quad\text{{{latex(block.words)}}}" if block.words else ""
    shown = rf"\fitted{{{body}}}" if wide else body
    return rf"\[ {shown}{words} \]"
