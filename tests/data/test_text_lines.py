"""Texts of the user's own: lines, JSON lines, and what cannot be read."""

import json

import pytest

from handgrad.data.text_lines import read_lines
from handgrad.errors import InputError


def file(tmp_path, content, name="mine.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_every_line_is_a_text(tmp_path):
    path = file(tmp_path, "\ufeffone  line\r\n\n\tzwei Zeilen \n日暮\n[not JSON\n")
    assert read_lines(path) == ["one line", "", "zwei Zeilen", "日暮", "[not JSON"]


@pytest.mark.parametrize("name", ["mine.txt", "mine.JSONL", "mine.ndjson"])
def test_json_lines(tmp_path, name):
    entries = [{"text": "one"}, {"paragraphs": ["日暮，", "山遠。"], "title": "no"}]
    if name != "mine.txt":
        entries.insert(0, "a string")
    path = file(tmp_path, "\n\n".join(map(json.dumps, entries)), name)
    assert read_lines(path)[-2:] == ["one", "日暮，山遠。"]
    assert len(read_lines(path)) == len(entries)


def test_a_json_array_is_taken_by_its_entries(tmp_path):
    path = file(tmp_path, json.dumps(["one", {"paragraphs": ["two"]}], indent=1), "mine.json")
    assert read_lines(path) == ["one", "two"]


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    assert read_lines(file(tmp_path, '{"text": "a\\ud800b"}')) == ["a?b"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"good\nbad \xff\n", "a.txt", r"a\.txt is not UTF-8 text \(byte 0xff in line 2\), expected a UTF-8 text"),
        ("日暮".encode("utf-16"), "a.txt", r"is not UTF-8 text \(byte 0xff in line 1\)"),
        ("日暮".encode("big5"), "a.txt", r"is not UTF-8 text"),
        (b"good\n\0", "a.txt", r"is not a text file \(a zero byte in line 2\)"),
        (b'{"text": "a"}\n{"text": "b"\n', "a.txt", r"a\.txt, line 2 is not JSON \(.*\), expected JSON lines"),
        (b"{this is no json", "a.JSON", r"a\.JSON is not a JSON array of texts, nor JSON lines; rename it"),
        (b"plain\n", "a.jsonl", r"a\.jsonl, line 1 is not JSON"),
        (b"7\n", "a.jsonl", r"line 1 is a number, expected a string, or an object with text or paragraphs"),
        (b"null\n", "a.jsonl", r"line 1 is null, expected"),
        (b'{"body": "b"}\n', "a.txt", r"line 1 is an object without text or paragraphs"),
        (b'{"text": 7}\n', "a.txt", r"line 1 is an object without text or paragraphs"),
        (b'{"paragraphs": "b"}\n', "a.txt", r"line 1: paragraphs is a string, expected a list of strings"),
        (b'["one", {"title": ""}]', "a.json", r"entry 2 is an object without text or paragraphs"),
    ],
)
def test_what_cannot_be_read(tmp_path, content, name, message):
    with pytest.raises(InputError, match=message):
        read_lines(file(tmp_path, content, name))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*none\.txt, expected a UTF-8 text with a line for each"):
        read_lines(tmp_path / "none.txt")
    with pytest.raises(InputError, match="is a folder"):
        read_lines(tmp_path)
    with pytest.raises(InputError, match="cannot be the name of a file"):
        read_lines("a\0b")
