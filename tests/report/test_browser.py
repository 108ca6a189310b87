"""A real browser shows the page whole: in a wide window, and in one as narrow as a phone's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from chainrule.report.comparison import comparison
from chainrule.report.page import report
from chainrule.runs.reading import open_run
from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

PROBE = """<script>addEventListener("load", () => {
  const frame = document.createElement("iframe"); document.title = "?";
  frame.style.cssText = "width:WIDTHpx;height:900px;border:0";
  frame.srcdoc = HELD;
  frame.onload = () => { const d = frame.contentDocument;
    const box = (e) => e.getBoundingClientRect();
    const shown = [...d.querySelectorAll("figure[id]")].every((f) => box(f).height > 20);
    const set = [...d.querySelectorAll(".equation math")].every((m) => box(m).height > 8);
    const target = d.querySelector(d.querySelector(".equations a").getAttribute("href")) !== null;
    const root = d.documentElement;
    document.title = [root.scrollWidth - root.clientWidth, shown, set, target].join(","); };
  document.body.append(frame); });</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def probed(page, width, folder):
    """By how much the page is too wide for a frame, and whether its figures and equations have a size."""
    held = json.dumps(page).replace("</", "<\\/")
    probe = PROBE.replace("WIDTH", str(width)).replace("HELD", held)
    text = f'<!doctype html><meta charset="utf-8"><body>{probe}'
    (folder / "probe.html").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom",
         "--virtual-time-budget=8000", (folder / "probe.html").as_uri()],
        capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True,
    )  # fmt: skip
    over, *rest = re.search(r"<title>([^<]*)</title>", done.stdout)[1].split(",")
    return int(over), rest


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("kind", ["digits", "several", "kinds", "both"])
def test_nothing_is_wider_than_the_window(kind, width, request, tmp_path, digits, run_of):
    if kind == "both":
        page = comparison([open_run(digits, with_data=False)] * 3)
    else:
        page = report(open_run(request.getfixturevalue(kind)))
    assert probed(page, width, tmp_path) == (0, ["true", "true", "true"])
