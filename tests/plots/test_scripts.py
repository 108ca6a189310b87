"""Names in any script are drawn without a warning: by a font that is there, or escaped."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from chainrule import plots
from chainrule.evaluation import evaluate
from chainrule.plots import fonts
from chainrule.plots.style import shorten
from tests.plots.figures import HISTORY, assert_nothing_cut_off, texts

NAMES = (
    "猫と犬",
    "قط أليف",
    "고양이",
    "हिन्दी ไทย",
    "😀 \ue000 \udcff",
    "$x$ \\foo",
    "_hidden",
    "a\u202eb\x1b[31m",
)
RNG = np.random.default_rng(0)
K, N = len(NAMES), 60
LABELS, P = RNG.integers(K, size=N), RNG.dirichlet(np.ones(K), size=N)


@pytest.fixture
def only_the_usual_font(monkeypatch):
    fonts._family.cache_clear()
    monkeypatch.setattr(fontManager, "ttflist", [])
    yield
    fonts._family.cache_clear()


def figures():
    several = RNG.integers(2, size=(N, K))
    yield plots.confusion(evaluate(LABELS, P, loss=1.0, classes=NAMES))
    yield plots.confusion(evaluate(several, P, loss=1.0, classes=NAMES, multi_label=True))
    for y, multi_label in ((LABELS, False), (several, True)):
        yield plots.mistakes(RNG.random((N, 16)), y, P, NAMES, shape=(4, 4), multi_label=multi_label)
        yield plots.mistakes(RNG.random((N, 16)), y, P, NAMES, shape=None, multi_label=multi_label)
    yield plots.several(dict.fromkeys(NAMES, HISTORY))
    x = np.linspace(-1, 1, K)
    yield plots.sample(x, x, P[0], np.eye(K)[0], NAMES, shape=(2, 4), title=f"{NAMES[0]}\n{NAMES[5]}")


def test_every_figure_draws_every_script():
    """A glyph that is missing is a warning, and warnings are errors here."""
    for figure in figures():
        assert_nothing_cut_off(figure)


@pytest.mark.usefixtures("only_the_usual_font")
def test_what_no_font_can_draw_is_escaped():
    assert fonts.drawable("ab 猫") == "ab \\u732b"
    assert fonts.drawable("\udcff\x1b\ue000") == "\\udcff\\x1b\\ue000"
    assert shorten("猫" * 40, 24) == "\\u732b\\u732b…u732b\\u732b"
    for figure in figures():
        assert_nothing_cut_off(figure)
        assert "\ue000" not in "".join(texts(figure))


def test_what_the_usual_font_draws_stays_as_it_is():
    assert fonts.drawable("Größe → قط é") == "Größe → قط é"
    assert fonts.families(["Größe"]) == ["sans-serif"]


def test_what_would_turn_the_text_around_is_escaped():
    assert fonts.drawable("a\u202eb\u2066") == "a\\u202eb\\u2066"


def test_another_font_helps_out():
    """One that comes with matplotlib has characters that the usual one has not."""
    usual = get_font(findfont(FontProperties())).get_charmap()
    other = next(font for font in fontManager.ttflist if font.name == "STIXGeneral" and font.weight == 400)
    character = chr(max(set(get_font(other.fname).get_charmap()) - set(usual)))
    assert fonts.drawable(character) == character
    found = fonts.families([f"a{character}"])
    assert (found[0], len(found)) == ("sans-serif", 2)
    assert ord(character) in get_font(findfont(FontProperties(family=found[1]))).get_charmap()
    (axes,) = plots.confusion(evaluate([0, 1], np.eye(2), loss=0.0, classes=["a", character])).axes[:1]
    assert found[1] in axes.get_yticklabels()[1].get_fontfamily()
