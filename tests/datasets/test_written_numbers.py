"""Numbers as people write them: read where that is certain, elsewhere refused in the right words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network
from chainrule.datasets import Input, Preprocessing, Scaling, load, open_stream, read, read_features
from chainrule.datasets.preparing.notation import Notation
from chainrule.datasets.tables.cells import MOST_DISTINCT
from chainrule.errors import DataError, InputError

N = 40
X = np.column_stack([1000 + 137.25 * np.arange(N), np.arange(N) % 7 / 4 - 1])


def german(x, decimals=2):
    return f"{x:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def quoted(cell):
    return f'"{cell}"'


WAYS = {
    "german": (";", lambda x: german(x).replace("-", "\u2212")),
    "german, quoted": (",", lambda x: quoted(german(x))),
    "american": (",", lambda x: quoted(f"{x:,.2f}")),
    "swiss": (";", lambda x: f"{x:,.2f}".replace(",", "'")),
    "swiss, typographic": (",", lambda x: f"{x:,.2f}".replace(",", "\u2019")),
    "french": (";", lambda x: f"{x:,.2f}".replace(",", "\u202f").replace(".", ",")),
    "no-break": ("\t", lambda x: f"{x:,.2f}".replace(",", "\u00a0").replace(".", ",")),
    "dollars": (",", lambda x: quoted(f"${x:,.2f}".replace("$-", "-$"))),
    "euros": (";", lambda x: f"€ {german(x)}"),
    "per cent": (",", lambda x: f"{x:.2f} %"),
    "plain": (",", lambda x: f"{x:.2f}"),
}


def write(path, way, header=("a", "b", "kind")):
    mark, form = WAYS[way]
    lines = [mark.join(header)] if header else []
    lines += [mark.join([form(a), form(b), "xy"[i % 2]]) for i, (a, b) in enumerate(X)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("header", [("a", "b", "kind"), None], ids=["header", "no header"])
def test_every_way_is_read_to_the_same_numbers(tmp_path, way, header):
    path, plain = write(tmp_path / "t.csv", way, header), write(tmp_path / "p.csv", "plain", header)
    np.testing.assert_array_equal(read(path).X, X)
    train, test = load(path)
    expected, _ = load(plain)
    np.testing.assert_array_equal(train.X, expected.X)
    assert len(test) == 8
    assert (train.preprocessing is None) == (way == "plain")


@pytest.mark.parametrize("way", WAYS)
def test_a_model_reads_new_rows_likewise(tmp_path, way):
    """The rules are in the model's file; a row alone would not tell them."""
    train, test = load(write(tmp_path / "t.csv", way))
    network = Network([2, 3, 2], seed=0)
    network.fit(train, epochs=1, progress=False)
    network.save(tmp_path / "m.safetensors")
    spec = Network.load(tmp_path / "m.safetensors").data
    assert spec.preprocessing == train.preprocessing
    mark, form = WAYS[way]
    (tmp_path / "new.csv").write_text(mark.join("ba") + "\n" + mark.join([form(-1), form(2500)]) + "\n")
    got = read_features(
        tmp_path / "new.csv", n_features=2, features=spec.features, preprocessing=spec.preprocessing
    )
    np.testing.assert_array_equal(got, [[2500, -1]])
    again = read(
        tmp_path / "t.csv", features=spec.features, scaling=spec.scaling, preprocessing=spec.preprocessing
    )
    np.testing.assert_array_equal(again.X[again.X[:, 0] == test.X[0, 0]], test.X[:1])


def table(path, *columns, mark=";"):
    names = [f"c{j}" for j in range(len(columns))]
    rows = [mark.join([*cells, "xy"[i % 2]]) for i, cells in enumerate(zip(*columns, strict=True))]
    path.write_text("\n".join([mark.join([*names, "kind"]), *rows]) + "\n", encoding="utf-8")
    return path


def test_one_column_tells_how_another_is_written(tmp_path):
    thousands, halves = ["1.200", "3", "2.400", "1.000"] * 5, ["1,5", "2", "3,5", "7"] * 5
    assert read(table(tmp_path / "a.csv", thousands)).X[0] == 1.2
    np.testing.assert_array_equal(read(table(tmp_path / "b.csv", thousands, halves)).X[0], [1200, 1.5])
    other = [cell.replace(".", ",") for cell in thousands]
    np.testing.assert_array_equal(read(table(tmp_path / "c.csv", other, halves)).X[0], [1.2, 1.5])
    points = [cell.replace(",", ".") for cell in halves]
    np.testing.assert_array_equal(read(table(tmp_path / "d.csv", other, points)).X[0], [1200, 1.5])


