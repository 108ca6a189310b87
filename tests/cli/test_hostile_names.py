"""Names from strangers through every command and format; each result is read by a parser of its format."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from chainrule import Activation, Head, Network
from chainrule.datasets import Scaling
from chainrule.escaping.characters import visible
from chainrule.escaping.tables import csv_cell, csv_value
from chainrule.model.dataspec import DataSpec
from tests.cli.commandline import environment
from tests.escaping.corpus import HOSTILE, PLAIN
from tests.escaping.test_formats import Text, unseen
from tests.exchange.exported import compiled, needs_compiler

NAMES = (*HOSTILE.values(), *PLAIN)
OF_CELLS = tuple(name for name in NAMES if name.strip() == name and not set(name) & set("\0\r"))
"""What a cell of a table can hold: one loses the spaces around it, and no table has a NUL."""

ON_LINES = tuple(name for name in OF_CELLS if "\n" not in name)
"""What a program in C can read, which takes a table line by line."""

ESCAPE = "\x1b"
FORMULA = "z*sigmoid(z)"
FUNCTIONS = (
    r"*\ extern int MARK; int MARK; \* }\input{MARK}{ a^{\input{MARK}} [MARK](javascript:MARK)",
    '`<script>MARK</script>``"""\nMARK = 1\n"""\n# x\x1b[31m\u202e',
)
"""Names of activations."""


def network(hidden, names=OF_CELLS, output="softmax"):
    n = len(names)
    made = Network([n, *([2] * len(hidden)), n], hidden=hidden, output=output, seed=0, dtype="float32")
    made.data = DataSpec("data\x1b[2J\u202e.csv", names, names, None, Scaling(0.5, 2.0), target=names[0])
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model file and a table in which every name is a class and a column, and some are functions."""
    folder = tmp_path_factory.mktemp("names")
    own = [Activation.from_formula(FORMULA, name=name) for name in FUNCTIONS]
    network(own).save(folder / "classes.safetensors")
    loss = "-y*log(a)-(1-y)*log(1-a)"
    head = Head.from_formulas("sigmoid(z)", loss, name=r"*\ int MARK; \*", multi_label=True)
    network(own[:1], output=head).save(folder / "labels.safetensors")
    network(own[:1], ON_LINES, output=head).save(folder / "labels-on-lines.safetensors")
    network(own, ON_LINES).save(folder / "classes-on-lines.safetensors")
    write_table(folder / "table.csv", OF_CELLS)
    write_table(folder / "table-on-lines.csv", ON_LINES)
    return folder


def write_table(path, names):
    """Columns of these names, and a column of classes of these names."""
    rows = np.random.default_rng(0).normal(size=(2 * len(names), len(names)))
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([*map(csv_cell, names), "kind"])
        out.writerows([*row, csv_cell(names[i % len(names)])] for i, row in enumerate(rows))


@pytest.fixture
def say(here, folder):
    """Run a command here; it ends as it should, and nothing invisible is printed."""

    def run(*args, code=0):
        done = here(*args)
        assert code is None or done.code == code, done.err
        assert not unseen(done.err) - {"\n", "\u200c", "\u200d"}, done.err
        return done

    return run


def assert_calm(text):
    """Text without invisible signs, but for those of Persian and emoji, and MathML's own."""
    assert not unseen(text) - set("\n\u200c\u200d\u2061"), unseen(text)


def cells_of(text):
    """The cells of a CSV, none of which a program for spreadsheets takes for a formula."""
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    for cell in (cell for row in rows for cell in row):
        number = re.fullmatch(r"[+-]?[\d.e+-]+", cell)
        assert number or not re.match(r"\s*[=+\-@]|[\t\r\n]", cell), cell
    return [[csv_value(cell) for cell in row] for row in rows]


def assert_page(text):
    """HTML in which no name became a tag or an attribute."""
    page = Text(text)
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "base"} - {"img"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not str(attributes.get("href", "#")).lower().startswith("javascript:")
        assert tag != "img" or str(attributes["src"]).startswith("data:image/png")
    assert_calm(page.text)
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    return page


def assert_markdown(text):
    """Markdown without HTML, links or pictures of strangers."""
    markdown = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"html": True, "linkify": False})
    page = Text(markdown.render(text))
    assert not {tag for tag, _ in page.tags} & {"script", "a", "img", "h1"} - {"h1"}
    assert_calm(text)
    return page


def assert_latex(text):
    r"""LaTeX without a command that reads a file, and with braces that match."""
    assert not re.search(r"\\(input|include|write|openin|catcode|MARK)\b", text)
    depth = 0
    for sign in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if sign == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert_calm(text)


