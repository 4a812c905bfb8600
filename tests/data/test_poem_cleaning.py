"""The cleaning rules of the poems, each by itself, on what stands in the collection."""

import pytest

from handgrad.data.poem_cleaning import CHANGED, LEFT_OUT, UNREADABLE, clean, without_marks


@pytest.mark.parametrize(
    ("body", "text", "rules"),
    [
        ("牀前明月光，疑是地上霜。", "牀前明月光，疑是地上霜。", ()),
        ("邏人（一作「叉」）橫鳥道，江祖出魚梁。", "邏人橫鳥道，江祖出魚梁。", ("notes",)),
        ("穿耳胡僧笑點頭。（〖1〗這首詩（見卷一）。）。", "穿耳胡僧笑點頭。", ("notes", "marks")),
        ("長安[二]桂殿倚空城，崩[一○]臺。", "長安桂殿倚空城，崩臺。", ("footnotes",)),
        ("[爽]節在重九，九[削棱還峻]。", "爽節在重九，九削棱還峻。", ("emendations",)),
        ("臥如驪[馬]（牛）。", "臥如驪馬。", ("notes", "emendations")),
        ("妖韶援綠{𥫗/戢}。", f"妖韶援綠{UNREADABLE}。", ("described",)),
        ("⿰木養深黃狖小。", f"{UNREADABLE}深黃狖小。", ("described",)),
        ("⿱⿰木養火深，⿲木木木林。", f"{UNREADABLE}深，{UNREADABLE}林。", ("described",)),
        ("童子解吟《長恨曲》，「回首」。", "童子解吟長恨曲，回首。", ("quotation_marks",)),
        ("拭淚聽猿嗁/。骨肉 初分愛。", "拭淚聽猿嗁。骨肉初分愛。", ("marks",)),
        ("何處？。去，；來、。", "何處？去，來。", ("marks",)),
        ("，春風。", "春風。", ("marks",)),
        ("𢬵死酒中老，䍦花。", "𢬵死酒中老，䍦花。", ()),
    ],
)
def test_what_a_rule_changes(body, text, rules):
    assert clean(body) == (text, rules, "")
    assert clean(text) == (text, (), "")
    assert set(rules) <= set(CHANGED)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        ("。", "empty"),
        ("空。", "empty"),
        ("空（按：此詩《全唐詩》卷三已收入。）。", "empty"),
        ("（同前）", "empty"),
        ("冰□已鏤津。", "lost_characters"),
        ("●●啼深竹。", "lost_characters"),
        ("南行（曲內（見上）不令疑。", "unbalanced"),
        ("南行）不令疑。", "unbalanced"),
        ("南行（上〗不令疑。", "unbalanced"),
        ("南{行不令疑。", "unbalanced"),
        ("Ｂ亂後碧井廢。", "other_signs"),
        ("\ue829身思狡兔。", "other_signs"),
        ("一九八0年·四月。", "other_signs"),
        ("半\ud800字。", "other_signs"),
    ],
)
def test_what_is_left_out(body, reason):
    assert clean(body) == ("", (), reason)
    assert reason in LEFT_OUT


def test_an_operator_at_the_end_has_no_parts():
    assert clean("春⿰").reason == "other_signs"
    assert clean("春⿰木").text == f"春{UNREADABLE}"


def test_marks_do_not_tell_poems_apart():
    assert without_marks("春眠不覺曉，處處！") == without_marks("春眠、不覺曉處處。") == "春眠不覺曉處處"