def test_what_is_not_certain_is_refused_with_the_option_that_helps(tmp_path, refuses):
    path = table(tmp_path / "t.csv", ["1,200", "950", "3,400", "700"] * 5)
    for reader in (read, load):
        with refuses(
            DataError, "readable in one way only", "column 'c0' holds '1,200' on line 2", "give --decimal ','"
        ):
            reader(path)
    assert read(path, decimal=",").X[0] == 1.2
    assert read(path, decimal=".").X[0] == 1200
    assert read(path, thousands=",").X[0] == 1200
    train, _ = load(path, thousands=",")
    assert train.preprocessing.inputs[0].notation == Notation(".", ",")


MIXED = [
    (
        ["1,5", "1.5", "2,5", "3,5"] * 5,
        "written in one way",
        "'1,5' on line 2 and '1.5' on line 3",
        "Correct",
    ),
    (["$5", "€6", "$7", "€8"] * 5, "one unit, or none", "'$5' on line 2 and '€6' on line 3", "Correct"),
    (["9%", "0.09", "8%", "0.1"] * 5, "one unit, or none", "'9%' on line 2 and '0.09' on line 3", "Correct"),
    (["1,5", "red", "2,5", "3,5"] * 5, "numbers, or categories", "'red' on line 3", "Correct the cell"),
    (["5 kg", "6 kg", "7 kg", "8 kg"] * 5, "stand alone", "'5 kg' on line 2", "Write the unit 'kg'"),
    (["5.5mm", "6mm", "7mm", "NA"] * 5, "stand alone", "'5.5mm' on line 2", "Write the unit 'mm'"),
]


@pytest.mark.parametrize(("cells", "must", "got", "remedy"), MIXED, ids=[cells[0][0] for cells in MIXED])
def test_columns_that_are_not_written_in_one_way(tmp_path, cells, must, got, remedy, refuses):
    path = table(tmp_path / "t.csv", cells)
    with refuses(DataError, must, got, remedy):
        load(path)
    train, _ = load(path, categorical="c0")
    assert train.preprocessing.inputs[0].categories is not None


@pytest.mark.parametrize(
    "cells",
    [["2WD", "4WD"], ["1st", "2nd", "3rd"], ["A1", "A2", "A3"], ["1-2", "3-4", "5+"], ["S", "M", "7"]],
)
def test_words_with_digits_are_categories_as_before(tmp_path, cells):
    train, _ = load(table(tmp_path / "t.csv", (cells * 20)[:20]))
    assert train.preprocessing.categorical == ("c0",)


def test_a_model_of_plain_numbers_refuses_others(tmp_path, refuses):
    train, _ = load(write(tmp_path / "p.csv", "plain"))
    (tmp_path / "new.csv").write_text("a;b\n1.200,50;2\n")
    given = {"n_features": 2, "features": train.features}
    with refuses(DataError, "a decimal point and no other marks", "'1.200,50' on line 2", "--decimal"):
        read_features(tmp_path / "new.csv", **given)
    np.testing.assert_array_equal(read_features(tmp_path / "new.csv", **given, decimal=","), [[1200.5, 2]])
    (tmp_path / "minus.csv").write_text("a,b\n\u22121.5,\u20132\n")
    np.testing.assert_array_equal(read_features(tmp_path / "minus.csv", **given), [[-1.5, -2]])
    (tmp_path / "gap.csv").write_text("a;b\n1,5;\n")
    with refuses(DataError, "must not be missing", "column 'b' is empty on line 2", "Fill the gap"):
        read_features(tmp_path / "gap.csv", **given, decimal=",")


def test_a_model_of_german_numbers_refuses_others(tmp_path, refuses):
    train, _ = load(write(tmp_path / "g.csv", "german"))
    (tmp_path / "new.csv").write_text("a,b\n1200.5,-2\n")
    given = {"n_features": 2, "preprocessing": train.preprocessing}
    with refuses(DataError, "a decimal comma, a point between thousands", "'1200.5' on line 2", "--decimal"):
        read_features(tmp_path / "new.csv", **given)
    np.testing.assert_array_equal(read_features(tmp_path / "new.csv", **given, decimal="."), [[1200.5, -2]])


@pytest.mark.parametrize(
    ("late", "value"), [("1,200.5", 1200.5), ("1 200.5", 1200.5), ("\u22125", -5), ("NA", None)]
)
def test_a_number_among_thousands_may_be_the_first_that_tells(tmp_path, late, value):
    n = MOST_DISTINCT + 10
    rows = [f"{i / 7:.6f};{'xy'[i % 2]}" for i in range(n)] + [f"{late};x"]
    (tmp_path / "t.csv").write_text("\n".join(["a;k", *rows, ";x"]) + "\n")
    train, test = load(tmp_path / "t.csv")
    raw = train.preprocessing.inputs[0]
    whole = np.concatenate([part.X * train.scaling.scale + train.scaling.shift for part in (train, test)])
    expected = raw.fill if value is None else value
    assert np.isclose(whole, expected, atol=1e-2).any()
    assert raw.notation == Notation(".", {",": ",", " ": " "}.get(late[1], ""))


