"""Draw the pictures of docs/report.md: two runs on digits, their reports, photographed by Chromium.

    python benchmarks/report_pictures.py [--figures docs/figures]

Needs Chromium (Debian: ``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSER = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> None:
    """Train, report, photograph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, default=Path("docs/figures"))
    figures = parser.parse_args().figures
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = report(folder, "plain", "--epochs", "20")
        photograph(page, figures / "report.png", 1000, 1500, folder)
        page = report(folder, "deep", "--layers", "20-20-20-20-20", "--epochs", "20")
        alone = folder / "gradients.html"
        alone.write_text(only_gradients(page.read_text(encoding="utf-8")), encoding="utf-8")
        photograph(alone, figures / "vanishing.png", 1000, 640, folder)


def report(folder: Path, name: str, *options: str) -> Path:
    """Train on digits and write the report."""
    command = [sys.executable, "-m", "chainrule"]
    run = folder / name
    subprocess.run([*command, "train", *options, "--run", str(run)], check=True)
    subprocess.run([*command, "report", str(run)], check=True)
    return run / "report.html"


def only_gradients(page: str) -> str:
    """The page with its section of gradients alone."""
    start, end = (
        page.index('<section id="gradients">'),
        page.index("</section>", page.index('id="gradients"')),
    )
    head = page[: page.index("<h1>")]
    return f"{head}{page[start:end]}</section></main></body></html>"


def photograph(page: Path, picture: Path, width: int, height: int, folder: Path) -> None:
    """Write a picture of the upper part of a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium must be installed; there is none on the path.")
    subprocess.run(
        [browser, *BROWSER, f"--user-data-dir={folder / 'profile'}", f"--screenshot={picture.resolve()}",
         f"--window-size={width},{height}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip
    print(f"{picture}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
