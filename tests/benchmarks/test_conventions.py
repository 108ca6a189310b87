"""Our side of every row of docs/conventions.md: what the page says, and what a row claims of itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.conventions.__main__ import SECTIONS, table
from benchmarks.conventions.base import OURS, Row, number

PAGE = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text(encoding="utf-8")
ROWS = [row for rows in SECTIONS.values() for row in rows]

EXPECTED = {
    "Slope of ReLU at z = 0": "0",
    "Slope of leaky ReLU (slope 0.01) at z = 0": "0.01",
    "Slope of ELU with α = 2 at z = 0": "2",
    "Slope of |z| at z = 0": "−1",
    "Slope of clip(z, −1, 1) at z = −1, 1": "0, 1",
    "Slope of hard swish at z = −3, 3": "0, 1.5",
    "Gradient of max where three arguments are equal": "0 (max(z, 0) at z = 0)",
    "Gradient of |W| where a weight is 0": "0",
    "Label smoothing ε: where the share goes": "ε/K for every class",
    "Mean of a loss with weights: divided by": "the sum of the weights",
    "The same weights of classes with one-hot targets": "the sum of the weights",
    "A sample to be ignored (weight 0, or an ignored class): the mean is over": "the samples that count",
    "Cross-entropy of a = (0.7, 0.2, 0.1) for the first class": "0.3567",
    "pos_weight = 5 at z = 2: loss of a positive; of a negative": "0.6346; 2.127",
    "First step of Adam at learning rate 1, for a gradient of 1; of 1e-8": "1, 0.5",
    "AdamW: what a step takes from a weight of 1 with gradient 0 (learning rate 1, decay 0.01)": "0.01",
    "A fall to a tenth after 5: the rates of the fifth, sixth and seventh epoch or step": "1, 0.1, 0.1",
    "Cosine over 4: the fourth rate, and those beyond the end": "0.1464, 0",
    "One cycle over 10 steps: rates from the ninth on": "–",
    "He's initial weights: standard deviation, in units of √(1/n)": "1.41",
    "Early stopping, patience 2: the validation loss falls from 1 by 0.05 an epoch, "
    "a baseline asks for 0.1": "goes on",
    "Early stopping, patience 2: losses NaN, 0.5, 0.4, 0.3, 0.2": "goes on",
    "The split for early stopping keeps the shares of the classes": (
        "3 classes stratified; 2 classes stratified"
    ),
    "Accuracy of a network whose outputs are all equal (5 samples: classes 0, 1, 2, 1, 2)": "20%",
    "Relu of NaN": "refused",
    "Max of NaN and 1": "refused",
    "Tanh of NaN": "refused",
    "Sigmoid of NaN": "refused",
    "ArgMax of NaN, −2 and 3": "refused",
    "σ(z) in float32 at z = −20, −60, −88, −100": "2.061e−09, 8.757e−27, 6.055e−39, 3.784e−44",
    "Weights of a network for features in units of 1e9, exported to C": (
        "all digits of float32; 4 of 4 weights near 1e-9 are left"
    ),
}


def on_the_page(title):
    """Our answer, as the page has it."""
    section = PAGE[PAGE.index(f"### {title}\n") :]
    return section.splitlines()[4].split("|")[1].strip()


def test_every_row_has_an_expectation_and_stands_on_the_page():
    assert [row.title for row in ROWS] == list(EXPECTED) == re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert "not installed" not in PAGE


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_our_side(row):
    assert next(iter(row.answers)) == OURS
    assert row.answers[OURS]() == EXPECTED[row.title] == on_the_page(row.title)


def test_a_table_names_what_decides():
    row = Row("Title", "F2", {OURS: lambda: "1 | 2", "Other": lambda: "3"}, "Moving.")
    text = table(row, {tool: answer() for tool, answer in row.answers.items()})
    assert "| chainrule (F2) | Other |" in text
    assert "| 1 &#124; 2 | 3 |" in text
    assert text.rstrip().endswith("Moving.")


def test_numbers_are_short():
    assert [number(value) for value in (0.5, -0.0, 1 / 3, float("nan"), -1e-9)] == [
        "0.5", "0", "0.3333", "NaN", "−1e−09",
    ]  # fmt: skip
