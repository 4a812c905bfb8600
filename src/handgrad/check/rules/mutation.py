"""Inputs changed by backward: the parameters differ after the call, or the loss does, or a second call does."""

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.rules.buffer_not_cleared import adding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    loss, gradients = evidence.problem.names
    changed = [name for name in evidence.problem.point if name in evidence.here.given.changed]
    if changed:
        text = f"{gradients} changes {listed(changed)}; it must leave what it is given as it is, or work on a copy."
        return finding("mutation", changed, text[:1].upper() + text[1:])
    if evidence.state_moved:
        names = list(evidence.of_kind("state")) or list(evidence.wrong)
        text = f"After a call of {gradients}, {loss} gives another value for the same parameters: it changes something "
        return finding("mutation", names, text + "that both use.")
    spoiled = list(evidence.of_kind("spoiled"))
    if spoiled:
        why = evidence.judged[spoiled[0]].verdict.why
        text = f"The first gradient of {listed(spoiled)} is right, yet {why}: it must leave what it is given as it is."
        return finding("mutation", spoiled, text)
    added = adding(evidence)
    again = [name for name in evidence.of_kind("second call") if name not in added]
    text = f"A second call of {gradients} with the same values gives another gradient of {listed(again or ['?'])}: the "
    return finding("mutation", again, text + "first one changes something that it keeps, such as the cache.")
