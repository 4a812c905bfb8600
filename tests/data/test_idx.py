"""IDX files: what is read, and at which byte a damaged one is refused."""

import gzip
import struct

import numpy as np
import pytest

from handgrad.data import read_idx
from handgrad.errors import InputError


def idx(array, magic=None):
    """The bytes of an IDX file with ``array``."""
    magic = 0x0800 + array.ndim if magic is None else magic
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, **options):
        path = tmp_path / "file-ubyte"
        path.write_bytes(content)
        return read_idx(path, **options)

    return write_and_read


@pytest.mark.parametrize("shape", [(1,), (7,), (5, 3, 2), (2, 3, 5, 7), (211, 29, 31), (0, 28, 28)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_round_trip(read, shape, pack):
    array = noise(*shape)
    given = read(pack(idx(array)), ndim=len(shape))
    assert given.dtype == np.uint8
    assert given.shape == shape
    assert np.array_equal(given, array)


def test_gzip_in_two_members_and_with_padding(read):
    array = noise(11, 13)
    content = idx(array)
    two = gzip.compress(content[:50]) + gzip.compress(content[50:]) + bytes(512)
    assert np.array_equal(read(two), array)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "is empty, expected an IDX file"),
        (b"\0\0", {}, "ends at byte 2, inside its header"),
        (idx(noise(5, 3))[:11], {}, "ends at byte 11, inside its header"),
        (
            idx(noise(5, 3), magic=0x1234),
            {},
            r"has the magic number 4660 \(0x00001234\) at byte 0, expected 2049 to 2303",
        ),
        (idx(noise(5, 3), magic=0x0D02), {}, "magic number 3330 .* expected 2049 to 2303"),
        (idx(noise(5), magic=0x0800), {}, "magic number 2048 "),
        (b"<html><body>404", {}, r"magic number 1013478509 \(0x3c68746d\) at byte 0"),
        (idx(noise(5)), {"ndim": 3}, r"magic number 2049 \(0x00000801\) at byte 0, expected 2051"),
        (idx(noise(5, 3, 2)), {"ndim": 1}, r"magic number 2051 .* expected 2049$"),
        (
            idx(noise(5, 3, 2))[:-1],
            {"ndim": 3},
            "ends at byte 45, in record 4: its header promises 5 x 3 x 2 entries, 46 bytes in all",
        ),
        (idx(noise(5, 3, 2))[:28], {}, "ends at byte 28, in record 2:"),
        (idx(noise(5, 3, 2)) + b"x", {}, "goes on at byte 46, where it should end after 5 x 3 x 2 entries"),
        (idx(noise(65_528)) + b"x", {}, "goes on at byte 65536, where it should end after 65528 entries"),
        (struct.pack(">4I", 2051, *[2**32 - 1] * 3), {}, "ends at byte 16, in record 0:"),
    ],
)
def test_what_is_refused(read, pack, content, options, message):
    with pytest.raises(InputError, match=message) as caught:
        read(pack(content), **options)
    assert "file-ubyte" in str(caught.value)


@pytest.mark.parametrize("keep", [2, 9, 40, 200_000])
def test_gzip_data_that_ends_early(read, keep):
    with pytest.raises(InputError, match=f"gzip data of .*file-ubyte ends early, at byte {keep}; get the file again"):
        read(gzip.compress(idx(noise(1009, 17, 19)))[:keep])


def test_the_damaged_byte_of_gzip_data_is_named(read):
    # stored blocks (level 0), so that a flipped byte does its damage where it stands: in a block's length
    packed = bytearray(gzip.compress(idx(noise(1009, 17, 19)), compresslevel=0))
    length = int.from_bytes(packed[11:13], "little")
    second = 10 + 5 + length
    packed[second + 1] ^= 0xFF
    with pytest.raises(
        InputError, match=rf"gzip data of .* is damaged at byte {second + 4} \(invalid stored block lengths\)"
    ):
        read(bytes(packed))


def test_the_damaged_byte_of_a_second_member_is_counted_from_the_start_of_the_file(read):
    content = idx(noise(1009, 17, 19))
    first, second = gzip.compress(content[:1000]), bytearray(gzip.compress(content[1000:], compresslevel=0))
    second[1000] ^= 1
    with pytest.raises(
        InputError, match=rf"is damaged at byte {len(first) + len(second) - 5} \(incorrect data check\)"
    ):
        read(first + bytes(second))


def test_a_changed_entry_is_noticed_by_the_checksum(read):
    packed = bytearray(gzip.compress(idx(noise(1009, 17, 19)), compresslevel=0))
    packed[1000] ^= 1
    with pytest.raises(InputError, match=rf"is damaged at byte {len(packed) - 5} \(incorrect data check\)"):
        read(bytes(packed))


def test_what_goes_on_without_end_is_left_early(read):
    # the damage at the end is not reached
    packed = bytearray(gzip.compress(idx(noise(5, 3)) + noise(300_000).tobytes(), compresslevel=0))
    packed[-1] ^= 0xFF
    with pytest.raises(InputError, match="goes on at byte 27"):
        read(bytes(packed))


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no file .*absent, expected an IDX file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(InputError, match="is a folder, expected an IDX file"):
        read_idx(tmp_path)
