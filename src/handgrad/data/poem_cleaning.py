"""What a poem of the public JSON collection has to go through before it is learned from, rule by rule.

The collection (chinese-poetry, Complete Tang Poems) carries its editors' hand: notes, variants, emendations, footnotes,
gaps, characters that no font had. The rules, in this order:

changed
    notes            （…） and 〖…〗 go, with everything in them, nested ones too: notes and variants of the editors
    footnotes        [一], [二], [一○], ...: the numbers of footnotes go
    emendations      [爽]: what the editors restored or replaced stays, its brackets go
    described        {𥫗/戢} and ⿰木養: one character, told by its parts, becomes UNREADABLE
    quotation_marks  《 》 「 」 『 』 are an editor's and go; what they hold stays
    marks            of several marks in a row one stays: the first that ends a sentence, or else the first; none begins
                     a poem; white space and stray slashes go
left out
    unbalanced       brackets that do not match: where a note ends cannot be told
    empty            no text; or 空。 (empty) or nothing but marks, as many records of the supplements have it
    lost_characters  □ ● ○: a gap, from which no character can be learned
    other_signs      anything that is neither a Chinese character nor one of the marks ，。！？；：、

Poems that say the same and poems that are too long are left out later, by ``data/poems.py``.
"""

import re
import unicodedata
from typing import NamedTuple

FINAL_MARKS = "。！？"
"""That end a sentence."""
MARKS = "，。！？；：、"
UNREADABLE = "〓"
"""The geta mark, with which printers stand in for a type that they do not have. No vocabulary holds it."""

CHANGED = ("notes", "footnotes", "emendations", "described", "quotation_marks", "marks")
LEFT_OUT = ("unbalanced", "empty", "lost_characters", "other_signs")

_BRACKETS = {"（": "）", "〖": "〗"}
_ANY_NOTE = re.compile("[（）〖〗]")
_WIDE = {"［": "[", "］": "]", "｛": "{", "｝": "}"}
_FOOTNOTE = re.compile(r"\[[一二三四五六七八九十○〇0-9]+\]")
_EMENDED = re.compile(r"\[([^\[\]]*)\]")
_DESCRIBED = re.compile(r"\{[^{}]*\}")
_TERNARY, _BINARY = "⿲⿳", "⿰⿱⿴⿵⿶⿷⿸⿹⿺⿻"
_OPERATOR = re.compile(f"[{_TERNARY}{_BINARY}]")
_QUOTATION = re.compile("[《》「」『』〈〉]+")
_STRAY = re.compile(r"[\s/]+")
_ROW_OF_MARKS = re.compile(f"[{MARKS}]{{2,}}")
_ANY_MARKS = re.compile(f"[{MARKS}]+")
_LOST = re.compile("[□●○〇■]")
_PLACEHOLDER = "空"  # a record that says "empty"
# the blocks of Chinese characters, without those for private use
_CHINESE = re.compile(f"[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0003ffff\uf900-\ufaff{UNREADABLE}]+")


class Cleaned(NamedTuple):
    """``text``: the poem, or "" where it is left out. ``changes``: the rules that changed it. ``reason``: the rule by
    which it is left out, or ""."""

    text: str
    changes: tuple[str, ...] = ()
    reason: str = ""


def clean(body: str) -> Cleaned:
    """Take the paragraphs of a poem, joined to ``body``, through all rules."""
    changes: list[str] = []

    def step(name: str, before: str, after: str) -> str:
        if after != before:
            changes.append(name)
        return after

    text = unicodedata.normalize("NFC", body)
    for wide, narrow in _WIDE.items():
        text = text.replace(wide, narrow)
    without = _without_notes(text)
    if without is None:
        return Cleaned("", reason="unbalanced")
    text = step("notes", text, without)
    text = step("footnotes", text, _FOOTNOTE.sub("", text))
    text = step("emendations", text, _EMENDED.sub(r"\1", text))
    text = step("described", text, _described(_DESCRIBED.sub(UNREADABLE, text)))
    text = step("quotation_marks", text, _QUOTATION.sub("", text))
    text = step("marks", text, _ROW_OF_MARKS.sub(_one_mark, _STRAY.sub("", text)).lstrip(MARKS))
    return Cleaned("", reason=reason) if (reason := _unusable(text)) else Cleaned(text, tuple(changes))


def without_marks(text: str) -> str:
    """Its characters alone: two poems that differ in their marks say the same."""
    return _ANY_MARKS.sub("", text)


def _without_notes(text: str) -> str | None:
    """``text`` without what stands in round and in lenticular brackets; None where these do not match."""
    if _ANY_NOTE.search(text) is None:
        return text
    kept: list[str] = []
    closing: list[str] = []
    for character in text:
        if character in _BRACKETS:
            closing.append(_BRACKETS[character])
        elif character in _BRACKETS.values():
            if not closing or closing.pop() != character:
                return None
        elif not closing:
            kept.append(character)
    return None if closing else "".join(kept)


def _described(text: str) -> str:
    """``text`` with UNREADABLE for every ideographic description: an operator and the parts that it arranges."""
    if _OPERATOR.search(text) is None:
        return text
    kept: list[str] = []
    position = 0
    while position < len(text):
        end = _end_of_description(text, position)
        kept.append(text[position] if end == position + 1 else UNREADABLE)
        position = end
    return "".join(kept)


def _end_of_description(text: str, position: int) -> int:
    """Where the character or the description that begins at ``position`` ends."""
    if position >= len(text):
        return position
    parts = 3 if text[position] in _TERNARY else 2 if text[position] in _BINARY else 0
    end = position + 1
    for _ in range(parts):
        end = _end_of_description(text, end)
    return end


def _one_mark(match: re.Match[str]) -> str:
    return next((mark for mark in match[0] if mark in FINAL_MARKS), match[0][0])


def _unusable(text: str) -> str:
    """The rule by which a poem is left out, or ""."""
    characters = without_marks(text)
    if characters in ("", _PLACEHOLDER):
        return "empty"
    if _LOST.search(characters):
        return "lost_characters"
    if any(bracket in characters for bracket in "[]{}"):
        return "unbalanced"
    return "" if _CHINESE.fullmatch(characters) else "other_signs"
