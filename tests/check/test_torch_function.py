import subprocess
import sys

import numpy as np
import pytest

import handgrad as hg


def test_a_missing_torch_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(hg.InputError, match="needs PyTorch, which is not installed"):
        hg.check_function(None, np.ones(3))


def test_importing_the_module_does_not_import_torch():
    code = "import sys, handgrad as hg; hg.check_function; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def scaled_tanh(torch, sign=1):
    class ScaledTanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w, power):
            y = torch.tanh(x)
            ctx.save_for_backward(y, w)
            return w * y**power

        @staticmethod
        def backward(ctx, dy):
            y, w = ctx.saved_tensors
            return sign * dy * w * 2 * y * (1 - y**2), dy * y**2, None

    return ScaledTanh


def test_a_right_function_and_a_wrong_one():
    torch = pytest.importorskip("torch")
    x, w = torch.randn(3, 2, generator=torch.Generator().manual_seed(0)), torch.ones(3, 2)
    right = hg.check_function(scaled_tanh(torch), x, w, 2)
    assert right, right.parameters
    assert [each.name for each in right.parameters] == ["input 0", "input 1"]
    wrong = hg.check_function(scaled_tanh(torch, -1), x, w, 2)
    assert [each.verdict for each in wrong.parameters] == ["wrong", "right"]
    assert [each.fault for each in wrong.findings] == ["sign"]
    assert x.dtype == torch.float32
    assert x.grad is None


def test_only_what_requires_a_gradient_and_any_callable():
    torch = pytest.importorskip("torch")
    x, w = torch.ones(3, 2, requires_grad=True), torch.ones(3, 2)
    report = hg.check_function(lambda x, w: scaled_tanh(torch).apply(x, w, 2), x, w)
    assert report
    assert [each.name for each in report.parameters] == ["input 0"]


def test_several_outputs():
    torch = pytest.importorskip("torch")
    report = hg.check_function(lambda x: (torch.sin(x), x**2, x.argmax()), torch.linspace(-1, 1, 5))
    assert report
    with pytest.raises(hg.InputError, match="no tensor of floats"):
        hg.check_function(torch.argmax, torch.ones(3))
    with pytest.raises(hg.InputError, match="hold no tensor of floats"):
        hg.check_function(torch.sin, 3)
