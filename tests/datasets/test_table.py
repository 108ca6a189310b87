import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.datasets import read
from chainrule.datasets.tables.table import NO_LABEL
from chainrule.errors import DataError, InputError


@pytest.fixture
def table(tmp_path):
    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


FLOWERS = "length,width,kind\n5.1,3.5,setosa\n7,3.2,versicolor\n6.3,3.3,virginica\n5,3,setosa\n"


def test_a_table_with_a_header(table):
    data = read(table(FLOWERS, "flowers.csv"))
    np.testing.assert_array_equal(data.X, [[5.1, 3.5], [7, 3.2], [6.3, 3.3], [5, 3]])
    np.testing.assert_array_equal(data.y, [0, 1, 2, 0])
    assert data.X.dtype == np.float64
    assert data.classes == ("setosa", "versicolor", "virginica")
    assert data.features == ("length", "width")
    assert data.name == "flowers"
    assert data.scaling.is_identity


def test_a_table_without_a_header(table):
    data = read(table("5.1,3.5,setosa\n7,3.2,versicolor\n"))
    assert len(data) == 2
    assert data.features is None


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("0,1,target\n5,6,0\n7,8,1\n", ("0", "1")),  # numbers as names, as pandas gives them
        ("a,b,c\n1,2,3\n4,5,6\n", ("a", "b")),
        ("Na,kind\n1,x\n2,y\n", ("Na",)),  # sodium
        ("1,,c\n", None),  # a gap is no evidence of a header
    ],
)
def test_what_counts_as_a_header(table, text, features, refuses):
    path = table(text)
    if features is None:
        with refuses(DataError, "must not be missing", "column 2 is empty on line 1", "Fill the gap"):
            read(path)
    else:
        assert read(path).features == features
        assert len(read(path)) == 2


@pytest.mark.parametrize("target", ["kind", 0, -3, "0", " kind ", ("kind",)])
def test_the_label_column_can_be_named_or_numbered(table, target):
    data = read(table("kind,a,b\nx,1,2\ny,3,4\n"), target=target)
    assert data.classes == ("x", "y")
    assert data.features == ("a", "b")


@pytest.mark.parametrize("target", [0, "0", -3])
def test_the_label_column_can_be_numbered_without_a_header(table, target):
    data = read(table("x,1,2\ny,3,4\n"), target=target)
    assert data.classes == ("x", "y")
    np.testing.assert_array_equal(data.X, [[1, 2], [3, 4]])


@pytest.mark.parametrize("target", [("cat", "dog"), "cat,dog", " cat , dog ", ["cat", -1]])
def test_several_label_columns(table, target):
    data = read(table("w,cat,h,dog\n1,0,2,1\n3,1.0,4,0\n"), target=target)
    assert data.multi_label
    assert data.classes == ("cat", "dog")
    assert data.features == ("w", "h")
    np.testing.assert_array_equal(data.y, [[0, 1], [1, 0]])


def test_several_label_columns_without_a_header(table):
    data = read(table("1,2,0,1\n3,4,1,0\n"), target="-2,-1")
    assert data.classes == ("column 3", "column 4")
    assert data.features is None


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ("10 9 1", ("1", "9", "10")),
        ("1.0 +2 -1", ("-1", "1", "2")),
        ("01 1 2", ("01", "1", "2")),
        ("b a 10", ("10", "a", "b")),
        ("x x x", ("x",)),
    ],
)
def test_classes_are_sorted(table, labels, classes):
    text = "\n".join(f"1,2,{label}" for label in labels.split())
    assert read(table(text)).classes == classes


def test_bom_crlf_blank_lines_spaces_and_quotes(table):
    data = read(table(b'\xef\xbb\xbf"a b", c ,d\r\n\r\n 1 , "2"," x, y "\r\n3,4,z\r\n   \r\n'))
    assert data.features == ("a b", "c")
    assert data.classes == ("x, y", "z")