@pytest.mark.parametrize("model", ["classes", "labels"])
def test_predictions(say, folder, model):
    printed = say("predict", folder / f"{model}.safetensors", folder / "table.csv").out
    say("predict", folder / f"{model}.safetensors", folder / "table.csv", "-o", "said.csv")
    with open("said.csv", newline="", encoding="utf-8") as file:
        assert file.read() == printed
    head, *rows = cells_of(printed)
    assert head[1:] == [f"p({name})" for name in OF_CELLS]
    if model == "classes":
        assert {row[0] for row in rows} <= set(OF_CELLS)


def test_predictions_on_a_terminal_are_seen(say, folder, monkeypatch):
    monkeypatch.setattr("chainrule.cli.output.is_terminal", lambda stream: True)
    assert_calm(say("predict", folder / "classes.safetensors", folder / "table.csv").out)


def test_what_we_write_we_read(say, folder):
    from chainrule import datasets

    said = say("predict", folder / "classes.safetensors", folder / "table.csv").out
    with open("again.csv", "w", newline="", encoding="utf-8") as file:
        file.write(said)
    read = datasets.read("again.csv", target="class")
    assert set(read.classes) <= set(OF_CELLS)


@pytest.mark.parametrize("model", ["classes", "labels"])
def test_evaluation(say, folder, model):
    arguments = ("evaluate", folder / f"{model}.safetensors", folder / "table.csv", "--target", "kind")
    done = say(*arguments)
    assert_calm(done.out)
    if model == "classes":
        for name in ("[deleted]", "[/s]", ":warning:", r"\x1b[31mMARK\x1b[0m", r"a\nb"):
            assert re.search(rf"^{re.escape(name)} ", done.out, re.MULTILINE), name
    done = say(
        "evaluate", folder / f"{model}.safetensors", folder / "table.csv", "--target", "kind", "--json"
    )
    assert_calm(done.out)
    if model == "classes":
        assert [one["name"] for one in json.loads(done.out)["by_class"]] == list(OF_CELLS)


def test_gradient_check(say, folder):
    done = say("check", folder / "labels.safetensors", folder / "table.csv", "--target", "kind", code=None)
    assert_calm(done.out)


@needs_compiler
@pytest.mark.parametrize("model", ["classes", "labels"])
def test_c(say, folder, model, tmp_path):
    say("export", folder / f"{model}-on-lines.safetensors", "--to", "c", "-o", "model.c")
    source = (tmp_path / "model.c").read_text(encoding="utf-8")
    assert_calm(source)
    program = compiled(source, tmp_path / "said", "-DMAIN", "-trigraphs")
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    assert "MARK" not in symbols
    table = (folder / "table-on-lines.csv").read_bytes()
    done = subprocess.run([program], input=table, capture_output=True, check=True)
    by_us = say("predict", folder / f"{model}-on-lines.safetensors", folder / "table-on-lines.csv").out
    assert [row[0] for row in cells_of(done.stdout.decode())] == [row[0] for row in cells_of(by_us)]
    wrong = subprocess.run([program], input=table + b"x," * len(ON_LINES), capture_output=True, check=False)
    assert wrong.returncode == 1
    assert ESCAPE not in wrong.stderr.decode()


@pytest.mark.parametrize("model", ["classes", "labels"])
def test_python(say, folder, model, tmp_path):
    say("export", folder / f"{model}.safetensors", "--to", "numpy", "-o", "model.py")
    source = (tmp_path / "model.py").read_text(encoding="utf-8")
    assert_calm(source)
    tree = ast.parse(source)
    assert "MARK" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    values = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(values["CLASSES"]) == ast.literal_eval(values["FEATURES"]) == OF_CELLS
    command = [sys.executable, "model.py", str(folder / "table.csv")]
    done = subprocess.run(command, capture_output=True, check=True, env=environment())
    by_us = say("predict", folder / f"{model}.safetensors", folder / "table.csv").out
    assert [row[0] for row in cells_of(done.stdout.decode())] == [row[0] for row in cells_of(by_us)]


