"""Every HTML page has the same frame, style and font, and asks for nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import chainrule
from chainrule import Network, derive, diagnose
from chainrule.explain.markup import page as explained
from chainrule.pages.page import STYLE, page, piece
from chainrule.report.parts import Section
from chainrule.report.parts import page as reported

SOURCE = Path(chainrule.__file__).parent


def an_explanation():
    e = Network([2, 2, 2], seed=0).explain([0.5, -1], 1)
    return explained("One sample", [*e.blocks(), *e.weight(1, 0, 1).blocks()])


def a_diagnosis():
    def gradients(weights, biases, x, y):
        raise ValueError("not done")

    return diagnose(gradients).to_html()


def a_report():
    return reported("A run", "lead", [], [], [Section("s", "S", "<p>body</p>")])


PAGES = {
    "explain": an_explanation,
    "derive": lambda: derive(Network([2, 2, 2], seed=0)).to_html(),
    "diagnose": a_diagnosis,
    "report and compare": a_report,
}


class Seen(HTMLParser):
    """The tags of a page, and the addresses in it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.meta = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.sources += [found[name] for name in ("src", "href") if name in found]
        if tag == "meta":
            self.meta[found.get("name", "charset")] = found.get("content", found.get("charset"))


@pytest.mark.parametrize("name", PAGES)
def test_one_look(name):
    text = PAGES[name]()
    seen = Seen(text)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert seen.meta == {
        "charset": "utf-8",
        "viewport": "width=device-width, initial-scale=1",
        "color-scheme": "light dark",
    }
    assert text.count(STYLE) == 1
    assert text.count("@media (prefers-color-scheme: dark)") >= 2
    assert text.count("font/woff2;base64,") == 1
    assert [found["class"].split()[0] for tag, found in seen.tags if tag == "main"] == ["chainrule"]
    assert [tag for tag, _ in seen.tags].count("h1") == 1
    assert not {"script", "link", "iframe"} & {tag for tag, _ in seen.tags}
    assert all(address.startswith(("#", "data:")) for address in seen.sources)
    assert re.findall(r"url\((?!\"?data:)", text) == []
    if name not in ("diagnose", "report and compare"):
        assert "<math" in text


def test_the_style_stands_in_one_place():
    assert [path.parent.name for path in SOURCE.rglob("*.css")] == ["pages"]
    holding = [
        path for path in SOURCE.rglob("*.py") if re.search(r"<style|<!doctype", path.read_text("utf-8"), re.I)
    ]
    assert [path.parent.name for path in holding] == ["pages"]


def test_the_font_has_its_licence_beside_it():
    fonts = SOURCE / "pages" / "fonts"
    assert "GUST Font License" in (fonts / "LICENSE.txt").read_text("utf-8")
    assert "TeX Gyre Pagella Math" in (fonts / "README.md").read_text("utf-8")
    assert (fonts / "math.woff2").read_bytes()[:4] == b"wOF2"


def test_a_notebook_gets_the_style_without_the_font():
    shown = piece("explanation", "<p>x</p>")
    assert STYLE in shown
    assert "woff2" not in shown
    assert "<html" not in shown
    assert shown in page("t", "explanation", "<p>x</p>")


def test_a_title_is_escaped():
    assert "<title>&lt;b&gt;</title>" in page("<b>", "report", "")