@pytest.mark.parametrize(
    ("text", "name"),
    [("a\tb\n1.5\tx\n", "t.tsv"), ("a;b\n1.5;x\n", "t.csv"), ("a\tb\n1.5\tx\n", "T.CSV")],
)
def test_other_separators(table, text, name):
    data = read(table(text, name))
    assert data.X[0, 0] == 1.5
    assert data.classes == ("x",)


def test_a_models_features_in_any_order(table):
    path = table("kind,note,b,a\nx,hello,1,2\ny,there,3,4\n")
    data = read(path, target="kind", features=("a", "b"), classes=("y", "x", "z"))
    np.testing.assert_array_equal(data.X, [[2, 1], [4, 3]])
    np.testing.assert_array_equal(data.y, [1, 0])
    assert data.classes == ("y", "x", "z")
    assert data.features == ("a", "b")


def test_the_label_column_is_guessed_from_the_features(table):
    assert read(table("kind,a,b\nx,1,2\n"), features=("a", "b")).classes == ("x",)
    assert read(table("5,0,1\nx,1,2\n"), features=("0", "1")).classes == ("x",)


def test_the_label_columns_are_guessed_from_the_classes(table):
    data = read(table("dog,a,cat\n1,5,0\n0,6,0\n"), features=("a",), classes=("cat", "dog"))
    np.testing.assert_array_equal(data.y, [[0, 1], [0, 0]])


def test_label_columns_come_in_the_models_order(table):
    data = read(table("a,dog,cat\n5,1,0\n"), target=("dog", "cat"), classes=("cat", "dog"))
    np.testing.assert_array_equal(data.y, [[0, 1]])


WORDS = st.from_regex(r"[a-z][a-z ,\"']{0,6}[a-z]", fullmatch=True).filter(lambda word: word not in NO_LABEL)
NAMES = st.lists(WORDS, min_size=2, unique=True)


@given(NAMES, st.data())
def test_what_csv_writes_comes_back(tmp_path_factory, names, data):
    n = data.draw(st.integers(1, 5))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    rows = [[data.draw(finite) for _ in names[1:]] + [data.draw(st.sampled_from(names))] for _ in range(n)]
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    found = read(path, target=-1)
    assert found.features == tuple(names[:-1])
    np.testing.assert_array_equal(found.X, [row[:-1] for row in rows])
    assert [found.classes[number] for number in found.y] == [row[-1] for row in rows]


BAD = [
    (
        "a,colour,k\n1,2,x\n1,red,y\n",
        "features must be numbers",
        "'colour' holds 'red' on line 3",
        "encode it",
    ),
    ("1,2,x\n1,red,y\n", "features must be numbers", "column 2 holds 'red' on line 2", "encode it"),
    ("a,b,k\n1,1_000,x\n", "features must be numbers", "'b' holds '1_000' on line 2", "encode it"),
    ("a,b,k\n\n1,,x\n", "must not be missing", "column 'b' is empty on line 3", "Fill the gap"),
    ("a,b,k\n1,NA,x\n", "must not be missing", "column 'b' holds 'NA' on line 2", "Fill the gap"),
    ("a,b,k\n1,nan,x\n", "must be finite", "column 'b' holds nan on line 2", "Fill the gap"),
    ("a,b,k\n1,-inf,x\n", "must be finite", "column 'b' holds -inf on line 2", "Fill the gap"),
    ("a,b,k\n1,1e999,x\n", "must be finite", "column 'b' holds inf on line 2", "Fill the gap"),
    ("a,b,k\n1,2,x\n1,2\n", "must have 3 cells", "got 2 on line 3", "Fix that line"),
    ("a,b,k\n1,2,x,4\n", "must have 3 cells", "got 4 on line 2", "Fix that line"),
    ("a,b,k\n1,2, \n", "must have a label", "column 'k' is empty on line 2", "Fill the gap"),
    ("a,b,k\n1,2,NaN\n", "must have a label", "column 'k' holds 'NaN' on line 2", "Fill the gap"),
    ("", "must have lines", "empty file", "Write the samples"),
    ("\n \n", "must have lines", "empty file", "Write the samples"),
    ("a,b,k\n", "must have samples", "a header line only", "Write one sample"),
    ("a\n1\n", "a feature column and a label column", "got 1 column", "Check the file"),
    ("a,b,a\n1,2,x\n", "must be distinct", "'a' occurs 2 times", "Rename"),
    (",b,k\n0,2,x\n", "must have a name", "column 1 of the header", "Name it"),
    (b"a,b\n1,\xff\n", "must be UTF-8", "got byte 0xff after line", "Save it as UTF-8"),
    ("a,b\n1,x\n".encode("utf-16"), "must be UTF-8", "got byte 0xff", "Save it as UTF-8"),
    ("a,b\n1,x\0\n", "must be text", "NUL byte on line 2", "Export"),
    ('a,b\n1,"x\n', "well-formed CSV", "on line 2", "Close every quotation mark"),
    ("a,b\n1," + "x" * 200_000, "well-formed CSV", "field larger", "Close every"),
]


