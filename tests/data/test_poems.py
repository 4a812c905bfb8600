"""The corpus: cleaned, each poem once, divided by the seed, with its vocabulary."""

import pytest

from handgrad.data.poems import load_corpus
from handgrad.errors import InputError
from verses import REAL, folder_of, needs_real, poem


def text_of(tmp_path, text):
    path = tmp_path / "mine.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_became_of_the_poems_is_counted(tmp_path):
    whole = [poem(k) for k in range(20)]
    other_marks = whole[3].replace("，", "、")
    version = whole[5][:-7] + "春" + whole[5][-6:]  # one character of the last line
    fragment = whole[7][:12]
    long = poem(90, lines=16)
    dirt = ["", "空。", "冰□已。", "南行（曲。", "Ｂ亂。"]
    notes = whole[8][:6] + "（一作「天」）" + whole[8][6:]
    corpus = load_corpus(
        folder_of(tmp_path, [*whole[:8], notes, *whole[9:], other_marks, version, fragment, long, *dirt])
    )
    cleaning = corpus.cleaning
    assert cleaning.read == 29
    assert {name: n for name, n in cleaning.changed.items() if n} == {"notes": 1}
    assert cleaning.left_out == {
        "unbalanced": 1,
        "empty": 2,
        "lost_characters": 1,
        "other_signs": 1,
        "duplicates": 1,
        "too_long": 1,
        "versions": 2,
    }
    assert cleaning.kept == 20 == len(corpus.train) + len(corpus.test)
    assert len(corpus.test) == 2
    assert set(corpus.train) | set(corpus.test) == set(whole)
    assert corpus.is_verse
    assert cleaning.document()["left_out"]["duplicates"] == 1


def test_no_poem_stands_on_both_sides_and_the_seed_divides(tmp_path):
    folder = folder_of(tmp_path, [poem(k % 60) for k in range(90)])
    first, again, other = (load_corpus(folder, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.test != other.test
    for corpus in (first, other):
        assert not set(corpus.train) & set(corpus.test)
        assert len(corpus.train) + len(corpus.test) == 60
        assert len(corpus.test) == 6


def test_a_share_is_drawn_by_the_seed(tmp_path):
    folder = folder_of(tmp_path, [poem(k) for k in range(60)])
    everything = load_corpus(folder)
    part, again, other = (load_corpus(folder, share=0.5, seed=seed) for seed in (0, 0, 7))
    assert part == again
    assert len(part.train) + len(part.test) == 30
    assert set(part.train + part.test) < set(everything.train + everything.test)
    assert set(part.train + part.test) != set(other.train + other.test)
    assert len(load_corpus(folder, share=1e-9).train) == 1


def test_rare_characters_are_unknown_and_only_training_poems_are_counted(tmp_path):
    folder = folder_of(tmp_path, [poem(k) for k in range(40)])
    corpus = load_corpus(folder, entries=4 + 12)
    counts = {c: sum(text.count(c) for text in corpus.train) for c in set("".join(corpus.train))}
    assert len(corpus.vocabulary) == 16
    kept = set(corpus.vocabulary.characters)
    assert min(counts[c] for c in kept) >= max(counts[c] for c in counts if c not in kept)
    share = sum(n for c, n in counts.items() if c not in kept) / sum(counts.values())
    assert corpus.unknown["train"] == pytest.approx(share)
    assert corpus.rare == len(set("".join(corpus.train + corpus.test)) - kept)
    assert load_corpus(folder).rare == 0


def test_an_unreadable_character_is_never_known(tmp_path):
    corpus = load_corpus(folder_of(tmp_path, [poem(k)[:4] + "{木/火}" + poem(k)[5:] for k in range(20)]))
    assert corpus.vocabulary.tokens(corpus.train[0])[4] == 3
    assert corpus.unknown["train"] > 0


def test_a_text_of_the_users_own(tmp_path):
    lines = [f"line number {k}" for k in range(30)]
    corpus = load_corpus(text=text_of(tmp_path, "\n".join([*lines, "", lines[0], "x" * 51])))
    assert corpus.cleaning.changed == {}
    assert corpus.cleaning.left_out == {"empty": 1, "duplicates": 1, "too_long": 1}
    assert sorted(corpus.train + corpus.test) == sorted(lines)
    assert not corpus.is_verse
    assert corpus.name == "mine.txt"
    assert " " in corpus.vocabulary


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"mine\.txt holds nothing to learn from \(0 read\), expected poems"),
        ("\n \n", r"holds nothing to learn from \(2 read, 2 empty\)"),
        ("one line\n", r"mine\.txt holds 1 poem, expected at least 2, one to train on and one to test on"),
        ("same\nsame\n", "holds 1 poem, expected at least 2"),
        (
            "x" * 60 + "\n" + "y" * 70,
            r"all 2 poems of .* are longer than 50 characters; the shortest has 60, so --length",
        ),
        (
            "aa\naaa\naaaa\n",
            r"in .* no character but 'a' occurs more than once; expected at least 2 that do, with fewer there is",
        ),
        ("abc\ndef\nghi", r"mine\.txt no character occurs more than once; expected at least 2 that do"),
    ],
)
def test_texts_that_nothing_can_be_learned_from(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_corpus(text=text_of(tmp_path, text))


def test_poems_that_nothing_can_be_learned_from(tmp_path):
    with pytest.raises(InputError, match=r"\(3 read, 1 unbalanced, 1 empty, 1 lost characters\), expected poems"):
        load_corpus(folder_of(tmp_path, ["空。", "□。", "（"]))
    with pytest.raises(InputError, match="all 4 poems of .* are longer than 10 characters; the shortest has 24"):
        load_corpus(folder_of(tmp_path, [poem(k) for k in range(4)]), length=10)


@needs_real
def test_the_real_poems():
    corpus = load_corpus(REAL)
    left_out = corpus.cleaning.left_out
    assert corpus.cleaning.read == 57_607
    assert left_out == {
        "unbalanced": 39,
        "empty": 270,
        "lost_characters": 430,
        "other_signs": 5,
        "duplicates": 812,
        "too_long": 20_308,
        "versions": 1_563,
    }
    assert (corpus.cleaning.kept, len(corpus.train), len(corpus.test)) == (34_180, 30_762, 3_418)
    assert len(corpus.vocabulary) == 3500
    assert 0.009 < corpus.unknown["train"] < corpus.unknown["test"] < 0.013
    assert max(map(len, corpus.train)) == 50
    assert not any("（" in text or "[" in text for text in corpus.train)
    # an ordinary poem of the collection comes through as it is
    assert "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。" in corpus.train + corpus.test
