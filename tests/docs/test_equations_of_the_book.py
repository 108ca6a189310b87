"""Every equation has one place in the book, one function that claims its tag, and a theorem about it."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from chainrule.derivation.equations import TAGS, equation
from chainrule.proof.theorems import THEOREMS
from gaps import gaps, printed

BOOK = Path(__file__).parents[2] / "docs/book"


def places_in(folder):
    """{tag: the pages that print it as their own}."""
    found = {}
    for page in sorted(folder.glob("*.md")):
        for tag in printed(page.read_text(encoding="utf-8")):
            found.setdefault(tag, []).append(page.stem)
    return found


def complete():
    """Places, functions and theorems as they are."""
    equations = {tag: equation(tag) for tag in TAGS}
    functions = {tag: found.function for tag, found in equations.items()}
    return places_in(BOOK), functions, {tag: found.theorems for tag, found in equations.items()}


def test_nothing_is_missing():
    places, functions, theorems = complete()
    assert gaps(places, TAGS, functions, theorems) == []
    assert set(places) == set(TAGS)


@pytest.mark.parametrize("tag", TAGS)
def test_an_equation_without_its_place_is_found(tag):
    places, functions, theorems = complete()
    del places[tag]
    assert gaps(places, TAGS, functions, theorems) == [f"{tag} must have one place in the book; it has 0"]


@pytest.mark.parametrize("tag", TAGS)
def test_an_equation_with_two_places_is_found(tag):
    places, functions, theorems = complete()
    places[tag].append("another-page")
    assert gaps(places, TAGS, functions, theorems) == [f"{tag} must have one place in the book; it has 2"]


@pytest.mark.parametrize("tag", TAGS)
def test_an_equation_without_function_or_theorem_is_found(tag):
    places, functions, theorems = complete()
    del functions[tag]
    theorems[tag] = ()
    assert gaps(places, TAGS, functions, theorems) == [
        f"{tag} must have a function; it has none",
        f"{tag} must have a theorem; it has none",
    ]


@pytest.mark.parametrize("tag", TAGS)
def test_the_function_claims_the_tag_and_the_theorems_are_of_it(tag):
    found = equation(tag)
    function = getattr(import_module(found.function.module), found.function.name)
    assert f"{tag}" in inspect.getdoc(function)
    assert len(found.theorems) == sum(theorem.tag == tag for theorem in THEOREMS)


def test_an_equation_shown_again_is_not_its_place():
    assert printed("```{equation} B1\nShapes\n```\n\n```{equation} B2\n:again:\n```\n") == ["B1"]
    assert printed("  ```{equation} B1\n```\n`{equation} B2`\n") == []


@pytest.mark.parametrize("page", sorted(path.name for path in BOOK.glob("*.md")))
def test_every_chapter_is_in_the_table_of_contents(page):
    index = (BOOK.parent / "index.md").read_text(encoding="utf-8")
    assert f"](book/{page})" in index
    assert f"\nbook/{Path(page).stem}\n" in index
