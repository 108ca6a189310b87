"""Numbers as people write them, on the command line: recognised, asked about, kept in the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chainrule import Network
from chainrule.datasets.preparing.notation import Notation

pytestmark = pytest.mark.usefixtures("no_figures")
QUICK = ("--epochs", 1, "--checkpoint-seconds", 0)


def write(name, *lines):
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def german():
    """Prices such as 1.411 and shares such as 1,5 %: the second column says how to read the first."""
    prices = [f"{1000 + 137 * (i * 7 % 40):,d}".replace(",", ".") for i in range(40)]
    rows = [f"{price};{i % 7},{i % 9} %;{('nein', 'ja')[i % 2]}" for i, price in enumerate(prices)]
    return write("german.csv", "preis;quote;kauf", *rows)


def ambiguous():
    return write("asked.csv", "a,k", *(f'"{1 + i % 5},200",{"xy"[i % 2]}' for i in range(40)))


def test_the_model_reads_new_files_likewise(here):
    done = here("train", german(), *QUICK, "--run", "run")
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        "note: numbers with a decimal comma, a point between thousands in preis",
        "note: numbers with a decimal comma, a point between thousands, % in quote",
    ]
    assert here("evaluate", "run", "german.csv").code == 0
    written = here("predict", "run", write("new.csv", "quote;preis", "3,5 %;1.000"))
    assert written.code == 0, written.err
    other = write("other.csv", "quote,preis", '3.5%,"1,000"')
    done = here("predict", "run", other)
    assert done.code == 1
    assert (
        "numbers with a decimal comma, a point between thousands, %; column 'quote' holds '3.5%'" in done.err
    )
    assert "say with --decimal and --thousands how this file writes numbers" in done.err
    assert here("predict", "run", other, "--decimal", ".").out == written.out


def test_what_is_not_certain_is_asked(here):
    done = here("train", ambiguous(), *QUICK, "--run", "no")
    assert done.code == 1
    assert "give --decimal ','; if it sets thousands apart, --decimal '.'" in done.err
    assert not Path("no").exists()
    done = here("train", "asked.csv", *QUICK, "--thousands", ",", "--run", "run")
    assert done.code == 0, done.err
    [column] = Network.load("run/model.safetensors").data.preprocessing.inputs
    assert column.notation == Notation(".", ",")
    expected = here("predict", "run", "asked.csv").out.splitlines()[1]
    done = here("predict", "run", write("new.csv", "a", "1.200"), "--decimal", ",")
    assert done.out.splitlines()[1] == expected
    done = here("evaluate", "run", write("e.csv", "a;k", "1.200;x"), "--thousands", ".", "--json")
    assert json.loads(done.out)["samples"] == 1


@pytest.mark.parametrize("missing", ["", "?"])
def test_a_class_may_be_called_na(here, missing):
    write("na.csv", "a,country", *(f"{i % 7 + 0.5},{('NA', 'None')[i % 2]}" for i in range(40)))
    done = here("train", "na.csv", *QUICK, "--run", "no")
    assert done.code == 1
    assert "column 'country' holds 'NA' on line 2" in done.err
    assert "give --missing ''" in done.err
    done = here("train", "na.csv", *QUICK, "--missing", missing, "--run", "run")
    assert done.code == 0, done.err
    done = here("evaluate", "run", "na.csv", "--json")
    assert [row["name"] for row in json.loads(done.out)["by_class"]] == ["NA", "None"]
    assert here("predict", "run", "na.csv").out.startswith("class,p(NA),p(None)\n")


def test_an_index_is_asked_about_and_refused_as_a_label(here):
    write("idx.csv", "idx,a,k", *(f"{i},{i % 7},{'xy'[i >= 20]}" for i in range(40)))
    done = here("train", "idx.csv", *QUICK, "--run", "run")
    assert done.code == 0, done.err
    assert "note: column 'idx' seems to number the rows" in done.err
    assert "--drop 'idx'" in done.err
    done = here("train", "idx.csv", *QUICK, "--drop", "idx", "--run", "without")
    assert (done.code, done.err) == (0, "")
    done = here("train", "idx.csv", *QUICK, "--target", "idx", "--run", "no")
    assert done.code == 1
    assert "looks like a measure or an id: 40 different numbers on 40 rows" in done.err


@pytest.mark.parametrize("option", [("--decimal", ","), ("--thousands", "."), ("--missing", "")])
def test_the_options_are_for_tables(here, option):
    done = here("train", "digits", *option)
    assert done.code == 1
    assert f"{option[0]} must be left out for digits" in done.err
    done = here("train", german(), "--decimal", ";")
    assert done.code == 1
    assert "decimal must be a point or a comma; got ';'" in done.err


def test_a_search_reads_its_table_likewise(here):
    write("t.csv", "id,a,k", *(f'{i},"{1 + i % 5},200",{"xy"[i % 2]}' for i in range(60)))
    small = ("--candidates", 2, "--epochs", 1, "--factor", 2, "--run", "search")
    done = here("tune", "t.csv", *small, "--thousands", ",")
    assert done.code == 0, done.err
    assert done.err.count("note: column 'id' seems to number the rows") == 2  # the search, and the best
    assert "--thousands ," in next(line for line in done.out.splitlines() if line.startswith("best:"))
    done = here("tune", "t.csv", *small[:-1], "another", "--thousands", ",", "--drop", "id")
    assert "number the rows" not in done.err


def test_a_run_that_goes_on_reads_its_table_likewise(here):
    """Also one that began before there were these options."""
    assert here("train", ambiguous(), "--decimal", ",", "--epochs", 1, "--run", "run").code == 0
    assert here("train", "--resume", "run", "--epochs", 2).code == 0
    assert here("train", german(), "--epochs", 1, "--run", "old").code == 0
    facts = json.loads(Path("old/run.json").read_text())
    for name in ("decimal", "thousands", "missing"):
        del facts["options"][name]
    Path("old/run.json").write_text(json.dumps(facts))
    done = here("train", "--resume", "old", "--epochs", 2)
    assert done.code == 0, done.err