@pytest.mark.parametrize(("text", "must", "got", "remedy"), BAD)
def test_bad_tables(table, text, must, got, remedy, refuses):
    with refuses(DataError, must, got, remedy):
        read(table(text))


def test_errors_begin_with_the_files_name(table):
    path = table("a,b\n1\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: every line")


BAD_ARGUMENTS = [
    (
        {"target": "kin"},
        "one of the columns length, width, kind",
        "got 'kin'. Did you mean 'kind'?",
        "Name the",
    ),
    ({"target": 3}, "one of the columns length, width, kind", "got 3", "Name the column"),
    ({"target": ("kind", -1)}, "distinct columns", "got ('kind', -1)", "once"),
    (
        {"target": "width", "features": ("length", "width")},
        "not be a feature too",
        "one for both",
        "Name other",
    ),
    ({"target": ("length", "width", "kind")}, "not be a feature too", "no column left", "Name other"),
    (
        {"target": "width,length"},
        "features must be numbers",
        "column 'kind' holds 'setosa' on line 2",
        "Drop",
    ),
    ({"features": ("length", "heigth")}, "the model's features", "'heigth' not found among", "Add or rename"),
    ({"features": ("length", "kind")}, "features must be", "'setosa' on line 2", "Drop the column"),
    ({"features": ("kind",)}, "label column must be known", "last column 'kind'", "Pass target"),
    ({"classes": ("setosa", "versicolor")}, "classes setosa, versicolor", "got 'virginica' on line 4", "Fix"),
]


@pytest.mark.parametrize(("arguments", "must", "got", "remedy"), BAD_ARGUMENTS)
def test_bad_arguments(table, arguments, must, got, remedy, refuses):
    with refuses(DataError, must, got, remedy):
        read(table(FLOWERS), **arguments)


def test_a_target_that_is_no_target(table, refuses):
    with refuses(InputError, "target must be", "got 1.5", "Pass for example"):
        read(table(FLOWERS), target=1.5)


def test_no_header_to_find_names_in(table, refuses):
    path = table("1,2,x\n3,4,y\n")
    with refuses(DataError, "position from 0 to 2", "got 'kind'", "Give a position"):
        read(path, target="kind")
    with refuses(DataError, "the model's 3 features", "got 2 columns beside the label", "Pass the columns"):
        read(path, features=("a", "b", "c"))


def test_label_columns_hold_0_and_1(table, refuses):
    with refuses(DataError, "must hold 0 or 1", "column 'k' holds '2' on line 3", "Write 1"):
        read(table("a,j,k\n1,0,1\n1,0,2\n"), target="j,k")


def test_label_columns_of_another_model(table, refuses):
    with refuses(DataError, "must be the classes cat, dog", "got cat, cow", "Choose the label columns"):
        read(table("a,cat,cow\n1,0,1\n"), target="cat,cow", classes=("cat", "dog"))


def test_a_header_of_numbers_is_checked_too(table, refuses):
    with refuses(DataError, "must be distinct", "'0' occurs 2 times", "Rename"):
        read(table("0,0,target\n5,6,0\n7,8,1\n"))
