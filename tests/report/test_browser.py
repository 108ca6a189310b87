"""A real browser shows the page whole: in a wide window, and in one as narrow as a phone's."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from chainrule.report.comparison import comparison
from chainrule.report.folder import open_run
from chainrule.report.page import report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

PROBE = """<script>addEventListener("load", () => {
  const frame = document.createElement("iframe"); document.title = "?";
  frame.style.cssText = "width:WIDTHpx;height:900px;border:0";
  frame.srcdoc = document.getElementById("held").textContent;
  frame.onload = () => { const d = frame.contentDocument;
    const box = (e) => e.getBoundingClientRect();
    const shown = [...d.querySelectorAll("figure[id]")].every((f) => box(f).height > 20);
    const set = [...d.querySelectorAll(".equation math")].every((m) => box(m).height > 8);
    const target = d.querySelector(d.querySelector(".equations a").getAttribute("href")) !== null;
    document.title = [d.documentElement.scrollWidth, shown, set, target].join(","); };
  document.body.append(frame); });</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def probed(page, width, folder):
    """What a frame of that width shows: its scroll width, whether figures and equations have a size."""
    held = page.replace("</", "<\\/")
    (folder / "probe.html").write_text(
        f'<!doctype html><meta charset="utf-8"><body><script type="text/plain" id="held">{held}</script>'
        + PROBE.replace("WIDTH", str(width)).replace(
            'getElementById("held").textContent',
            'getElementById("held").textContent.replaceAll("<\\\\/", "</")',
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000", "--dump-dom",
         (folder / "probe.html").as_uri()],
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    width, *rest = re.search(r"<title>([^<]*)</title>", done.stdout)[1].split(",")
    return int(width), rest


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("kind", ["digits", "several", "kinds", "both"])
def test_nothing_is_wider_than_the_window(kind, width, request, tmp_path, digits, run_of):
    if kind == "both":
        page = comparison([open_run(digits, with_data=False)] * 3)
    else:
        page = report(open_run(request.getfixturevalue(kind)))
    assert probed(page, width, tmp_path) == (width, ["true", "true", "true"])
