"""A derivation as a complete LaTeX article: amsmath, array and longtable, nothing else."""

from __future__ import annotations

from chainrule.derivation.blocks import (
    Array,
    Block,
    Chain,
    Document,
    Formula,
    Paragraph,
    Table,
)
from chainrule.derivation.document.words import latex
from chainrule.derivation.terms.print_latex import LATEX
from chainrule.derivation.terms.terms import Add, Apply, Big, D, Frac, Neg, Num, Sym, Term, children
from chainrule.escaping.markup import latex as escaped
from chainrule.files.texts import read_text

PREAMBLE = read_text("derivation/document/preamble.tex")
COLUMNS = r"@{}p{11cm}@{\quad}>{\raggedright\arraybackslash}p{5cm}@{}"
BESIDE, LONGEST = 56, 100
"""Digits of an equation that has room beside its rule, and on a line of its own."""


def render(document: Document) -> str:
    """The whole document."""
    parts = [
        PREAMBLE,
        rf"\title{{{escaped(document.title)}}}",
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
        words = latex(block.words)
        return words if block.kind == "plain" else rf"\begin{{quote}}\small {words} \end{{quote}}"
    if isinstance(block, Formula):
        source = rf"\quad\text{{\footnotesize\ttfamily {latex((block.source,))}}}" if block.source else ""
        tag = rf"\tag{{{escaped(block.tag)}}}"
        return rf"\begin{{equation*}} {LATEX(block.equation)}{source} {tag} \end{{equation*}}"
    if isinstance(block, Chain):
        return _chain(block)
    if isinstance(block, Table):
        return _table(block)
    return _array(block)


def _chain(block: Chain) -> str:
    whole = breadth(block.left) + sum(breadth(step.right) + 3 for step in block.steps)
    if block.numbers and whole <= LONGEST - 6:
        return _line(block)
    head = f"{latex(block.when)}:\n\n" if block.when else ""
    rows = []
    for place, step in enumerate(block.steps):
        left = LATEX(block.left) if place == 0 else rf"\phantom{{{LATEX(block.left)}}}"
        op = LATEX.operator(step.op).strip()
        rows += _rows(left, op, step.right, rf"\rules{{{latex(step.rule)}}}", breadth(block.left))
    return head + rf"\begin{{longtable}}{{{COLUMNS}}}" + "\n" + "\n".join(rows) + "\n" + r"\end{longtable}"


def _line(block: Chain) -> str:
    steps = "".join(rf" {LATEX.operator(step.op).strip()} {LATEX(step.right)}" for step in block.steps)
    rule = rf"\hfill\rules{{{latex(block.steps[0].rule)}}}" if block.steps[0].rule else ""
    return rf"$\displaystyle {LATEX(block.left)}{steps}${rule}\par"


def _rows(left: str, op: str, right: Term, rule: str, taken: float) -> list[str]:
    """The line with its rule beside it, or over the whole width with the rule below."""
    if taken + breadth(right) <= BESIDE:
        return [rf"$\displaystyle {left} {op} {LATEX(right)}$ & {rule} \\[0.5em]"]
    first, *others = _lines(op, right)
    lines = [f"{left} {first}", *(rf"\phantom{{{left}}} {line}" for line in others)]
    wide = [rf"\multicolumn{{2}}{{@{{}}l@{{}}}}{{$\displaystyle {line}$}} \\*" for line in lines]
    if rule == r"\rules{}":
        return [*wide[:-1], f"{wide[-1].removesuffix('*')}[0.5em]"]
    return [*wide, rf" & {rule} \\[0.5em]"]


def breadth(node: Term) -> float:
    """About how many digits wide a term is set."""
    if isinstance(node, Sym):
        return len(node.name) + 0.7 * max(len(node.sup), len(LATEX.indices(node.sub)), 0)
    if isinstance(node, Num):
        return len(node.text or str(node.value))
    if isinstance(node, Frac):
        return max(breadth(node.num), breadth(node.den)) + 0.5
    if isinstance(node, D):
        of = breadth(node.of)
        return max(of, breadth(node.by)) + 1 if isinstance(node.of, Sym) else breadth(node.by) + of + 3
    inside = sum(map(breadth, children(node)))
    if isinstance(node, Apply) and node.name == "exp":
        return 1 + 0.7 * inside
    brackets = 2.0 * sum(isinstance(child, Add | Neg) for child in children(node))
    return inside + brackets + {Add: 2.5 * len(children(node)), Apply: 4.0, Big: 3.0}.get(type(node), 1.0)


def _lines(op: str, right: Term) -> list[str]:
    """A long sum in lines of some summands; anything else too long is set smaller."""
    if breadth(right) <= LONGEST:
        return [f"{op} {LATEX(right)}"]
    if isinstance(right, Add):
        return [f"{op if i == 0 else ''} {line}" for i, line in enumerate(_summands(right))]
    return [rf"{op} \fitted{{{LATEX(right)}}}"]


def _summands(right: Add) -> list[str]:
    lines, now = [], [right.terms[0]]
    for part in right.terms[1:]:
        if breadth(Add((*now, part))) > LONGEST - 8:
            lines.append(now)
            now = []
        now.append(part)
    lines.append(now)
    texts = [LATEX(Add(tuple(line))) for line in lines]
    return [texts[0], *(rf"\quad {'' if text.startswith('-') else '+ '}{text}" for text in texts[1:])]


def _table(block: Table) -> str:
    few = len(block.head) <= 3
    spec = r"l>{\raggedright\arraybackslash}p{7.5cm}l" if few else "l" * len(block.head)
    rows = [" & ".join(rf"\textbf{{{escaped(head)}}}" for head in block.head)]
    rows += [" & ".join(_cell(cell) for cell in row) for row in block.rows]
    body = " \\\\\n".join([rows[0] + r" \\ \hline" + "\n" + rows[1], *rows[2:]])
    return rf"{{\small\begin{{longtable}}{{@{{}}{spec}@{{}}}}" + "\n" + body + "\n" + r"\end{longtable}}"


def _cell(cell: tuple[str | Term, ...]) -> str:
    text = latex(cell)
    return rf"\texttt{{\footnotesize {text}}}" if "src/" in text else text


def _array(block: Array) -> str:
    rows = r" \\ ".join(" & ".join(cell.replace("−", "-") for cell in row) for row in block.rows)
    body = rf"{LATEX(block.symbol)} = \begin{{pmatrix}} {rows} \end{{pmatrix}}"
    wide = sum(max(map(len, column)) + 2 for column in zip(*block.rows, strict=True)) > LONGEST
    words = rf"\quad\text{{{latex(block.words)}}}" if block.words else ""
    shown = rf"\fitted{{{body}}}" if wide else body
    return rf"\[ {shown}{words} \]"
