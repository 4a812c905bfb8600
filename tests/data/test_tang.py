"""The files of the Tang poems: where they are looked for, what is refused, and the real ones where they are."""

import hashlib
import json

import pytest

from handgrad.data import tang
from handgrad.data.tang import read_tang, tang_files
from handgrad.data.tang_checksums import REVISION, SHA256
from handgrad.errors import InputError
from verses import REAL, needs_real


@pytest.fixture(autouse=True)
def no_data_and_no_network(monkeypatch, tmp_path):
    """An empty cache, no HANDGRAD_DATA, and a network that answers nobody."""
    monkeypatch.delenv("HANDGRAD_DATA", raising=False)
    monkeypatch.setattr(tang, "cache_folder", lambda: tmp_path / "cache" / "tang")

    def refuse(what, folder, mirrors, sha256, advice, announce):
        raise InputError(f"{what} could not be downloaded; {advice}")

    monkeypatch.setattr(tang, "download", refuse)


def write(folder, numbers=(2000, 10000, 0)):
    folder.mkdir(parents=True)
    for number in numbers:
        poem = {"title": "t", "author": "a", "paragraphs": [f"{number}，", "山。"], "id": "x"}
        (folder / f"poet.tang.{number}.json").write_text(json.dumps([poem]), encoding="utf-8")
    (folder / "poet.song.0.json").write_text("[]")
    return folder


@pytest.mark.parametrize("inside", ["", "tang"])
def test_a_folder_in_the_order_of_its_numbers(tmp_path, inside):
    write(tmp_path / "data" / inside)
    files = tang_files(tmp_path / "data")
    assert [file.name for file in files] == [f"poet.tang.{n}.json" for n in (0, 2000, 10000)]
    assert read_tang(files[1]) == ["2000，山。"]


def test_the_environment_variable_and_then_the_cache(tmp_path, monkeypatch):
    write(tmp_path / "all" / "tang", (0,))
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "all"))
    assert len(tang_files()) == 1
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "none"))
    with pytest.raises(InputError, match="HANDGRAD_DATA is .*none, which is no folder; expected one that holds tang/"):
        tang_files()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "empty"))
    with pytest.raises(
        InputError, match=r"could not be downloaded; put the files poet\.tang\.0\.json to .* into .*tang"
    ):
        tang_files()


def test_what_is_missing_is_downloaded_into_the_cache(tmp_path, monkeypatch):
    asked = []

    def fetch(what, folder, mirrors, sha256, advice, announce):
        asked.append((what, tuple(mirrors), dict(sha256)))
        write(folder, [int(name.split(".")[2]) for name in sha256])

    monkeypatch.setattr(tang, "download", fetch)
    assert len(tang_files()) == 58
    assert len(tang_files()) == 58
    [(what, mirrors, sha256)] = asked
    assert what == "the Complete Tang Poems"
    assert all(REVISION in mirror and mirror.endswith("/") for mirror in mirrors)
    assert sha256 == SHA256


def test_the_checksums_are_58_different_ones():
    assert len(set(SHA256.values())) == 58
    assert set(SHA256) == {f"poet.tang.{1000 * k}.json" for k in range(58)}
    assert all(len(digest) == 64 and int(digest, 16) for digest in SHA256.values())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "the data folder .*none does not exist, expected a folder with the files"),
        ("file", "the data folder .*file is not a folder"),
        ("empty", r"empty holds no poet\.tang\.N\.json: put the files poet\.tang\.0\.json to"),
        ("a\0b", "does not exist"),
    ],
)
def test_a_folder_without_poems(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=message):
        tang_files(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"p\.json is not JSON \(Expecting value in line 1, column 1\), expected an array of poems with title"),
        (b'[{"paragraphs": ["a"]},\n]', r"is not JSON \(.* in line [12], column"),
        (b"[" * 100_000, "JSON"),
        ('["日"]'.encode("gb18030"), r"is not UTF-8 text \(byte 0x.. at position 2\), expected UTF-8"),
        (b'{"paragraphs": []}', "holds an object, expected an array of poems"),
        (b"7", "holds a number, expected"),
        (b"null", "holds null, expected"),
        (b'[{"paragraphs": []}, "b"]', r"p\.json, poem 2 is a string, expected an object with paragraphs"),
        (b'[{"title": "b"}]', "poem 1 has no paragraphs, expected title, author and paragraphs"),
        (b'[{"paragraphs": "b"}]', "poem 1: paragraphs is a string, expected a list of strings"),
        (b'[{"paragraphs": ["a", 7]}]', "poem 1: paragraphs is a list with other things in it"),
    ],
)
def test_what_is_no_file_of_poems(tmp_path, content, message):
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_tang(path)
    with pytest.raises(InputError, match="there is no file"):
        read_tang(tmp_path / "q.json")


def test_a_byte_order_mark_and_an_empty_poem(tmp_path):
    path = tmp_path / "p.json"
    path.write_bytes(b'\xef\xbb\xbf[{"paragraphs": []}, {"paragraphs": ["a", "b"]}]')
    assert read_tang(path) == ["", "ab"]


@needs_real
def test_the_real_files_are_those_of_the_checksums():
    files = tang_files(REAL)
    assert [file.name for file in files] == [f"poet.tang.{1000 * k}.json" for k in range(58)]
    for file in files[::19]:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256[file.name]
