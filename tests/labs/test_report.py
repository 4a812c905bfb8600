"""The report: one file, complete, safe, and with nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

import handgrad as hg
from handgrad.figures import style
from handgrad.labs.report import Drawing, Heading, inline_svg, report_html, setting_text
from handgrad.labs.result import LabResult, Table

EVIL = '<script>alert("x")</script>'
VOID = {"meta", "br", "hr", "img", "input", "link", "col"}


class Outline(HTMLParser):
    """Checks that elements close in order, and collects ids and what is fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [v for k, v in attributes if k in ("src", "href", "xlink:href", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class Derivation:
    def to_html_fragment(self):
        return "<p class='derived'>W</p>"


def figure(name, width=style.WIDTH):
    with style.look():
        drawn, ((axes,),) = style.new_figure(width=width)
        axes.plot([0, 1], [0, 1])
    return Drawing(name, f"Figure {name} & {EVIL}", style.to_svg(drawn))


def page(**changes):
    document = {"loss": 0.0161, "accuracy": 0.9956, "test_accuracy": float("nan"), "epochs": 5000}
    document["settings"] = {"hidden": (64, 64), "lr": 0.05, "show_predictions": False, "data": EVIL, "study": None}
    network = hg.Sequential([hg.Dense(3), hg.Sigmoid(), hg.Dense(1)], input_shape=2)
    result = LabResult(
        document,
        tables=[Table("history", "Published / ours", ("epoch", "name"), ((250, EVIL), (500, "b")), note="Note.")],
        findings=["It works.", EVIL],
        network=network,
        derivation=Derivation(),
    )
    for key, value in changes.items():
        setattr(result, key, value)
    environment = {"handgrad": "0.1.0", "processor": EVIL, "seed": None}
    heading = Heading(
        "points", "two classes", f"handgrad run points --data '{EVIL}'", "2025-01-02 03:04", environment, ("a.toml",)
    )
    return report_html(heading, result, [figure("curves"), figure("boundary", 4.0)])


def outline(html):
    found = Outline()
    found.feed(html)
    assert found.open == []
    return found


def test_everything_is_in_it():
    html = page()
    for text in ("It works.", "Published / ours", "Note.", "0.0161", "99.56 %", "5,000", "64, 64", "0.05", "a.toml"):
        assert text in html
    for text in (
        "<p class='derived'>W</p>",
        "Dense(units=3",
        "13 parameters",
        "Figure curves &amp;",
        "2025-01-02 03:04",
    ):
        assert text in html
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
    assert 'role="alert"' not in html


def test_it_is_whole_and_nothing_comes_from_elsewhere():
    html = page()
    found = outline(html)
    assert found.tags.count("svg") == 2
    assert all(link.startswith(("#", "data:")) for link in found.links)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)


def test_names_inside_the_figures_do_not_collide():
    found = outline(page())
    assert len(found.ids) == len(set(found.ids))
    inside = {link[1:] for link in found.links if link.startswith("#")}
    assert inside
    assert inside <= set(found.ids)


def test_what_a_user_wrote_is_text():
    html = page()
    assert EVIL not in html
    assert html.count("&lt;script&gt;") >= 5


def test_figures_take_the_colours_of_the_page():
    svg = inline_svg(figure("a"))
    assert "var(--ink)" in svg
    assert "var(--blue)" in svg
    assert style.INK not in svg
    assert "<style" not in svg
    assert "<metadata" not in svg


@pytest.mark.parametrize(("width", "share"), [(style.WIDTH, "100%"), (style.WIDTH / 2, "50%"), (20.0, "100%")])
def test_letters_are_of_one_size_on_the_page(width, share):
    assert f'style="max-width: {share}"' in inline_svg(figure("a", width))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"interrupted": True}, "The run was interrupted."), ({"error": "it diverged"}, "The run failed: it diverged.")],
)
def test_a_run_that_did_not_end_well_says_so(changes, sentence):
    html = page(**changes)
    assert 'role="alert"' in html
    assert sentence in html


def test_a_study_stands_in_the_title():
    assert "<h1>points</h1>" in page()
    assert "<h1>points: widths</h1>" in page(document={"study": "widths"})


def test_a_bare_result_is_a_page_too():
    html = page(tables=[], findings=[], network=None, derivation=None, document={})
    outline(html)
    assert "derivation" not in html


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (True, "yes"), ((1, 2.5), "1, 2.5"), (1e-5, "1e-05"), ("xor", "xor"), (64, "64")]
)
def test_settings_are_written_as_a_person_does(value, text):
    assert setting_text(value) == text