def test_thousands_of_whole_numbers_and_one_with_a_comma(tmp_path, refuses):
    rows = [f"{7 * i % 9999};{'xy'[i % 2]}" for i in range(MOST_DISTINCT + 10)]
    (tmp_path / "t.csv").write_text("\n".join(["a;k", *rows, "2,5;x"]) + "\n")
    train, _ = load(tmp_path / "t.csv")
    assert train.preprocessing.inputs[0].notation == Notation(",")
    (tmp_path / "t.csv").write_text("\n".join(["a;k", *rows, "2,500;x"]) + "\n")
    with refuses(DataError, "one way only", f"'2,500' on line {len(rows) + 2}", "--decimal"):
        load(tmp_path / "t.csv")


def test_signs_for_what_is_missing(tmp_path):
    path = table(tmp_path / "t.csv", ["-999", "1", "2", "NA"] * 5, ["NA", "GB", "DE", ""] * 5)
    first, second = load(path, missing="-999,NA")[0].preprocessing.inputs
    assert 1 <= first.fill <= 2
    assert second.categories == ("DE", "GB", None)
    with pytest.raises(DataError, match="holds 'NA' on line 5"):
        load(path, missing="-999")
    train, _ = load(path, missing="", drop="c0")
    assert train.preprocessing.inputs[0].categories == ("DE", "GB", "NA", None)  # NA is Namibia
    (tmp_path / "new.csv").write_text("c1;c0\nNA;-999.0\n")
    got = read_features(tmp_path / "new.csv", n_features=4, preprocessing=train.preprocessing)
    np.testing.assert_array_equal(got, [[0, 0, 1, 0]])
    numbers = Preprocessing((first,))
    got = read_features(tmp_path / "new.csv", n_features=1, preprocessing=numbers)
    assert got[0, 0] == first.fill


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", "?", "N/A"])
def test_a_class_may_be_called_so(tmp_path, name, refuses):
    path = tmp_path / "t.csv"
    path.write_text("a;k\n" + "".join(f"{i / 3:.3f};{name if i % 2 else 'yes'}\n" for i in range(20)))
    if name != "None":
        with refuses(DataError, "must have a label", f"holds '{name}' on line 3", "give --missing ''"):
            load(path)
    train, _ = load(path, missing="")
    assert train.classes == tuple(sorted([name, "yes"]))
    again = read(path, classes=train.classes, preprocessing=train.preprocessing)  # as a model evaluates
    np.testing.assert_array_equal(again.y == again.classes.index(name), np.arange(20) % 2 == 1)
    with refuses(DataError, "must have a label", "is empty on line 22", "Fill the gap"):
        path.write_text(path.read_text() + "1;\n")
        load(path, missing="")


@pytest.mark.parametrize(
    ("text", "X"),
    [
        ("a, in mm;b\n1,5;x\n2,5;y\n", [[1.5], [2.5]]),
        ("1,5;2,5;x\n3,5;4,5;y\n", [[1.5, 2.5], [3.5, 4.5]]),
        ("a,b;c,k\n1,2,x\n3,4,y\n", [[1, 2], [3, 4]]),
        ("a;b,k\n1,x\n2,y\n", [[1], [2]]),
        ('"a;b",k\n1,x\n2,y\n', [[1], [2]]),
        ("a;b;k\n1,5;2;x\n", [[1.5, 2]]),
        ("a\tb\tk\n1,5\t2\tx\n", [[1.5, 2]]),
        ("sep=;\na;b;k\n1,5;2;x\n", [[1.5, 2]]),  # as Excel writes it
        ('"sep=,"\na,b,k\n1,2,x\n', [[1, 2]]),
        ("SEP=\t\r\n1\t2\tx\r\n", [[1, 2]]),
    ],
)
def test_what_separates_cells(tmp_path, text, X):
    (tmp_path / "t.csv").write_text(text)
    np.testing.assert_array_equal(read(tmp_path / "t.csv").X, X)


def test_a_notation_is_plain_data(tmp_path):
    one = Preprocessing((Input("a", 1.0, None, Notation(",", ".", "€", ("-",))), Input("b", 2.0)))
    plain = json.loads(json.dumps(one.as_plain()))
    assert Preprocessing.from_plain(plain) == one
    assert "notation" not in plain[1]  # as files of earlier versions have it
    for key, value in [("decimal", "."), ("decimal", 5), ("unit", None), ("missing", "x"), ("missing", [1])]:
        broken = [{**plain[0], "notation": {**plain[0]["notation"], key: value}}]
        with pytest.raises(InputError):
            Preprocessing.from_plain(broken)
    with pytest.raises(InputError):
        Preprocessing.from_plain([{**plain[0], "notation": [","]}])


