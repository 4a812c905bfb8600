"""The documentation is true: its Python runs and prints what the page says, and its links lead somewhere.

A ```python block of a page is executed, in order, in the namespace of the page's earlier blocks. A ```text block that
follows it is what it prints, ``...`` standing for anything. Nothing that looks like Python is left out.
"""

import contextlib
import doctest
import io
import re
import warnings
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

import handgrad as hg

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

FENCE = re.compile(r"( *)(`{3,}|~{3,})\s*(.*)")  # in a list it is indented
TARGETS = re.compile(
    r"\]\(\s*<?(?P<inline>[^\s)>]+)"  # [text](target "title"), ![alt](target)
    r"|^ {0,3}\[[^\]]+\]:\s*<?(?P<reference>[^\s>]+)"  # [text]: target
    r"|<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=[\"'](?P<html>[^\"']+)",
    re.MULTILINE,
)
CHECKER = doctest.OutputChecker()


class Block(NamedTuple):
    """A fenced block: its first line of content, counted from 1, the word behind the fence, and the text."""

    line: int
    language: str
    text: str
    adjacent: bool  # nothing but empty lines between it and the block before it


def fenced(page: Path) -> tuple[list[Block], str]:
    """The blocks of a page, and the rest of it. A block that is never closed is an error."""
    blocks: list[Block] = []
    prose: list[str] = []
    inside: list[str] | None = None
    fence, language, indent, first, adjacent = "", "", "", 0, False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        match = FENCE.fullmatch(line)
        if inside is not None:
            if match and not match[3] and match[2].startswith(fence):
                blocks.append(Block(first, language, "".join(f"{each}\n" for each in inside), adjacent))
                inside, adjacent = None, True
            else:
                inside.append(line.removeprefix(indent))
        elif match:
            indent, fence, language = match[1], match[2], (match[3].split() or [""])[0]
            first, inside = number + 1, []
        else:
            adjacent = adjacent and not line.strip()
            prose.append(line)
    assert inside is None, f"{page.name}: the block that begins in line {first - 1} is never closed"
    return blocks, "\n".join(prose)


def run(page: Path) -> int:
    """Execute the Python of a page and compare what it prints; returns the number of blocks."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks, _ = fenced(page)
    count = 0
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python":
            continue
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")  # a traceback names the page's line
        output = io.StringIO()
        with contextlib.redirect_stdout(output), warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(code, namespace)
        count += 1
        if after is not None and after.adjacent and after.language == "text":
            given = "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())
            as_shown = CHECKER.check_output(after.text, given, doctest.ELLIPSIS)
            assert as_shown, f"{page.name}, line {block.line}, prints\n{given}\nand the page shows\n{after.text}"
    return count


def anchors(page: Path) -> set[str]:
    """What a link may name behind ``#``: the headings of a page as GitHub writes them."""
    _, prose = fenced(page)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose, re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        name, again = slug, 0
        while name in found:
            again += 1
            name = f"{slug}-{again}"
        found.add(name)
    return found


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere, each with the reason."""
    _, prose = fenced(page)
    prose = re.sub(r"(`+)[^`]*\1", "", prose)  # inline code
    broken = []
    for match in TARGETS.finditer(prose):
        target = next(group for group in match.groups() if group)
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # another site
        name, _, anchor = unquote(target).partition("#")
        goal = (page.parent / name).resolve() if name else page
        if name.startswith("/") or not goal.exists():
            broken.append(f"{target}: no such file")
        elif anchor and (goal.suffix != ".md" or anchor not in anchors(goal)):
            broken.append(f"{target}: no such heading")
    return broken


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_PYTHON = [page for page in PAGES if any(block.language == "python" for block in fenced(page)[0])]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=relative)
def test_the_python_of_a_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(page) > 0


def test_the_pages_that_must_have_examples_have_them():
    for name in ("docs/api.md", "docs/training.md", *(f"docs/layers/{kind}.md" for kind in ("dense", "softmax"))):
        assert ROOT / name in WITH_PYTHON


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_python_escapes_by_its_spelling(page):
    for block in fenced(page)[0]:
        assert block.language == "python" or not re.match(r"py|ipython|>>>", block.language, re.IGNORECASE), block
        assert not block.text.startswith(">>> "), f"{page.name}, line {block.line}: a prompt; write ```python"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_relative_links_lead_somewhere(page):
    assert broken_links(page) == []


@pytest.mark.parametrize("name", sorted(set(hg.__all__) - {"__version__"}))
def test_every_public_name_stands_in_the_api_page(name):
    assert re.search(rf"\b{name}\b", (DOCS / "api.md").read_text(encoding="utf-8"))


def page_of(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


def test_a_later_block_knows_the_earlier_and_output_may_be_elided(tmp_path):
    text = "```python\nx = 6\n```\nand\n\n```python\nprint(7 * x, 'seconds')\n```\n\n```text\n42 ...\n```\n"
    assert run(page_of(tmp_path, text)) == 2


def test_a_block_in_a_list_counts(tmp_path):
    text = "- so:\n\n  ```python\n  if True:\n      print('  in')\n  ```\n\n  ```text\n    in\n  ```\n"
    assert run(page_of(tmp_path, text)) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", AssertionError),
        ("```python\nprint(1)\n```\n```text\n```\n", AssertionError),
        ("```python\nimport warnings\nwarnings.warn('old')\n```\n", UserWarning),
        ("```python\nx\n```\n", NameError),
        ("```python\nprint(1)\n", AssertionError),
    ],
    ids=["other output", "more output", "warning", "exception", "not closed"],
)
def test_a_page_that_is_wrong_fails(text, error, tmp_path):
    with pytest.raises(error):
        run(page_of(tmp_path, text))


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "there.md").write_text("# One `thing`, and [another](there.md)\n## Twice\n## Twice\n", encoding="utf-8")
    good = [
        "[a](there.md)",
        "[a](there.md#one-thing-and-another)",
        "[a](there.md#twice-1)",
        "[a](#here)",
        "[a](https://example.org/nowhere.md)",
        "`[a](code.md)`",
        "```text\n[a](fenced.md)\n```",
    ]
    bad = [
        "[a](nowhere.md)",
        "![a](nowhere.png)",
        "[a](there.md#twice-2)",
        "[a](#there)",
        "[a](/there.md)",
        "[a]: lost.md",
        '<img src="no.svg">',
    ]
    page = page_of(tmp_path, "# Here\n\n" + "\n\n".join([*good, *bad]))
    assert len(broken_links(page)) == len(bad)
    assert broken_links(page_of(tmp_path, "# Here\n\n" + "\n\n".join(good))) == []
