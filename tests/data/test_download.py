"""Downloading, with pooch's network replaced: mirrors in turn, reasons, whole files only, no long wait."""

import hashlib
import logging
import threading
from pathlib import Path

import pooch
import pytest

from handgrad.data import download as module
from handgrad.data.download import download
from handgrad.errors import InputError

CONTENTS = {"one.gz": b"first file", "two.gz": b"second file", "three.gz": b"third file"}
SHA256 = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
MIRRORS = ("https://first.example/data/", "https://second.example/")


class Refused(OSError):
    """Like requests' exceptions: an OSError without a number, here with the server's answer."""

    def __init__(self, status):
        super().__init__(f"status {status}")
        self.response = type("Response", (), {"status_code": status})()


class Network:
    """Stands in for pooch.HTTPDownloader; ``faults`` maps a URL or a mirror to an exception or to wrong content."""

    def __init__(self):
        self.faults = {}
        self.asked = []
        self.options = {}

    def downloader(self, **options):
        self.options = options
        return self

    def __call__(self, url, output_file, _pooch, check_only=False):
        self.asked.append(("head" if check_only else "get", url))
        mirror, name = url.rsplit("/", 1)
        fault = self.faults.get(f"{mirror}/", self.faults.get(url) if not check_only else None)
        if isinstance(fault, BaseException):
            raise fault
        if not check_only:
            Path(output_file).write_bytes(CONTENTS[name] if fault is None else fault)
        return True


@pytest.fixture
def network(monkeypatch):
    replacement = Network()
    monkeypatch.setattr(pooch, "HTTPDownloader", replacement.downloader)
    return replacement


def get(folder, **options):
    download("DATA", folder, MIRRORS, SHA256, "put the files there", **options)


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_come_from_the_first_mirror(network, tmp_path):
    said = []
    get(tmp_path / "a" / "b", announce=said.append)
    assert files_in(tmp_path / "a" / "b") == CONTENTS
    assert network.asked == [("head", MIRRORS[0] + "one.gz")] + [("get", MIRRORS[0] + name) for name in CONTENTS]
    assert said == [f"downloading DATA from first.example to {tmp_path / 'a' / 'b'}"]
    assert max(network.options["timeout"]) <= 10


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (MIRRORS[0], OSError("no route")),
        (MIRRORS[0] + "two.gz", OSError("reset")),
        (MIRRORS[0] + "two.gz", Refused(404)),
        (MIRRORS[0] + "three.gz", b"<html>sign in to the hotel's network</html>"),
    ],
)
def test_the_second_mirror_gives_what_the_first_did_not(network, tmp_path, url, fault):
    network.faults[url] = fault
    get(tmp_path)
    assert files_in(tmp_path) == CONTENTS
    fetched = [url.rsplit("/", 1)[1] for kind, url in network.asked if kind == "get" and "second" in url]
    assert set(fetched) <= set(CONTENTS)
    assert len(fetched) == {"data/": 3, "two.gz": 2, "three.gz": 1}.get(url.rsplit("/", 1)[1] or "data/")


def test_what_is_there_is_kept_and_what_is_damaged_is_replaced(network, tmp_path):
    (tmp_path / "one.gz").write_bytes(CONTENTS["one.gz"])
    (tmp_path / "two.gz").write_bytes(CONTENTS["two.gz"][:-1])
    get(tmp_path)
    assert files_in(tmp_path) == CONTENTS
    assert [url for kind, url in network.asked if kind == "get"] == [MIRRORS[0] + "two.gz", MIRRORS[0] + "three.gz"]


def test_one_sentence_with_a_reason_for_each_mirror(network, tmp_path):
    network.faults = {MIRRORS[0]: OSError("dns"), MIRRORS[1] + "two.gz": Refused(503)}
    with pytest.raises(InputError) as caught:
        get(tmp_path)
    assert str(caught.value) == (
        "there is no copy of DATA on this machine, and none could be downloaded "
        "(first.example: no connection; second.example: HTTP status 503 for two.gz); put the files there"
    )
    assert files_in(tmp_path) == {"one.gz": CONTENTS["one.gz"]}


def test_other_reasons(network, tmp_path):
    network.faults = {MIRRORS[0] + "one.gz": b"other", MIRRORS[1] + "one.gz": OSError("reset")}
    with pytest.raises(
        InputError, match=r"its one.gz has another SHA-256; second.example: the connection broke off at one"
    ):
        get(tmp_path)
    assert files_in(tmp_path) == {}


def test_a_mirror_that_does_not_answer_is_left_in_time(network, tmp_path, monkeypatch):
    hang_up = threading.Event()

    class Silent(Network):
        def __call__(self, url, *arguments, **options):
            if "first" in url:
                hang_up.wait(60)
            return super().__call__(url, *arguments, **options)

    silent = Silent()
    monkeypatch.setattr(pooch, "HTTPDownloader", silent.downloader)
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.05)
    silent.faults[MIRRORS[1]] = OSError("dns")
    with pytest.raises(InputError, match=r"first.example: no answer within 0.05 s; second.example: no connection"):
        get(tmp_path)
    hang_up.set()


def test_a_disk_that_cannot_be_written_is_no_fault_of_a_mirror(network, tmp_path):
    network.faults[MIRRORS[0] + "two.gz"] = OSError(28, "No space left on device")
    with pytest.raises(InputError, match=rf"DATA cannot be downloaded to {tmp_path} \(No space left on device\); put"):
        get(tmp_path)
    assert not any("second" in url for _, url in network.asked)
    assert files_in(tmp_path) == {"one.gz": CONTENTS["one.gz"]}
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"cannot be downloaded to .*file"):
        get(tmp_path / "file")


def test_an_interrupted_download_leaves_no_part_of_a_file(network, tmp_path, monkeypatch):
    class Interrupted(Network):
        def __call__(self, url, output_file, _pooch, check_only=False):
            if not check_only and url.endswith("two.gz"):
                Path(output_file).write_bytes(CONTENTS["two.gz"][:3])
                raise KeyboardInterrupt
            return super().__call__(url, output_file, _pooch, check_only)

    monkeypatch.setattr(pooch, "HTTPDownloader", Interrupted().downloader)
    with pytest.raises(KeyboardInterrupt):
        get(tmp_path)
    assert files_in(tmp_path) == {"one.gz": CONTENTS["one.gz"]}


def test_pooch_is_silent_and_its_logger_is_given_back(network, tmp_path, monkeypatch):
    logger, records = pooch.get_logger(), []
    level = logger.level
    assert level < logging.WARNING
    monkeypatch.setattr(logger, "handle", records.append)
    get(tmp_path)
    assert records == []
    assert logger.level == level
