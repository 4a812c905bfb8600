"""The command line of ``handgrad sample``."""

from typing import Annotated

from cyclopts import Parameter

from handgrad.labs.sample import run_sample
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def sample(
    run: str,
    /,
    *,
    start: str | None = None,
    count: int = 1,
    acrostic: str | None = None,
    lines: int | None = None,
    line_length: int | None = None,
    length: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    greedy: _Flag = False,
    seed: int = 0,
    json: _Flag = False,
) -> int:
    """Write poems with a network that was trained.

    Parameters
    ----------
    run
        The folder of a run of the lab poems.
    start
        What the poem begins with; several with commas or blanks between them: 日、紅、山.
    count
        Poems for each start.
    acrostic
        The characters that the lines begin with, one for each line.
    lines
        How many lines; without --line-length all are as long as the first turns out.
    line_length
        Characters in a line, its mark not counted.
    length
        Where a poem is cut that finds no end, in characters. [100]
    temperature
        Above 0: lower is safer, higher is bolder. [0.8]
    top_k
        Choose among so many of the most probable characters. [all]
    top_p
        Choose among the most probable characters that together have this probability. [1]
    greedy
        Always take the most probable character.
    seed
        Draws the characters.
    json
        Print one JSON document on stdout.
    """
    choice = Choice(temperature, top_k, top_p, greedy)
    form = Form(lines, line_length, acrostic or "", length)
    return run_sample(run, start, acrostic, count, seed, choice, form, json)
