"""Tables with gaps and categories: what is learnt from the training part, and what it makes of other rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.datasets import Preprocessing, load, read, read_features
from chainrule.datasets.tables.cells import MOST_CATEGORIES, MOST_DISTINCT
from chainrule.errors import DataError, DataWarning, InputError

COLOURS = ("blue", "green", "red", "")
HEADER = "age,colour,size,zip,kind"


def rows_of(n, seed=0):
    """Rows of text: gaps in age, colour and size; zip codes are numbers with a zero in front."""
    rng = np.random.default_rng(seed)
    age = [f"{value:.3f}" if rng.random() > 0.1 else "NA" for value in rng.normal(40, 10, n)]
    size = [str(value) if rng.random() > 0.1 else "" for value in rng.integers(1, 99, n)]
    return [
        [age[i], COLOURS[rng.integers(4)], size[i], f"0{rng.integers(3)}", "xy"[rng.integers(2)]]
        for i in range(n)
    ]


def write(path, header, rows):
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


@pytest.fixture
def mixed(tmp_path):
    return write(tmp_path / "mixed.csv", HEADER, rows_of(300))


def by_scikit_learn(train, test):
    """Age and size, then colour and zip: filled, standardised, one-hot."""

    def table(rows):
        numbers = [[float(r[j]) if r[j] not in ("", "NA") else np.nan for r in rows] for j in (0, 2)]
        words = [[r[j] or "(missing)" for r in rows] for j in (1, 3)]
        return np.array([*numbers, *words], object).T

    pipeline = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [2, 3]),
        ]
    )
    pipeline.fit(table(train))
    order = ["age", *(f"colour={c}" for c in ("(missing)", "blue", "green", "red"))]
    names = [order[0], "size", *order[1:], "zip=00", "zip=01", "zip=02"]
    return names, pipeline.transform(table(test)).astype(float)


def test_it_agrees_with_scikit_learn(mixed, tmp_path):
    train, test = load(mixed, target="kind", categorical="zip")
    rows = rows_of(300)
    by_cells = {tuple(row): row for row in rows}
    assert len(by_cells) == 300
    whole = read(mixed, target="kind", preprocessing=train.preprocessing, scaling=train.scaling)
    in_training = {x.tobytes() for x in train.X}
    of_training = [row for x, row in zip(whole.X, rows, strict=True) if x.tobytes() in in_training]
    assert len(of_training) == len(train) == 240
    names, expected = by_scikit_learn(of_training, rows)
    order = [names.index(name) for name in train.features]
    assert sorted(order) == list(range(9))
    np.testing.assert_allclose(whole.X, expected[:, order], rtol=1e-6, atol=1e-6)
    exact = [j for j, name in enumerate(train.features) if "=" in name]
    np.testing.assert_array_equal(whole.X[:, exact], expected[:, order][:, exact])
    assert len(test) == 60


def test_nothing_is_learnt_from_the_test_part(tmp_path):
    """A category and a huge number that only test rows have leave the preprocessing as it is."""
    rows = rows_of(60)
    train, _ = load(write(tmp_path / "a.csv", HEADER, rows), target="kind")
    held = next(i for i in range(60) if not found_in(train, tmp_path / "a.csv", i))
    rows[held] = ["1e9", "violet", rows[held][2], rows[held][3], rows[held][4]]
    with pytest.warns(DataWarning, match=r"'colour' holds 'violet' in row \d+, unlike all training rows"):
        again, _ = load(write(tmp_path / "b.csv", HEADER, rows), target="kind")
    assert again.preprocessing == train.preprocessing
    assert again.scaling == train.scaling
    np.testing.assert_array_equal(again.X, train.X)


def found_in(train, path, row):
    whole = read(path, target="kind", preprocessing=train.preprocessing, scaling=train.scaling)
    return (whole.X[row] == train.X).all(axis=1).any()


def test_gaps_alone_are_filled_by_the_mean(tmp_path):
    path = write(tmp_path / "t.csv", "a,b,k", [["1", "5", "x"], ["", "7", "y"], ["3", "9", "x"]] * 4)
    train, test = load(path)
    fill = train.preprocessing.inputs[0].fill
    assert 1 <= fill <= 3
    assert train.features == ("a", "b")
    assert np.isfinite(train.X).all()
    assert np.isfinite(test.X).all()


def test_numbers_alone_need_no_preprocessing(tmp_path):
    path = write(tmp_path / "t.csv", "a,b,k", [[str(i / 4), str(i // 2 % 2), "xy"[i % 2]] for i in range(20)])
    assert load(path)[0].preprocessing is None
    assert load(path, drop="b")[0].features == ("a",)
    assert load(path, drop="b")[0].preprocessing is None
    assert load(path, categorical=["b"])[0].preprocessing.categorical == ("b",)


def test_raw_rows_for_prediction_come_in_any_order(mixed, tmp_path):
    train, _ = load(mixed, target="kind")
    rows = rows_of(300)
    turned = write(
        tmp_path / "turned.csv", "zip,note,size,colour,age", [[r[3], "!", r[2], r[1], r[0]] for r in rows]
    )
    whole = read(mixed, target="kind", preprocessing=train.preprocessing)
    X = read_features(turned, n_features=train.n_features, preprocessing=train.preprocessing)
    np.testing.assert_array_equal(X, whole.X)


def test_an_unseen_category_is_none_of_the_known(mixed, tmp_path):
    train, _ = load(mixed, target="kind", categorical="zip")
    path = write(
        tmp_path / "new.csv", "age,colour,size,zip", [["30", "violet", "5", ""], ["30", "red", "5", "01"]]
    )
    with pytest.warns(DataWarning) as told:
        X = read_features(path, n_features=train.n_features, preprocessing=train.preprocessing)
    assert [("colour" in str(one.message), "zip" in str(one.message)) for one in told] == [
        (True, False),
        (False, True),
    ]
    one_hot = [j for j, name in enumerate(train.features) if "=" in name]
    np.testing.assert_array_equal(X[0, one_hot], 0)
    assert X[1, one_hot].sum() == 2


def test_it_is_plain_data_that_comes_back(mixed):
    preprocessing = load(mixed, target="kind")[0].preprocessing
    text = json.dumps(preprocessing.as_plain())
    assert Preprocessing.from_plain(json.loads(text)) == preprocessing


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        [{"name": 3, "fill": 1.0, "categories": None}],
        [{"name": "a", "fill": None, "categories": None}],
        [{"name": "a", "fill": float("nan"), "categories": None}],
        [{"name": "a", "fill": 1.0, "categories": ["x"]}],
        [{"name": "a", "fill": None, "categories": [1]}],
    ],
)
def test_what_is_no_preprocessing_is_refused(plain):
    with pytest.raises(InputError, match="must"):
        Preprocessing.from_plain(plain)


NUMBERS = [str(i) for i in range(30)]
BAD = [
    ("a,k", [*([n, "x"] for n in NUMBERS), ["three", "y"]], "holds 'three' on line 32", "Correct the cell"),
    ("a,k", [[n, "x"] for n in (*NUMBERS, "-inf")], "holds -inf on line 32", "Leave the cell empty"),
    ("a,name,k", [[n, f"Mr {n}", "x"] for n in NUMBERS], "30 different ones on 30 rows", "--drop"),
    (
        "a,town,k",
        [["1", f"t{i % (MOST_CATEGORIES + 1)}", "x"] for i in range(999)],
        "101 different ones",
        "--categorical",
    ),
    ("a,b,k", [[n, "", "x"] for n in NUMBERS], "'b' is empty in every row", "--drop"),
    ("a,b,k", [["1", "red", "x"], ["", "red", "NA"]], "column 'k' holds 'NA' on line 3", "Fill the gap"),
    ("5,red,x", [["6", "blue", "y"], ["7", "red", "y"], ["8", "red", "y"]], "holds 5", "Write one"),
    ("a,b,k", [["1", "red", "x"], ["1", "red"]], "got 2 on line 3", "Fix that line"),
    (
        "a,k",
        [*([str(i), "x"] for i in range(MOST_DISTINCT + 5)), ["?", "x"], ["abc", "x"]],
        f"holds 'abc' on line {MOST_DISTINCT + 8}",
        "Correct the cell",
    ),
]


@pytest.mark.parametrize(("header", "rows", "got", "remedy"), BAD, ids=range(len(BAD)))
def test_bad_tables(tmp_path, header, rows, got, remedy, refuses):
    with refuses(DataError, "must", got, remedy):
        load(write(tmp_path / "t.csv", header, rows))


def test_a_column_must_be_there_to_be_dropped(mixed, refuses):
    for option in ("drop", "categorical"):
        with refuses(
            DataError, "must be one of the features age, colour", "got 'colours'", "Did you mean 'colour'"
        ):
            load(mixed, target="kind", **{option: "colours"})
    with refuses(DataError, "must keep a feature", "all of them", "Keep one"):
        load(mixed, target="kind", drop="age,colour,size,zip")


def test_a_word_where_the_model_knows_numbers(mixed, tmp_path, refuses):
    train, _ = load(mixed, target="kind")
    path = write(
        tmp_path / "new.csv", "age,colour,size,zip", [["30", "red", "5", "1"], ["old", "red", "5", "1"]]
    )
    with refuses(DataError, "must be numbers", "column 'age' holds 'old' on line 3", "Correct"):
        read_features(path, n_features=train.n_features, preprocessing=train.preprocessing)


def test_thousands_of_distinct_numbers_and_a_gap(tmp_path):
    n = MOST_DISTINCT + 50
    path = write(tmp_path / "t.csv", "a,k", [[str(i / 7), "xy"[i % 2]] for i in range(n)] + [["", "x"]])
    train, test = load(path)
    values = np.concatenate([train.X, test.X]) * train.scaling.scale + train.scaling.shift
    expected = sorted([*(i / 7 for i in range(n)), train.preprocessing.inputs[0].fill])
    np.testing.assert_allclose(np.sort(values[:, 0]), expected, atol=1e-4)


def test_label_columns_beside_categories(tmp_path):
    rows = [[str(i / 4), COLOURS[i % 3], str(i % 2), str(i // 2 % 2)] for i in range(40)]
    train, _ = load(write(tmp_path / "t.csv", "a,colour,cat,dog", rows), target="cat,dog")
    assert train.multi_label
    assert train.features == ("a", "colour=blue", "colour=green", "colour=red")
