"""The checker of links finds what is broken and lets the rest be."""

from __future__ import annotations

import pytest

pytest.importorskip("sphinx", reason="needs the group 'docs'")

from links import broken

GOOD = (
    '<a href="sub/b.html#there">in</a> <a href="#here">here</a> <p id="here"></p>'
    ' <a href="style.css">file</a>'
    ' <a href="https://example.org/x?y#z">out</a> <img src="data:image/png;base64,AA">'
    ' <link rel="canonical" href="https://example.org/">'
)


@pytest.fixture
def site(tmp_path):
    """A site of two pages and a style sheet, with nothing broken."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "sub/b.html").write_text(
        '<h1 id="there">B</h1><a href="../a.html">back</a>', encoding="utf-8"
    )
    (tmp_path / "style.css").write_text('@font-face { src: url("font.woff2") }', encoding="utf-8")
    return tmp_path


def test_a_good_site(site):
    assert list(broken(site)) == []


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ('<a href="missing.html">', "leads to no file"),
        ('<a href="sub/b.html#nowhere">', "leads to no anchor"),
        ('<a href="#nowhere">', "leads to no anchor"),
        ('<a href="sub/">', "leads to no file"),
        ('<a href="../outside.html">', "leads to no file"),
        ('<img src="missing.png">', "leads to no file"),
        ('<script src="https://example.org/x.js"></script>', "is loaded from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "is loaded from elsewhere"),
        ('<img src="https://example.org/x.png">', "is loaded from elsewhere"),
        ('<a href="http://example.org">', "is not a well-formed https address"),
        ('<a href="https://example">', "is not a well-formed https address"),
        ('<a href="https://example.org/a b">', "is not a well-formed https address"),
        ('<a href="javascript:alert(1)">', "is not a well-formed https address"),
    ],
)
def test_a_planted_link_is_found(site, html, why):
    with (site / "a.html").open("a", encoding="utf-8") as page:
        page.write(html)
    assert [line.split("' ")[-1] for line in broken(site)] == [why]


def test_a_font_from_elsewhere_is_found(site):
    (site / "style.css").write_text("x { src: url(https://example.org/f.woff2) }", encoding="utf-8")
    assert [line.split("' ")[-1] for line in broken(site)] == ["is loaded from elsewhere"]
