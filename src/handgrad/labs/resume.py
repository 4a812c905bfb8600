"""``handgrad resume RUN``: a run that was killed, interrupted or cut off goes on from its latest checkpoint."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from handgrad.errors import InputError
from handgrad.labs.record import Record
from handgrad.labs.run_folder import RunFolder, json_text
from handgrad.labs.runner import Execution, RunOptions
from handgrad.terminal import say_error, write_stdout


def resume_run(run: str, *, as_json: bool = False, quiet: bool = False, checkpoint_every: str | None = None) -> int:
    """Go on with the run in the folder ``run`` to its end; returns the exit code, 0 where it is finished already.

    Raises InputError where ``run`` is no folder of a run, where its training has failed, or where no checkpoint can be
    used; HandgradError where another process has it. Nothing is changed then.
    """
    folder = RunFolder.reopen(run)
    try:
        record = Record.read(folder.read_json("run.json"), folder.path / "run.json")
        if record.status == "finished":
            say_error(f"{folder.path} is finished; there is nothing to go on with")
            if as_json:
                write_stdout(json_text({"lab": record.lab, "status": "finished", "run": str(folder.path)}) + "\n")
            return 0
        if record.status == "failed":
            raise InputError(f"the training in {folder.path} has failed, and would again; its report says why")
        lab, settings = record.lab_and_settings(folder.path)
        every = record.checkpoint_every if checkpoint_every is None else checkpoint_every
        options = RunOptions(out=str(folder.path), json=as_json, quiet=quiet, checkpoint_every=every)
        resumed = (*record.resumed, time.strftime("%Y-%m-%d %H:%M:%S"))
        with _begun_in(Path(record.folder), folder):
            return Execution(lab, settings, options, folder, replace(record, resumed=resumed)).run()
    finally:
        folder.close()


@contextlib.contextmanager
def _begun_in(place: Path, folder: RunFolder) -> Iterator[None]:
    """Work in the folder that the run was begun in: its settings may have paths that are meant from there."""
    here = Path.cwd()
    if place == here or not place.is_dir():
        yield
        return
    folder.path = folder.path.resolve()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(here)
