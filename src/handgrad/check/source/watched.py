"""What an instrumented module is: its places, and the names of the hooks in it."""

import ast
from dataclasses import dataclass, field

from handgrad.check.source.text import SourceText, Span

VALUE, USE, SWAP, ALTERNATIVE, SEEN = "_hg_v", "_hg_u", "_hg_s", "_hg_alt", "_hg_r"


@dataclass(eq=False)
class Site:
    """A place where a value is computed."""

    number: int
    kind: str  # "assign", "augment", "after" (the target after +=), "return", "argument", "iterate", "test"
    function: str  # qualified name; "" at module level
    statement: ast.stmt
    node: ast.expr  # the expression, as the user wrote it
    span: Span
    line: int
    target: str  # text of what it is assigned to; "" if nothing
    swappable: bool  # whether another expression can be put in without compiling
    block: tuple[str, ...] = ()  # the loops around it, outermost first
    names: tuple[str, ...] = ()  # of the targets, where a tuple is unpacked

    @property
    def copies(self) -> bool:
        """Whether this only gives a variable another name: ``dz = da``."""
        return self.kind == "assign" and isinstance(self.node, ast.Name) and self.target.isidentifier()


@dataclass(eq=False)
class Use:
    """A place where a value is read."""

    number: int
    function: str
    node: ast.expr
    line: int
    text: str


@dataclass
class Instrumented:
    """A module's tree with hooks, and what they are."""

    tree: ast.Module
    source: SourceText
    sites: list[Site] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)  # by qualified name, as the user wrote them
    statements: dict[str, list[ast.stmt]] = field(default_factory=dict)  # of each function, in order of the text
    records: dict[str, tuple[str, ...]] = field(default_factory=dict)  # classes that hold values, and their fields
