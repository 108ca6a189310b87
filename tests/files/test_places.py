"""Links: which are followed, and which another user may have put there. The folder of the cache."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chainrule.errors import StorageError
from chainrule.files.atomic import atomic_write
from chainrule.files.locks import held
from chainrule.files.places import cache_folder, followed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="symbolic links are others there")


@pytest.fixture
def victim(tmp_path):
    """A file that no link of another user may lead to."""
    path = tmp_path / "home" / "victim"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    return path


@pytest.fixture
def shared(tmp_path):
    """A folder where everybody may write, as /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_own_links_are_followed(shared, victim):
    (shared / "a").symlink_to("b")
    (shared / "b").symlink_to(victim)
    (shared / "c").symlink_to("../home")
    for path in ("a", "b", "c/victim", "c/../home/victim", "./a"):
        assert followed(shared / path) == victim.resolve(), path
    assert followed(shared / "c/../new") == victim.parent.parent.resolve() / "new"


def test_every_path_leads_where_the_system_says(tmp_path, victim, monkeypatch):
    (tmp_path / "to").symlink_to(victim.parent)
    monkeypatch.chdir(victim.parent)
    for path in (
        "victim",
        "../to/victim",
        "../to/../home/victim",
        ".",
        "..",
        "/",
        "/..",
        "//etc",
        "a/b",
        "a/../b",
    ):
        assert followed(path) == Path(os.path.realpath(path)), path


@pytest.mark.parametrize("to", ["the file", "nothing yet", "another link"])
def test_a_link_of_another_user_is_not_followed(shared, victim, another, to):
    aim = {"the file": victim, "nothing yet": victim.with_name("new"), "another link": shared / "own"}[to]
    (shared / "own").symlink_to(victim)
    (shared / "out").symlink_to(aim)
    another(shared / "out")
    with pytest.raises(
        StorageError, match=r"out must be .*; it is a link that user \d+ put there, to .*Remove it"
    ):
        atomic_write(shared / "out", b"theirs")
    assert victim.read_bytes() == b"mine"
    assert [path.name for path in victim.parent.iterdir()] == ["victim"]


def test_nor_one_at_the_end_of_another_folder(tmp_path, victim, another):
    """Whoever owns the folder may have put the link there."""
    (tmp_path / "out").symlink_to(victim)
    another(tmp_path / "out")
    with pytest.raises(StorageError, match="put there"):
        atomic_write(tmp_path / "out", b"theirs")
    assert victim.read_bytes() == b"mine"


def test_nor_one_on_the_way(shared, victim, another):
    (shared / "run").symlink_to(victim.parent)
    another(shared / "run")
    for path in ("run/victim", "run/new/page.html"):
        with pytest.raises(StorageError, match="put there"):
            atomic_write(shared / path, b"theirs")
    assert victim.read_bytes() == b"mine"
    assert [path.name for path in victim.parent.iterdir()] == ["victim"]


def test_one_on_the_way_that_the_owner_of_a_folder_made(tmp_path, victim, another):
    """Such as /data/projects, to another disk."""
    (tmp_path / "projects").symlink_to(victim.parent)
    another(tmp_path / "projects")
    atomic_write(tmp_path / "projects" / "page.html", b"x")
    assert (victim.parent / "page.html").read_bytes() == b"x"


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StorageError, match="its links form a circle") as caught:
        atomic_write(tmp_path / "a", b"x")
    assert caught.value.errno == errno.ELOOP


def test_a_lock_that_is_a_link_is_not_followed(shared, victim):
    (shared / "lock").symlink_to(victim)
    with pytest.raises(StorageError), held(shared):
        pass
    assert victim.read_bytes() == b"mine"


# --- the cache


@pytest.mark.parametrize("home", [None, "", "here"])
def test_a_user_without_a_home_folder_has_no_cache_in_the_current_one(monkeypatch, tmp_path, home):
    monkeypatch.chdir(tmp_path)
    for name in ("CHAINRULE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    if home == "":  # the file system's root is then the home folder
        assert cache_folder() == Path("/.cache/chainrule")
        return
    with pytest.raises(StorageError, match="this user has no home folder"):
        cache_folder()


def test_the_cache_has_an_absolute_path(monkeypatch, tmp_path):
    """A relative XDG_CACHE_HOME is to be ignored, says its specification."""
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "chainrule"
