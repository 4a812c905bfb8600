"""Find the faults of a file one after another, each with the edit that mends it."""

import contextlib
from dataclasses import dataclass, field, replace

from handgrad.check.source.blocks import add_blocks
from handgrad.check.source.judge import Judge
from handgrad.check.source.program import Bench, Program
from handgrad.check.source.round import Round
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.search import Search
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.truth import Truth

_FAULTS = 4  # edits in a row, before giving up
_BRANCHES = (3, 2, 1)  # edits to go on from, after how many others
_PATIENCE = 5.0  # seconds, for one edit where several were found
_TRUTH_SECONDS = 3.0


@dataclass
class Repair:
    """What the search came to."""

    edits: list[Candidate] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # the file after each edit
    complete: bool = False
    suspects: list[Suspect] = field(default_factory=list)  # of the version that could not be mended
    truth: Truth | None = None
    timed_out: bool = False


def repair(scenario: Scenario, judge: Judge, seconds: float) -> Repair:
    """Search until every gradient is right, nothing helps, or the ``seconds`` or the scenario's time are over."""
    result = Repair()
    point = _working_point(scenario, judge)
    judge.go_to(point)
    bench = Bench(scenario, judge, point, seconds)
    try:
        for_truth = min(_TRUTH_SECONDS, max(0.3, bench.seconds_left / 5))
        truth = Truth(scenario, for_truth, judge.points[point].slopes, judge.sign)
        result.truth = truth
        add_blocks(truth, bench, for_truth / 3)
        chains = _Chains(bench, truth, result)
        chains.run()
    except TimeUp:
        result.timed_out = True
    finally:
        scenario.deadline += 5.0
        bench.until += 5.0
        if result.edits and not result.complete:
            with contextlib.suppress(TimeUp):  # what was found stands, with an edit too many
                chains.only_needed()
        scenario.module.restore()
    return result


@dataclass(eq=False)
class _Node:
    """A version of the file, and how far it has been searched."""

    chain: list[Candidate]
    turn: Round

    @property
    def right(self) -> int:
        """How many gradients are right."""
        return len(self.turn.search.base_right)


class _Chains:
    """Edits one after another; where one of them leads nowhere, the next best in its place."""

    def __init__(self, bench: Bench, truth: Truth, result: Repair) -> None:
        self.bench = bench
        self.truth = truth
        self.result = result
        self.nodes: list[_Node] = []
        self.several = False  # whether small edits have shown that there is more than one fault
        self.most = -1  # gradients that are right after the best chain

    def run(self) -> None:
        """Quick edits of all versions that they lead to first; then all kinds of edits, of fewer and fewer versions."""
        root = self._node([])
        if root is None:
            return
        if self._descend(root, 0):
            self._shorter(root)
            return
        self.several = len(self.nodes) > 1
        for level, most in ((1, 4), (2, 2)):
            searched: list[_Node] = []
            while len(searched) < most and (node := self._next(root, searched, level)) is not None:
                searched.append(node)
                if self._descend(node, level):
                    return

    def _next(self, root: _Node, searched: list[_Node], level: int) -> _Node | None:
        """The version to search further: first the file as it is, for one edit that mends everything; at last too."""
        ends = [each for each in self.nodes if each is not root and each not in searched]
        ends.sort(key=lambda each: (-each.right, len(each.chain)))
        left = [] if root in searched else [root]
        several = level == 2 or self.several
        ordered = [*ends[:1], *left] if several else [*left, *ends]
        return ordered[0] if ordered else None

    def _node(self, chain: list[Candidate]) -> _Node | None:
        """The version of the file after some edits."""
        bench = self.bench
        program = bench.compile(chain[-1].text) if chain else bench.start
        if program is None:
            return None
        self._go(program)
        search = Search(bench, self.truth)
        if not search.wrong:
            return None
        node = _Node(chain, Round(search))
        self.nodes.append(node)
        if node.right > self.most:
            self.most = node.right
            self._keep(chain, node.turn.suspects)
        return node

    def _go(self, program: Program) -> None:
        self.bench.base = program
        self.bench.install(program)

    def _descend(self, node: _Node, level: int) -> bool:
        """Look for the next edit, and go on from the best ones; whether everything is right in the end."""
        self._go(node.turn.program)
        node.turn.thorough = not node.chain
        ways = node.turn.run(level)
        if ways and ways[0].right == self.bench.judge.names:
            self.result.complete = True
            self._keep(self._needed([*node.chain, ways[0]]), [])
            return True
        if len(node.chain) + 1 < _FAULTS:
            for each in ways[: _BRANCHES[min(len(node.chain), len(_BRANCHES) - 1)]]:
                child = self._node([*node.chain, each]) if each.text not in self._seen() else None
                if child is not None and self._descend(child, 0):
                    return True
        return False

    def _seen(self) -> set[str]:
        return {each.chain[-1].text for each in self.nodes if each.chain}

    def _shorter(self, root: _Node) -> None:
        """One edit instead of several, if there is one."""
        if len(self.result.edits) > 1:
            self._go(root.turn.program)
            root.turn.found = []
            root.turn.patience = _PATIENCE
            ways = root.turn.run(1)
            if ways and ways[0].right == self.bench.judge.names:
                self._keep([ways[0]], [])

    def only_needed(self) -> None:
        """Of a chain that mends a part, the edits without which less would be mended: the others explain nothing."""
        chain = self.result.edits
        needed = self._needed(chain, chain[-1].right)
        if len(needed) < len(chain):
            node = self._node(needed)
            self._keep(needed, node.turn.suspects if node is not None else [])

    def _needed(self, chain: list[Candidate], mended: frozenset[str] | None = None) -> list[Candidate]:
        """Without the edits that change nothing once the others are made; ``mended``: what they are to mend, if that is
        not everything."""
        wanted = self.bench.judge.names if mended is None else mended
        texts = [self.bench.start.text, *(each.text for each in chain)]
        for place in range(len(chain) - 1):
            kept = _without(texts, place)
            program = self.bench.compile(kept[-1]) if kept is not None else None
            if kept is not None and program is not None and self.bench.gets_right(program, wanted):
                left = [each for number, each in enumerate(chain) if number != place]
                left = [replace(each, text=text) for each, text in zip(left, kept[1:], strict=True)]
                return self._needed(left, mended)
        return chain

    def _keep(self, chain: list[Candidate], suspects: list[Suspect]) -> None:
        """This chain is the best so far."""
        result = self.result
        result.edits, result.texts = list(chain), [each.text for each in chain]
        result.suspects = suspects or result.suspects


def _without(texts: list[str], place: int) -> list[str] | None:
    """The versions of a text without the edit after one of them; None if lines have moved."""
    lines = [each.splitlines(True) for each in texts]
    if len({len(each) for each in lines}) > 1:
        return None
    before, after = lines[place], lines.pop(place + 1)
    edited = [number for number, line in enumerate(before) if line != after[number]]
    for later in lines[place + 1 :]:
        for number in edited:
            if later[number] != after[number]:
                return None  # a later edit is of the same line
            later[number] = before[number]
    return ["".join(each) for each in lines]


def _working_point(scenario: Scenario, judge: Judge) -> int:
    """The point where most is seen to be wrong; not the user's own if another one shows as much."""
    best, most = 0, -1
    for number in range(len(judge.points)):
        judge.go_to(number)
        try:
            wrong = judge.names - judge.right_names(number, scenario.outcome().gradients)
        except Exception:  # noqa: S112 - at another point the user's code may fail
            continue
        if len(wrong) >= most:
            best, most = number, len(wrong)
    return best
