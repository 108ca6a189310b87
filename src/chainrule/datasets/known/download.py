"""Download one file over HTTP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chainrule.about import VERSION
from chainrule.errors import DataError
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from http.client import HTTPResponse

TIMEOUT = 30.0
"""Seconds without an answer after which a server is given up."""

_CHUNK = 1 << 16


def download(url: str, most: int) -> bytes:
    """Return the content at a URL; a line on the terminal shows how far it is.

    Raises:
        DataError: no connection, no such file, or more than ``most`` bytes.
    """
    import http.client
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": f"chainrule/{VERSION}"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return _body(response, url, most)
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"{url} must be downloadable; got {error}. Check the connection to the network."
        ) from error


def _body(response: HTTPResponse, url: str, most: int) -> bytes:
    announced, content = response.headers.get("Content-Length", ""), bytearray()
    total = int(announced) if announced.isdecimal() else 0
    try:
        while chunk := response.read(_CHUNK):
            content += chunk
            if len(content) > most:
                raise DataError(f"{url} must have at most {most} bytes; got more. Try again later.")
            _show(url, len(content), total)
    finally:
        _show_end()
    if len(content) < total:
        raise DataError(f"{url} must have {total} bytes; got only {len(content)}. Try again.")
    return bytes(content)


def _show(url: str, received: int, total: int) -> None:
    if is_terminal(sys.stderr):
        share = f"{100 * received // total} %" if total else f"{received / 1e6:.1f} MB"
        print(f"\rDownloading {url}: {share}", end="", file=sys.stderr, flush=True)


def _show_end() -> None:
    if is_terminal(sys.stderr):
        print(file=sys.stderr)
