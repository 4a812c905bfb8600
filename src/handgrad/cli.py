"""The command line: parse, call, print. Results on stdout, progress and errors on stderr.

Exit codes: 0 done, 1 failed, 2 usage, 3 a gradient or a derivation is wrong, 130 interrupted, 143 terminated (what
was done is saved).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from handgrad import __version__
from handgrad.errors import HandgradError, UsageError
from handgrad.interrupt import noted_interrupt
from handgrad.labs.registry import LABS, find_lab
from handgrad.terminal import say_error, write_stdout

FAILED, USAGE, CHECK_FAILED, INTERRUPTED = 1, 2, 3, 130

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]

app = App(
    name="handgrad",
    help="The workbench for hand-written backpropagation: derive it, check it, run it fast, look at it.",
    version=f"handgrad {__version__}",
    help_format="plaintext",
)
run = App(name="run", help="Run a lab: data, training, figures, report; ours beside the published figures.")
app.command(run)
for _lab in LABS.values():
    run.command(f"handgrad.labs.command:{_lab.name}", name=_lab.name, help=_lab.sentence)


app.command("handgrad.labs.sample_command:sample", name="sample", help="Write poems with a network that was trained.")


@run.default
def run_nothing(*words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> int:
    """Asked for when no lab of that name exists."""
    if words:
        find_lab(words[0])
    raise UsageError(f"which lab is to be run? expected one of {', '.join(LABS)}; for example: handgrad run points")


@app.command
def labs() -> int:
    """List the labs, a line each."""
    width = max(map(len, LABS))
    write_stdout("".join(f"{lab.name:<{width}}  {lab.description}\n" for lab in LABS.values()))
    return 0


@app.command
def resume(run: str, /, *, json: _Flag = False, quiet: _Flag = False, checkpoint_every: str | None = None) -> int:
    """Go on with a run that was killed or interrupted, from its latest checkpoint, to the end it would have had.

    Parameters
    ----------
    run
        The folder of a run.
    json
        Print one JSON document on stdout.
    quiet
        No progress and no log on stderr.
    checkpoint_every
        Steps, as 500, or a time, as 30s or 2min, or never. [as the run began]
    """
    from handgrad.labs.resume import resume_run

    return resume_run(run, as_json=json, quiet=quiet, checkpoint_every=checkpoint_every)


@app.command
def derive(
    name: str | None = None,
    *,
    format: Literal["text", "latex", "html"] = "text",
    loss: str | None = None,
    activation: str | None = None,
    seed: int = 0,
    out: Path | None = None,
) -> int:
    """Typeset the derivation of a layer or a network from its source, each backward line verified.

    Exit code 3 if a line disagrees with its numerical derivative, or a form of a gradient with another.

    Parameters
    ----------
    name
        A layer, a loss, mlp, or a file of your own (FILE.py, in the form of those in layers/); without a name, the
        names are listed.
    format
        text, latex (a document) or html (a page that needs nothing from elsewhere).
    loss
        Of mlp: cross-entropy, l2, or the name of another loss. [cross-entropy]
    activation
        Of mlp's hidden layer [sigmoid], or of all of lenet5 but the last layer [scaled_tanh].
    seed
        Draws the numbers that the lines are checked with.
    out
        A file to write to, instead of stdout.
    """
    from handgrad.derive.command import run

    return run(name, format, loss=loss, activation=activation, seed=seed, out=out)


@app.command
def check(
    file: str,
    /,
    *,
    loss: str | None = None,
    gradients: str | None = None,
    forward: str | None = None,
    backward: str | None = None,
    cls: Annotated[str | None, Parameter(name="--class")] = None,
    json: _Flag = False,
    fix: _Flag = False,
    time_limit: float = 60.0,
    seed: int = 0,
) -> int:
    """Check a hand-written backward pass: what is wrong, in which line, and the edit that mends it.

    Checking runs FILE.py, as python FILE.py does, until it has computed its first gradients. Exit code 0 if every
    gradient is right, 3 if one is wrong, 1 if the file could not be run or nothing can be said.

    Parameters
    ----------
    file
        A Python file with a loss and its gradients, or a forward and a backward pass, in NumPy.
    loss
        The function that computes the loss, where the names do not tell.
    gradients
        The function that computes the gradients.
    forward
        The function or method of the forward pass.
    backward
        The function or method of the backward pass.
    cls
        The class to check, where the file has several.
    json
        Print one JSON document on stdout.
    fix
        Apply the correction to FILE.py if it makes every gradient right; FILE.py.bak keeps what was there.
    time_limit
        Seconds after which to stop.
    seed
        Draws the values at which the gradients are compared.
    """
    from handgrad.check.command import run as run_check

    roles = {"loss": loss, "gradients": gradients, "forward": forward, "backward": backward, "cls": cls}
    return run_check(file, roles, as_json=json, fix=fix, time_limit=time_limit, seed=seed)


@app.command
def predict(run: str, /, *files: str, json: _Flag = False, figure: Path | None = None) -> int:
    """Read photographs or drawings of digits with a network that was trained.

    A picture holds one digit, of any size, dark on light or light on dark. Exit code 1 if one could not be read.

    Parameters
    ----------
    run
        The folder of a run of the labs digits or lenet.
    files
        Pictures: PNG, JPEG, WEBP, GIF, BMP, TIFF or PPM.
    json
        Print one JSON document on stdout.
    figure
        An SVG file to draw the pictures in, with what the network was shown and what it says.
    """
    from handgrad.labs.predict import run_predict

    return run_predict(run, files, as_json=json, figure=figure)


@app.command
def bench(
    workload: str = "dense", *, against: str = "numpy,torch,jax", json: _Flag = False, quick: _Flag = False
) -> int:
    """Measure a workload, ours beside the peers that are installed, in one run, with ratios.

    Parameters
    ----------
    workload
        What is measured: dense, rnn, lenet, lstm, or rnn-forms (the four forms of BPTT; writes rnn-forms.svg).
    against
        The peers, with commas; one that is not installed is skipped, with a line that says so.
    json
        Print one JSON document on stdout.
    quick
        Fewer repetitions: a look, not a measurement.
    """
    from handgrad.benchmarks import run as run_benchmark

    peers = tuple(peer.strip() for peer in against.split(",") if peer.strip())
    return int(run_benchmark(workload, peers, json, quick))


@app.command
def warmup(*, all: _Flag = False) -> int:
    """Compile the kernels of all layers, losses and optimizers ahead, so that no later run has to.

    Parameters
    ----------
    all
        Those of float64 too, which checking uses; training needs float32 alone.
    """
    from handgrad.warmup import compile_kernels

    dtypes = ("float32", "float64") if all else ("float32",)
    seconds = compile_kernels(dtypes)
    write_stdout(f"all kernels for {' and '.join(dtypes)} are ready, after {seconds:.1f} s\n")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. What a sentence can explain never ends in a traceback."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    with noted_interrupt() as interrupt:
        try:
            return _run(tokens)
        except Exception:
            if not interrupt.pressed:
                raise
            # Ctrl-C in the middle of an import or a compilation: what was left half done fails when it is used next
            say_error("interrupted")
            return INTERRUPTED


def _run(tokens: list[str]) -> int:
    """Run a command line; what a sentence can explain is told, and anything else raised."""
    try:
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _usage(error)
    except HandgradError as error:
        say_error(str(error))
        return error.exit_code
    except MemoryError as error:
        say_error(f"there is not enough memory ({error}); choose a smaller network or fewer samples")
        return FAILED
    except KeyboardInterrupt:
        say_error("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read stdout has enough
        return FAILED
    return code if isinstance(code, int) else 0


def _usage(error: CycloptsError) -> int:
    """A command line that cannot be understood, in one sentence. An error of our own, raised while it was parsed, is
    what it is."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HandgradError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, HandgradError):
        say_error(str(cause))
        return cause.exit_code
    if isinstance(error, UnusedCliTokensError):
        say_error(f"{' '.join(error.unused_tokens or [])} was not expected here; options begin with --. See --help.")
    else:
        say_error(_one_line(str(error)))
    return USAGE


def _one_line(text: str) -> str:
    return " ".join(text.split()) + " See --help."
