"""Values that look right, and that nothing right is made of: they are gradients, but not the ones that are meant.

``daf = dc * c_prev`` is the gradient of the gate f; if every line that uses ``daf`` computes something wrong from right
values, it was meant to be that of the gate's pre-activation, and a factor is missing.
"""

import ast
import math

from handgrad.check.source.instrument import Site

_LEAST = 2  # lines that use a value, before their verdict on it counts


def doubted(sites: list[Site], order: dict[int, int], ratios: dict[int, list[float]]) -> set[int]:
    """Sites with a true gradient at the first pass, all of whose users compute something wrong from it.

    ``order``: in which backward's sites are passed; ``ratios``: multiples of true gradients, NaN where a value is none.
    """
    ranked = sorted(order, key=lambda each: order[each])
    reads = {each: read_by(sites[each].node) for each in ranked}
    found = set()
    for number in ranked:
        site = sites[number]
        if site.kind != "assign" or not _is_true(ratios.get(number)):
            continue
        users = _users(number, ranked, sites, reads, order)
        seen = [each for each in users if ratios.get(each)]
        lines = {sites[each].line for each in seen}
        if len(lines) < _LEAST or any(_is_true(ratios[each]) for each in seen):
            continue
        if not any(_excused(each, site.target, ranked, sites, reads, ratios, order) for each in seen):
            found.add(number)
    return found


def read_by(node: ast.expr) -> set[str]:
    """The variables, attributes and entries that an expression reads."""
    return {ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute | ast.Subscript)}


def _names(target: str) -> set[str]:
    """A target, and the array that it is an entry of."""
    return {target, target.partition("[")[0]}


def _is_true(ratios: list[float] | None) -> bool:
    return bool(ratios) and not math.isnan((ratios or [math.nan])[0])


def _users(
    number: int, ranked: list[int], sites: list[Site], reads: dict[int, set[str]], order: dict[int, int]
) -> list[int]:
    """The sites that read what a site assigns, until it is assigned again."""
    site = sites[number]
    found = []
    for each in ranked:
        if order[each] <= order[number] or sites[each].function != site.function:
            continue
        if _names(site.target) & reads[each]:
            found.append(each)
        if sites[each].target == site.target:
            break
    return found


def _excused(
    user: int,
    target: str,
    ranked: list[int],
    sites: list[Site],
    reads: dict[int, set[str]],
    ratios: dict[int, list[float]],
    order: dict[int, int],
) -> bool:
    """Whether something else that a line reads is wrong."""
    for name in reads[user] - _names(target):
        made = [
            each
            for each in ranked
            if order[each] < order[user] and sites[each].target == name and sites[each].function == sites[user].function
        ]
        if made and ratios.get(made[-1]) and not _is_true(ratios[made[-1]]):
            return True
    return False
