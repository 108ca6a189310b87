"""What another user put into the cache of machine code is never loaded."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from chainrule.files.signed import is_private, read_signed, write_signed


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def kept(cache):
    """A file that this user wrote."""
    path = cache / "code" / "a.o"
    write_signed(path, b"content")
    return path


def test_what_was_written_is_found(kept):
    assert read_signed(kept) == b"content"
    assert [path.name for path in kept.parent.iterdir()] == ["a.o"]
    assert read_signed(kept.with_name("b.o")) is None
    if os.name != "nt":
        assert stat.S_IMODE((kept.parent.parent / "secret").stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_file_signed_without_the_secret_is_not_loaded(kept):
    """As the cache was before: anyone can compute a checksum."""
    kept.write_bytes(hashlib.sha256(b"planted").digest() + b"planted")
    assert read_signed(kept) is None


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 31, b"\0" * 500])
def test_a_damaged_file_is_not_loaded(kept, damage):
    kept.write_bytes(damage)
    assert read_signed(kept) is None


def test_a_file_under_another_name_is_not_loaded(kept):
    kept.rename(kept.with_name("b.o"))
    assert read_signed(kept.with_name("b.o")) is None


def test_one_signed_with_another_secret_is_not_loaded(kept, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "theirs"))
    write_signed(tmp_path / "theirs" / "code" / "a.o", b"planted")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    kept.write_bytes((tmp_path / "theirs" / "code" / "a.o").read_bytes())
    assert read_signed(kept) is None


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775, 0o702])
def test_a_folder_that_others_may_write_to(kept, mode):
    kept.parent.chmod(mode)
    assert not is_private(kept.parent)
    assert read_signed(kept) is None
    with pytest.raises(OSError, match="a folder of your own"):
        write_signed(kept, b"new")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("what", ["code", "secret"])
def test_a_folder_or_a_secret_of_another_user(kept, another, what):
    path = kept.parent if what == "code" else kept.parent.parent / "secret"
    another(path)
    assert read_signed(kept) is None


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("harm", ["read by others", "cut off", "a link", "gone"])
def test_a_secret_that_is_none_is_made_again(kept, tmp_path, harm):
    secret = kept.parent.parent / "secret"
    before = secret.read_bytes()
    if harm == "read by others":
        secret.chmod(0o644)
    elif harm == "cut off":
        secret.write_bytes(before[:9])
    else:
        secret.unlink()
    if harm == "a link":
        (tmp_path / "known").write_bytes(before)
        (tmp_path / "known").chmod(0o600)
        secret.symlink_to(tmp_path / "known")
    assert read_signed(kept) is None
    write_signed(kept, b"content")
    assert read_signed(kept) == b"content"
    assert secret.read_bytes() != before
    assert not secret.is_symlink()


def test_nothing_is_loaded_by_a_relative_path(kept, tmp_path, monkeypatch):
    """The current folder may be one that was unpacked from an archive, secret included."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINRULE_CACHE", "cache")
    assert read_signed(kept) is None
    assert read_signed(kept.relative_to(tmp_path)) is None
