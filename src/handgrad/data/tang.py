"""The Complete Tang Poems as files: where they are looked for, how they are downloaded, and how they are read.

Source: the repository chinese-poetry/chinese-poetry (MIT licence, copyright 2016 JackeyGao), folder 全唐诗: files
``poet.tang.N.json``, N = 0, 1000, ..., 57000, each an array of poems with title, author and paragraphs.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handgrad.data._files import reading
from handgrad.data.download import download
from handgrad.data.tang_checksums import REVISION, SHA256
from handgrad.errors import InputError

_FOLDER = "%E5%85%A8%E5%94%90%E8%AF%97/"  # 全唐诗/
_MIRRORS = (
    f"https://raw.githubusercontent.com/chinese-poetry/chinese-poetry/{REVISION}/{_FOLDER}",
    f"https://github.com/chinese-poetry/chinese-poetry/raw/{REVISION}/{_FOLDER}",
)
_NAME = re.compile(r"poet\.tang\.(\d+)\.json")
_FILES = "the files poet.tang.0.json to poet.tang.57000.json"


def tang_files(
    data_dir: str | os.PathLike[str] | None = None, *, announce: Callable[[str], None] | None = None
) -> list[Path]:
    """The files of the collection, in its order, which is that of their numbers and not of their names.

    They are taken from ``data_dir`` if it is given; else from the folder that the environment variable HANDGRAD_DATA
    names; else from the user's cache, where they are downloaded to if need be (26 MB; ``announce`` is called with a
    line about it). Each folder may hold the files itself, or a folder ``tang`` with them. A part of the files will do.

    Raises ``InputError``: ``data_dir`` has none of them, or the download failed (which files to put where).
    """
    if data_dir is not None:
        return _explicit(Path(data_dir))
    cache = cache_folder()
    place = cache
    if environment := os.environ.get("HANDGRAD_DATA"):
        if found := _files_in(Path(environment)):
            return found
        place = Path(environment, "tang")
        if not Path(environment).is_dir():
            raise InputError(f"HANDGRAD_DATA is {environment}, which is no folder; expected one that holds tang/")
    cached = _files_in(cache)
    if {path.name for path in cached} >= set(SHA256):
        return cached
    advice = f"put {_FILES} into {place}, or name their folder with --data-dir or HANDGRAD_DATA"
    download("the Complete Tang Poems", cache, _MIRRORS, SHA256, advice, announce)
    return _explicit(cache)


def read_tang(path: Path) -> list[str]:
    """The bodies of the poems in ``path``: the paragraphs of each, joined. A poem without any is "".

    Raises ``InputError``, in one sentence with the place: not UTF-8, not JSON, not an array of objects with
    ``paragraphs``, a list of strings.
    """
    expected = "an array of poems with title, author and paragraphs"
    with reading(str(path), "a file of the Complete Tang Poems"):
        data = path.read_bytes()
    try:
        poems = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte 0x{data[error.start]:02x} at position {error.start}), expected UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path} is not JSON ({error.msg} in line {error.lineno}, column {error.colno}), expected {expected}"
        ) from None
    except RecursionError:
        raise InputError(f"{path} is JSON nested too deeply, expected {expected}") from None
    if not isinstance(poems, list):
        raise InputError(f"{path} holds {kind_of(poems)}, expected {expected}")
    return [body_of(poem, f"{path}, poem {i}") for i, poem in enumerate(poems, start=1)]


def body_of(poem: Any, where: str) -> str:
    """The paragraphs of ``poem``, an object of a JSON file, joined. Raises InputError that begins with ``where``."""
    if not isinstance(poem, dict):
        raise InputError(f"{where} is {kind_of(poem)}, expected an object with paragraphs")
    if "paragraphs" not in poem:
        raise InputError(f"{where} has no paragraphs, expected title, author and paragraphs")
    paragraphs = poem["paragraphs"]
    if not isinstance(paragraphs, list) or not all(isinstance(each, str) for each in paragraphs):
        given = kind_of(paragraphs) if not isinstance(paragraphs, list) else "a list with other things in it"
        raise InputError(f"{where}: paragraphs is {given}, expected a list of strings")
    return "".join(paragraphs)


def kind_of(value: Any) -> str:
    """What a JSON value is, for a sentence."""
    kinds: dict[type, str] = {dict: "an object", list: "an array", str: "a string", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")


def cache_folder() -> Path:
    """Where downloaded files are kept: the folder ``tang`` in the user's cache for handgrad."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("handgrad")) / "tang"


def _explicit(folder: Path) -> list[Path]:
    """The files of a folder that must have some."""
    if found := _files_in(folder):
        return found
    if not folder.is_dir():
        given = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"the data folder {folder} {given}, expected a folder with {_FILES}")
    raise InputError(
        f"{folder} holds no poet.tang.N.json: put {_FILES}, or some of them, there or into its folder tang"
    )


def _files_in(folder: Path) -> list[Path]:
    """The files that ``folder``, or else its folder ``tang``, holds, by number."""
    for candidate in (folder, folder / "tang"):
        found = {int(match[1]): path for path in _children(candidate) if (match := _NAME.fullmatch(path.name))}
        if found:
            return [found[number] for number in sorted(found)]
    return []


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (OSError, ValueError):
        return []
