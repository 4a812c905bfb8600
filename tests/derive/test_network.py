import shutil
from pathlib import Path

import numpy as np
import pytest

import handgrad.layers
import handgrad.training.optimizers
from handgrad.derive import LayerSpec, derive, derive_network
from handgrad.derive.compose import compose
from handgrad.derive.execute import run
from handgrad.derive.update import read_update
from handgrad.errors import InputError, UsageError
from handgrad.network import layers as described
from handgrad.network import losses
from handgrad.network.sequential import Sequential
from handgrad.training.optimizers import SGD, AdaGrad, Adam, AdamW, RMSProp

FOLDER = Path(handgrad.layers.__file__).parent
ACTIVATIONS = ("identity", "leaky_relu", "relu", "scaled_tanh", "sigmoid", "tanh")


def section(derivation, heading):
    return next(section for section in derivation.sections if section.heading == heading)


def equations(derivation, heading):
    """The lines of one section of the text, without numbers, shapes and checks."""
    text = derivation.to_text(150)
    body = next(part for part in text.split("\n\n") if part.startswith(heading)).splitlines()[1:]
    found = []
    for line in body:
        if "=" in line or "←" in line:
            line = line.strip()
            line = line.split(")", 1)[1].strip() if line.startswith("(") else line
            found.append(line.split("   ")[0])
    return found


def test_the_reports_network_line_by_line():
    derivation = derive("mlp")
    assert derivation.passed
    assert derivation.worst < 1e-14
    assert [s.heading for s in derivation.sections] == ["Loss", "Forward", "Backward", "Update"]
    assert equations(derivation, "Loss") == [
        "L = 1/B · Σₙ ℓₙ + R⁽¹⁾ + R⁽²⁾",
        "z = a⁽²⁾ − maxⱼ a⁽²⁾ⱼ",
        "log y = z − log(Σⱼ exp(zⱼ))",
        "ℓ = −Σⱼ tⱼ ⊙ log yⱼ",
        "y = exp(log y)",
        "R⁽¹⁾ = λ/2 · Σⱼₖ (W⁽¹⁾ⱼₖ)²",
        "R⁽²⁾ = λ/2 · Σⱼₖ (W⁽²⁾ⱼₖ)²",
    ]
    assert equations(derivation, "Forward") == [
        "a⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾",
        "y⁽¹⁾ = 1 / (1 + exp(−a⁽¹⁾))",
        "a⁽²⁾ = W⁽²⁾ y⁽¹⁾ + b⁽²⁾",
    ]
    assert equations(derivation, "Backward") == [
        "∂L/∂ℓ = 𝟏/B",
        "∂L/∂R⁽¹⁾ = 1",
        "∂L/∂R⁽²⁾ = 1",
        "∂L/∂a⁽²⁾ = ∂L/∂ℓ ⊙ (y ⊙ Σⱼ tⱼ − t)",
        "∂L/∂W⁽²⁾ = ∂L/∂a⁽²⁾ · y⁽¹⁾ᵀ + λ ∂L/∂R⁽²⁾ · W⁽²⁾",
        "∂L/∂b⁽²⁾ = Σₙ ∂L/∂a⁽²⁾ₙ",
        "∂L/∂y⁽¹⁾ = W⁽²⁾ᵀ ∂L/∂a⁽²⁾",
        "∂L/∂a⁽¹⁾ = ∂L/∂y⁽¹⁾ ⊙ y⁽¹⁾ ⊙ (1 − y⁽¹⁾)",
        "∂L/∂W⁽¹⁾ = ∂L/∂a⁽¹⁾ · xᵀ + λ ∂L/∂R⁽¹⁾ · W⁽¹⁾",
        "∂L/∂b⁽¹⁾ = Σₙ ∂L/∂a⁽¹⁾ₙ",
        "∂L/∂x = W⁽¹⁾ᵀ ∂L/∂a⁽¹⁾",
    ]
    assert equations(derivation, "Update") == [f"{p}⁽{k}⁾ ← {p}⁽{k}⁾ − η ∂L/∂{p}⁽{k}⁾" for k in "¹²" for p in "Wb"]
    assert all(line.check for heading in ("Backward", "Update") for line in section(derivation, heading).lines)


def test_the_notation_table_names_every_symbol():
    derivation = derive("mlp")
    listed = {(entry.symbol.letter, entry.symbol.superscript): entry for entry in derivation.notation}
    assert len(listed) == len(derivation.notation)
    assert listed["W", "2"].shape == ("C", "M")
    assert listed["x", ""].shape == ("N", "B")
    assert listed["y", ""].meaning == "the probabilities"
    defined = {"z", "y"}  # intermediate values of the loss: their equation says all
    for part in derivation.sections:
        for line in part.lines:
            for symbol, shape in line.shapes:
                assert (symbol.letter, symbol.superscript) in listed or symbol.letter in defined
                entry = listed.get((symbol.letter, symbol.superscript))
                assert entry is None or symbol.operator or entry.shape == shape


