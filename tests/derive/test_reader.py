import importlib.util

import pytest

import handgrad.layers.dense
from handgrad.derive import derive_module, names
from handgrad.derive.kinds import layer_names
from handgrad.derive.layer import derive_layer
from handgrad.derive.reader import parse_shapes, read_module, read_named
from handgrad.errors import InputError, UsageError

LAYER = '''"""A layer of one's own.

Source: nobody (2024), eq. 1.

Shapes: W (M, N), x (N, B), y (M, B); k a number.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class OwnParams(NamedTuple):
    """W (M, N): the weights; nothing else."""

    W: Array


class OwnCache(NamedTuple):
    """x (N, B): the input. y (M, B): the output."""

    x: Array
    y: Array


def own_forward(params: OwnParams, x: Array, k: float) -> tuple[Array, OwnCache]:
    """Docstring."""
    weights = params.W
    # 1: a reason
    a = params.W @ x
    # 2
    y = np.tanh(k * a)
    return y, OwnCache(x, y=y)


def own_backward(params: OwnParams, cache: OwnCache, dy: Array, k: float) -> tuple[Array, OwnParams]:
    (matrix,) = params
    # 2: y = np.tanh(k * a)
    slope = 1 - cache.y**2
    da = k * dy * slope
    # 1: the same matrix,
    #    turned
    dx = matrix.T @ da
    dmatrix: Array = da @ cache.x.T
    return dx, OwnParams(dmatrix)
'''


@pytest.fixture
def own(tmp_path):
    def write(*changes):
        text = LAYER.replace("    weights = params.W\n", "").replace("OwnParams(dmatrix)", "OwnParams(dW)")
        text = text.replace("dmatrix: Array", "dW: Array")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "own.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_shapes_block():
    assert parse_shapes("Title.\n\nShapes: W (M, N), b (M,), x (N, B),\na (M, B).") == {
        "W": ("M", "N"),
        "b": ("M",),
        "x": ("N", "B"),
        "a": ("M", "B"),
    }
    assert parse_shapes("Shapes: a, t (M, B), t in [0, 1]; l (B,).") == {
        "a": ("M", "B"),
        "t": ("M", "B"),
        "l": ("B",),
    }
    assert parse_shapes("Shapes: W (4H, D); y (T, 1); lam, R numbers.") == {"W": ("4H", "D"), "y": ("T", "1")}
    assert parse_shapes("No block.") == {}


def test_what_a_file_says(own):
    layer = read_module(own())
    assert (layer.name, layer.title, layer.reference) == ("own", "A layer of one's own.", "nobody (2024), eq. 1.")
    assert layer.parameters == ("W",)
    assert layer.inputs == ("W", "x", "k")
    assert layer.outputs == ("y",)
    assert [line.target for line in layer.forward] == ["a", "y"]
    assert [line.target for line in layer.backward] == ["slope", "da", "dx", "dW"]
    assert [line.step for line in layer.backward] == ["2", "2", "1", "1"]
    assert [line.note for line in layer.forward] == ["a reason", ""]
    assert [line.note for line in layer.backward] == ["", "", "the same matrix, turned", ""]
    assert layer.forward[0].origins[0].code == "a = params.W @ x"
    assert layer.forward[0].origins[0].place.startswith("own.py:")
    assert layer.meanings == {"W": "the weights", "x": "the input", "y": "the output"}


def test_local_names_and_attributes_are_known_by_their_names_in_the_forward_pass(own):
    derivation = derive_module(own())
    assert derivation.passed
    assert "∂L/∂x = Wᵀ ∂L/∂a" in derivation.to_text()
    assert "∂L/∂W = ∂L/∂a · xᵀ" in derivation.to_text()
    # only a derivative by something of the forward pass is checked
    assert len(derivation.checks) == 3


def test_plumbing_is_followed_and_not_believed(own):
    swapped = derive_module(own(("OwnCache(x, y=y)", "OwnCache(x, y=a)")))
    assert not swapped.passed
    assert "slope = 1 − a²" in swapped.to_text()


def test_a_module_does_as_well_as_a_path(own):
    spec = importlib.util.spec_from_file_location("own", own())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert derive_module(module).passed
    assert derive_module(handgrad.layers.dense).to_text() == derive_layer(read_named("dense")).to_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def own_backward", "def own_reverse", "has no function own_backward"),
        ("    a = params.W @ x", "    a = params.W @ x[::2]", r"`a = params.W @ x\[::2\]` does not run: ValueError"),
        ("    a = params.W @ x", "    for a in [params.W @ x]:\n        pass", "own.py, line .*expected `for t in "),
        ("    a = params.W @ x", "    a, _ = params.W @ x, 0", "expected an assignment to one name"),
        ("return y, OwnCache(x, y=y)", "return np.tanh(a), OwnCache(x, y=y)", "a line of its own"),
        ("return y, OwnCache(x, y=y)", "return y", "a line of its own"),
        ("return dx, OwnParams(dW)", "return OwnParams(dx)", "it returns dx"),
        ("return dx, OwnParams(dW)", "return dx, slope", "it returns slope"),
        ("return dx, OwnParams(dW)", "return matrix.T @ da", "a line of its own"),
        ("return dx, OwnParams(dW)", "return dx, OwnParams(dW, dx)", "OwnParams has 1 fields, not 2"),
        ("(matrix,) = params", "matrix, other = params", "params has 1 entries, not 2"),
        ("dy: Array", "dout: Array", "its argument dout is none of"),
        ("x (N, B), y", "y", "does not say the shape of x"),
        ("y (M, B); k", "y (B, M); k", "says y is B x M, but it comes out as M x B"),
        ("import numpy as np", "import numpy as np\n\n1 / 0", "own.py does not run: ZeroDivisionError"),
        ("import numpy as np", "import", "own.py does not run: SyntaxError"),
    ],
)
def test_what_is_not_a_layer_is_said(own, old, new, message):
    with pytest.raises(InputError, match=message):
        derive_module(own((old, new)))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        derive_module(tmp_path / "nothing.py")
    with pytest.raises(UsageError, match="one of dense, dropout, half_squared_error"):
        read_named("densee")


def test_the_list_of_names_is_the_folder(own):
    path = own()
    assert layer_names(path.parent) == ["own"]
    listed = names(path.parent)
    assert listed[0] == ("own", "A layer of one's own.")
    assert [entry.name for entry in listed] == ["own", "lenet5", "mlp"]
    assert "\n" not in "".join(entry.summary for entry in names())


def test_a_parameter_taken_out_under_its_own_name_is_no_equation(own):
    path = own(("    # 1: a reason\n    a = params.W @ x", "    W = params.W\n    # 1\n    a = W @ x"))
    assert [line.target for line in read_module(path).forward] == ["a", "y"]
    assert derive_module(path).passed
