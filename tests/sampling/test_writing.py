"""Writing with a language model that is a table: forms, starts, seeds."""

import re

import numpy as np
import pytest

from handgrad.data.vocabulary import END, PAD, START, TAGS, UNKNOWN, Vocabulary
from handgrad.errors import InputError, UsageError
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form
from handgrad.sampling.writing import write

VOCABULARY = Vocabulary(tuple("，。山水日月花？、！；"))
V = len(VOCABULARY)


class Table:
    """Logits that follow from the token before alone; ``fed``: what it was fed."""

    def __init__(self, favourite=None, seed=0):
        self.logits = np.random.default_rng(seed).normal(size=(V, V)).astype(np.float32)
        self.logits[:, [PAD, START, UNKNOWN]] = 9  # what must never be chosen is what it likes best
        if favourite is not None:
            self.logits[:, favourite] = 8
        self.fed = []

    def step(self, tokens):
        self.fed.append(tokens.tolist())
        return self.logits[tokens]


def texts(starts=("",), choice=None, form=None, seed=0, table=None):
    return [p.text for p in write(table or Table(), VOCABULARY, starts, choice or Choice(1.0), form or Form(), seed)]


def test_free_poems_hold_characters_and_marks_alone_and_end_by_themselves():
    poems = write(Table(), VOCABULARY, [""] * 40, Choice(1.0), Form(length=1000), 0)
    assert all(poem.finished and poem.text and set(poem.text) <= set(VOCABULARY.characters) for poem in poems)
    assert len({poem.text for poem in poems}) > 20
    assert not any(tag in poem.text for poem in poems for tag in TAGS)


def test_a_poem_that_finds_no_end_is_cut():
    table = Table()
    table.logits[:, END] = -1e9
    [poem] = write(table, VOCABULARY, ["山"], Choice(1.0), Form(length=30), 0)
    assert len(poem.text) == 30
    assert not poem.finished
    [poem] = write(Table(favourite=END), VOCABULARY, ["山"], Choice(greedy=True), Form(length=30), 0)
    assert (poem.text, poem.finished) == ("山", True)


def test_the_network_is_fed_the_start_tag_and_then_what_was_written():
    table = Table()
    [text] = texts(("山水",), form=Form(length=9), table=table)
    assert [tokens[0] for tokens in table.fed] == [START, *VOCABULARY.tokens(text)][: len(table.fed)]


def test_a_poem_depends_on_its_number_and_not_on_the_others():
    first = texts(("山", "日", ""), seed=3)
    assert texts(("山",), seed=3) == first[:1]
    assert texts(("山", "日", "", "花"), seed=3)[:3] == first
    assert texts(("山", "日", ""), seed=4) != first


@pytest.mark.parametrize(("lines", "length"), [(1, 1), (2, 7), (4, 5), (5, 3), (8, 7)])
def test_lines_and_their_length_are_kept(lines, length):
    for text in texts(("",) * 20, form=Form(lines, length)):
        assert re.fullmatch(f"([山水日月花]{{{length}}}[，。？、！；]){{{lines}}}", text)
        marks = text[length :: length + 1]
        assert marks[-1] in "。？！"
        assert all(mark in "。？！；" for mark in marks[1::2])
        assert all(mark in "，、？！；" for mark in marks[:-1:2])


def test_lines_are_as_long_as_the_first_where_no_length_is_given():
    found = set()
    for text in texts(("",) * 60, form=Form(lines=4)):
        lengths = {len(line) for line in re.findall("[山水日月花]+", text)}
        assert len(lengths) == 1
        assert len(re.findall("[，。？、！；]", text)) == 4
        found |= lengths
    assert len(found) > 2
    assert min(found) >= 2
    assert max(found) <= 9


def test_a_length_without_lines_ends_behind_a_couplet():
    poems = write(Table(), VOCABULARY, [""] * 30, Choice(1.0), Form(line_length=2, length=400), 0)
    for poem in poems:
        assert re.fullmatch("(..[，、？！；]..[。？！；])+", poem.text)
        assert poem.finished
    assert len({len(poem.text) for poem in poems}) > 2


def test_an_acrostic():
    for form in (Form(acrostic="日山月花"), Form(line_length=3, acrostic="日山月花")):
        for text in texts(("",) * 10, form=form):
            lines = re.findall("[山水日月花]+", text)
            assert "".join(line[0] for line in lines) == "日山月花"
            assert len(set(map(len, lines))) == 1
    assert texts(form=Form(line_length=1, acrostic="日山"))[0][::2] == "日山"


def test_a_start_goes_on_in_the_form():
    for text in texts(("山水", "日月，花", ""), form=Form(4, 2)):
        assert re.fullmatch("(..[，。？、！；]){4}", text)
    found = texts(("山水，日", "山水花日月山水日月山，"), form=Form(lines=2))
    assert found[0].startswith("山水，日")
    assert len(found[0]) == 6
    assert len(found[1]) == 22


@pytest.mark.parametrize(
    ("form", "start", "message"),
    [
        ({"lines": 0}, "", "--lines is 0, expected a whole number of at least 1"),
        ({"line_length": 0}, "", "--line-length is 0, expected a whole number of at least 1"),
        ({"length": -1}, "", "--length is -1, expected a whole number of at least 1"),
        ({"lines": 2, "acrostic": "日山月"}, "", "--acrostic has 3 characters, a line for each, but --lines is 2"),
        ({"acrostic": "日山月"}, "山", "both --start and --acrostic were given"),
        ({"line_length": 2}, "山水日", "--start 山水日 has a line of length 3, but --line-length is 2"),
        ({"line_length": 2}, "山，日", "--start 山，日 has a line of length 1, but --line-length is 2"),
        ({"lines": 2, "length": 20}, "", "--length is 20, .* but --lines says where this one ends"),
        ({"acrostic": "日", "length": 20}, "", "--length is 20, .* but --acrostic says where this one ends"),
        ({"lines": 1}, "山，日", "--start 山，日 has more lines than --lines, 1"),
    ],
)
def test_forms_and_starts_that_do_not_fit(form, start, message):
    with pytest.raises(UsageError, match=message):
        texts((start,), form=Form(**form))


def test_lines_need_marks():
    with pytest.raises(
        InputError, match="lines end with marks such as ， and 。, which the vocabulary of this run does"
    ):
        write(Table(), Vocabulary(tuple("abcdefghijk")), [""], Choice(), Form(lines=2), 0)
    write(Table(), Vocabulary(tuple("abcdefghijk")), [""], Choice(), Form(), 0)


def test_the_perplexity_is_the_models_of_what_was_chosen():
    table = Table()
    [poem] = write(table, VOCABULARY, ["山"], Choice(1.0), Form(length=20), 1)
    tokens = [START, *VOCABULARY.tokens(poem.text), END]
    a = table.logits.astype(np.float64)
    log_p = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
    pairs = list(zip(tokens[1:-1], tokens[2:], strict=True))  # the start was not chosen
    assert poem.finished
    assert poem.perplexity == pytest.approx(np.exp(-np.mean([log_p[pair] for pair in pairs])))
    assert np.isnan(write(table, VOCABULARY, ["山"], Choice(1.0), Form(length=1), 1)[0].perplexity)


def test_layout_has_a_line_for_each_sentence():
    [poem] = write(Table(), VOCABULARY, ["山，水。日？月"], Choice(1.0), Form(length=1), 0)
    assert poem.layout() == "山，水。\n日？\n月"
