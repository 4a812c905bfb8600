"""Runs a lab: makes the run folder, hands the lab a reporter, saves whatever came of it, prints the results."""

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.errors import HandgradError
from handgrad.labs.console import ConsoleReporter, print_result
from handgrad.labs.environment import environment
from handgrad.labs.registry import Lab
from handgrad.labs.result import LabResult
from handgrad.labs.run_folder import RunFolder, json_text
from handgrad.terminal import say_error, write_stdout

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class RunOptions:
    """How to run, whichever lab it is. ``out``: the run folder, new or empty, instead of ``runs/<lab>-<time>``."""

    out: str | None = None
    json: bool = False
    quiet: bool = False


def run_lab(lab: Lab, settings: Any, options: RunOptions, command: str = "") -> int:
    """Run ``lab`` with ``settings``, an instance of its settings class; returns the exit code.

    ``command`` is what was typed, for the records. Raises HandgradError where the run cannot begin: then no folder is
    left behind. What goes wrong later is told on stderr, after whatever was reached is saved and printed.
    """
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    folder = RunFolder.create(lab.name, options.out)
    reporter = ConsoleReporter(folder, quiet=options.quiet)
    result: LabResult | None = None
    try:
        where = environment() | {"seed": getattr(settings, "seed", None), "command": command, "started": started}
        folder.write_toml("config.toml", {"lab": lab.name, "settings": asdict(settings)})
        folder.write_json("environment.json", where)
        result = lab.run(settings, reporter)
    except KeyboardInterrupt:
        saved = f"metrics.jsonl is in {folder.path}" if reporter.records else "there was nothing to save yet"
        say_error(f"interrupted; {saved}")
        return INTERRUPTED
    finally:
        reporter.close()
        folder.close()
        if result is None and not reporter.records:
            folder.discard()
    saving = _Saving(lab, folder, result, where)
    try:
        saving.run()
    except KeyboardInterrupt:
        result.interrupted = True
    return _tell(result, folder, options, saving.error or reporter.write_error)


class _Saving:
    """Writes everything that there is, the network first. ``error`` is the first sentence of what went wrong: a full
    disk takes no more than what does not fit."""

    def __init__(self, lab: Lab, folder: RunFolder, result: LabResult, where: dict[str, Any]) -> None:
        self.lab, self.folder, self.result, self.where = lab, folder, result, where
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
        from handgrad.figures.style import to_svg
        from handgrad.labs.report import Drawing, Heading, report_html

        drawings = [Drawing(each.name, each.caption, to_svg(each.figure)) for each in self.result.pictures]
        for drawing in drawings:
            self._try(self.folder.write, f"figures/{drawing.name}.svg", drawing.svg)
        heading = Heading(
            lab=self.lab.name,
            description=self.lab.description,
            command=self.where["command"],
            finished=time.strftime("%Y-%m-%d %H:%M"),
            environment=self.where,
            files=("config.toml", "environment.json", "metrics.jsonl", *models, "figures/"),
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
        say_error(f"interrupted; what was done is saved in {folder.path}")
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
