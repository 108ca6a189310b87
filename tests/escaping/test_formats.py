"""Each function of `chainrule.escaping`, held to a parser of its format."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import tokenize
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule.escaping.characters import visible, visible_lines
from chainrule.escaping.languages import (
    c_comment,
    c_string,
    python_comment,
    python_docstring,
    python_string,
)
from chainrule.escaping.markup import html, latex, markdown, markdown_code
from chainrule.escaping.tables import csv_cell, csv_field, csv_value
from chainrule.escaping.terminal import argument, as_json, shell, terminal
from tests.escaping.corpus import HOSTILE, PLAIN

EVERY = [*HOSTILE.values(), *PLAIN]
names = pytest.mark.parametrize("name", EVERY)
texts = st.text(alphabet=st.characters() | st.sampled_from("\\/*\"'`$%{}[]()<>|&#_^~=+-@\n\t\r\x1b\u202e?!:"))
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def unseen(text):
    return {c for c in text if unicodedata.category(c) in INVISIBLE}


@given(texts)
@example("a\u202eb")
def test_what_is_not_seen_is_escaped(text):
    assert unseen(visible(text)) <= {"\u200c", "\u200d"}
    assert unseen(terminal(text)) <= {"\u200c", "\u200d", "\n"}
    assert visible(visible(text)) == visible(text)
    assert visible_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "name", [*PLAIN, "猫 и كلب", "خانه\u200cها", "👩\u200d🚀", "a\N{NO-BREAK SPACE}b", "\\n", "'\""]
)
def test_what_is_seen_stays(name):
    assert visible(name) == name == terminal(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"), ("a\nb", r"a\nb"), ("\u202e", r"\u202e"), ("\u2066", r"\u2066"),
        ("\x9b", r"\x9b"), ("\U000e0041", r"\U000e0041"), ("a\u200db", r"a\u200db"), ("\ud800", r"\ud800"),
    ],
)  # fmt: skip
def test_escapes_are_those_of_python(name, shown):
    assert visible(name) == shown


PROGRAM = """\
%s
#include <stdio.h>
static const char *const said[] = {%s};
static const int sizes[] = {%s};
int main(void)
{
    for (int i = 0; i < %d; i++) {
        fwrite(said[i], 1, sizes[i], stdout);
        putchar(7);
    }
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc reads the file")
@pytest.mark.parametrize("options", [["-std=c99"], ["-std=gnu11"], ["-std=c99", "-trigraphs"]], ids=" ".join)
def test_c(tmp_path, options):
    file = tmp_path / "file.c"
    comments = "\n".join(f"/* {c_comment(name)} */" for name in EVERY)
    sizes = ", ".join(str(len(name.encode())) for name in EVERY)
    program = PROGRAM % (comments, ",\n".join(map(c_string, EVERY)), sizes, len(EVERY))
    file.write_text(program, encoding="utf-8")
    command = ["gcc", *options, "-Wall", "-Wextra", "-Werror", str(file), "-o", str(tmp_path / "said")]
    subprocess.run(command, check=True)
    said = subprocess.run([tmp_path / "said"], check=True, capture_output=True).stdout
    assert said == b"".join(name.encode() + b"\x07" for name in EVERY)
    symbols = subprocess.run(["nm", tmp_path / "said"], check=True, capture_output=True, text=True).stdout
    assert "MARK" not in symbols


@names
def test_c_comments_hold_no_end_and_no_beginning(name):
    assert not re.search(r"\*/|/\*|\n", c_comment(name))


def tokens(source):
    return [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type in (tokenize.NAME, tokenize.STRING, tokenize.COMMENT, tokenize.OP)
    ]


@names
def test_python(name):
    assert ast.literal_eval(python_string(name)) == name
    assert ast.get_docstring(ast.parse(f'"""{python_docstring(name)}"""'), clean=False) == visible(name)
    comment = f"# {python_comment(name)}"
    assert tokens(f"{comment}\nx\n") == [comment.rstrip(), "x"] or tokens(f"{comment}\nx\n") == [comment, "x"]


def test_a_python_comment_declares_no_encoding():
    source = f"# {python_comment('-*- coding: rot13 -*- coding=utf-7')}\nx = 1\n".encode()
    assert tokenize.detect_encoding(io.BytesIO(source).readline)[0] == "utf-8"
    compile(source, "file", "exec")


class Text(HTMLParser):
    """Collects tags with their attributes, and text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@given(texts)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_html_and_svg(quote, text):
    page = f"<p title={quote}{html(text)}{quote}>{html(text)}</p>"
    found = Text(page)
    assert (found.tags, found.text) == ([("p", {"title": visible(text)})], visible(text))
    element = ElementTree.fromstring(page)
    assert (element.text or "") == visible(text)
    assert element.get("title") == visible(text)


LATEX_COMMAND = re.compile(
    r"\\(textbackslash|textasciitilde|textasciigrave|textless|textgreater|textquotedbl)\{\}|\\[{}$&#%_]|\\\^\{\}|-\{\}(?=-)"
)


@given(texts)
@example(r"\input{MARK}")
def test_latex_leaves_no_sign_of_its_own(text):
    rest = LATEX_COMMAND.sub("", latex(text))
    assert not set(rest) & set('\\{}$&#%_^~`<>"\n')
    assert all(c < "\u0180" or c in "–—‘’‚“”„†‡•…‰‹›€™" for c in rest)


@given(texts)
@example("1. x")
@example("---")
@example("===")
@example("    code")
@example("<!-- x -->")
@example("https://x www.x.org a@b.c")
def test_markdown(text):
    MarkdownIt = pytest.importorskip("markdown_it").MarkdownIt
    for dialect in ("commonmark", "gfm-like"):
        parser = MarkdownIt(dialect, {"html": True, "linkify": False})
        shown = Text(parser.render(f"{markdown(text)}"))
        assert [tag for tag, _ in shown.tags] in (["p"], [])
        assert shown.text.split() == visible(text).split()
        [paragraph] = parser.parseInline(f"x {markdown_code(text)} x")
        code = [token.content for token in paragraph.children if token.type == "code_inline"]
        assert code == ([visible(text)] if text else [])


@given(st.lists(texts, min_size=1, max_size=5))
def test_markdown_tables_keep_their_columns(cells):
    MarkdownIt = pytest.importorskip("markdown_it").MarkdownIt
    head = "| " + " | ".join("x" for _ in cells) + " |\n|" + " --- |" * len(cells)
    page = f"{head}\n| " + " | ".join(map(markdown, cells)) + " |"
    shown = Text(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(page))
    assert [tag for tag, _ in shown.tags].count("td") == len(cells)
    assert not {tag for tag, _ in shown.tags} - {"table", "thead", "tbody", "tr", "th", "td"}


@given(st.lists(texts, min_size=1, max_size=4))
@example(["=1+1", "'=x", "''=x", "-1", "'-1", "\t=x", " =x"])
def test_csv_is_undone_and_holds_no_formula(cells):
    cells = [cell.replace("\0", "").encode(errors="replace").decode() for cell in cells]
    line = ",".join(map(csv_field, cells)) + "\r\n"
    [found] = [*csv.reader(io.StringIO(line, newline=""))] if any(cells) or len(cells) > 1 else [[""]]
    assert found == [csv_cell(cell) for cell in cells]
    assert [csv_value(cell) for cell in found] == cells
    for cell in found:
        assert not re.match(r"\s*[=@]", cell)
        assert not re.match(r"\s*[+-]", cell) or re.fullmatch(r"[+-][\d.e+-]+", cell, re.IGNORECASE)


@pytest.mark.parametrize("number", ["-1", "+1", "-0.5", "1e-3", "-.5", "-1."])
def test_numbers_are_no_formulas(number):
    assert csv_field(number) == number


@pytest.mark.parametrize("formula", ["-1+1", "=1", "-x", "+x", "@x", "\uff1dx", "-1e", "+", "-", "-1,2"])
def test_formulas_get_an_apostrophe(formula):
    assert csv_field(formula) == f'"\'{formula}"'


@given(st.lists(texts.filter(lambda text: "\0" not in text), min_size=1, max_size=3))
def test_shell(words):
    words = [word.encode(errors="replace").decode() for word in words]
    line = shell(words)
    assert not unseen(line)
    if all(visible(word) == word for word in words):
        assert shlex.split(line) == words


@pytest.mark.skipif(not shutil.which("bash"), reason="bash reads the line")
def test_bash():
    words = [name for name in EVERY if "\0" not in name]
    line = shell(words)
    assert "\n" not in line
    said = subprocess.run(["bash", "-c", rf"printf '%s\0' {line}"], check=True, capture_output=True).stdout
    assert said.decode().split("\0") == [*words, ""]


@pytest.mark.parametrize(("name", "shown"), [("-x.csv", "./-x.csv"), ("x.csv", "x.csv"), ("a/-x", "a/-x")])
def test_a_path_is_no_option(name, shown):
    assert argument(name) == shown


@given(
    st.recursive(
        texts | st.floats(allow_nan=False, allow_infinity=False),
        lambda c: st.lists(c) | st.dictionaries(texts, c),
        max_leaves=5,
    )
)
@pytest.mark.parametrize("indent", [None, 1])
def test_json(indent, value):
    text = as_json(value, indent)
    assert json.loads(text) == value
    assert unseen(text) <= {"\n"}


def test_json_of_numbers_that_are_none():
    assert json.loads(as_json({"a": [float("nan"), float("inf"), 1.0]})) == {"a": [None, None, 1.0]}
