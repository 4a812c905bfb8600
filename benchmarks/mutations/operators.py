"""Every single-edit mutation of the backward pass of one file."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import arithmetic, calls, statements, variables  # noqa: F401 - each registers its operators
from .edits import OPERATORS, Edit, Site
from .runtime import Runtime
from .source import Source
from .subject import Subject

_OF_LOOPS = ("boundary-step", "never-written", "time-shift")  # what a wrong head of a loop may be called


@dataclass(frozen=True)
class Mutant:
    """A file with one fault in it."""

    subject: str
    operator: str
    classes: tuple[str, ...]
    line: int  # in the mutant
    accept: tuple[int, int]  # lines of the mutant that name the statement; of a deleted one, its neighbours
    before: str
    after: str
    start: int  # bytes of the right file that were replaced
    end: int
    put: str  # by what
    statement: tuple[int, int]  # lines in the right file

    def applied(self, text: str) -> str:
        """The text of the mutant."""
        data = text.encode()
        return (data[: self.start] + self.put.encode() + data[self.end :]).decode()


def mutants(subject: Subject) -> list[Mutant]:
    """All mutants that are valid Python and differ from the file and from each other, by line."""
    source = Source(subject.source(), subject.backward)
    runtime = Runtime(source, subject)
    seen = {ast.dump(source.tree)}
    found = []
    for statement in source.statements:
        for edit in _edits(Site(source, runtime, subject, statement)):
            mutant = _mutant(source, subject, statement, edit)
            tree = _tree(mutant.applied(source.text))
            if tree is not None and tree not in seen:
                seen.add(tree)
                found.append(mutant)
    return found


def _edits(site: Site) -> Iterator[Edit]:
    nodes = [site.statement, *site.source.nodes(site.statement)]
    head = isinstance(site.statement, ast.For)
    for kinds, make in OPERATORS:
        for node in nodes:
            if isinstance(node, kinds):
                for edit in make(site, node):
                    yield edit._replace(classes=edit.classes + _OF_LOOPS) if head else edit


def _tree(text: str) -> str | None:
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return None


def _mutant(source: Source, subject: Subject, statement: ast.stmt, edit: Edit) -> Mutant:
    first, last = source.extent(statement)
    line = source.data.count(b"\n", 0, edit.start) + 1
    accept = first, last
    if edit.operator == "delete statement" and not edit.text:
        accept = neighbours(source, statement)
        line = first
    elif edit.operator == "move statement up":
        accept = line, last
    before = source.of(source.line_span(line, line)).strip()
    after = source.of((source.line_span(line, line)[0], edit.start)) + edit.text
    after += source.of((edit.end, max(edit.end, source.line_span(line, line)[1])))
    if edit.operator == "delete statement":
        before, after = source.of(source.line_span(first, last)).strip(), edit.text
    place = edit.start, edit.end, edit.text, (first, last)
    return Mutant(subject.name, edit.operator, edit.classes, line, accept, before, after.strip(), *place)


def neighbours(source: Source, statement: ast.stmt) -> tuple[int, int]:
    """Around a deleted statement, in the mutant's own numbers: from the statement before it to the one after it."""
    first, last = source.extent(statement)
    function = source.function(statement)
    heads = sorted(source.extent(each) for each in source.statements if source.function(each) is function)
    before = [each for each in heads if each[1] < first]
    after = [each for each in heads if each[0] > last]
    gone = last - first + 1
    above = before[-1][0] if before else first - 1
    below = after[0][1] - gone if after else first
    return above, below