def test_python_that_trains(say, folder, tmp_path):
    model = folder / "classes.safetensors"
    say("export", model, "--to", "numpy", "--with-training", "-o", "model.py")
    source = (tmp_path / "model.py").read_text(encoding="utf-8")
    assert_calm(source)
    tree = ast.parse(source)
    assert "MARK" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_onnx(say, folder, tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    say("export", folder / "classes.safetensors", "--to", "onnx", "-o", "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    said = {one.key: one.value for one in model.metadata_props}
    assert tuple(json.loads(said["classes"])) == OF_CELLS
    assert_calm(model.doc_string)


@pytest.mark.parametrize("ending", ["txt", "md", "html"])
def test_explanation(say, folder, tmp_path, ending):
    model, file = folder / "classes.safetensors", f"said.{ending}"
    say("explain", model, folder / "table.csv", "--target", "kind", "--weight", "1,0,0", "-o", file)
    text = (tmp_path / file).read_text(encoding="utf-8")
    {"txt": assert_calm, "md": assert_markdown, "html": assert_page}[ending](text)


def test_explanation_on_a_terminal(say, folder, monkeypatch):
    arguments = ("explain", folder / "classes.safetensors", folder / "table.csv", "--target", "kind")
    assert_calm(say(*arguments).out)
    json.loads(say(*arguments, "--json").out)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = say(*arguments).out
    assert_calm(re.sub("\x1b\\[[0-9;]*m", "", coloured))
    say(*arguments, "--figure", "said.png")


@pytest.fixture(scope="module")
def derived():
    """The derivation of a network whose activations have names as of strangers."""
    from chainrule.derivation.network import derive

    own = [Activation.from_formula(FORMULA, name=name) for name in FUNCTIONS]
    return derive(Network([1] * (len(own) + 1) + [2], hidden=own, seed=0))


@pytest.mark.parametrize("form", ["text", "latex", "markdown", "html"])
def test_derivation(derived, form):
    check = {"text": assert_calm, "latex": assert_latex, "markdown": assert_markdown, "html": assert_page}
    text = derived.in_format(form)
    check[form](text)
    if form in ("markdown", "html"):
        shown = text if form == "html" else assert_markdown(text).text
        assert visible(FUNCTIONS[0]) in (assert_page(shown).text if form == "html" else shown)


@pytest.fixture(scope="module")
def run_of_strangers(tmp_path_factory):
    """A run in a folder with such a name, of a file with such a name, with such columns and classes."""
    from chainrule.cli.train import train

    place = tmp_path_factory.mktemp("runs")
    data = place / "-x; touch MARK $(touch MARK) \x1b[31m<script>MARK\n.csv"
    names = [name for name in OF_CELLS if name and not re.fullmatch(r"[-+]?[\d.e-]+", name)]
    rng = np.random.default_rng(0)
    with data.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([r"\input{MARK}", "[/s]", "=MARK", "<script>MARK</script>", "kind"])
        out.writerows([*rng.normal(size=4), names[i % 8 * 6]] for i in range(80))
    run = place / "-run $(touch MARK) \x1b[31m[red]\n<script>_"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        arguments = ["--epochs", "2", "--no-progress", "--checkpoint-seconds", "0.001", "--run", str(run)]
        train.main(["--", f"./{data.name}"][1:] + arguments, standalone_mode=False)
    return run


def test_report(say, run_of_strangers, tmp_path):
    say("report", run_of_strangers, "-o", "report.html")
    page = assert_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "chainrule train" in page.text


def test_comparison(say, run_of_strangers, tmp_path):
    other = tmp_path / "_$other$\x1b[31m"
    shutil.copytree(run_of_strangers, other)
    done = say("compare", run_of_strangers, other, "--html", "page.html", "--figure", "all.png")
    assert_calm(done.out)
    assert r"\x1b[31m[red]\n<script>_" in done.out
    assert_page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert_calm(say("compare", run_of_strangers, other, "--json").out)


def commands_of(text):
    """What follows `chainrule` on lines that tell which command to write."""
    return re.findall(r"(chainrule (?:train|report|tune|evaluate|explain) .*?)(?:\.?)$", text, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash reads the line")
def test_commands_can_be_copied(say, run_of_strangers):
    done = say("compare", run_of_strangers, code=1)
    [line] = commands_of(done.err)
    said = subprocess.run(
        ["bash", "-c", rf"printf '%s\0' {line}"], capture_output=True, text=True, check=True
    )
    assert said.stdout.split("\0")[:-1] == ["chainrule", "report", str(run_of_strangers)]


def test_a_command_of_visible_names_is_posix(say):
    done = say("compare", "a b; touch $MARK", code=1)
    [line] = commands_of(done.err)
    assert shlex.split(line) == ["chainrule", "report", "a b; touch $MARK"]


@pytest.mark.parametrize("name", NAMES, ids=[*HOSTILE, *PLAIN])
def test_errors_name_files_that_are_not_there(say, name):
    if "\0" in name:
        pytest.skip("no argument of a process has a NUL")
    for arguments in (["evaluate", f"./{name}"], ["report", f"./{name}"], ["predict", f"./{name}", "x.csv"]):
        done = say(*arguments, code=1)
        assert done.err.count("\n") == 1
    say("evaluate", "a", "b", f"x{name}", code=2)
    say(f"x{name}", code=2)
