"""Right files of ``tests/faults/right``, spoiled in one place each: the line that is named, and what the edit writes."""

from pathlib import Path

import pytest

import handgrad as hg

RIGHT = Path(__file__).parents[1] / "faults" / "right"

CASES = {
    "a number is not carried on": ("relu_counter", "            delta *= u\n", "", "delta = u * delta"),
    "the gradient of a number is never added to": (
        "relu_counter",
        "            du += delta * h[t - 1]\n",
        "",
        "du += delta * h[t - 1]",
    ),
    "a state's gradient is added to and not carried on": (
        "lstm_fused",
        "        dh = grad_a @ U.T\n",
        "",
        "dh = grad_a @ U.T",
    ),
    "nothing is done where something was": (
        "rnn_double_sum",
        "                gs0 += W.T @ d\n",
        "                pass\n",
        "gs0 += W.T @ d",
    ),
    "a copy is added to instead of the array": (
        "conv_offsets",
        "target = self.window(d_x, r, c)",
        "target = 0.5 * self.window(d_x, r, c)",
        "target = self.window(d_x, r, c)",
    ),
    "a factor of what is divided by n later": (
        "svm_loss",
        "counts = (margins > 0)",
        "counts = 2 * (margins > 0)",
        "counts = (margins > 0).astype(float)",
    ),
    "a helper, and not what it is given": (
        "mlp_weight_lists",
        "return (1 + z**2) ** -1.5",
        "return (1 + z) ** -1.5",
        "return (1 + z ** 2) ** -1.5",
    ),
}


@pytest.mark.parametrize(("name", "right", "wrong", "written"), CASES.values(), ids=list(CASES))
def test_the_line_is_put_right(name, right, wrong, written, tmp_path):
    text = (RIGHT / f"{name}.py").read_text(encoding="utf-8")
    assert text.count(right) == 1
    path = tmp_path / f"{name}.py"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    report = hg.check_file(path)
    assert report.verdict == "wrong"
    (finding,) = report.findings
    added = [each[1:].strip() for each in finding.fix.splitlines() if each[0] == "+" and not each.startswith("+++")]
    assert added == [written]
