import ast
import shutil
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import derive, derive_module
from handgrad.derive.expression import Code
from handgrad.derive.kinds import layer_names
from handgrad.derive.reader import read_named
from handgrad.derive.words import nodes
from handgrad.errors import UsageError

FOLDER = Path(handgrad.layers.__file__).parent
NAMES = layer_names()


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_of_the_folder_derives_and_passes(name):
    derivation = derive(name)
    assert derivation.passed
    assert 0 <= derivation.worst < 1e-11
    typeset = [line for section in derivation.sections for line in section.lines]
    assert not [node for line in typeset for node in nodes(line.equation) if isinstance(node, Code)]
    for section in derivation.sections:
        for line in section.lines:
            assert (line.check is not None) == section.backward
            assert line.shapes


@pytest.mark.parametrize("name", NAMES)
def test_shapes_block_agrees_with_what_comes_out(name):
    source = read_named(name)
    found = {}
    for section in derive(name).sections:
        for line in section.lines:
            found |= {(symbol.letter, symbol.partial): shape for symbol, shape in line.shapes}
    assert source.shapes
    for stated, shape in source.shapes.items():
        letter = {"l": "ℓ"}.get(stated, stated)
        assert found[letter, False] == shape
        assert found.get((letter, True), shape) == shape


@pytest.mark.parametrize(
    ("name", "equation"),
    [
        ("dense", "a = W x + b"),
        ("dense", "∂L/∂W = ∂L/∂a · xᵀ"),
        ("dense", "∂L/∂b = Σₙ ∂L/∂aₙ"),
        ("dense", "∂L/∂x = Wᵀ ∂L/∂a"),
        ("sigmoid", "y = 1 / (1 + exp(−a))"),
        ("sigmoid", "∂L/∂a = ∂L/∂y ⊙ y ⊙ (1 − y)"),
        ("scaled_tanh", "S = 2/3"),
        ("scaled_tanh", "∂L/∂a = S ∂L/∂y ⊙ (A − y²/A)"),
        ("leaky_relu", "y = a where a > 0, else s a"),
        ("relu", "∂L/∂a = ∂L/∂y ⊙ [y > 0]"),
        ("softmax", "∂L/∂a = y ⊙ (∂L/∂y − Σⱼ ∂L/∂yⱼ ⊙ yⱼ)"),
        ("softmax_cross_entropy", "log y = z − log(Σⱼ exp(zⱼ))"),
        ("softmax_cross_entropy", "∂L/∂a = ∂L/∂ℓ ⊙ (y ⊙ Σⱼ tⱼ − t)"),
        ("weight_decay", "R = λ/2 · Σⱼₖ Wⱼₖ²"),
    ],
)
def test_what_stands_there(name, equation):
    assert equation in derive(name).to_text()


def copied(tmp_path, name, old, new):
    path = tmp_path / f"{name}.py"
    text = (FOLDER / path.name).read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_wrong_sign_in_a_copy_is_typeset_and_fails(tmp_path):
    path = copied(tmp_path, "dense", "    dx = W.T @ da", "    dx = -W.T @ da")
    derivation = derive_module(path)
    failed = [line for line in derivation.to_text().splitlines() if "✗ FAILED" in line and "∂L/∂" in line]
    assert len(failed) == 1
    assert "∂L/∂x = −Wᵀ ∂L/∂a" in failed[0]
    assert not derivation.passed
    assert derivation.worst == pytest.approx(2)
    assert "✗ FAILED: 1 of 3 checks" in derivation.to_text()


def test_a_wrong_forward_line_is_typeset_and_fails(tmp_path):
    derivation = derive_module(
        copied(tmp_path, "dense", "a = W @ x + b[:, None]\n    return", "a = W @ x - b[:, None]\n    return")
    )
    assert "a = W x − b" in derivation.to_text()
    assert [check.passed for check in derivation.checks] == [True, False, True]


def test_a_derivative_of_the_wrong_shape_fails(tmp_path):
    derivation = derive_module(copied(tmp_path, "dense", "db = da.sum(axis=1)", "db = da.sum(axis=0)"))
    assert derivation.worst == float("inf")
    assert "∂L/∂b = Σⱼ ∂L/∂aⱼ" in derivation.to_text()


def test_a_derivative_that_is_not_a_number_fails(tmp_path):
    path = copied(tmp_path, "tanh", "    da = dy * (1 - y**2)", "    da = dy * (1 - y**2) * np.nan")
    derivation = derive_module(path)
    assert not derivation.passed
    assert derivation.worst != derivation.worst


def test_below_a_wrong_line_the_others_are_judged_by_themselves(tmp_path):
    derivation = derive_module(copied(tmp_path, "squared_error", "    de = 2 * e * dl", "    de = e * dl"))
    assert [check.passed for check in derivation.checks] == [False, True]


@pytest.mark.parametrize("name", NAMES)
def test_every_backward_line_can_fail(name, tmp_path):
    """Each line of each layer, negated, is the only one to fail: no check passes whatever stands there."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    for k, statement in enumerate(read_named(name).backward):
        code = statement.origins[0].code
        target, value = code.split(" = ", 1)
        path = tmp_path / str(k) / f"{name}.py"
        path.parent.mkdir()
        path.write_text(text.replace(f"    {code}\n", f"    {target} = -({value})\n"), encoding="utf-8")
        assert [check.passed for check in derive_module(path).checks] == [
            i != k for i in range(len(read_named(name).backward))
        ]


def test_the_seed_draws_the_numbers():
    assert derive("sigmoid", seed=1).checks != derive("sigmoid").checks
    assert derive("sigmoid", seed=1).checks == derive("sigmoid", seed=1).checks
    assert all(derive(name, seed=seed).passed for name in NAMES for seed in range(1, 4))


def test_a_new_file_is_found(tmp_path):
    folder = tmp_path / "layers"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "tanh.py").read_text(encoding="utf-8").replace("tanh_", "squash_")
    (folder / "squash.py").write_text(text, encoding="utf-8")
    assert derive("squash", folder=folder).passed


def test_unknown_names_and_choices():
    with pytest.raises(UsageError, match="what to derive is 'dens', expected one of conv, dense, .*, mlp"):
        derive("dens")
    with pytest.raises(UsageError, match="the seed is -1, expected a whole number of at least 0"):
        derive("dense", seed=-1)
    with pytest.raises(UsageError, match="loss was given for dense, expected for mlp only"):
        derive("dense", loss="l2")


def test_no_equation_has_a_second_copy():
    """The files of derive/ know no layer: neither its functions nor its formula."""
    import handgrad.derive

    for path in Path(handgrad.derive.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not {module for module in imported if module and module.startswith("handgrad.layers")}, path.name
        called = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        assert not called & {"tanh", "exp", "log", "log1p", "where", "maximum"}, path.name
