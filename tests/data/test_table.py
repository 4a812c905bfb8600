"""Text files of two features and a label: what is accepted, and how the rest is refused."""

import os

import numpy as np
import pytest

from handgrad.data import load_table
from handgrad.errors import InputError, UsageError

ROWS = [(0.5, -1.25, "a"), (2e-3, 7.0, "b"), (11.0, 0.0, "b"), (-3.5, 13.0, "a"), (17.0, 19.5, "b")]


@pytest.fixture
def load(tmp_path):
    def write_and_load(content, seed=0, **options):
        path = tmp_path / "points.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_table(path, seed, **options)

    return write_and_load


def lines(delimiter=",", header="", end="\n"):
    return header + "".join(f"{x0}{delimiter}{x1}{delimiter}{label}{end}" for x0, x1, label in ROWS)


def points_of(data):
    """All points with the name of their class, training and test together, sorted."""
    x, t = np.concatenate([data.x, data.x_test]), np.concatenate([data.t, data.t_test])
    return sorted((*point, data.classes[int(code)]) for point, code in zip(x.tolist(), t[:, 0], strict=True))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "|", ", ", " ; ", "   "])
@pytest.mark.parametrize("header", [False, True])
def test_delimiters_and_headers(load, delimiter, header):
    data = load(lines(delimiter, delimiter.join(["width", "height", "kind"]) + "\n" if header else ""))
    assert points_of(data) == sorted(ROWS)
    assert data.features == (("width", "height") if header else ("x0", "x1"))
    assert data.classes == ("a", "b")
    assert data.name == "points.csv"
    assert data.x.dtype == data.t.dtype == data.x_test.dtype == data.t_test.dtype == np.float64


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + lines().encode(),
        lines(end="\r\n"),
        lines(end="\r"),
        lines(end="\n\n"),
        "\n \n" + lines() + ",,\n\n",
        lines().rstrip(),
        lines("  ", end="  \n"),
        "".join(f'"{x0}","{x1}"," {label}"\n' for x0, x1, label in ROWS),
        lines("; ").replace(".", ","),
        lines(" ").replace(".", ","),
        lines("\t").replace(".", ","),
        lines(";", "größe;höhe;sorte\n"),
        lines().replace("0.5", "5e-1").replace(",7.0", ",+7"),
    ],
    ids=[
        "byte-order mark",
        "CRLF",
        "CR",
        "blank lines",
        "blank lines at the ends",
        "no last line end",
        "spaces at line ends",
        "quoted",
        "decimal comma with semicolon",
        "decimal comma with space",
        "decimal comma with tab",
        "umlauts",
        "exponent and sign",
    ],
)
def test_dialects(load, content):
    assert points_of(load(content)) == sorted(ROWS)


def test_the_byte_order_mark_is_not_part_of_a_name(load):
    assert load(b"\xef\xbb\xbfwidth,height,kind\n" + lines().encode()).features == ("width", "height")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ("1 0 0 1", ("0", "1")),
        ("1 -1 -1.0 +1", ("-1", "1")),
        ("10 9 9 10", ("9", "10")),
        ("yes no no yes", ("no", "yes")),
        ("True False True False", ("False", "True")),
        ("x 7 x 7", ("7", "x")),
        ("2.50 1e1 10 2.5", ("2.5", "10")),
        ("1.000e+00 0.000e+00 0 1", ("0", "1")),
        ("赤 青 青 赤", ("赤", "青")),
    ],
)
def test_any_two_labels_the_second_in_order_is_one(load, labels, classes):
    data = load("".join(f"{i},{i},{label}\n" for i, label in enumerate(labels.split())))
    assert data.classes == classes

    def as_class(label):
        return label if label in classes else f"{float(label):g}"

    assert [label for _, _, label in points_of(data)] == [as_class(label) for label in labels.split()]


