"""IDX files of unsigned bytes, the format of MNIST, gzipped or not.

    bytes 0 to 3    magic number, big-endian: 0, 0, 8 (unsigned bytes), the number of dimensions
    then            the size of each dimension, four bytes each, big-endian
    then            the entries, one byte each, last dimension fastest

Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits, "File formats".
"""

import os
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from math import prod
from typing import Any, BinaryIO

import numpy as np

from handgrad.data._files import reading
from handgrad.errors import InputError, shape_text

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = 0x0800


def read_idx(path: str | os.PathLike[str], ndim: int | None = None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array in the file ``path``; its first dimension counts the records. ``ndim`` is checked where it is given.

    Whether the file is gzipped is seen from its first bytes, not from its name. No more is read than the header
    promises, so a wrong file is refused without being held in memory.

    Raises ``InputError`` with file, byte and reason: it cannot be read, has another magic number, ends early, goes on
    after its end, or its gzip data is damaged. Byte numbers count from 0, in the unpacked data unless it says "gzip".
    """
    name = os.fspath(path)
    with reading(name, "an IDX file"), open(name, "rb") as file:
        return _parse(name, _chunks(name, file), ndim)


def _parse(name: str, chunks: Iterator[bytes], ndim: int | None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    data = bytearray()
    _fill(data, chunks, 4)
    if not data:
        raise InputError(f"{name} is empty, expected an IDX file")
    magic = int.from_bytes(data[:4], "big")
    dimensions = magic - _UNSIGNED_BYTES
    if len(data) >= 4 and not (dimensions == ndim if ndim is not None else 1 <= dimensions <= 255):
        expected = "2049 to 2303 (unsigned bytes)" if ndim is None else f"{_UNSIGNED_BYTES + ndim}"
        raise InputError(f"{name} has the magic number {magic} (0x{magic:08x}) at byte 0, expected {expected}")
    start = 4 + 4 * dimensions
    if len(data) >= 4:
        _fill(data, chunks, start)
    if len(data) < 4 or len(data) < start:
        raise InputError(f"{name} ends at byte {len(data)}, inside its header; get the file again")
    shape = tuple(int.from_bytes(data[i : i + 4], "big") for i in range(4, start, 4))
    end = start + prod(shape)
    _fill(data, chunks, end + 1)
    if len(data) < end:
        record = (len(data) - start) // prod(shape[1:])
        raise InputError(
            f"{name} ends at byte {len(data)}, in record {record}: its header promises {shape_text(shape)} entries, "
            f"{end} bytes in all; get the file again"
        )
    if len(data) > end:
        raise InputError(f"{name} goes on at byte {end}, where it should end after {shape_text(shape)} entries")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _fill(data: bytearray, chunks: Iterator[bytes], length: int) -> None:
    """Append chunks until ``data`` has ``length`` bytes, or there are none left."""
    while len(data) < length and (chunk := next(chunks, None)) is not None:
        data += chunk


def _chunks(name: str, file: BinaryIO) -> Iterator[bytes]:
    """The unpacked bytes of the file, piece by piece."""
    chunk = file.read(_CHUNK)
    if chunk.startswith(_GZIP):
        yield from _unpacked(name, chunk, file)
        return
    while chunk:
        yield chunk
        chunk = file.read(_CHUNK)


def _unpacked(name: str, chunk: bytes, file: BinaryIO) -> Iterator[bytes]:
    """What gzip packed, in one member or several; ``chunk`` is the beginning of ``file``.

    zlib is driven by hand because the gzip module does not say at which byte the packed data is damaged.
    """
    member, offset = zlib.decompressobj(wbits=31), 0
    while chunk:
        before = member.copy()
        try:
            unpacked = member.decompress(chunk)
        except zlib.error as error:
            bad = offset + _first_bad_byte(before, chunk)
            reason = str(error).rpartition(": ")[2]
            raise InputError(
                f"the gzip data of {name} is damaged at byte {bad} ({reason}); get the file again"
            ) from None
        yield unpacked
        offset += len(chunk) - len(member.unused_data)
        chunk = member.unused_data + file.read(_CHUNK)
        if member.eof:
            if not chunk.startswith(_GZIP):  # what else may follow is padding, as gunzip sees it
                return
            member = zlib.decompressobj(wbits=31)
    raise InputError(f"the gzip data of {name} ends early, at byte {offset}; get the file again")


def _first_bad_byte(before: Any, chunk: bytes) -> int:
    """Index of the first byte of ``chunk`` that the decompressor ``before`` it cannot accept."""

    def fails(length: int) -> bool:
        try:
            before.copy().decompress(chunk[:length])
        except zlib.error:
            return True
        return False

    return bisect_left(range(len(chunk) + 1), True, key=fails) - 1