def test_options_are_for_tables(tmp_path, refuses):
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(N) % 2)
    for reader in (read, load):
        with refuses(InputError, "unless the file is a table", "got a.npz", "Leave them out"):
            reader(tmp_path / "a.npz", decimal=",")
    with refuses(InputError, "must be left out for digits", "got decimal=','", "split()"):
        load("digits", decimal=",")


def parquet(path, columns, **options):
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(columns), path, **options)
    return path


def test_numbers_kept_as_text_in_parquet(tmp_path):
    columns = {
        "plain": [f"{x:.2f}" for x in X[:, 0]],
        "german": [german(x) for x in X[:, 0]],
        "gaps": ["9%" if i % 3 else None for i in range(N)],
        "code": [f"0{i % 3}" for i in range(N)],
        "town": ["AB"[i % 2] for i in range(N)],
        "kind": ["xy"[i % 2] for i in range(N)],
    }
    path = parquet(tmp_path / "t.parquet", columns, row_group_size=8)
    train, _ = load(path)
    assert train.preprocessing.categorical == ("code", "town")
    plain, own, gaps, *_ = train.preprocessing.inputs
    assert (plain.notation, own.notation, gaps.notation) == (
        Notation(),
        Notation(",", "."),
        Notation(unit="%"),
    )
    np.testing.assert_array_equal(train.X[:, 0], train.X[:, 1])
    stream, _, test = open_stream(path)
    assert [one.notation for one in stream.preprocessing.inputs] == [
        one.notation for one in train.preprocessing.inputs
    ]
    np.testing.assert_array_equal(test.X[:, 0], test.X[:, 1])
    whole = read(path, preprocessing=train.preprocessing, scaling=Scaling.identity())
    np.testing.assert_array_equal(whole.X[:, :2], X[:, [0, 0]].astype(np.float32))
    csv = tmp_path / "t.csv"
    rows = [columns, *zip(*columns.values(), strict=True)]
    csv.write_text("\n".join(";".join(map(str, row)).replace("None", "") for row in rows))
    np.testing.assert_array_equal(read(csv, preprocessing=train.preprocessing).X, whole.X)


def test_text_in_parquet_that_is_not_certain(tmp_path, refuses):
    kind = ["x", "y"] * 10
    path = parquet(tmp_path / "t.parquet", {"a": ["1,200", "950"] * 10, "kind": kind}, row_group_size=4)
    for reader in (load, open_stream):
        with refuses(DataError, "one way only", "column 'a' holds '1,200' on row 0", "--decimal"):
            reader(path)
        assert reader(path, thousands=",")[0].preprocessing.inputs[0].notation == Notation(".", ",")
    assert read(path, decimal=",").X[0] == 1.2
    mixed = parquet(tmp_path / "m.parquet", {"a": ["5", "6", "7", "red"] * 5, "kind": kind}, row_group_size=4)
    for reader in (load, open_stream):
        with refuses(DataError, "numbers, or categories", "'red' on row 3", "--missing"):
            reader(mixed)
        assert reader(mixed, missing="red")[0].preprocessing.inputs[0].categories is None


def test_a_dictionary_in_parquet_stays_categories(tmp_path):
    pa = pytest.importorskip("pyarrow")
    chosen = pa.array(["1", "2", "3", "4"] * 5).dictionary_encode()
    path = parquet(tmp_path / "t.parquet", {"a": chosen, "kind": ["x", "y"] * 10})
    assert load(path)[0].preprocessing.categorical == ("a",)


def test_numbers_for_missing_values_in_parquet(tmp_path):
    columns = {"a": [-999.0, 1, 2, 3] * 5, "kind": ["NA", "None"] * 10}
    path = parquet(tmp_path / "t.parquet", columns, row_group_size=4)
    for reader in (load, open_stream):
        train = reader(path, missing="-999")[0]
        assert train.classes == ("NA", "None")
        assert 1 <= train.preprocessing.inputs[0].fill <= 3
    again = read(path, classes=train.classes, preprocessing=train.preprocessing)
    assert (again.X > 0).all()
    numbers = parquet(tmp_path / "n.parquet", {"a": [0.5, 1.5] * 5, "kind": [0, 1, 1, -999, 0] * 2})
    with pytest.raises(DataError, match="must have a label; column 'kind' holds '-999' on row 3"):
        load(numbers, missing="-999")


def test_weights_are_written_likewise(tmp_path):
    path = write(tmp_path / "t.csv", "german", header=("a", "w", "kind"))
    path.write_text(path.read_text().replace("\u2212", ""), encoding="utf-8")
    train, test = load(path, weight="w")
    assert train.features == ("a",)
    assert len(train.preprocessing.inputs) == 1
    assert set(np.concatenate([train.weight, test.weight])) == {1, 0.75, 0.5, 0.25, 0}
