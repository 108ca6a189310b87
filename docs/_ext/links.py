"""After the build: every link and anchor inside the site leads somewhere, and nothing comes from elsewhere.

Addresses on other sites are not fetched; they must be https and well formed. A page may link to them, and
must load nothing from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

LOADING = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
SEEN_BY_MACHINES = {"search", "genindex", "next", "prev", "index", "canonical", "alternate"}


class Page(NamedTuple):
    """What a page offers and what it asks for: (address, whether it is loaded with the page)."""

    anchors: set[str]
    links: list[tuple[str, bool]]


class Reader(HTMLParser):
    """Collects anchors and links of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page({"", "top"}, [])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what this tag offers and asks for."""
        found = dict(attributes)
        self.page.anchors.update(found[key] or "" for key in ("id", "name") if key in found)
        loads = tag in LOADING and not set((found.get("rel") or "").split()) & SEEN_BY_MACHINES
        address = found.get(LOADING.get(tag, "href"))
        if address is not None:
            self.page.links.append((address, loads))


def read(path: Path) -> Page:
    """The anchors and links of a page."""
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def broken(site: Path) -> Iterator[str]:
    """A line for each link of the site that is broken, malformed, or loads something from elsewhere."""
    site = site.resolve()
    pages = {path: read(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for address, loads in page.links:
            why = _trouble(address, loads, path, site, pages)
            if why:
                yield f"{path.relative_to(site).as_posix()}: {address!r} {why}"
    for path in sorted(site.rglob("*.css")):
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)", path.read_text(encoding="utf-8")):
            if re.match(r"(https?:)?//", address):
                yield f"{path.relative_to(site).as_posix()}: {address!r} is loaded from elsewhere"


def _trouble(address: str, loads: bool, path: Path, site: Path, pages: dict[Path, Page]) -> str:
    """Why a link is not good; empty if it is."""
    parts = urlsplit(address)
    if parts.scheme == "data" and loads:
        return ""
    if parts.scheme or parts.netloc:
        if loads:
            return "is loaded from elsewhere"
        good = parts.scheme == "https" and re.fullmatch(r"[\w.-]+\.[a-z]{2,}", parts.netloc)
        return "" if good and not re.search(r"\s", address) else "is not a well-formed https address"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_relative_to(site) or not target.is_file():
        return "leads to no file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "leads to no anchor"
    return ""


def check(app: Sphinx, failure: Exception | None) -> None:
    """Warn of every broken link; with -W the build fails."""
    if failure is None and app.builder.format == "html":
        for line in broken(Path(app.outdir)):
            logging.getLogger(__name__).warning("broken link: %s", line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Check when the build is finished."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
