"""Edits of one expression: what people get wrong, undone.

Each generator looks at a node of the expression and yields what could stand there instead. ``cost`` is how unlikely an
edit is; of edits that mend the gradients equally, the cheapest is shown.
"""

import ast
from collections.abc import Iterator

from handgrad.check.source.edits.arithmetic import constant_terms, constants, functions, operators, signs
from handgrad.check.source.edits.calls import calls, comparisons, other_helpers, other_loops, other_tests
from handgrad.check.source.edits.indices import indices
from handgrad.check.source.edits.missing import (
    combinations,
    derivatives_instead,
    factors,
    inner_terms,
    integer_terms,
    sibling_terms,
    terms,
)
from handgrad.check.source.edits.node import Edit, Node, nodes_of
from handgrad.check.source.edits.shapes import flips, reductions, transposes
from handgrad.check.source.edits.variables import counts, renamings, replacements
from handgrad.check.source.pool import Pool
from handgrad.check.source.text import SourceText


def simple_edits(source: SourceText, nodes: list[Node], pool: Pool) -> Iterator[Edit]:
    """Edits that need only what stands in the expression."""
    for node in nodes:
        yield from signs(source, node)
        yield from constants(node)
        yield from operators(source, node)
        yield from transposes(node)
        yield from reductions(source, node)
        yield from calls(source, node)
        yield from other_helpers(node, pool)
        yield from indices(source, node, pool)
        yield from flips(node)
        yield from comparisons(source, node)
        yield from functions(source, node)
        yield from constant_terms(nodes[0], node, pool)
        yield from replacements(node, pool)
        yield from counts(node, pool)
    yield from renamings(nodes, pool)


def rich_edits(nodes: list[Node], pool: Pool) -> Iterator[Edit]:
    """Edits that bring in a term or a factor from what is in reach."""
    root = nodes[0]
    for node in nodes:
        if node.in_index or not (node.is_array or (node.is_number and node.root)):
            continue
        yield from factors(node, pool)
    yield from sibling_terms(nodes, pool)
    yield from terms(root, pool)
    yield from integer_terms(root, pool)
    for node in nodes[1:]:
        inside = isinstance(node.parent, ast.BinOp | ast.Call | ast.Attribute)
        if (node.is_array or isinstance(node.value, float)) and not node.in_index and inside:
            yield from inner_terms(node, pool)
    for item in pool.larger_of(root.shape) if root.is_array else ():
        yield Edit(root.span, item.text, "other", 5.0, root=True)
    if root.is_number and not isinstance(root.value, int) and not isinstance(root.node, ast.Constant):
        for item in pool.larger:
            yield Edit(root.span, item.text, "derivative-missing", 2.2, root=True)
    for text in combinations(pool, root.shape) if root.is_array else ():
        yield Edit(root.span, text, "other", 3.0, root=True)
    for node in nodes:
        yield from derivatives_instead(node, pool)


__all__ = ["Edit", "Node", "combinations", "nodes_of", "other_loops", "other_tests", "rich_edits", "simple_edits"]
