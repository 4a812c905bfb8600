"""Link tables: LeCun's, from files, by chance."""

import numpy as np
import pytest

from handgrad.errors import InputError
from handgrad.labs.lenet_links import random_table, read_table, table_of

# LeCun et al. (1998), table I, written off once more: which outputs each input goes to
TABLE_I = {
    0: (0, 4, 5, 6, 9, 10, 11, 12, 14, 15),
    1: (0, 1, 5, 6, 7, 10, 11, 12, 13, 15),
    2: (0, 1, 2, 6, 7, 8, 11, 13, 14, 15),
    3: (1, 2, 3, 6, 7, 8, 9, 12, 14, 15),
    4: (2, 3, 4, 7, 8, 9, 10, 12, 13, 15),
    5: (3, 4, 5, 8, 9, 10, 11, 13, 14, 15),
}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(text, name="table.txt"):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def rows(table, separator):
    return "\n".join(separator.join(map(str, row)) for row in table.astype(int))


def test_lecuns_table_is_table_one():
    table = table_of("lecun")
    assert {p: tuple(np.flatnonzero(table[p])) for p in range(6)} == TABLE_I
    assert table.sum() == 60
    np.testing.assert_array_equal(table.sum(axis=0), [3] * 6 + [4] * 9 + [6])
    assert table_of("full").all()
    assert table_of("full").shape == (6, 16)


@pytest.mark.parametrize("separator", ["", " ", ",", ", ", ";", "\t"])
def test_a_table_is_read_however_its_entries_are_divided(separator):
    table = random_table(50, 1)
    text = "# a table\n\n" + rows(table, separator).replace("\n", "  # a row\r\n") + "\n\n"
    np.testing.assert_array_equal(read_table(written("\ufeff" + text)), table)
    np.testing.assert_array_equal(table_of("table.txt"), table)


GOOD = rows(table_of("lecun"), " ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table.txt has 0 rows, expected lecun or full, or a file with 6 rows of 16 zeros and ones"),
        ("\n".join(GOOD.splitlines()[:5]), "table.txt has 5 rows, expected"),
        (GOOD + "\n" + GOOD.splitlines()[0], "table.txt has 7 rows, expected"),
        (GOOD.replace("1", "2", 1), "table.txt, line 1: '2' is not 0 or 1"),
        (GOOD.replace("0 0", "0 x", 1), "'x' is not 0 or 1"),
        ("\n" + GOOD + " 1", "table.txt, line 7: 17 entries, expected 16, one for each output"),
        (GOOD[2:], "table.txt, line 1: 15 entries, expected 16"),
        (
            rows(table_of("lecun").T, ","),
            "table.txt has 16 rows of 6, expected 6 rows of 16: a row for each",
        ),
        ("\n".join("1 0" + " 1" * 14 for _ in range(6)), "table.txt: output 1 (column 2) sees no input"),
        ("\n".join(["0 " * 16] + ["1 " * 16] * 5), "table.txt: input 0 (row 1) is seen by no output"),
        ("\n".join(["1 " * 16] * 5 + ["1 " * 6]), "table.txt, line 6: 6 entries, expected 16"),
        ("name,age\n" * 3, "table.txt, line 1: 'name' is not 0 or 1"),
        ("0" * 70_000, "table.txt is larger than 65,536 bytes"),
    ],
)
def test_what_is_no_table_is_told_in_a_sentence(text, message):
    written(text)
    with pytest.raises(InputError) as caught:
        read_table("table.txt")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_text_file_is_told_in_a_sentence(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="bytes is no text, expected lecun or full"):
        read_table("bytes")
    with pytest.raises(InputError, match="there is no file nothing, expected lecun or full"):
        table_of("nothing")
    with pytest.raises(InputError, match="is a folder"):
        table_of(str(tmp_path))


def test_random_tables_have_their_links_and_nothing_alone():
    tables = [random_table(60, seed) for seed in range(40)]
    for table in tables:
        assert table.sum() == 60
        assert table.any(axis=0).all()
        assert table.any(axis=1).all()
    np.testing.assert_array_equal(tables[3], random_table(60, 3))
    assert len({table.tobytes() for table in tables}) == 40
    share = np.mean(tables, axis=0)
    assert abs(share - 60 / 96).max() < 0.35  # every link has its chance
