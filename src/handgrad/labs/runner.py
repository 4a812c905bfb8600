"""Runs a lab: makes the run folder, hands the lab a reporter, saves whatever came of it, prints the results."""

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.errors import HandgradError
from handgrad.figures.drawing_process import DrawingProcess
from handgrad.interrupt import Terminated, terminable
from handgrad.labs.console import ConsoleReporter, print_result
from handgrad.labs.environment import environment
from handgrad.labs.record import Record, Status, resume_command
from handgrad.labs.registry import Lab
from handgrad.labs.result import LabResult
from handgrad.labs.run_folder import RunFolder, json_text
from handgrad.network.files import sync
from handgrad.terminal import say_error, write_stdout
from handgrad.training.cadence import DEFAULT, Cadence
from handgrad.training.checkpoints import Checkpoints

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class RunOptions:
    """How to run, whichever lab it is. ``out``: the run folder, new or empty, instead of ``runs/<lab>-<time>``.
    ``checkpoint_every``: see ``Cadence.of``; UsageError for what it does not know."""

    out: str | None = None
    json: bool = False
    quiet: bool = False
    checkpoint_every: str = DEFAULT

    def __post_init__(self) -> None:
        Cadence.of(self.checkpoint_every)


def run_lab(lab: Lab, settings: Any, options: RunOptions, command: str = "") -> int:
    """Run ``lab`` with ``settings``, an instance of its settings class; returns the exit code.

    ``command`` is what was typed, for the records. Raises HandgradError where the run cannot begin: then no folder is
    left behind. What goes wrong later is told on stderr, after whatever was reached is saved and printed.
    """
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    folder = RunFolder.create(lab.name, options.out)
    return Execution(lab, settings, options, folder, Record.of(lab.name, settings, options, command, started)).run()


class Execution:
    """A run that begins, or goes on, in ``folder``, which this process alone has until ``run`` returns."""

    def __init__(self, lab: Lab, settings: Any, options: RunOptions, folder: RunFolder, record: "Record") -> None:
        self.lab, self.settings, self.options = lab, settings, options
        self.folder, self.record = folder, record
        self.checkpoints = Checkpoints(
            folder.path / "checkpoints", options.checkpoint_every, run=record.identity, journal=folder.metrics
        )
        self.reporter = ConsoleReporter(folder, quiet=options.quiet, checkpoints=self.checkpoints)
        self.drawing = DrawingProcess()

    def run(self) -> int:
        """Run the lab, save and print what came of it; returns the exit code."""
        try:
            with terminable():
                return self._run()
        except Terminated as ending:
            say_error(f"terminated; {self._left()}")
            return int(ending.code or 0)
        finally:
            self.drawing.close()
            self.folder.close()

    def _run(self) -> int:
        result: LabResult | None = None
        folder, reporter = self.folder, self.reporter
        try:
            loaded = self.checkpoints.load()
            folder.write_json("run.json", self.record.document())
            with suppress(OSError):
                sync(folder.path)
            where = environment() | {"seed": getattr(self.settings, "seed", None)} | self.record.environment()
            folder.write_toml("config.toml", {"lab": self.lab.name, "settings": self.record.settings})
            folder.write_json("environment.json", where)
            if self.record.resumed:
                reporter.say(f"going on from {loaded}" if loaded else "there is no checkpoint yet: beginning again")
            result = self.lab.run(self.settings, reporter)
        except KeyboardInterrupt:
            say_error(f"interrupted; {self._left()}")
            return INTERRUPTED
        finally:
            reporter.close()
            if result is None and self._nothing_yet:
                folder.discard()
        saving = _Saving(self.lab, folder, result, where, self.drawing)
        try:
            saving.run()
        except KeyboardInterrupt:
            result.interrupted = True
        error = saving.error or reporter.write_error
        failed = self._end(result, error)
        error = error or failed
        if error:
            error += f"; with room on the disk: {resume_command(folder.path)}"
        return _tell(result, folder, self.options, error)

    def _end(self, result: LabResult, error: str) -> str:
        """Write down how the run has ended. One that lacks a file, for a full disk, can still go on. Returns what went
        wrong now."""
        status: Status = "failed" if result.error else "interrupted" if result.interrupted else "finished"
        try:
            self.folder.write_json("run.json", self.record.document("unfinished" if error else status))
        except HandgradError as failure:
            return str(failure)
        if status != "interrupted" and not error:
            self.checkpoints.clear()
        return ""

    @property
    def _nothing_yet(self) -> bool:
        """Whether nothing would be lost with the folder."""
        return not (self.reporter.records or self.checkpoints.latest or self.record.resumed)

    def _left(self) -> str:
        """What is there after a run was broken off."""
        path = self.folder.path
        if self._nothing_yet:
            return "there was nothing to save yet"
        saved = f"what was learned is in {self.checkpoints.latest}" if self.checkpoints.latest else ""
        return f"{saved or f'metrics.jsonl is in {path}'}; to go on: {resume_command(path)}"


