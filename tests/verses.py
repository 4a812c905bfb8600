"""Poems for tests: made up ones, folders of them, and the real ones where this machine has them."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest


def real_folder():
    """The folder with the real files, from HANDGRAD_DATA or in shared/data beside the checkout; else None."""
    places = [Path(os.environ.get("HANDGRAD_DATA", "")) / "tang", Path(__file__).parents[3] / "shared/data/tang"]
    return next((place for place in places if (place / "poet.tang.57000.json").is_file()), None)


REAL = real_folder()
needs_real = pytest.mark.skipif(REAL is None, reason="the Tang poems are not on this machine (set HANDGRAD_DATA)")


LINES = "山中有流水借問不知名映地爲天色飛空作雨聲轉來深澗滿分出小池平恬澹無人見年年長自清"


def poem(seed, lines=4):
    random = np.random.default_rng(seed)
    return "".join("".join(random.choice(list(LINES), 5)) + "，。"[k % 2] for k in range(lines))


def folder_of(tmp_path, bodies):
    tmp_path.mkdir(exist_ok=True)
    poems = [{"title": "", "author": "", "paragraphs": re.findall(r"[^。]+。?", body)} for body in bodies]
    half = len(poems) // 2
    for number, part in ((0, poems[:half]), (1000, poems[half:])):
        (tmp_path / f"poet.tang.{number}.json").write_text(json.dumps(part), encoding="utf-8")
    return tmp_path
