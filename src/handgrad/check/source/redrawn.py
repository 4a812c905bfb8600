"""Whether a backward pass draws random numbers again where it should meet those of the forward pass.

Where the loss and the gradients are computed by calls that know nothing of each other, both draw the same mask: every
call is given the same numbers. Where backward goes on from what forward has left, it has no business drawing: the mask
that it would be given is another one, as it is when the file runs by itself.
"""

from typing import Any

import numpy as np

from handgrad.check.source.calls import Call
from handgrad.check.source.scenario import Scenario


def redraws(scenario: Scenario) -> frozenset[int]:
    """The calls of backward, by number, that draw numbers of their own, though forward, which drew, feeds them."""
    drawing: list[int] = []
    results: list[Any] = []
    scenario.state.restore()
    try:
        for number, call in enumerate(scenario.calls):
            scenario.state.restore_random()
            results.append(scenario._replay(call, results))
            if scenario.state.has_drawn():
                drawing.append(number)
    except Exception:  # whatever the user's code raises
        return frozenset()
    later = [each for each in drawing if scenario.calls[each].backward and not scenario.calls[each].nested]
    fed = [each for each in later if each > drawing[0] and _is_fed(scenario, each, results)]
    return frozenset(fed)


def _is_fed(scenario: Scenario, number: int, results: list[Any]) -> bool:
    """Whether a call takes what earlier ones made: by its arguments, or because it is lost without them."""
    call: Call = scenario.calls[number]
    if call.links:
        return True
    whole = _gradients(scenario, results)
    scenario.state.restore()
    try:
        alone = [*results[:number], scenario._replay(call, results), *results[number + 1 :]]
        apart = _gradients(scenario, alone)
    except Exception:  # whatever the user's code raises where forward has not run
        return True
    return any(
        np.shape(one) != np.shape(apart[name]) or not np.allclose(one, apart[name], rtol=1e-9, equal_nan=True)
        for name, one in whole.items()
    )


def _gradients(scenario: Scenario, results: list[Any]) -> dict[str, Any]:
    return {
        name: np.array(found)
        for name, where in scenario.gradients.items()
        if where.source != "local" and (found := scenario._gradient(where, results, None)) is not None
    }
