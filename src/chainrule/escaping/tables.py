"""Text in the cells of a table that people may open in a program for spreadsheets.

Such a program takes a cell that begins with =, +, - or @ as a formula, in quotation marks or not. OWASP's
advice (CSV Injection) is an apostrophe in front of it; `csv_value` takes it away.
"""

from __future__ import annotations

import re

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula, in both widths in which East Asian keyboards write it."""

FORMULA = re.compile(rf"'*\s*[{re.escape(SIGNS)}]|'*[\t\r\n]")
"""How a cell begins that may be a formula; also behind apostrophes, so that `csv_value` undoes `csv_cell`."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

DIVIDED = re.compile("""[",;'\t\r\n]|^\\s|\\s$""")


def csv_cell(text: str) -> str:
    """A text as a cell that is no formula; numbers stay as they are."""
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def csv_value(cell: str) -> str:
    """The text of a cell that `csv_cell` made."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell


def csv_field(text: str) -> str:
    """A cell as it stands in a line: in quotation marks (RFC 4180) where some program would divide it."""
    cell = csv_cell(text)
    return '"' + cell.replace('"', '""') + '"' if DIVIDED.search(cell) else cell