def test_a_backward_line_bears_the_numbers_of_the_lines_it_differentiates():
    numbers = {
        line.equation.left.letter + line.equation.left.superscript: line.number
        for line in section(derive("mlp"), "Forward").lines
    }
    numbers |= {
        line.equation.left.letter + line.equation.left.superscript: line.number
        for line in section(derive("mlp"), "Loss").lines
    }
    backward = {
        line.equation.left.letter + line.equation.left.superscript: line.number
        for line in section(derive("mlp"), "Backward").lines
    }
    assert backward["W2"] == f"{numbers['a2']}, {numbers['R2']}"
    assert backward["b2"] == backward["y1"] == numbers["a2"]
    assert backward["a1"] == numbers["y1"]
    assert backward["ℓ"] == backward["R1"] == numbers["L"]


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        *(("cross-entropy", activation) for activation in ACTIVATIONS),
        *((loss, "sigmoid") for loss in ("l2", "half_squared_error", "sigmoid_cross_entropy")),
        ("sigmoid_cross_entropy", "relu"),  # kinks on kinks
    ],
)
def test_other_losses_and_activations(loss, activation):
    derivation = derive("mlp", loss=loss, hidden_activation=activation, seed=3)
    assert derivation.passed
    assert derivation.worst < 1e-9


def test_without_weight_decay():
    derivation = derive("mlp", loss="l2", weight_decay=False)
    assert derivation.passed
    assert equations(derivation, "Loss") == ["L = 1/B · Σₙ ℓₙ", "e = y⁽²⁾ − t", "ℓ = Σⱼ eⱼ²"]
    assert equations(derivation, "Forward")[-2:] == ["e⁽²⁾ = exp(a⁽²⁾ − maxⱼ a⁽²⁾ⱼ)", "y⁽²⁾ = e⁽²⁾ / (Σⱼ e⁽²⁾ⱼ)"]


@pytest.fixture
def folder(tmp_path):
    def change(name, old, new):
        shutil.copytree(FOLDER, tmp_path / "layers", ignore=shutil.ignore_patterns("__pycache__"))
        path = tmp_path / "layers" / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return tmp_path / "layers"

    return change


def failed(derivation):
    return [
        line.equation.left.letter + line.equation.left.superscript
        for line in section(derivation, "Backward").lines
        if not line.check.passed
    ]


def test_a_wrong_sigmoid_shows_in_the_network(folder):
    changed = folder("sigmoid", "da = dy * y * (1 - y)", "da = dy * y * (1 + y)")
    derivation = derive("mlp", folder=changed)
    wrong = [line for line in derivation.to_text().splitlines() if "✗ FAILED" in line and "∂L/∂" in line]
    assert len(wrong) == 1
    assert "∂L/∂a⁽¹⁾ = ∂L/∂y⁽¹⁾ ⊙ y⁽¹⁾ ⊙ (1 + y⁽¹⁾)" in wrong[0]
    assert not derivation.passed
    assert failed(derive("mlp", folder=changed, loss="l2", output_activation="sigmoid")) == ["a2", "a1"]


def test_a_wrong_weight_decay_shows_in_the_network(folder):
    derivation = derive("mlp", folder=folder("weight_decay", "    dW = lam * W * dR", "    dW = -lam * W * dR"))
    assert failed(derivation) == ["W2", "W1"]
    assert "∂L/∂a⁽²⁾ · y⁽¹⁾ᵀ − λ ∂L/∂R⁽²⁾ · W⁽²⁾" in derivation.to_text()


def test_a_wrong_loss_shows_in_the_network(folder):
    changed = folder("softmax_cross_entropy", "da = dl * (y * t.sum(axis=0) - t)", "da = dl * (y - t)")
    assert failed(derive("mlp", folder=changed)) == ["a2"]


def test_the_program_is_the_network_that_trains():
    """The composition gives the gradients of a Sequential, at its parameters and data, to the last digits."""
    chain = [described.Dense(7), described.ScaledTanh(), described.Dense(5), described.ReLU(), described.Dense(3)]
    net = Sequential(chain, input_shape=2, loss=losses.SoftmaxCrossEntropy(), weight_decay=0.3, dtype="float64", seed=4)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(11, 2)), rng.random((11, 3))
    loss, gradients = net.loss_and_gradients(x, t, engine="numpy")
    program = compose(chain, "softmax_cross_entropy", True).program
    values = {"x": x.T, "t": t.T, "lam": 0.3}
    for layer, number in (("0", "1"), ("2", "2"), ("4", "3")):
        values |= {f"{name}__{number}": net.parameters[f"{layer}.{name}"] for name in "Wb"}
    run((*program.forward, *program.backward), values)
    assert values["L"] == pytest.approx(loss, rel=1e-14)
    for layer, number in (("0", "1"), ("2", "2"), ("4", "3")):
        for name in "Wb":
            assert np.allclose(values[f"d{name}__{number}"], gradients[f"{layer}.{name}"], rtol=1e-12, atol=1e-15)


