"""Tables as they come, on the command line: gaps, words, Parquet, streams; raw rows for prediction."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cli.commandline import chainrule


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """``people.csv`` with words and gaps, the same as Parquet, and a model of it in ``run``."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(1)
    lines = ["age,colour,town,name,kind"]
    for i in range(400):
        age, colour = rng.normal(40, 10), ("red", "green", "blue")[rng.integers(3)]
        kind = "yes" if (age > 40) ^ (colour == "red") else "no"
        cells = [f"{age:.2f}" if i % 9 else "", colour if i % 7 else "NA", "AB"[i % 2], f"N. {i}", kind]
        lines.append(",".join(cells))
    (folder / "people.csv").write_text("\n".join(lines) + "\n")
    done = chainrule(
        "train", "people.csv", "--drop", "name", "--optimizer", "adam", "--run", "run", cwd=folder
    )
    assert (done.code, done.err) == (0, "")
    assert "320 samples, 7 features, 2 classes" in done.out
    return folder


def test_names_are_found_out(folder):
    done = chainrule("train", "people.csv", "--run", "no", cwd=folder)
    assert done.code == 1
    assert "column 'name' must have at most 100 categories; got 400 different ones" in done.err
    assert not (folder / "no").exists()


def test_evaluate_takes_raw_rows(folder):
    done = chainrule("evaluate", "run", "people.csv", "--json", cwd=folder)
    assert done.code == 0, done.err
    assert '"samples": 400' in done.out


def test_predict_takes_raw_rows_in_any_order(folder):
    rows = [line.split(",") for line in (folder / "people.csv").read_text().splitlines()]
    turned = "\n".join(",".join((r[1], "-", r[2], r[0])) for r in rows[1:])
    (folder / "turned.csv").write_text("colour,note,town,age\n" + turned)
    one = chainrule("predict", "run", "people.csv", cwd=folder)
    other = chainrule("predict", "run", "turned.csv", cwd=folder)
    assert one.out == other.out
    assert len(one.out.splitlines()) == 401
    assert one.err == "note: columns name, kind of people.csv ignored: not the model's.\n"
    assert other.err == "note: column note of turned.csv ignored: not the model's.\n" or not other.err


def test_predict_says_what_is_new_and_what_is_missing(folder):
    (folder / "new.csv").write_text("town,colour,age\nA,mauve,\nB,red,33\n")
    done = chainrule("predict", "run", "new.csv", cwd=folder)
    assert done.code == 0
    assert "note: column 'colour' holds 'mauve' in row 0, unlike all training rows" in done.err
    assert len(done.out.splitlines()) == 3
    (folder / "less.csv").write_text("town,colour\nA,red\n")
    done = chainrule("predict", "run", "less.csv", cwd=folder)
    assert done.code == 1
    assert "must have the model's features; 'age' not found among town, colour" in done.err


def test_explain_and_check_take_raw_rows(folder):
    for command in (("explain", "run", "people.csv"), ("check", "run", "people.csv")):
        done = chainrule(*command, cwd=folder)
        assert done.code == 0, done.err


def test_a_parquet_file_in_memory_and_as_a_stream(folder):
    csv = pytest.importorskip("pyarrow.csv")
    pq = pytest.importorskip("pyarrow.parquet")
    options = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True)
    pq.write_table(
        csv.read_csv(folder / "people.csv", convert_options=options),
        folder / "people.parquet",
        row_group_size=20,
    )
    same = ("--drop", "name", "--optimizer", "adam")
    done = chainrule("train", "people.parquet", *same, "--run", "of-parquet", cwd=folder)
    assert (done.code, done.err) == (0, "")
    of_csv, of_parquet = ((folder / run / "history.jsonl").read_text() for run in ("run", "of-parquet"))
    assert [line.split('"seconds"')[0] for line in of_csv.splitlines()] == [
        line.split('"seconds"')[0] for line in of_parquet.splitlines()
    ]
    done = chainrule(
        "train", "people.parquet", *same, "--stream", "--epochs", 3, "--run", "streamed", cwd=folder
    )
    assert (done.code, done.err) == (0, "")
    assert "Stream 'people' (train): 300 samples in 15 row groups, 7 features, 2 classes" in done.out
    assert "(80 samples)" in done.out
    done = chainrule("evaluate", "streamed", "people.parquet", cwd=folder)
    assert done.code == 0, done.err


def test_only_parquet_streams(folder):
    done = chainrule("train", "people.csv", "--stream", cwd=folder)
    assert done.code == 1
    assert "only a Parquet file can be streamed; got 'people.csv'" in done.err
