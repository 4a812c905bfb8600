"""``check``: a user's gradients beside the numerical derivatives of the user's loss, parameter by parameter."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.evidence import Evidence, Options, Snapshot
from handgrad.check.independent import note, stays
from handgrad.check.judge import Judged, ground, judge
from handgrad.check.numerical import TOLERANCE
from handgrad.check.probe import ENTRIES, Numerical, Ruler, loss_noise, measure
from handgrad.check.problem import Given, OutOfTime, Problem, RandomLoss, same
from handgrad.check.result import Finding, ParameterVerdict, Report, overall
from handgrad.check.tree import Array
from handgrad.errors import InputError
from handgrad.options import POSITIVE, number, seed_number, whole

_SINGLE = 1e-6  # rounding of a gradient that comes in float32, of its largest entry
_EPS = float(np.finfo(np.float64).eps)


def check(
    loss: Callable[[Any], Any],
    gradients: Callable[[Any], Any],
    parameters: Any,
    *more: Any,
    tolerance: float = TOLERANCE,
    entries: int = ENTRIES,
    seed: int = 0,
    time_limit: float | None = None,
    intermediate: Callable[[Any], Any] | dict[str, Any] | None = None,
    batch: int | None = None,
    steps: int | None = None,
    resize: Callable[..., Any] | None = None,
    at_rate: Callable[[float], Any] | None = None,
    update: Callable[[Any, Any], Any] | None = None,
    lines: bool = True,
) -> Report:
    """Compare ``gradients(parameters)`` with the numerical derivatives of ``loss(parameters)``, in float64.

    ``parameters``: a dict of arrays or numbers, nested if need be (a copy is passed at every call). ``loss`` returns
    one number, ``gradients`` a dict with the same keys and shapes. A gradient whose error, relative to its largest
    entry, is above ``tolerance`` is wrong. Up to ``entries`` entries of each parameter are differentiated one by one; a
    larger one is also compared along random directions over the whole array. No call begins after ``time_limit`` s.

    What follows is optional, and lets the report say more about the reason:
    ``intermediate`` names values of the forward pass, {"x": x, "z1": z1, ...} with samples or time steps along an axis:
    a dict, or a function of the parameters that returns one. ``batch``, ``steps``: their numbers.
    ``resize(batch=B, steps=T)`` returns (loss, gradients, parameters) of the same problem with another batch or number
    of time steps. ``at_rate(lr)`` returns gradients as they come with another learning rate, where the function also
    updates. ``update(parameters, gradients)`` returns the parameters after one step.

    Where a gradient is wrong and the sources of the functions can be had (also in a notebook), the line at fault and an
    edit that mends it are looked for, for some seconds; not with ``lines=False``.

    Raises InputError for functions or parameters that cannot be compared at all (``more`` arrays beside the parameters
    among them), UsageError for an option out of range.
    """
    if more:
        raise InputError(_several(1 + len(more)))
    problem = Problem(loss, gradients, parameters, time_limit)
    options = Options(intermediate, batch, steps, resize, at_rate, update)
    report = run(problem, options, tolerance=tolerance, entries=entries, seed=seed)
    if lines and report.verdict == "wrong":
        from handgrad.check.lines import with_lines

        return with_lines(report, problem, seed)
    return report


def assert_gradients(
    loss: Callable[[Any], Any], gradients: Callable[[Any], Any], parameters: Any, *more: Any, **options: Any
) -> None:
    """For a test suite: raises AssertionError with the report, unless every gradient is right. Options of ``check``."""
    require(check(loss, gradients, parameters, *more, **options))


def _several(count: int) -> str:
    return (
        f"the parameters are {count} values one after another, expected one dict of arrays: pass {{'W': W, 'b': b}}, "
        "and let both functions take that dict as their only argument (options go by name)"
    )


def require(report: Report) -> None:
    """Raises AssertionError with the text of a report that is not right."""
    if not report:
        raise AssertionError(f"the gradients are {report.verdict}\n{report}")


def run(problem: Problem, options: Options, *, tolerance: float, entries: int, seed: int, subject: str = "") -> Report:
    """The check itself, for functions and for layers."""
    tolerance, entries = number("tolerance", tolerance, POSITIVE), whole("entries", entries)
    session = _Session(problem, options, tolerance, entries, np.random.default_rng(seed_number(seed)))
    try:
        session.begin()
    except RandomLoss as error:
        return _nothing(problem, f"{error}: it draws random numbers; seed them inside it", subject)
    except OutOfTime:
        return _nothing(problem, "the time limit passed before anything was compared", subject)
    if not np.isfinite(session.base):
        return _nothing(problem, f"{problem.names[0]} gives {session.base} here", subject)
    judged = session.judge_all()
    try:
        findings = session.reasons(judged)
    except OutOfTime:
        findings = ()
        problem.notes.append("the time limit passed before the reasons were looked for")
    except InputError as error:
        findings = ()
        problem.notes.append(f"the reasons were not looked for: {error}")
    verdicts = tuple(each.verdict for each in judged.values())
    if problem.changed_by_loss:
        problem.notes.append(f"{problem.names[0]} changes {', '.join(problem.changed_by_loss)}; it was given copies")
    notes = tuple(dict.fromkeys([*problem.notes, *session.first.notes]))
    return Report(overall(verdicts), verdicts, findings, notes, subject)


def _nothing(problem: Problem, why: str, subject: str) -> Report:
    verdicts = tuple(
        ParameterVerdict(name, x.shape, "inconclusive", np.nan, 0, why=why) for name, x in problem.point.items()
    )
    return Report("inconclusive", verdicts, (), tuple(problem.notes), subject)


class _Session:
    """One check, from the first call to the findings."""

    def __init__(self, problem: Problem, options: Options, tolerance: float, entries: int,
                 rng: np.random.Generator) -> None:  # fmt: skip
        self.options, self.problem, self.tolerance, self.entries, self.rng = options, problem, tolerance, entries, rng
        self.first, self.second = Given(), Given()
        self.base = np.nan
        self.rulers: dict[str, Ruler] = {}
        self.numericals: dict[str, Numerical] = {}

    def begin(self) -> None:
        """Everything that is called at the user's point itself."""
        problem = self.problem
        self.base = problem.base_value()
        if not np.isfinite(self.base):
            return
        self.first, self.second = problem.given(problem.point), problem.given(problem.point)
        after = problem.value(problem.point)
        self.state_moved = not same(self.base, after)
        self.noise = loss_noise(problem, self.base, self.rng)
        self.rounding = self._rounding()

    def _rounding(self) -> dict[str, Array | float]:
        """How far the given gradients are off by rounding: what parameters changed by a rounding change in them."""
        if not all(same(self.first.raw[name], self.second.raw.get(name)) for name in self.first.raw):
            return dict.fromkeys(self.first.arrays, 0.0)
        found: dict[str, Array | float] = {}
        point = {
            name: x * (1 + 4 * _EPS * self.rng.choice([-1.0, 1.0], size=x.shape))
            for name, x in self.problem.point.items()
        }
        moved = self.problem.given(point)
        for name, array in self.first.arrays.items():
            other = moved.arrays.get(name, array)
            largest = float(np.max(np.abs(array), initial=0.0))
            with np.errstate(invalid="ignore"):
                change = np.nan_to_num(np.abs(array - other), posinf=0.0)
            spread = float(np.sqrt(np.mean(change**2))) if change.size else 0.0
            rough = max(self.noise / abs(self.base) if self.base else 0.0, _SINGLE if self.first.single else 0.0)
            found[name] = np.minimum(np.maximum(change, spread), 1e-3 * largest) + rough * largest
        return found

    def judge_all(self) -> dict[str, Judged]:
        """A verdict for every parameter, in their order."""
        point, why_not = self.problem.point, "the time limit passed before it was compared"
        for name in point:
            try:
                ruler = Ruler(self.problem, point, name, self.noise)
                given = self.first.arrays.get(name)
                self.numericals[name] = measure(ruler, given, self.entries, self.rng)
                self.rulers[name] = ruler
            except OutOfTime:
                break
        least = ground(self.base, list(self.numericals.values()))
        judged: dict[str, Judged] = {}
        for name, x in point.items():
            if name in self.first.why:
                judged[name] = self._unusable(name, self.first.why[name])
                continue
            try:
                if name not in self.numericals:
                    raise OutOfTime
                judged[name] = judge(self.rulers[name], self.numericals[name], self.first.arrays[name],
                                     self.rounding[name], least, self.tolerance)  # fmt: skip
            except OutOfTime:
                judged[name] = Judged(ParameterVerdict(name, x.shape, "inconclusive", np.nan, 0, why=why_not), "time")
        self._settle(judged)
        return {name: self._conduct(name, each) for name, each in judged.items()}

    def _settle(self, judged: dict[str, Judged]) -> None:
        """Right, where the loss never depends on a parameter but does on another, and what is left of the gradient is
        rounding: an exact 0 may be that of a unit that is off, or of data that are zero."""
        blind = [name for name, each in judged.items() if each.kind == "blind" and np.any(self.first.arrays[name])]
        if not blind or all(each.verdict.verdict == "inconclusive" for each in judged.values()):
            return
        problem, free = self.problem, []
        with suppress(OutOfTime):
            free = [name for name in blind if stays(self._along(name), problem.point[name])]
        for name in free:
            judged[name] = Judged(replace(judged[name].verdict, verdict="right", why=""))
        if free:
            problem.notes.append(note(free, [problem.point[name].shape for name in free]))

    def _along(self, name: str) -> Callable[[Array], float]:
        return lambda value: float(self.problem.value({**self.problem.point, name: value}))

    def _unusable(self, name: str, why: str) -> Judged:
        shape = self.problem.point[name].shape
        return Judged(ParameterVerdict(name, shape, "wrong", np.inf, 0, why=why), "shape")

    def _conduct(self, name: str, judged: Judged) -> Judged:
        """Right numbers, but a function that does what a gradient must not."""
        if judged.verdict.verdict == "wrong":
            return judged
        first, second = self.first.raw.get(name), self.second.raw.get(name)
        loss, gradients = self.problem.names
        if name in self.first.changed:
            return wrong(judged, f"{gradients} changes it: the array is another one after the call", "changed")
        if first is not None and not same(first, second):
            return wrong(
                judged, f"a second call of {gradients} with the same values gives another gradient", "second call"
            )
        if self.state_moved:
            return wrong(
                judged, f"after a call of {gradients}, {loss} gives another value for the same values", "state"
            )
        layer = self.options.layer
        if layer is not None and name in layer.spoiled:
            return wrong(judged, layer.spoiled[name], "spoiled")
        if layer is not None and name in layer.not_linear:
            return wrong(judged, "it is not linear in the cotangent, as a gradient must be", "not linear")
        return judged

    def evidence(self, judged: dict[str, Judged]) -> Evidence:
        """What the rules reason from."""
        here = Snapshot(self.problem, self.problem.point, self.first, self.numericals, self.noise)
        return Evidence(self.problem, here, self.second, judged, self.noise, self.options, self.state_moved)

    def reasons(self, judged: dict[str, Judged]) -> tuple[Finding, ...]:
        """The findings, by the rules; what lies at a kink is looked at beside it first."""
        from handgrad.check.rules import diagnose_all

        evidence = self.evidence(judged)
        for name in evidence.of_kind("kink"):
            open_question = judged[name].verdict.verdict == "inconclusive"
            if open_question and evidence.there is not None and evidence.there.agreement(name) is False:
                judged[name] = wrong(judged[name], "at a kink here; at a random point beside it, it is wrong", "beside")
        return diagnose_all(self.evidence(judged))


def wrong(judged: Judged, why: str, kind: str) -> Judged:
    """The same comparison, judged wrong for a reason that is not in the numbers."""
    return Judged(replace(judged.verdict, verdict="wrong", why=why), kind)