def test_the_network_of_a_lab():
    chain = [described.Dense(64), described.Sigmoid(), described.Dense(64), described.Sigmoid()]
    derivation = derive_network(
        [*chain, described.Dense(1), described.Sigmoid()],
        losses.SquaredError(),
        inputs=2,
        batch=1,
        optimizer=SGD(lr=0.05),
    )
    assert derivation.passed
    values = {
        entry.symbol.letter + entry.symbol.subscript: entry.value
        for entry in derivation.notation
        if entry.shape is None
    }
    assert values == {"N": 2, "M1": 64, "M2": 64, "C": 1, "B": 1}
    assert "M₂     units of layer 2                 64" in derivation.to_text()


def test_layers_without_parameters_first_and_in_a_row():
    derivation = derive_network(
        [LayerSpec("tanh"), LayerSpec("dense"), LayerSpec("sigmoid"), LayerSpec("softmax")], "squared_error"
    )
    assert derivation.passed
    assert equations(derivation, "Forward")[0] == "y⁽⁰⁾ = tanh(x)"
    assert equations(derivation, "Forward")[-1] == "y⁽²⁾ = e⁽²⁾ / (Σⱼ e⁽²⁾ⱼ)"


def test_a_layer_alone_and_many():
    assert derive_network([LayerSpec("dense")], "squared_error", weight_decay=True).passed
    assert derive_network([LayerSpec("dense"), LayerSpec("tanh")] * 5, "squared_error", optimizer=None).passed


@pytest.mark.parametrize(
    ("optimizer", "lines"),
    [
        (SGD(momentum=0.9), ["v ← μ v + g", "θ ← θ − η v"]),
        (SGD(momentum=0.9, nesterov=True), ["v ← μ v + g", "θ ← θ − η (g + μ v)"]),
        (AdaGrad(), ["s ← s + g²", "θ ← θ − η g / (√s + ε)"]),
        (RMSProp(), ["s ← α s + (1 − α) g²", "θ ← θ − η g / (√s + ε)"]),
        (RMSProp(momentum=0.9), None),
        ("adadelta", None),
        (AdamW(), None),
        (
            Adam(),
            ["m ← β₁ m + (1 − β₁) g", "v ← β₂ v + (1 − β₂) g²", "m̂ = m / (1 − β₁^τ)", "v̂ = v / (1 − β₂^τ)"]
            + ["θ ← θ − η m̂ / (√v̂ + ε)"],
        ),
    ],
)
def test_other_optimizers(optimizer, lines):
    derivation = derive_network([LayerSpec("dense"), LayerSpec("tanh")], "squared_error", optimizer=optimizer)
    assert derivation.passed
    assert section(derivation, "Update").lines[-1].check.value < 0
    if lines:
        assert equations(derivation, "Update") == lines
    table = {entry.symbol.letter for entry in derivation.notation}
    assert {symbol.letter for line in section(derivation, "Update").lines for symbol, _ in line.shapes} - {"d"} <= table


def test_a_wrong_update_fails(tmp_path, monkeypatch):
    source = Path(handgrad.training.optimizers.__file__).with_name("sgd.py").read_text(encoding="utf-8")
    assert source.count("theta = theta - lr * g\n") == 1
    (tmp_path / "sgd.py").write_text(
        source.replace("theta = theta - lr * g\n", "theta = theta + lr * g\n"), encoding="utf-8"
    )
    monkeypatch.setattr("handgrad.derive.network.read_update", lambda optimizer: read_update(optimizer, tmp_path))
    derivation = derive("mlp")
    assert not derivation.passed
    assert equations(derivation, "Update")[0] == "W⁽¹⁾ ← W⁽¹⁾ + η ∂L/∂W⁽¹⁾"
    assert not any(line.check.passed for line in section(derivation, "Update").lines)
    assert derivation.worst < 1e-14, "an update has a slope, not an error"
    (tmp_path / "sgd.py").write_text(source.replace("theta = theta - lr * g\n", "theta -= lr * g\n"), encoding="utf-8")
    with pytest.raises(InputError, match=r"sgd.py, line \d+: `theta -= lr \* g`: expected an assignment"):
        derive("mlp")


def test_what_has_no_place_in_a_network():
    dense = LayerSpec("dense")
    with pytest.raises(UsageError, match="at least 1 layer"):
        derive_network([], "squared_error")
    with pytest.raises(UsageError, match="the layer is 'dens'"):
        derive_network([LayerSpec("dens")], "squared_error")
    with pytest.raises(
        UsageError, match="the loss is 'hinge', expected one of cross-entropy, l2, half_squared_error, "
    ):
        derive("mlp", loss="hinge")
    with pytest.raises(UsageError, match="the loss is 'sigmoid', expected one of half_squared_error, .*squared_error$"):
        derive_network([dense], "sigmoid")
    with pytest.raises(UsageError, match="dense takes an input of 2 axes, but stands behind a value of 1"):
        derive_network([dense, LayerSpec("squared_error"), dense], "squared_error")
