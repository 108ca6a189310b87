"""Reads a page as a browser would: every element closed, every anchor, every link, every address."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.ids, self.links, self.sources, self.figures, self.tags = [], [], [], {}, []
        self.math, self.words, self._open, self._figure, self._equation = {}, [], [], None, None
        self.feed(text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "figure" and "id" in found:  # one within another has none
            self._figure = found["id"]
            self.figures[self._figure] = []
        if (found.get("class") or "") == "equation":
            self._equation = found["id"]
            self.math[self._equation] = 0
        if tag == "math" and self._equation:
            self.math[self._equation] += 1
        if "href" in found:
            self.links.append(found["href"])
            if self._figure:
                self.figures[self._figure].append(found["href"])
        self.sources += [found[name] for name in ("src", "srcset", "data", "xlink:href") if name in found]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.words.append(f"{data} ")

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def checked(text):
    """The page, which must be well-formed, hold all it needs, and link within itself alone."""
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert "script" not in page.tags
    assert "iframe" not in page.tags
    outside = text.replace("http://www.w3.org/1998/Math/MathML", "").replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in outside
    assert "https://" not in outside
    assert "@import" not in text
    assert text.count("url(") == text.count('url("data:font/woff2;base64,') == 1
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    for name, links in page.figures.items():
        equations = [link[1:] for link in links if link.startswith("#eq-")]
        assert equations, f"{name} links to no equation"
        assert all(page.math[equation] == 1 for equation in equations)
    return page