def test_the_hold_out_is_stratified_seeded_and_keeps_the_order(load):
    content = "".join(f"{i},{-i},{'rare' if i % 5 == 0 else 'often'}\n" for i in range(50))
    data = load(content, seed=3)
    assert data.x_test.shape == (15, 2)
    assert data.x.shape == (35, 2)
    assert data.t_test.sum() == 3
    assert data.t.sum() == 7
    assert (np.diff(data.x[:, 0]) > 0).all()
    assert np.array_equal(data.t[:, 0], data.x[:, 0] % 5 == 0)
    assert np.array_equal(load(content, seed=3).x_test, data.x_test)
    assert not np.array_equal(load(content, seed=4).x_test, data.x_test)
    assert load(content, test_share=0.5).x_test.shape == (25, 2)
    with pytest.raises(UsageError, match="test share is 1.0"):
        load(content, test_share=1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "points.csv is empty, expected lines of two features and a label"),
        ("\n \r\n,,\n", "points.csv is empty"),
        ("a,b,c\n", "points.csv holds a header and no points, expected at least 4"),
        ("1,2,a\n", "points.csv holds 1 point, expected at least 4, two of each class"),
        ("1,2,a\n1,2,b\n1,2,b\n", "points.csv holds 3 points, expected at least 4"),
        ("1,2\n3,4\n", "line 1 has 2 columns, expected 3: two features and a label"),
        ("1\n2\n", "line 1 has 1 column, expected 3"),
        ("some words\n", "line 1 has 2 columns, expected 3"),
        ("a,b,c,d\n1,2,3,4\n", "line 1 has 4 columns, expected 3"),
        ("x,y,l\n\n1,2,a\n3,4\n", "line 4 has 2 columns, expected 3"),
        ("1,2,a\n3,4,b,\n", "line 2 has 4 columns, expected 3"),
        ("x,y,l\r\n1,2,a\r\n3,zwei,b\r\n", r"line 3, column 2 \('y'\) is 'zwei', expected a number"),
        ("1,2,a\n,4,b\n", "line 2, column 1 is empty, expected a number"),
        (",2,a\n1,4,b\n", "line 1, column 1 is empty, expected a number"),
        (",,a\n1,4,b\n", "line 1, column 1 is empty, expected a number"),
        ("0.1x,2,a\n1,4,b\n", "line 1, column 1 is '0.1x', expected a number"),
        ("1,2,a\n1_000,4,b\n", "line 2, column 1 is '1_000', expected a number"),
        ("1;2;a\n1.234,5;4;b\n", "line 2, column 1 is '1.234,5', expected a number"),
        ('1,2,a\n"0,5",4,b\n', "line 2, column 1 is '0,5', expected a number"),
        ("1,2,a\n" + "z" * 99 + ",4,b\n", rf"line 2, column 1 is '{'z' * 40}\.\.\.', expected"),
        ("x,y,l\n1,2,a\nnan,4,b\n", r"line 3, column 1 \('x'\) is nan, expected a finite number; remove the line"),
        ("NaN,2,a\n1,4,b\n", "line 1, column 1 is NaN, expected a finite number"),
        ("1,2,a\n1,-inf,b\n", "line 2, column 2 is -inf, expected a finite number"),
        ("1,2,a\n1,1e999,b\n", "line 2, column 2 is 1e999, expected a finite number"),
        ("1,2,a\n1,2,\n", "line 2: the label is missing, expected a number or a word"),
        ("1,2,0\n1,2,NaN\n", "line 2: the label is NaN, expected a number or a word"),
        ("1,2,a\n" * 5, "every point has the label 'a', expected two labels"),
        ("1,2,a\n" * 5 + "1,2,b\n", "only line 6 has the label 'b', expected at least two points of each class"),
        (
            "0,1,2\n1,2,0\n3,4,1\n5,6,0\n",
            r"holds 3 labels, expected two in its third column; first seen: '2' \(line 1\), '0' \(line 2\), '1' \(li",
        ),
        (
            "".join(f"1,2,{i / 8}\n" for i in range(99)),
            r"holds more than 5 labels, expected two .* '0.0' \(line 1\), .*, '0.5' \(line 5\)$",
        ),
        ('1,2,a\n3,4,"b\n5,6,a\n', "line 2: a quoted field is not closed as it should be"),
        ('1,2,a\n3,4,"b"c\n', "line 2: a quoted field is not closed as it should be"),
        ('1,2,a\n3,4,"b\n' + "5,6,a\n" * 30_000, "line 2: a quoted field is not closed as it should be"),
        ('1,2,"a\nb"\n3,4\n', "line 3 has 2 columns, expected 3"),
        (b"1,2,a\n3,4,b\xff\n", r"is not UTF-8 text \(byte 0xff in line 2\); save it as CSV in UTF-8"),
        ("1,2,a\n".encode("utf-16"), "is not a text file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"is not UTF-8 text \(byte 0x89 in line 1\)"),
        (bytes(1000), r"is not a text file \(a zero byte in line 1\)"),
        ("1,2,a\n" + "9" * 70_000 + ",2,b\n", "line 2 is longer than 65536 characters"),
        ("x" * 70_000, "line 1 is longer than 65536 characters"),
    ],
)
def test_what_is_refused(load, content, message):
    with pytest.raises(InputError, match=message) as caught:
        load(content)
    assert "points.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_a_late_line_is_counted_as_an_editor_counts_it(load):
    content = 'x,y,label\n\n"1","2","two\nlines"\n' + "3,4,b\n" * 1000 + "3,oops,b\n"
    with pytest.raises(InputError, match="line 1005, column 2"):
        load(content)


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no file .*absent.csv, expected linear, xor or the path of a CSV file"):
        load_table(tmp_path / "absent.csv", 0)
    with pytest.raises(InputError, match="is a folder, expected"):
        load_table(tmp_path, 0)
    with pytest.raises(InputError, match="cannot be the name of a file"):
        load_table("a\0b", 0)
    (tmp_path / "file.csv").write_text("")
    with pytest.raises(InputError, match="cannot be read"):
        load_table(tmp_path / "file.csv" / "points.csv", 0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_read_once():
    read_end, write_end = os.pipe()
    os.write(write_end, lines(";").encode())
    os.close(write_end)
    try:
        assert points_of(load_table(f"/dev/fd/{read_end}", 0)) == sorted(ROWS)
    finally:
        os.close(read_end)
