"""The studies of the lab ``points``: their numbers, not only that they run."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import handgrad as hg
from handgrad.data.dataset import Dataset
from handgrad.data.points import linear_points, load_points
from handgrad.errors import UsageError
from handgrad.figures.style import to_svg
from handgrad.labs import points as points_lab
from handgrad.labs.points import PointsPlan, PointsRow, PointsSettings, TrainedPoints, build_network
from handgrad.labs.points_studies import STUDIES, _boundary, _common, _landscape, _plateau_evidence, _plateau_measure
from handgrad.labs.published import PLATEAU, WIDTHS
from handgrad.labs.result import LabResult, Table
from reporters import Log

# the package's names are the functions; their modules stand behind them
boundary, learning_rates, linear_vs_xor, plateau, stages, widths = (
    import_module(f"handgrad.labs.points_studies.{name}")
    for name in ("boundary", "learning_rates", "linear_vs_xor", "plateau", "stages", "widths")
)


def small_set(seed: int = 3, n: int = 11) -> Dataset:
    x, t = linear_points(n, seed)
    return Dataset(x, t, x[:5], t[:5], features=("x0", "x1"), classes=("0", "1"), name="linear", source="")


def table(result: LabResult, name: str) -> Table:
    return next(each for each in result.tables if each.name == name)


def column(table: Table, name: str) -> list[Any]:
    return [row[table.columns.index(name)] for row in table.rows]


def check_result(result: LabResult, study: str) -> None:
    """What every study must hand back."""
    document = result.document
    wanted = {"lab", "study", "engine", "seed", "epochs", "loss", "accuracy", "test_accuracy", "train_seconds", "rows"}
    assert wanted <= document.keys()
    assert (document["lab"], document["study"]) == ("points", study)
    assert result.findings
    assert all(np.isfinite(row["loss"]) for row in document["rows"])
    assert result.network is not None
    y = result.network.predict(load_points(document["data"], document["settings"]["seed"]).x)
    t = load_points(document["data"], document["settings"]["seed"]).t
    assert document["loss"] == pytest.approx(float(((y.astype(float) - t) ** 2).sum()), rel=1e-6)
    assert document["accuracy"] == pytest.approx(float(1 - np.abs(y - t).mean()), rel=1e-6)
    for each in result.tables:
        assert all(len(row) == len(each.columns) for row in each.rows)
    for picture in result.pictures:
        assert to_svg(picture.figure) == to_svg(picture.figure)


def fake(rows: list[tuple[int, float]], plan: PointsPlan, seconds: float = 1.0) -> TrainedPoints:
    """A training of which only the measured losses and the time are of interest."""
    measured = [PointsRow(epoch, loss, 0.9, 0.8, 0.7, 0.6, 0.0) for epoch, loss in rows]
    nothing: Any = SimpleNamespace(seconds=seconds)
    return TrainedPoints(plan, load_points("xor", 0), build_network(replace(plan, hidden=(2,))), nothing, measured)


def test_studies_are_those_that_the_lab_names() -> None:
    assert tuple(STUDIES) == points_lab.STUDIES


class TestCommon:
    def test_follow_goes_through_the_points_in_their_order(self) -> None:
        plan = PointsPlan(hidden=(5, 3), epochs=7, lr=0.2, seed=2, log_every=3)
        dataset, listener = small_set(), Log()
        trained = _common.follow(plan, dataset, listener, "name", every=2)
        network = build_network(plan)
        network.fit(dataset.x, dataset.t, epochs=7, batch_size=1, optimizer=hg.SGD(lr=0.2), shuffle=False)
        assert np.array_equal(trained.network.parameters.flat, network.parameters.flat)
        assert [row.epoch for row in trained.rows] == [0, 2, 4, 6, 7]
        assert [record["epoch"] for record in listener.records] == [0, 4, 6, 7]
        assert all(record["label"] == "name" for record in listener.records)
        y = network.predict(dataset.x).astype(float)
        assert trained.last.loss == pytest.approx(float(((y - dataset.t) ** 2).sum()), rel=1e-6)

    def test_follow_stops_when_asked(self) -> None:
        plan = PointsPlan(hidden=(5, 3), epochs=50)
        trained = _common.follow(plan, small_set(), Log(), "", every=4, on_row=lambda _, row: row.epoch >= 8)
        assert trained.last.epoch == 8
        assert not trained.interrupted

    def test_follow_tells_of_an_interruption(self) -> None:
        trained = _common.follow(PointsPlan(hidden=(3,), epochs=50), small_set(), Log(interrupt_at=3), "", every=4)
        assert trained.interrupted
        assert 0 < len(trained.history) < 50
        assert trained.last.epoch == len(trained.history)

    @pytest.mark.parametrize("epochs", [1, 2, 3, 7, 40, 2000, 2003, 40_000])
    def test_every_quarter_is_measured(self, epochs: int) -> None:
        every = _common.measuring_interval(PointsPlan(epochs=epochs))
        assert every >= 1
        assert (epochs // 4) % every == 0
        assert epochs // every <= 80 * 8  # primes cannot be divided well
        assert _common.quarters(2000) == [500, 1000, 1500, 2000]
        assert _common.quarters(epochs)[-1] == epochs

    def test_a_start_is_awake_unless_it_answers_a_constant(self) -> None:
        dataset = load_points("xor", 0)
        chosen = _common.awake(PointsPlan(data="xor", hidden=(256, 512)), dataset)

        def distance(seed: int) -> float:
            network = build_network(replace(chosen, seed=seed))
            loss = float(((network.predict(dataset.x).astype(float) - dataset.t) ** 2).sum())
            return min(abs(loss - 34), abs(loss - 35))

        assert chosen.seed > 0
        assert all(distance(seed) < 0.005 for seed in range(chosen.seed))
        assert distance(chosen.seed) >= 0.005


class TestWidths:
    def test_a_short_run(self) -> None:
        result = STUDIES["widths"](PointsSettings(study="widths", epochs=4, log_every=2), Log())
        check_result(result, "widths")
        losses = table(result, "widths-loss")
        assert column(losses, "hidden") == [f"({a}, {b})" for a, b in WIDTHS]
        assert set(column(losses, "4 published")) == {None}
        assert min(column(losses, "4 ours")) == result.document["loss"]
        assert "Nothing is published" in result.findings[0]
        dataset = load_points("xor", 0)
        for name, ours in zip(result.networks, column(losses, "4 ours"), strict=True):
            y = result.networks[name].predict(dataset.x).astype(float)
            assert ours == pytest.approx(float(((y - dataset.t) ** 2).sum()), rel=1e-6)

    def trainings(self, factor: float = 0.5) -> dict[tuple[int, int], TrainedPoints]:
        return {
            hidden: fake(
                [(row.epoch, factor * row.loss) for row in published.rows],
                PointsPlan(data="xor", hidden=hidden, epochs=2000, lr=0.01),
                seconds=(published.seconds or 0) / 100,
            )
            for hidden, published in WIDTHS.items()
        }

    def test_published_stands_beside_ours(self) -> None:
        trained = self.trainings()
        losses = widths._loss_table(trained)
        assert losses.rows[0] == ("(64, 64)", 8.7622, 4.3811, 6.2196, 3.1098, 4.9643, 2.48215, 4.2003, 2.10015)
        summary = widths._summary_table(trained)
        assert column(summary, "seconds published") == [7.1, 31.4, 120.8, 392.0, 219.2, 216.2]
        assert column(summary, "times as fast") == pytest.approx([100.0] * 6)

    def test_findings_count_where_ours_is_at_least_as_good(self) -> None:
        trained = self.trainings()
        assert "24 of 24 places; in the median the published loss is 2 times ours" in widths._against_the_report(
            trained
        )
        trained[64, 64] = self.trainings(1.01)[64, 64]
        assert "20 of 24 places" in widths._against_the_report(trained)

    def test_findings_judge_the_statements(self) -> None:
        trained = self.trainings()
        assert "(512, 512) is clearly best. That holds: (512, 512) ends lowest, at 0.749" in widths._widths_compared(
            trained
        )
        assert "7.7 % more" in widths._widths_compared(trained)  # 1.9515 against 1.8126
        trained[64, 64] = self.trainings(0.01)[64, 64]
        text = widths._widths_compared(trained)
        assert "That does not hold here: (64, 64) ends lowest" in text
        assert "the loss does not fall with every doubling" in text
        assert "3.92 s against 0.071 s for (64, 64), 55.2 times as long" in widths._cost(trained)

    def test_widths_are_chosen_by_the_study(self) -> None:
        with pytest.raises(UsageError, match="--hidden"):
            STUDIES["widths"](PointsSettings(study="widths", hidden=(3,)), Log())


class TestLearningRates:
    def test_a_short_run(self) -> None:
        settings = PointsSettings(study="learning-rates", hidden=(7, 5), epochs=40, log_every=20)
        result = STUDIES["learning-rates"](settings, Log())
        check_result(result, "learning-rates")
        rates = table(result, "learning-rates")
        assert column(rates, "learning rate") == list(learning_rates.RATES)
        of = {(row["lr"], row["seed"], row["epoch"]): row["loss"] for row in result.document["rows"]}
        seeds = sorted({seed for _, seed, _ in of})
        assert len(seeds) == 3
        assert column(rates, "epoch 40") == [of[lr, seeds[0], 40] for lr in learning_rates.RATES]
        starts = table(result, "learning-rates-starts")
        assert column(starts, f"seed {seeds[2]}") == [of[lr, seeds[2], 40] for lr in learning_rates.RATES]

    def trainings(self, final: tuple[float, ...]) -> dict[float, list[TrainedPoints]]:
        """Losses that fall along a straight line to ``final``, one for each rate, from every start."""
        every = range(0, 2001, 100)
        return {
            lr: [
                fake(
                    [(epoch, 34 + (loss - 34) * epoch / 2000) for epoch in every],
                    PointsPlan(epochs=2000, lr=lr, seed=s),
                )
                for s in range(3)
            ]
            for lr, loss in zip(learning_rates.RATES, final, strict=True)
        }

    def test_findings_judge_the_statements(self) -> None:
        trained = self.trainings((9.0, 4.0, 2.0, 1.0, 17.0, 35.0))
        assert learning_rates._converging(trained) == [0.001, 0.01, 0.05, 0.1]
        speed = learning_rates._speed(trained)
        assert "That holds from 0.001 to 0.1" in speed
        assert "9 at 0.001, 4 at 0.01, 2 at 0.05, 1 at 0.1" in speed
        large = learning_rates._too_large(trained)
        assert "That holds: at 0.5 and 2 6 of 6 trainings end above a loss of 5, and 3 of them" in large
        assert "gets through" not in large
        small = learning_rates._small(trained)
        assert "after 2000 epochs it stands where 0.01 stands after 200 (9 and 31, 9 and 31, 9 and 31" in small
        assert "belongs to 0.1, not to 0.001" in small

    def test_findings_judge_the_opposite_too(self) -> None:
        trained = self.trainings((1.0, 4.0, 2.0, 1.0, 0.9, 0.8))
        assert "That does not hold here" in learning_rates._speed(trained)
        assert "None of these rates was too large" in learning_rates._too_large(trained)


class TestLinearVersusXor:
    @pytest.fixture
    def result(self, monkeypatch: pytest.MonkeyPatch) -> LabResult:
        monkeypatch.setattr(linear_vs_xor, "HIDDEN", ((5, 7), (7, 5)))
        settings = PointsSettings(study="linear-vs-xor", epochs=8, log_every=4, seed=1)
        return STUDIES["linear-vs-xor"](settings, Log())

    def test_a_short_run(self, result: LabResult) -> None:
        check_result(result, "linear-vs-xor")
        losses = table(result, "linear-vs-xor")
        of = {(row["label"], row["epoch"]): row["loss"] for row in result.document["rows"]}
        for data, hidden, epoch, _, ours, _, _ in losses.rows:
            if epoch in (4, 8):
                assert ours == of[f"{data} {hidden}", epoch]

    def test_shares_of_the_nearest_points(self, result: LabResult) -> None:
        dataset = load_points("xor", 1)
        assert result.network is not None
        errors = (result.network.predict(dataset.x).astype(float) - dataset.t)[:, 0] ** 2
        steps = np.abs(dataset.x - 0.5).max(axis=1) * 34  # from the crossing
        nearest = table(result, "linear-vs-xor-nearest")
        row = next(row for row in nearest.rows if row[:2] == ("xor", "(5, 7)"))
        for count, reach, share in zip((1, 5, 13), (0.5, 1.5, 3.5), row[3:6], strict=True):
            assert (steps < reach).sum() == count
            assert share == pytest.approx(100 * errors[steps < reach].sum() / errors.sum(), rel=1e-5)

    def test_the_nearest_points_are_left_out(self) -> None:
        for name in ("linear", "xor"):
            dataset = load_points(name, 1)
            thinned = linear_vs_xor.without_nearest(dataset)
            kept = {tuple(x) for x in thinned.x}
            left_out = np.array([x for x in dataset.x if tuple(x) not in kept])
            assert len(left_out) == 13
            near, far = (linear_vs_xor.nearness(name, x) for x in (left_out, thinned.x))
            assert near.max() < far.min()
            order = [int(np.flatnonzero((dataset.x == x).all(axis=1))[0]) for x in thinned.x]
            assert order == sorted(order)
            assert np.array_equal(thinned.t, dataset.t[order])

    def test_nearness_by_hand(self) -> None:
        x = np.array([[0.5, 0.5], [0.8, 0.1]])
        assert linear_vs_xor.nearness("xor", x) == pytest.approx([0, 0.5])
        assert linear_vs_xor.nearness("linear", x) == pytest.approx([0, 0.7 / np.sqrt(2)])


class TestBoundary:
    def test_offsets_of_a_known_boundary(self) -> None:
        """Says 0.5 on the line that lies 0.03 towards class 1 from the diagonal, and steepens along it."""

        def predict(x: Any) -> Any:
            distance = (x[:, 0] - x[:, 1]) / np.sqrt(2)
            return 1 / (1 + np.exp(-(20 + 100 * x.sum(axis=1)) * (distance - 0.03)))[:, None]

        offsets = _boundary.diagonal_offsets(predict, np.linspace(0, 1, 7))
        assert offsets == pytest.approx([0.03] * 7, abs=1e-4)
        assert np.isnan(_boundary.diagonal_offsets(lambda x: np.zeros(len(x)), np.array([0.5]))).all()

    def test_shares_by_band(self) -> None:
        distance = np.array([0.0, 0.1, 0.1, 0.25, 0.3])
        right = np.array([True, False, True, True, False])
        bands = _boundary.band_shares(distance, right, (0.0, 0.1, 0.2, 0.21, 1.0))
        assert bands == [(1, 1.0), (2, 0.5), (0, None), (2, 0.5)]

    def test_nearest_diagonal(self) -> None:
        x = np.random.default_rng(5).random((53, 2))
        u = np.linspace(-1, 2, 3001)
        rising, falling = np.column_stack([u, u]), np.column_stack([u, 1 - u])
        apart = [np.linalg.norm(x[:, None] - line, axis=2).min(axis=1) for line in (rising, falling)]
        assert np.array_equal(_boundary.nearest_diagonal(x), (apart[1] < apart[0]).astype(float))

    def test_correlation(self) -> None:
        a, b = np.random.default_rng(6).normal(size=(2, 17))
        by_hand = ((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std())
        assert _boundary.correlation(a, b) == pytest.approx(by_hand)
        assert _boundary.correlation(a, np.ones(17)) is None

    def test_a_short_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(boundary, "NEW_POINTS", 503)
        monkeypatch.setattr(boundary, "_DRAWS", 7)
        settings = PointsSettings(study="boundary", hidden=(7, 11), epochs=200, lr=0.1)
        result = STUDIES["boundary"](settings, Log())
        check_result(result, "boundary")
        x, t = linear_points(503, 0, part=2)
        assert result.network is not None
        right = (result.network.predict(x) > 0.5) == (t > 0.5)
        assert result.document["linear_right_share"] == right.mean()
        assert f"{100 * right.mean():.4g} % are called right" in result.findings[0]
        bands = table(result, "boundary-bands")
        assert sum(column(bands, "points")) == 503
        shares = [share or 0 for share in column(bands, "right classes, %")]
        assert np.dot(column(bands, "points"), shares) == pytest.approx(100 * right.sum())
        near = np.abs(x[:, 0] - x[:, 1]) < 0.02 * np.sqrt(2)
        assert f"{near.sum()} of them lie, {100 * right[near].mean():.3g} %" in result.findings[0]
        assert result.document["boundary_rms_distance"] <= result.document["boundary_largest_distance"]


class TestStages:
    def test_a_short_run(self) -> None:
        settings = PointsSettings(study="stages", hidden=(7, 5), epochs=130, lr=0.1, log_every=50)
        listener = Log()
        result = STUDIES["stages"](settings, listener)
        check_result(result, "stages")
        made = table(result, "stages")
        assert column(made, "epoch") == [0, 25, 100, 130]
        assert column(made, "loss ours")[-1] == result.document["loss"]
        assert [record["epoch"] for record in listener.records] == [0, 50, 100, 130]
        network = build_network(PointsPlan(hidden=(7, 5), seed=result.document["seed"]))
        dataset = load_points("linear", 0)
        network.fit(dataset.x, dataset.t, epochs=25, batch_size=1, optimizer=hg.SGD(lr=0.1), shuffle=False)
        y = network.predict(dataset.x).astype(float)
        assert column(made, "loss ours")[1] == pytest.approx(float(((y - dataset.t) ** 2).sum()), rel=1e-6)
        maps = [axes for axes in result.pictures[0].figure.axes if axes.get_images()]
        assert len(maps) == 4

    def test_stages_of_the_default_run(self) -> None:
        assert stages.stage_epochs(5000) == [0, 25, 100, 250, 1000, 5000]
        assert stages.stage_epochs(1000) == [0, 25, 100, 250, 1000]
        assert stages.stage_epochs(3) == [0, 3]


class TestLandscape:
    """Derivatives against differences of the loss alone, on a network small enough for its whole Hessian."""

    @pytest.fixture
    def here(self) -> _landscape.Landscape:
        network = build_network(PointsPlan(hidden=(3, 2), seed=4))
        return _landscape.Landscape(network, small_set())

    def loss(self, here: _landscape.Landscape, theta: Any) -> float:
        """By hand: two hidden layers and the output, sigmoid everywhere."""
        views, values = here.network.parameters, here.dataset.x.T
        for i in (0, 2, 4):
            a = views.view(theta, f"{i}.W") @ values + views.view(theta, f"{i}.b")[:, None]
            values = 1 / (1 + np.exp(-a))
        return float(((values.T - here.dataset.t) ** 2).sum())

    def hessian(self, here: _landscape.Landscape) -> Any:
        size, e = here.theta.size, 1e-4
        unit = e * np.eye(size)
        h = np.empty((size, size))
        for i in range(size):
            for j in range(size):
                corners = [self.loss(here, here.theta + a * unit[i] + b * unit[j]) for a in (1, -1) for b in (1, -1)]
                h[i, j] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * e * e)
        return h

    def test_gradient_is_that_of_the_summed_loss(self, here: _landscape.Landscape) -> None:
        loss, g = here.loss_and_gradient(here.theta)
        assert loss == pytest.approx(self.loss(here, here.theta), rel=1e-12)
        e = 1e-5 * np.eye(here.theta.size)
        numerical = [(self.loss(here, here.theta + d) - self.loss(here, here.theta - d)) / 2e-5 for d in e]
        assert g == pytest.approx(numerical, abs=1e-8 * np.abs(g).max() + 1e-9)
        before = here.theta.copy()
        here.loss_and_gradient(here.theta + 1)
        assert np.array_equal(here.network.parameters.flat, before)

    def test_second_order(self, here: _landscape.Landscape) -> None:
        h, (_, g) = self.hessian(here), here.loss_and_gradient(here.theta)
        v = np.random.default_rng(8).normal(size=g.size)
        scale = np.abs(h).max()
        assert here.hessian_times(v) == pytest.approx(h @ v, abs=1e-5 * scale * np.linalg.norm(v))
        assert here.curvature_along_gradient() == pytest.approx(g @ h @ g / (g @ g), abs=1e-5 * scale)
        values = np.linalg.eigvalsh((h + h.T) / 2)
        low, high = here.extreme_eigenvalues(seed=0)
        assert low == pytest.approx(values[0], abs=1e-3 * scale)
        assert high == pytest.approx(values[-1], abs=1e-3 * scale)
        assert low < 0 < high

    def test_along_a_direction(self, here: _landscape.Landscape) -> None:
        v = np.random.default_rng(9).normal(size=here.theta.size)
        lengths = [0.0, 0.3, 1.7]
        unit = v / np.linalg.norm(v)
        assert here.along(v, lengths) == pytest.approx([self.loss(here, here.theta + s * unit) for s in lengths])


class TestPlateauParts:
    def test_gain_is_what_the_loss_lacks_to_that_of_zero(self) -> None:
        dataset, network = small_set(), build_network(PointsPlan(hidden=(3,)))
        y = network.predict(dataset.x).astype(float)
        lacks = float((dataset.t**2).sum() - ((y - dataset.t) ** 2).sum())
        assert _plateau_measure.gain(network, dataset, "compiled") == pytest.approx(lacks)

    def test_saturation_counts_units_and_points(self) -> None:
        dataset, network = small_set(), build_network(PointsPlan(hidden=(13, 7), seed=5))
        network.parameters.flat[...] *= 6
        shares = _plateau_measure.saturation(network, dataset, "compiled")
        values = dataset.x.T
        for i, share in zip((0, 2, 4), shares, strict=True):
            a = network.parameters[f"{i}.W"] @ values + network.parameters[f"{i}.b"][:, None]
            values = 1 / (1 + np.exp(-a))
            assert share == pytest.approx((values * (1 - values) < 0.01).mean(), abs=1e-3)
        assert 0 < shares[1] < 1

    def test_the_rescues_begin_at_the_same_parameters(self) -> None:
        dataset, network = small_set(), build_network(PointsPlan(hidden=(29, 31), seed=1))
        a = network.activations(dataset.x)[-2]
        logits = _landscape.with_cross_entropy(network)
        assert logits.outputs(dataset.x) == pytest.approx(a)
        assert logits.predict(dataset.x) == pytest.approx(network.predict(dataset.x))
        largest = float(np.abs(a).max())
        assert largest > 1
        hidden = network.parameters["2.W"].copy()
        rescaled = _plateau_evidence.with_rescaled_output(network, dataset)
        assert rescaled.activations(dataset.x)[-2] == pytest.approx(a / largest, rel=1e-4, abs=1e-5)
        assert np.array_equal(rescaled.parameters["2.W"], hidden)

    def test_dead_starts_are_counted(self) -> None:
        dataset = load_points("xor", 0)
        plan = PointsPlan(data="xor", seed=2)
        zero, one = _plateau_measure.dead_shares((128, 128), plan, dataset, 30)
        losses = []
        for seed in range(2, 32):
            y = build_network(replace(plan, hidden=(128, 128), seed=seed)).predict(dataset.x).astype(float)
            losses.append(f"{((y - dataset.t) ** 2).sum():.2f}")
        assert (zero, one) == (losses.count("34.00") / 30, losses.count("35.00") / 30)
        assert zero + one > 0

    def test_no_silent_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plateau_measure, "_MOST_STARTS", 3)
        with pytest.raises(UsageError, match=r"none of 3 seeds from 5 up .* \(4, 4\) .* wider"):
            STUDIES["plateau"](PointsSettings(study="plateau", hidden=(4, 4), seed=5), Log())

    def test_verdict(self) -> None:
        falling = 34 - np.minimum(_plateau_measure.LENGTHS, 1)
        here = _plateau_measure.Witness(
            0, 34.0, 1e-7, 1e-7, 1e-4, 1e-4, 0.0, -0.1, -0.2, 0.3, 100.0, 1.0, 60.0, [0.0, 1.0], falling
        )
        verdict = _plateau_evidence.verdict_of
        assert here.lowest[1] == 33.0
        assert verdict(here) == "vanishing gradient"
        assert verdict(replace(here, cross_entropy_gradient=1e-3)) == "undecided"
        bowl = replace(here, curvature=0.1, smallest_eigenvalue=0.05, line=34 + _plateau_measure.LENGTHS)
        assert verdict(bowl) == "local minimum"
        assert verdict(replace(bowl, smallest_eigenvalue=-0.05)) == "undecided"
        assert verdict(replace(here, curvature=0.1, smallest_eigenvalue=0.05)) == "undecided"
        bump = falling.copy()
        bump[100] = 36
        assert replace(here, line=bump).barrier == 2.0


class TestPlateau:
    @pytest.fixture(scope="class")
    @classmethod
    def result(cls) -> LabResult:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_plateau_evidence, "HIDDEN_OF_STARTS", ((7, 5), (11, 13)))
            patch.setattr(_plateau_evidence, "STARTS", 3)
            patch.setattr(_plateau_evidence, "FASTER_EPOCHS", 2000)
            return STUDIES["plateau"](PointsSettings(study="plateau", epochs=200, log_every=100), Log())

    def test_it_stays_where_the_report_stayed(self, result: LabResult) -> None:
        check_result(result, "plateau")
        ours = table(result, "plateau")
        assert column(ours, "published")[:2] == ["34.00", "50.72 %"]
        assert column(ours, "ours")[:2] == ["34.00", "50.72 %"]
        run = [row for row in result.document["rows"] if row["label"] == "float32"]
        assert all(f"{row['loss']:.2f}" == f"{PLATEAU.last.loss:.2f}" for row in run)
        assert all(row["accuracy"] == pytest.approx(35 / 69, abs=1e-6) for row in run)
        assert result.document["lr"] == PLATEAU.lr

    def test_it_is_a_vanishing_gradient(self, result: LabResult) -> None:
        answer = result.document["answer"]
        end = answer["end"]
        assert answer["verdict"] == "vanishing gradient"
        assert "The answer: a vanishing gradient, not a local minimum." in result.findings[0]
        assert f"{end['gradient']:.3g}, not 0" in result.findings[0]
        assert 0 < end["gradient"] < 1e-3
        assert end["gradient_float32"] == pytest.approx(end["gradient"], rel=1e-4)
        assert end["gradient_check"] < 1e-4
        assert end["smallest_eigenvalue"] <= end["curvature"] * (1 - 1e-3) < 0
        assert end["loss_at_best_step"] < 20
        assert end["barrier"] == 0
        assert end["saturation"][-1] == 1

    def test_other_ways_leave_the_same_start(self, result: LabResult) -> None:
        of: dict[str, list[float]] = {}
        for row in result.document["rows"]:
            of.setdefault(row["label"], []).append(row["loss"])
        assert of["float32"][0] == pytest.approx(of["cross-entropy"][0], abs=1e-6)
        assert of["cross-entropy"][-1] < 25  # after 20 epochs
        assert of["rescaled output"][-1] < 20
        left = result.document["answer"]["left"]
        assert left == {name: of[name][-1] < 17 for name in ("cross-entropy", "rescaled output")}
        same = table(result, "plateau-same-start")
        assert column(same, "loss at the end") == [of[name][-1] for name in column(same, "training")]

    def test_the_gradient_lacks_the_slope_of_the_output(self, result: LabResult) -> None:
        """Squared error: 2 (y - t) y (1 - y); cross-entropy: y - t. With all y nearly alike, the ratio is 2 y."""
        end = result.document["answer"]["end"]
        assert end["gradient"] / end["cross_entropy_gradient"] == pytest.approx(2 * end["slope"], rel=0.2)
        assert end["cosine"] > 0.99

    def test_the_end_of_the_plateau_is_predicted(self, result: LabResult) -> None:
        answer = result.document["answer"]
        assert answer["predicted_epochs"] > 10 * PLATEAU.last.epoch
        assert answer["escaped_epochs"] == pytest.approx(answer["predicted_epochs"], rel=0.03)
        assert f"meets 0 at epoch {answer['predicted_epochs']:,.0f}" in result.findings[4]
        faster = [row for row in result.document["rows"] if row["label"] == "larger rate"]
        assert faster[0]["loss"] == pytest.approx(34, abs=1e-3)
        assert faster[-1]["loss"] < 17

    def test_float32_steps_are_rounded_away(self, result: LabResult) -> None:
        start = build_network(PointsPlan(data="xor", seed=result.document["seed"]))
        assert result.network is not None
        same = float((result.network.parameters.flat == start.parameters.flat).mean())
        assert result.document["answer"]["unchanged_share_float32"] == same > 0.9
        assert "rounded away" in result.findings[5]

    def test_where_the_plateau_is_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plateau_evidence, "HIDDEN_OF_STARTS", ())
        monkeypatch.setattr(_plateau_evidence, "FASTER_EPOCHS", 10)
        listener = Log()
        result = STUDIES["plateau"](PointsSettings(study="plateau", epochs=20), listener)
        assert result.document["answer"]["escaped_epochs"] is None
        assert any("left out" in line for line in listener.lines)
        assert result.document["answer"]["verdict"] == "vanishing gradient"


@pytest.mark.parametrize("study", list(STUDIES))
def test_ctrl_c_keeps_what_was_done(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plateau_evidence, "HIDDEN_OF_STARTS", ())
    hidden = (128, 128) if study in ("learning-rates", "boundary", "stages") else None
    result = STUDIES[study](PointsSettings(study=study, epochs=60, hidden=hidden), Log(interrupt_at=3))
    assert result.interrupted
    assert result.network is not None
    assert 0 < result.document["epochs"] < 60
    assert "interrupted" in result.findings[0]
    for picture in result.pictures:
        assert to_svg(picture.figure)
