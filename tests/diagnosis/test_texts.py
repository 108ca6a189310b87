"""The data files of sentences: each sentence is of something, and nothing goes without its sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chainrule.diagnosis
from chainrule.diagnosis.catalogue import mistakes
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.changes import times
from chainrule.diagnosis.catalogue.known import CATALOGUE
from chainrule.diagnosis.catalogue.mistakes import Family, mistake
from chainrule.diagnosis.catalogue.models import COSTS, OUTPUTS
from chainrule.diagnosis.telling.remarks import remark
from chainrule.diagnosis.telling.remarks_on_gradients import NOTES
from chainrule.files.texts import read_text, texts

FOLDER = Path(chainrule.diagnosis.__file__).parent


def called(name):
    """The constants in the first two arguments of every call of that name, call by call."""
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield [
                    [part.value for part in ast.walk(argument) if isinstance(part, ast.Constant)]
                    for argument in node.args[:2]
                ]


def test_every_sentence_has_its_mistake():
    """Those with a $ are of several mistakes each."""
    said = {(place, slip) for place, table in texts(mistakes.FILE).items() for slip in table}
    shared = {("shared", name) for name in texts(mistakes.FILE)["shared"]}
    exact = {(one.place, one.slip) for one in CATALOGUE}
    templates = {(place, slip) for place, slip in said - exact - shared}
    assert templates == {
        ("B1", "gradient of $loss with $output"),
        ("F2", "$target: $wrong"),
        ("F2", "slope of $other by $letter"),
    }


def test_every_shared_sentence_is_used():
    text = read_text(mistakes.FILE)
    assert [name for name in texts(mistakes.FILE)["shared"] if f'= "${name}"' not in text] == []


@pytest.mark.parametrize(("part", "known"), [("hidden", KNOWN), ("output", OUTPUTS), ("loss", COSTS)])
def test_a_mistake_needs_what_a_network_can_have(part, known):
    tables = [table for place, table in texts(mistakes.FILE).items() if place != "shared"]
    entries = [one for table in tables for one in table.values()]
    said = [one[part] for one in entries if part in one]
    assert said
    assert {name for names in said for name in names} <= set(known)


def test_every_family_has_a_mistake():
    assert {one.family for one in CATALOGUE} == set(Family)


def test_a_mistake_without_sentences_is_refused():
    with pytest.raises(LookupError, match=r'the table \["B3"."never seen"\] with family, name, why'):
        mistake("B3", "never seen", times(lambda s: 3))


def test_a_missing_sentence_is_named(monkeypatch):
    table = texts(mistakes.FILE)["B3"]["sign"]
    monkeypatch.setitem(texts(mistakes.FILE)["B3"], "sign", {k: v for k, v in table.items() if k != "why"})
    with pytest.raises(LookupError, match="why is missing"):
        mistake("B3", "sign", times(lambda s: -1))


def test_an_unknown_field_or_family_is_refused(monkeypatch):
    table = texts(mistakes.FILE)["B3"]["sign"]
    monkeypatch.setitem(texts(mistakes.FILE)["B3"], "sign", {**table, "reason": "none"})
    with pytest.raises(TypeError, match="reason"):
        mistake("B3", "sign", times(lambda s: -1))
    monkeypatch.setitem(texts(mistakes.FILE)["B3"], "sign", {**table, "family": "signs"})
    with pytest.raises(ValueError, match="signs"):
        mistake("B3", "sign", times(lambda s: -1))


def test_every_remark_is_made_and_has_its_sentence():
    made = {(key, (variant or ["text"])[0]) for key, variant in _remarks_called()}
    made |= {(note, "text") for note in NOTES}
    said = {
        (key, variant)
        for key, table in texts("diagnosis/telling/remarks.toml").items()
        for variant in table
        if variant != "severe"
    }
    assert made == said
    with pytest.raises(LookupError, match="must have the table"):
        remark("slope", "never said")


def _remarks_called():
    for key, *variant in called("remark"):
        for one in key:
            yield one, variant[0] if variant else None


def test_every_sentence_of_the_report_is_said():
    assert {name for names, *_ in called("say") for name in names} == set(
        texts("diagnosis/telling/report.toml")
    )


def test_every_list_of_names_is_used():
    listed = {(table, key) for table, keys in texts("diagnosis/asking/names.toml").items() for key in keys}
    used = {(table[0], key[0]) for table, key in called("_names") if table}
    assert {pair for pair in listed if pair[0] != "roles"} == used
