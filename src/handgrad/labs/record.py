"""``run.json``: which lab a run folder belongs to, with which settings, and how far it has come."""

import json
import os
import shlex
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from handgrad.errors import HandgradError, InputError
from handgrad.labs.registry import LABS, Lab

Status = Literal["unfinished", "interrupted", "failed", "finished"]


@dataclass(frozen=True)
class Record:
    """A run. ``settings`` as they were given; ``folder``: where it was begun, which relative paths in them are meant
    from; ``resumed``: when it went on. ``status`` is "unfinished" while it runs, and after it was killed."""

    lab: str
    settings: dict[str, Any]
    command: str
    started: str
    checkpoint_every: str
    folder: str
    version: str
    resumed: tuple[str, ...] = ()
    status: Status = field(default="unfinished", compare=False)

    @classmethod
    def of(cls, lab: str, settings: Any, options: Any, command: str, started: str) -> "Record":
        """A run that begins."""
        from handgrad import __version__

        plain = json.loads(json.dumps(asdict(settings), default=str))
        return cls(lab, plain, command, started, options.checkpoint_every, os.getcwd(), __version__)

    @classmethod
    def read(cls, document: dict[str, Any], path: Path) -> "Record":
        """From ``run.json``. Raises InputError where that is of another kind, HandgradError where it is of another
        version, which may round otherwise."""
        from handgrad import __version__

        by = document.get("version")
        if isinstance(by, str) and by != __version__:
            raise HandgradError(f"{path.parent} was begun with handgrad {by}, this is {__version__}; use that version")
        names = {each.name for each in fields(cls)}
        if document.keys() != names or not isinstance(document["settings"], dict):
            raise InputError(f"{path} is not what handgrad has written, expected an object with {', '.join(names)}")
        return cls(**(document | {"resumed": tuple(document["resumed"])}))

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint of this run must have in common with it."""
        return {"lab": self.lab, "settings": self.settings}

    def document(self, status: Status = "unfinished") -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"resumed": list(self.resumed), "status": status}

    def environment(self) -> dict[str, Any]:
        """What of it belongs into ``environment.json`` and the report."""
        resumed = {"resumed": ", ".join(self.resumed)} if self.resumed else {}
        return {"command": self.command, "started": self.started} | resumed

    def lab_and_settings(self, path: Path) -> tuple[Lab, Any]:
        """The lab, and an instance of its settings. Raises InputError where there is no such lab, or no such
        settings."""
        if self.lab not in LABS:
            raise InputError(f"{path} is a run of the lab {self.lab!r}, expected one of {', '.join(LABS)}")
        lab = LABS[self.lab]
        values = {name: tuple(v) if isinstance(v, list) else v for name, v in self.settings.items()}
        try:
            return lab, lab.settings_class()(**values)
        except TypeError as error:
            raise InputError(f"{path} has settings that the lab {self.lab} does not know ({error})") from None


def resume_command(path: Path) -> str:
    """What to type to go on."""
    return f"handgrad resume {shlex.quote(str(path))}"


def status_of(folder: Path) -> Status | None:
    """How the run in ``folder`` stands; None where its record does not say."""
    try:
        status: Status = json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return status


def why_no_network(folder: Path) -> str:
    """What a run without a network has to hear, as the end of a sentence."""
    status = status_of(folder)
    if status is None:
        return ""
    return "; a study keeps no network" if status == "finished" else f"; to bring it there: {resume_command(folder)}"
