"""Importing handgrad costs next to nothing, and every public name is there."""

import subprocess
import sys

import handgrad as hg

HEAVY = ("numba", "llvmlite", "matplotlib", "sklearn", "scipy", "rich", "jinja2", "cyclopts", "pooch", "torch", "jax")


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy():
    assert loaded_after("import handgrad") == set()


def test_a_network_on_the_reference_engine_needs_no_compiler():
    code = """
import handgrad as hg
net = hg.Sequential([hg.Dense(3), hg.Tanh(), hg.Dense(1)], input_shape=2)
net.fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], epochs=2, engine="numpy")
"""
    assert loaded_after(code) == set()


def test_every_public_name_is_there():
    for name in hg.__all__:
        assert getattr(hg, name) is not None
    assert set(dir(hg)) == set(hg.__all__)
