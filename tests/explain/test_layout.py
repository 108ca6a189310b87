"""An explanation as text, Markdown and HTML says what the numbers are, and fits where it is shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule import Network, datasets
from chainrule.explain.blocks import (
    Equation,
    Line,
    Picture,
    Pictures,
    Table,
    added,
    at,
    factor,
    number,
    percent,
)
from chainrule.explain.layout import lines, plain
from chainrule.explain.pictures import css, rows, scaled, shade_of
from tests.explain.test_explanation import HEADS, explained

VALUE = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"


def evaluated(expression):
    """The value of printed sums and products of numbers; whatever is said in words is left out."""
    expression = re.sub(r" \(the other [^()]*\)", "", expression.replace("−", "-").replace("·", "*"))
    assert re.fullmatch(r"[-+*()\d.e ]+", expression), expression
    return eval(expression, {})


def equations(e):
    return [block for block in e.blocks() if isinstance(block, Equation)]


def printed(explanation, name):
    """The steps of the equation for ``name``, such as z^1_3."""
    (steps,) = [block.steps for block in equations(explanation) if block.left == name]
    return [step.replace("\u00a0", " ") for step in steps]


@pytest.mark.parametrize("layers", [(5, 7, 6, 4), (40, 30, 20, 4), (3, 14, 13)], ids=str)
@pytest.mark.parametrize("output", HEADS)
def test_every_printed_sum_is_what_it_says(output, layers):
    """The numbers put in, evaluated, are the number that comes out, to the digits shown."""
    _, _, _, e = explained(layers, output=output)
    found = 0
    for block in equations(e):
        if not re.fullmatch(r"[zδ]\^\d_\{?\d+\}?", block.left):
            continue
        numbers = [step.replace("\u00a0", " ") for step in block.steps if not re.search(r"[Wazδσφ]\^", step)]
        assert re.fullmatch(VALUE, numbers[-1])
        size = max(1, *(abs(float(v)) for v in re.findall(VALUE, numbers[0])))
        for step in numbers[:-1]:
            assert evaluated(step) == pytest.approx(float(numbers[-1]), rel=1e-3, abs=4e-4 * size), block
        found += len(numbers) > 1
    assert found >= 10


def test_small_layers_are_listed_whole():
    _, _, _, e = explained()
    lefts = {block.left for block in equations(e)}
    for L, n in ((1, 7), (2, 6), (3, 4)):
        assert {f"z^{L}_{j}" for j in range(1, n + 1)} <= lefts
        assert {f"δ^{L}_{j}" for j in range(1, n + 1)} <= lefts
        assert L == 3 or {f"a^{L}_{j}" for j in range(1, n + 1)} <= lefts
        assert f"z^{L}_0" not in lefts
    assert not [block for block in e.blocks() if isinstance(block, Line) and " of " in block.text][2:]
    dW = {row[1]: row[2:] for row in table(e, "∂J/∂b^2_j").rows[1:]}
    for j, row in enumerate(e.dW[2]):
        delta, db, *entries = dW[str(j + 1)]
        assert (float(delta), float(db)) == pytest.approx((e.delta[2][j], e.db[2][j]), rel=1e-4)
        assert [text.removeprefix("≈ ") for text in entries] == list(map(number, row))


def table(e, head):
    (found,) = [block for block in e.blocks() if isinstance(block, Table) and head in block.head]
    return found


def test_of_wide_layers_the_largest_are_shown_with_their_share():
    _, _, _, e = explained((40, 30, 4))
    order = np.argsort(-np.abs(e.delta[1]))[:5]
    lefts = [block.left for block in equations(e) if re.fullmatch(r"δ\^1_\{?\d+\}?", block.left)]
    assert lefts == [f"δ^1{at(int(j))}" for j in order]
    share = 100 * np.abs(e.delta[1][order]).sum() / np.abs(e.delta[1]).sum()
    text = " ".join(e.to_text().replace("\n", " ").split())
    assert f"5 of 30 neurons, those with the largest |δ^1_j|: {share:.3g} % of Σ_j |δ^1_j|." in text


def test_a_long_sum_says_what_it_leaves_out():
    _, _, _, e = explained((40, 30, 4))
    j = int(np.argmax(np.abs(e.delta[1])))
    symbols, numbers, value = printed(e, f"z^1{at(j)}")
    terms = e.terms(1, j)
    order = np.argsort(-np.abs(terms))[:4]
    assert symbols == " + ".join([*(f"W^1{at(j, k)} a^0{at(k)}" for k in order.tolist()), "…", f"b^1{at(j)}"])
    rest = np.delete(terms, order).sum()
    left = 100 * np.abs(np.delete(terms, order)).sum() / np.abs(terms).sum()
    assert f"{number(abs(rest))[:6]}" in numbers
    assert f"(the other 36 terms, {left:.3g} % of Σ|W a|)" in numbers
    assert value == number(e.z[1][j])


def test_dead_neurons_are_counted():
    network = Network([20, 30, 3], hidden="relu", seed=1)
    e = network.explain(np.linspace(-1, 1, 20), 2)
    dead = int((e.z[1] <= 0).sum())
    assert 0 < dead < 30
    assert f"φ'(z^1_j) is 0 for {dead} of 30" in " ".join(str(e).split())


@pytest.mark.parametrize("tag", ["F1", "F2", "B2", "B3", "B4"])
@pytest.mark.parametrize(
    ("output", "own"), [("softmax", "H1 H2 B1"), ("sigmoid", "H3 H4 B1"), ("quadratic", "H3 Q1 Q2")]
)
def test_equations_are_tagged(output, own, tag):
    _, _, _, e = explained(output=output)
    tags = {block.tag for block in equations(e)}
    assert tag in tags
    assert {t for t in tags if t[0] in "HQ" or t == "B1"} == set(own.split())


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("layers", [(5, 7, 6, 4), (40, 30, 20, 4), (12, 12, 12)], ids=str)
def test_no_line_is_too_long(layers, width):
    _, _, _, e = explained(layers)
    for part in (e, e.weight(2, 0, 3), e.bias(1, 2)):
        text = part.to_text(width)
        assert max(map(len, text.splitlines())) <= width
        assert text.splitlines() == [line.rstrip() for line in text.splitlines()]
        assert "\u00a0" not in text


def test_colour_changes_no_word():
    _, _, _, e = explained()
    coloured = ["".join(text for text, _ in line).rstrip() for line in lines(e.blocks(), 100, colour=True)]
    assert "\n".join(coloured) == e.to_text(100)


def test_a_wide_table_is_broken_and_loses_nothing():
    cells = [f"{row}.{column}" for row in range(3) for column in range(20)]
    block = Table(
        ("j", *(f"k{c}" for c in range(20))), tuple((f"j{r}", *cells[20 * r : 20 * r + 20]) for r in range(3))
    )
    text = plain([block], 40)
    assert sorted(word for word in text.split() if "." in word) == sorted(cells)
    assert text.split().count("j1") == text.split().count("j2") > 1
    assert max(map(len, text.splitlines())) <= 40


@pytest.fixture(scope="module")
def digit():
    train, test = datasets.load("digits")
    network = Network([64, 15, 10], seed=0, dtype="float32")
    network.fit(train, epochs=1, progress=False)
    return network.explain(test.X[3], test.y[3], sample="a <digit>")


def test_a_picture_is_shown_with_the_sign_of_its_gradient(digit):
    drawn = str(digit).splitlines()
    (start,) = [k for k, line in enumerate(drawn) if "input gradient" in line and "input a^0" in line]
    gradient = digit.d_a[0].reshape(8, 8)
    shares = np.abs(gradient) / np.abs(gradient).max()
    column = drawn[start].index("input gradient")
    for line, values, sizes in zip(drawn[start + 1 :], gradient, shares, strict=False):
        pixels = line.ljust(column + 16)[column : column + 16]
        for place, (value, size) in enumerate(zip(values, sizes, strict=True)):
            sign, shade = pixels[2 * place : 2 * place + 2]
            assert shade == " ░▒▓█"[round(4 * float(size))]
            assert sign == (" " if shade == " " else "+" if value > 0 else "-")


SIGNED = Picture("p", np.array([[0.0, 2.0, -1.0], [-2.0, 1.0, 0.0], [0.0, 0.0, 2.0]]), signed=True)


def test_colours_say_the_sign():
    _, small = rows(SIGNED, 80, colour=True)
    styles = [[style for _, style in line] for line in small]
    assert [len(line) for line in small] == [3, 3, 3]
    assert styles[0][0] == styles[1][2] == "on rgb(255,255,255)"
    assert styles[0][1] == "on rgb(178,24,43)"
    assert styles[1][0] == "on rgb(33,102,172)"


def test_half_blocks_hold_two_rows():
    _, drawn = rows(SIGNED, 5, colour=True)
    assert ["".join(text for text, _ in line) for line in drawn] == ["▀▀▀", "▀▀▀"]
    assert drawn[0][1][1] == f"rgb(178,24,43) on {css(shade_of(0.5, signed=True))}"
    assert drawn[1][2] == ("▀", "rgb(178,24,43)")


def test_pictures_too_wide_are_thinned_and_say_so():
    title, drawn = rows(Picture("p", np.eye(50), signed=False), 40, colour=False)
    assert title == "p (every 3. pixel)"
    assert max(len(line[0][0]) for line in drawn) <= 40
    text = plain([Pictures((Picture("p", np.eye(50), signed=False),) * 2)], 50)
    assert max(map(len, text.splitlines())) <= 50


def test_scaled_pictures():
    np.testing.assert_allclose(scaled(SIGNED), SIGNED.values / 2)
    np.testing.assert_allclose(scaled(SIGNED._replace(signed=False)), (SIGNED.values + 2) / 4)
    assert not scaled(Picture("p", np.zeros((2, 2)), signed=True)).any()
    assert not scaled(Picture("p", np.ones((2, 2)), signed=False)).any()


class Reader(HTMLParser):
    """Counts tags, checks that they close in order, and collects the text."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("br", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_well_formed_and_says_the_same(digit):
    reader = Reader()
    reader.feed(digit._repr_html_() + digit.weight(1, 2, 20)._repr_html_())
    assert not reader.open
    words = " ".join("".join(reader.text).split())
    assert "a <digit>" in words
    for word in (number(digit.delta[2][4]), "Forward, layer 1", "input gradient"):
        assert word in words
    assert len([tag for tag, _ in reader.seen if tag == "svg"]) == 2
    pixels = [attrs for tag, attrs in reader.seen if tag == "rect" and "x" in attrs]
    assert len(pixels) == np.count_nonzero(digit.x) + np.count_nonzero(digit.d_a[0])


def test_markdown_has_tables_of_one_width(digit):
    text = digit.to_markdown() + digit.weight(1, 2, 20).to_markdown()
    assert "\n## Backward, layer 1: sigmoid\n" in text
    tables = re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE)
    assert len(tables) >= 5
    for found in tables:
        widths = {len(re.split(r"(?<!\\)\|", line)) for line in found.splitlines()}
        assert len(widths) == 1
        assert re.fullmatch(r"\|( ---:? \|)+", found.splitlines()[1])
    assert text.count("```") == 2


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (number(-0.0), "0"),
        (number(1 / 3), "0.33333"),
        (factor(-2), "(-2)"),
        (added(["1·2", "-3·4", "5"]).replace("\u00a0", " "), "1·2 − 3·4 + 5"),
        (percent(1.0).replace("\u00a0", " "), "100 %"),
        (percent(0.99999).replace("\u00a0", " "), "99.9 %"),
        (percent(0.5).replace("\u00a0", " "), "50 %"),
    ],
)
def test_words_for_numbers(found, said):
    assert found == said
