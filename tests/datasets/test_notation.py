"""How numbers are written: what one column says, what the whole table says, and what is not certain."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.datasets.preparing.notation import PLAIN, Marks, Notation, as_marks, shape_of
from chainrule.datasets.tables.writing import Evidence, Writing, evidence_of
from chainrule.errors import InputError


def str_of(value):
    """The same text in every process, whatever the order of its sets."""
    return "".join(sorted(value.decimals)) if isinstance(value, Evidence) else repr(value)


COMMA, POINT = Evidence(frozenset(",")), Evidence(frozenset("."))


def writing_of(cells, marks=Marks()):  # noqa: B008
    writing = Writing(marks)
    writing.add(cells, [1] * len(cells))
    return writing


CERTAIN = [
    (["1,5", "2"], [1.5, 2]),
    (["0,125", "1,250"], [0.125, 1.25]),
    (["1,200", "12.5"], [1200, 12.5]),
    (["1,200,300", "5"], [1200300, 5]),
    (["1.200.300", "5"], [1200300, 5]),
    (["1.200,50"], [1200.5]),
    (["1,20,000", "12,34,567"], [120000, 1234567]),  # as in India
    (["1 200", "3"], [1200, 3]),
    (["1\u00a0200,5"], [1200.5]),
    (["1\u202f200,5", "1\u2009000\u2009000"], [1200.5, 1e6]),
    (["1'200.50", "1\u2019200"], [1200.5, 1200]),  # as in Switzerland
    (["\u22125", "\u20133", "-1", "+2"], [-5, -3, -1, 2]),
    (["9%", "10 %", "0\u00a0%"], [9, 10, 0]),
    (["$5", "-$1,200.50", "$-3"], [5, -1200.5, -3]),
    (["€ 5", "€ 7,50"], [5, 7.5]),
    (["5 €", "1.234,50 €"], [5, 1234.5]),
    (["£1", "£2"], [1, 2]),
    (["1e5", "2,5E+03"], [1e5, 2500]),
    (["1.200", "3.400"], [1.2, 3.4]),  # as every program writes it
    ([".5", "5."], [0.5, 5]),
    (["\u200e5", "6\u200b"], [5, 6]),
    (["007", "12"], [7, 12]),
    (["-1", "-.5"], [-1, -0.5]),
    (["inf", "1"], [math.inf, 1]),
]


@pytest.mark.parametrize(("cells", "numbers"), CERTAIN, ids=repr)
def test_what_is_certain_is_read(cells, numbers):
    writing = writing_of(cells)
    assert writing.word is None
    notation = writing.notation()
    assert [notation.number(cell) for cell in cells] == numbers


UNCERTAIN = [
    (["1,200", "950"], "one way only", ("1,200",)),
    (["$1,200", "$950"], "one way only", ("$1,200",)),
    (["1 200", "1,200"], "one way only", ("1,200",)),
    (["1,200", "1.200"], "one way only", ("1,200",)),
    (["1,5", "1,7", "1.5"], "written in one way", ("1,5", "1.5")),
    (["1.200,50", "1,200.50"], "written in one way", ("1,200.50", "1.200,50")),
    (["$5", "€6"], "one unit, or none", ("$5", "€6")),
    (["9%", "0.1"], "one unit, or none", ("9%", "0.1")),
]


@pytest.mark.parametrize(("cells", "must", "shown"), UNCERTAIN, ids=repr)
def test_what_is_not_certain_is_refused(cells, must, shown):
    writing = writing_of(cells)
    assert writing.notation() is None
    said, found = writing.problem()
    assert must in said
    assert found == shown


@pytest.mark.parametrize(
    ("cells", "evidence", "numbers"),
    [
        (["1,200", "950"], COMMA, [1.2, 950]),
        (["1,200", "950"], POINT, [1200, 950]),
        (["1.200", "3"], COMMA, [1200, 3]),
        (["1.200", "3"], POINT, [1.2, 3]),
        (["1 200", "1,200"], COMMA, [1200, 1.2]),
        (["1.200", "3"], Evidence(frozenset(",.")), None),
        (["1.200", "3.5"], COMMA, None),
        (["1.200", "3.5"], Evidence(frozenset(",.")), [1.2, 3.5]),
    ],
    ids=str_of,
)
def test_the_other_columns_decide(cells, evidence, numbers):
    notation = writing_of(cells).notation(evidence)
    assert numbers == (notation and [notation.number(cell) for cell in cells])


def test_a_column_of_whole_numbers_takes_the_tables_marks():
    notation = writing_of(["3", "4"]).notation(Evidence(frozenset(","), frozenset(".")))
    assert notation == Notation(",", ".")
    assert notation.number("1.200,5") == 1200.5
    assert writing_of(["3", "4"]).notation() == PLAIN


@pytest.mark.parametrize(
    ("cells", "decimals"),
    [
        (["1,5"], ","),
        (["1.5"], "."),
        (["1.200"], ""),
        (["1,200"], ""),
        (["1,200,300"], "."),
        (["1'200"], ""),
        (["5", "red"], ""),
        (["$5,5", "€3"], ""),
    ],
)
def test_evidence_comes_from_certain_columns_alone(cells, decimals):
    assert writing_of(cells).decimals == frozenset(decimals)


def test_what_the_columns_of_a_table_say_together():
    columns = [["1,5"], ["1.200", "3"], ["7"], ["red"]]
    assert evidence_of(list(map(writing_of, columns)), Marks()) == Evidence(frozenset(","), frozenset("."))
    assert evidence_of([writing_of(["1,5"])], as_marks(decimal=".")) == Evidence(frozenset("."))
    assert evidence_of([writing_of(["7"])], as_marks(thousands=",")) == Evidence(
        frozenset("."), frozenset(",")
    )


@pytest.mark.parametrize(
    "cell",
    ["5 kg", "(5)", "5-", "1_000", "01.02.2020", "192.168.1.1", "1.2.3", "12:30", "1,2,3", "12,34,56",
     "$5€", "--5", "- -5", "-$-5", "5%%", "1 2", "1,,5", "1e", "0x1", "e5", ".", "²", "1 2345", "0,123,456",
     "1'200 300", "US$5", "", "%"],
)  # fmt: skip
def test_what_is_no_number(cell):
    assert shape_of(cell) is None
    assert Notation(",", ".").number(cell) is None
    assert PLAIN.number(cell) is None


@pytest.mark.parametrize(
    ("marks", "cells", "numbers"),
    [
        (as_marks(decimal=","), ["1.200", "1,5"], [1200, 1.5]),
        (as_marks(decimal="."), ["1,200", "950"], [1200, 950]),
        (as_marks(thousands=","), ["1,200", "1.5"], [1200, 1.5]),
        (as_marks(thousands=","), ["1,200", "950"], [1200, 950]),
        (as_marks(thousands="\u00a0"), ["1 200"], [1200]),
        (as_marks(decimal=","), ["1.5"], None),
        (as_marks(thousands=""), ["1,200.5"], None),
        (as_marks(decimal=".", thousands=" "), ["1,200"], None),
    ],
    ids=repr,
)
def test_the_user_has_the_last_word(marks, cells, numbers):
    evidence = Evidence(marks.decimals if len(marks.decimals) == 1 else frozenset())
    notation = writing_of(cells, marks).notation(evidence)
    assert numbers == (notation and [notation.number(cell) for cell in cells])


def test_a_models_notation_is_kept_to():
    german = Notation(",", ".")
    assert [german.number(cell) for cell in ("1.200", "1,5", "12", "\u22121,5", "1.5", "9%")] == [
        1200, 1.5, 12, -1.5, None, None,
    ]  # fmt: skip
    assert [PLAIN.number(cell) for cell in ("1.5", "1,5", "1,200", "1_0", "nan", "inf")] == [
        1.5, None, None, None, None, math.inf,
    ]  # fmt: skip
    assert Notation(unit="%").number("9") is None
    assert Notation(unit="%").number("9 %") == 9


@pytest.mark.parametrize(
    ("given", "before", "after"),
    [
        ({"decimal": "."}, Notation(",", "."), Notation(".", ",")),
        ({"decimal": ","}, PLAIN, Notation(",", ".")),
        ({"decimal": ","}, Notation(".", "'"), Notation(",", "'")),
        ({"thousands": ","}, Notation(",", "."), Notation(".", ",")),
        ({"missing": ""}, Notation(","), Notation(",", missing=())),
        ({}, Notation(",", ".", "%", ("x",)), Notation(",", ".", "%", ("x",))),
    ],
    ids=repr,
)
def test_what_is_said_later_changes_a_models_notation(given, before, after):
    assert as_marks(**given).applied(before) == after


@pytest.mark.parametrize("cell", ["", " ", "?", "-", "–", "NA", "n/a", "#N/A", "<NA>", "NaN", "-nan", "None"])
def test_the_usual_signs_for_a_gap(cell):
    assert PLAIN.is_gap(cell)
    assert Notation(missing=()).is_gap(cell) == (not cell.strip())


def test_signs_that_the_user_names():
    notation = Notation(missing=("-999", "n.v."))
    gaps = ["", "-999", "-999.0", "\u2212999", "n.v."]
    assert all(map(notation.is_gap, gaps))
    assert not any(map(notation.is_gap, ["NA", "999", "?", "N.V."]))
    assert as_marks(missing=" NA , -999,").missing == ("NA", "-999")
    assert as_marks(missing=["a,b"]).missing == ("a,b",)
    assert as_marks(missing="").missing == ()


@pytest.mark.parametrize(
    ("given", "must"),
    [
        ({"decimal": ";"}, "decimal must be a point or a comma; got ';'"),
        ({"decimal": 1}, "decimal must be"),
        ({"decimal": ""}, "decimal must be"),
        ({"thousands": "_"}, "thousands must be a point"),
        ({"thousands": ["."]}, "thousands must be"),
        ({"decimal": ",", "thousands": ","}, "different marks; got ',' for both"),
        ({"missing": 5}, "missing must be the signs"),
        ({"missing": [None]}, "missing must be the signs"),
    ],
)
def test_marks_that_are_none(given, must):
    with pytest.raises(InputError, match=must):
        as_marks(**given)


@given(
    st.lists(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (".", ""), (",", "")]),
    st.sampled_from(["", "%", "€"]),
)
def test_whatever_is_recognised_is_what_was_written(values, marks, unit):
    """Two decimals or more prove the decimal mark, so nothing is left open."""
    decimal, thousands = marks

    def write(x):
        text = f"{x:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
        return text + unit

    cells = [write(value) for value in values]
    notation = writing_of(cells).notation()
    assert notation[:3] == (decimal, notation.thousands, unit)
    assert [notation.number(cell) for cell in cells] == [float(f"{value:.2f}") for value in values]


@given(st.text(alphabet="0123456789.,' \u00a0-−$%€eE+_x", max_size=12))
def test_a_cell_is_read_in_one_way_or_refused(cell):
    """Whatever is read in a notation has no digit lost or added."""
    for decimal in ".,":
        for thousands in ("", ".", ",", " ", "'"):
            if decimal == thousands:
                continue
            shape = shape_of(cell)
            notation = Notation(decimal, thousands, shape.unit if shape else "")
            value = notation.number(cell)
            if value is not None and shape is not None:
                digits = shape.body.replace(thousands, "") if thousands else shape.body
                assert value == float(shape.sign + digits.replace(decimal, ".") + shape.exponent)
                assert [c for c in digits if c.isdigit()] == [c for c in shape.body if c.isdigit()]
