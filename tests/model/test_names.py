"""Labels as text and frames of labels: their names are learnt, kept, and asked for again."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleClassifier, Dataset, InputError, Network
from chainrule.datasets import Scaling

pytestmark = pytest.mark.filterwarnings("ignore:the loss was still falling")
rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
NUMBERS = (X[:, 0] > 0).astype(int)
TEXTS = np.array(["cat", "dog"])[NUMBERS]


def fitted(y, outputs=2, **options):
    network = Network([2, 3, outputs], seed=0, **options)
    network.fit(X, y, epochs=2, progress=False)
    return network


def series(values, dtype=None):
    return pytest.importorskip("pandas").Series(values, dtype=dtype)


TEXTS_OF_EVERY_KIND = {
    "array": lambda: TEXTS,
    "list": lambda: TEXTS.tolist(),
    "objects": lambda: TEXTS.astype(object),
    "bytes": lambda: TEXTS.astype("S"),
    "a column": lambda: TEXTS[:, None],
    "Series": lambda: series(TEXTS),
    "categories": lambda: series(TEXTS, "category"),
    "strings": lambda: series(TEXTS, "string"),
    "polars": lambda: pytest.importorskip("polars").Series(TEXTS.tolist()),
}


@pytest.mark.parametrize("kind", TEXTS_OF_EVERY_KIND)
def test_names_stand_for_numbers_in_their_order(kind):
    named, numbered = fitted(TEXTS_OF_EVERY_KIND[kind]()), fitted(NUMBERS)
    assert named.classes == ("cat", "dog")
    for one, other in zip(named.params, numbered.params, strict=True):
        np.testing.assert_array_equal(one.W, other.W)
    np.testing.assert_array_equal(named.predict(X), numbered.predict(X))


def test_what_was_learnt_is_asked_for_again(tmp_path):
    network = fitted(TEXTS)
    network.save(tmp_path / "m.safetensors")
    network = Network.load(tmp_path / "m.safetensors")
    assert network.classes == ("cat", "dog")
    assert network.loss(X, TEXTS) == network.loss(X, NUMBERS)
    assert network.evaluate(X, TEXTS).accuracy == network.evaluate(X, NUMBERS).accuracy
    assert network.explain(X[0], TEXTS[0]).loss == network.explain(X[0], NUMBERS[0]).loss
    network.fit(X[:3], np.array(["dog"] * 3), epochs=1, validation=(X, TEXTS), progress=False)
    network.fit((X, TEXTS), epochs=1, progress=False)
    with pytest.raises(InputError, match="among the classes cat, dog; got 'emu' at row 1"):
        network.fit(X[:2], ["dog", "emu"], epochs=1, progress=False)
    assert network.classes == ("cat", "dog")


def test_names_of_a_dataset_are_known_too():
    data = Dataset(X, NUMBERS, ("no", "yes"))
    network = Network([2, 2], seed=0)
    network.fit(data, epochs=1, progress=False)
    words = np.array(["no", "yes"])[NUMBERS]
    assert network.loss(X, words) == network.loss(X, NUMBERS)
    with pytest.raises(InputError, match="among the classes no, yes; got"):
        network.evaluate(X, TEXTS)


def test_one_output_answers_yes_or_no():
    network = fitted(TEXTS, outputs=1, output="sigmoid")
    assert network.classes == ("cat", "dog")
    assert network.loss(X, TEXTS) == network.loss(X, NUMBERS)


def test_numbers_as_text_come_in_order_of_value():
    y = np.arange(30) % 12
    network = fitted(y.astype(str), outputs=12)
    assert network.classes == tuple(map(str, range(12)))
    assert network.loss(X, y.astype(str)) == network.loss(X, y)


BAD = [
    (["cat"] * 30, "must name 2 classes for 2 outputs; got 1: cat"),
    (["a", "b", "c"] * 10, "must name 2 classes for 2 outputs; got 3: a, b, c"),
    (["a", None] * 15, "all be texts, or all be numbers; got None at row 1"),
    ([float("nan"), "a", "b"] * 10, "all be texts, or all be numbers"),
    (np.array(["2020-01-01"] * 30, "M8[D]"), "class numbers or names.*got 2020-01-01"),
    ([["a", "b"]] * 30, "class numbers or names"),
    ([[1, 0], [1]] * 15, "class numbers or names.*rows of different lengths"),
]


@pytest.mark.parametrize(("y", "message"), BAD, ids=[message for _, message in BAD])
def test_labels_that_cannot_be_right(y, message):
    network = Network([2, 2], seed=0)
    with pytest.raises(InputError, match=message):
        network.fit(X, np.array(y, object) if message.startswith("all") else y, epochs=1, progress=False)
    assert network.data is None


def test_a_network_that_knows_no_names(tmp_path):
    network = Network([2, 2], seed=0)
    with pytest.raises(InputError, match=r"knows no class names; got '(cat|dog)'\. Turn names into numbers"):
        network.loss(X, TEXTS)
    with pytest.raises(InputError, match="among the classes"):
        network.fit(X, TEXTS, validation=(X, ["emu"] * 30), epochs=1, progress=False)
    assert network.data is None  # as it was


LABELS = {"cat": NUMBERS, "dog": 1 - NUMBERS, "emu": np.ones(30, int)}


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("kind", [int, bool, float])
def test_label_columns_keep_their_names(library, kind):
    frame = pytest.importorskip(library).DataFrame({name: on.astype(kind) for name, on in LABELS.items()})
    network = fitted(frame, outputs=3, output="sigmoid")
    assert network.classes == ("cat", "dog", "emu")
    rows = np.column_stack(list(LABELS.values()))
    assert network.loss(X, frame) == network.loss(X, rows)
    assert network.loss(X, frame[["emu", "cat", "dog"]]) == network.loss(X, rows)  # by name, not by place
    assert [scores.name for scores in network.evaluate(X, frame).by_class] == ["cat", "dog", "emu"]


def test_columns_without_names_are_numbered():
    pd = pytest.importorskip("pandas")
    rows = np.column_stack(list(LABELS.values()))
    assert fitted(pd.DataFrame(rows), outputs=3, output="sigmoid").classes == ("0", "1", "2")
    assert fitted(pd.DataFrame({"kind": NUMBERS})).classes == ("0", "1")
    assert fitted(pd.get_dummies(pd.Series(TEXTS))).classes == ("cat", "dog")
    nullable = pd.DataFrame(rows, columns=list(LABELS)).convert_dtypes()
    assert fitted(nullable, outputs=3, output="sigmoid").classes == ("cat", "dog", "emu")


def test_the_estimator_keeps_them_too():
    frame = pytest.importorskip("pandas").DataFrame(LABELS)
    model = ChainruleClassifier((3,), max_iter=1, random_state=0)
    assert model.fit(X, frame).network_.classes == ("cat", "dog", "emu")
    assert model.fit(X, frame.to_numpy()).network_.classes == ("0", "1", "2")
    assert model.fit(X, TEXTS).network_.classes == ("cat", "dog")


MASK = np.zeros((30, 2), bool)
MASK[7, 1] = True
MASKED = np.ma.masked_array(X, MASK)
MASKED_Y = np.ma.masked_array(NUMBERS, MASK[:, 1])


@pytest.mark.parametrize(
    "use",
    [
        lambda X, y: Network([2, 2], seed=0).fit(X, y, epochs=1, progress=False),
        lambda X, y: Network([2, 2], seed=0).fit((X, y), epochs=1, progress=False),
        lambda X, y: Network([2, 2], seed=0).loss(X, y),
        lambda X, y: Network([2, 2], seed=0).evaluate(X, y),
        lambda X, y: Network([2, 2], seed=0).gradient_descent((X, y), 0.1),
        lambda X, y: Network([2, 2], seed=0).fit(
            np.ma.getdata(X), NUMBERS, validation=(X, y), epochs=1, progress=False
        ),
        lambda X, y: Dataset(X, y, ("a", "b")),
        lambda X, y: ChainruleClassifier((2,), max_iter=1).fit(X, y),
    ],
)
def test_what_a_mask_hides_is_not_read(use):
    """It was trained on as if it were there."""
    with pytest.raises(InputError, match=r"X must have no masked entries; got one at \[7, 1\]. Fill them"):
        use(MASKED, NUMBERS)
    with pytest.raises(InputError, match=r"y must have no masked entries; got one at \[7\]"):
        use(X, MASKED_Y)
    use(np.ma.masked_array(X), np.ma.masked_array(NUMBERS, np.zeros(30, bool)))  # which hides nothing


def test_masks_elsewhere():
    network = Network([2, 2], seed=0)
    for use in (network.predict, network.logits, Scaling.standard, Scaling.standard(X), list):
        if use is list:
            with pytest.raises(InputError, match=r"got one at \[7, 1\]"):
                network.predict(list(MASKED))
            continue
        with pytest.raises(InputError, match=r"got one at \[7, 1\]"):
            use(MASKED)
    with pytest.raises(InputError, match="sample_weight must have no masked entries"):
        network.fit(X, NUMBERS, sample_weight=np.ma.masked_array(np.ones(30), MASK[:, 1]), progress=False)
    model = ChainruleClassifier((2,), max_iter=1).fit(X, NUMBERS)
    with pytest.raises(InputError, match=r"got one at \[7, 1\]"):
        model.predict(MASKED)


def test_nullable_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b"]).convert_dtypes()
    whole = Network([2, 2], seed=0)
    np.testing.assert_array_equal(whole.predict(frame), whole.predict(X))
    assert Dataset(frame, pd.Series(NUMBERS, dtype="Int64"), ("a", "b")).X.dtype == np.float64
    frame.iloc[7, 1] = pd.NA
    for use in (whole.predict, lambda X: Dataset(X, NUMBERS, ("a", "b")), lambda X: whole.loss(X, NUMBERS)):
        with pytest.raises(InputError, match=r"must be finite.*got nan at row 7, column 1"):
            use(frame)
    y = pd.Series(NUMBERS, dtype="Int64")
    assert whole.loss(X, y) == whole.loss(X, y.astype("boolean")) == whole.loss(X, NUMBERS)
    y[7] = pd.NA
    for use in (lambda y: whole.loss(X, y), lambda y: Dataset(X, y, ("a", "b"))):
        with pytest.raises(InputError, match=r"labels must be 0.*got nan at row 7"):
            use(y)
