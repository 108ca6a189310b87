"""Pages are built from code that runs; what fails on a page fails the build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs the group 'docs'")

EXTENSIONS = Path(__file__).parents[2] / "docs/_ext"
SETTINGS = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_parser", "formulas", "sessions", "pictures", "steps", "links"]
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
html_theme = "basic"
suppress_warnings = ["ref.ref"]
"""


@pytest.fixture
def build(tmp_path):
    """Build a page and return the exit code, the HTML and the warnings."""

    def run(page):
        (tmp_path / "conf.py").write_text(SETTINGS, encoding="utf-8")
        (tmp_path / "index.md").write_text(f"# Page\n\n{page}\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            str(tmp_path),
            str(tmp_path / "out"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        html = tmp_path / "out/index.html"
        return done.returncode, html.read_text(encoding="utf-8") if html.exists() else "", done.stderr

    return run


GOOD = """\
```{run}
x = 6 * 7
print("six times seven is", x)
```

In the text: {value}`x / 4:.2f`, and {value}`-x`. A formula $-\\log a / b$, and so on.

```{command}
chainrule --version
```

```{plot} A line.
from matplotlib.figure import Figure
figure = Figure()
figure.subplots().plot([1, x])
```

```{picture} passes
```

```{steps} hidden-error
```

```{transposes} B2
```

````{answer}
Folded: {value}`x`.
````
"""


def test_what_is_shown_came_out(build):
    code, html, warnings = build(GOOD)
    assert code == 0, warnings
    text = re.sub(r"<[^>]+>", "", html)
    assert "six times seven is 42" in text
    assert "In the text: 10.50, and −42." in text
    assert "chainrule, version" in text
    assert re.search(r"13 steps, each of them checked by SymPy", text)
    assert html.count("<svg") == 2
    assert "currentColor" in html
    assert "<details" in html
    assert "#010203" not in html


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("```{run}\n1 / 0\n```", "ZeroDivisionError"),
        ("```{run}\nassert False, 'no'\n```", "AssertionError: no"),
        ("```{plot} A\nfigure = missing\n```", "NameError"),
        ("```{command}\nchainrule train --layers zero\n```", "ended with code 2"),
        ("```{command}\n:exit: 1\nchainrule --version\n```", "ended with code 0"),
        ("```{command}\nrm -r something\n```", "must begin with chainrule or python"),
        ("```{produced} missing.png\n:alt: None\n```", "there is no such file"),
        ("```{picture} nothing\n```", "a picture must be one of"),
        ("```{steps} nothing\n```", "steps must be one of"),
        ("```{transposes} Z9\n```", "a tag must be one of"),
        ("{value}`unknown`", "unknown"),
        ("[there](nowhere.md)", "nowhere"),
    ],
)
def test_what_fails_fails_the_build(build, page, message):
    code, _, warnings = build(page)
    assert code != 0
    assert message in warnings