class _Saving:
    """Writes everything that there is, the network first. ``error`` is the first sentence of what went wrong: a full
    disk takes no more than what does not fit."""

    def __init__(
        self, lab: Lab, folder: RunFolder, result: LabResult, where: dict[str, Any], drawing: DrawingProcess
    ) -> None:
        self.lab, self.folder, self.result, self.where, self.drawing = lab, folder, result, where, drawing
        self.error = ""

    def run(self) -> None:
        """Networks, settings as the lab filled them in, figures, report."""
        result, folder = self.result, self.folder
        networks = ({"model": result.network} if result.network is not None else {}) | result.networks
        for name, network in networks.items():
            self._save_network(name, network)
        for name, text in result.files.items():
            self._try(folder.write, name, text.encode())
        if "settings" in result.document:
            config = {"lab": self.lab.name, "settings": result.document["settings"]}
            self._try(folder.write_toml, "config.toml", config)
        self._report([f"{name}.safetensors" for name in networks] + list(result.files))

    def _save_network(self, name: str, network: "Sequential") -> None:
        """Save what was learned: where the run folder has no room, in the system's folder for temporary files."""
        try:
            self.folder.save_network(name, network)
        except HandgradError as error:
            sentence = str(error)
            with suppress(HandgradError, OSError):
                rescued = Path(tempfile.mkdtemp(prefix="handgrad-")) / f"{name}.safetensors"
                network.save(rescued)
                sentence += f"; the network is saved as {rescued} instead"
            self.error = self.error or sentence

    def _report(self, models: list[str]) -> None:
        from handgrad.labs.report import Drawing, Heading, report_html

        pictures = self.result.pictures
        svgs = self.drawing.svgs([each.draw for each in pictures])
        drawings = [Drawing(each.name, each.caption, svg) for each, svg in zip(pictures, svgs, strict=True)]
        for drawing in drawings:
            self._try(self.folder.write, f"figures/{drawing.name}.svg", drawing.svg)
        heading = Heading(
            lab=self.lab.name,
            description=self.lab.description,
            command=self.where["command"],
            finished=time.strftime("%Y-%m-%d %H:%M"),
            environment=self.where,
            files=("run.json", "config.toml", "environment.json", "metrics.jsonl", *models, "figures/"),
        )
        page = report_html(heading, self.result, drawings)
        self._try(self.folder.write, "report.html", page.encode("utf-8", "replace"))

    def _try(self, write: Callable[..., Any], *arguments: Any) -> None:
        try:
            write(*arguments)
        except HandgradError as error:
            self.error = self.error or str(error)


def _tell(result: LabResult, folder: RunFolder, options: RunOptions, write_error: str) -> int:
    """Results on stdout, and on stderr what went wrong; returns the exit code."""
    if options.json:
        write_stdout(json_text(_document(result, folder)) + "\n")
    else:
        print_result(result)
        report = folder.path / "report.html"
        write_stdout(f"\nrun folder  {folder.path}\n" + (f"report      {report}\n" if report.is_file() else ""))
    if write_error:
        say_error(write_error)
    if result.error:
        say_error(result.error)
    if result.interrupted:
        say_error(f"interrupted; what was done is saved in {folder.path}; to go on: {resume_command(folder.path)}")
        return INTERRUPTED
    return FAILED if result.error or write_error else 0


def _document(result: LabResult, folder: RunFolder) -> dict[str, Any]:
    """The lab's document, and what every lab has: how it ended, its tables and findings, where it is saved."""
    status = "failed" if result.error else "interrupted" if result.interrupted else "finished"
    tables = {
        table.name: {"title": table.title, "columns": table.columns, "rows": table.rows, "note": table.note}
        for table in result.tables
    }
    ending = {"status": status, "error": result.error or None, "tables": tables, "findings": result.findings}
    return result.document | ending | {"run": str(folder.path)}
