"""One base name for a layer everywhere: equation, kernel, tests and page stand where a reader looks for them."""

from pathlib import Path

import pytest

import handgrad.kernels
import handgrad.layers
from handgrad.network.images import IMAGES
from handgrad.network.layers import LAYERS
from handgrad.network.losses import LOSSES
from handgrad.network.recurrent import RECURRENT
from handgrad.network.tokens import TOKEN_LAYERS

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
SOURCE = Path(handgrad.layers.__file__).parents[1]
LAYER_NAMES = sorted(path.stem for path in (SOURCE / "layers").glob("[!_]*.py"))


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_every_layer_has_its_partners(name):
    for partner in (
        SOURCE / "kernels" / f"{name}.py",
        TESTS / "layers" / f"test_{name}.py",
        TESTS / "kernels" / f"test_{name}.py",
        DOCS / "layers" / f"{name}.md",
    ):
        assert partner.is_file(), f"{partner} is missing"
    text = (SOURCE / "layers" / f"{name}.py").read_text(encoding="utf-8")
    assert f"def {name}_forward(" in text
    assert f"def {name}_backward(" in text


def test_every_description_names_a_layer():
    for kind in [*LAYERS, *RECURRENT, *IMAGES, *TOKEN_LAYERS, *LOSSES]:
        assert kind in LAYER_NAMES


def test_layers_import_numpy_alone():
    for path in (SOURCE / "layers").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "from ")):
                module = line.split()[1].split(".")[0]
                own = line.startswith("from handgrad.layers.")
                assert own or module in {"numpy", "typing"}, f"{path.name}: {line}"


def test_every_layer_is_held_by_the_checker():
    text = (TESTS / "layers" / "test_all.py").read_text(encoding="utf-8")
    for name in LAYER_NAMES:
        assert f'"{name}": ' in text, f"{name} has no example in tests/layers/test_all.py"
