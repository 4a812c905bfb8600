"""Linear and XOR points, and the choice between them and a file."""

import numpy as np
import pytest

from handgrad.data import diagonal_points, linear_points, load_points, points, xor_points
from handgrad.errors import InputError, UsageError


def test_linear_points_are_uniform_and_labelled_by_the_diagonal():
    x, t = linear_points(4001, 5)
    assert x.shape == (4001, 2)
    assert t.shape == (4001, 1)
    assert x.dtype == t.dtype == np.float64
    assert ((x >= 0) & (x < 1)).all()
    assert np.array_equal(t[:, 0], np.where(x[:, 0] > x[:, 1], 1.0, 0.0))
    # every cell of a 4 x 4 grid expects 250 points, with a standard deviation of 15
    cells = np.histogram2d(x[:, 0], x[:, 1], bins=4, range=[[0, 1], [0, 1]])[0]
    assert ((cells > 175) & (cells < 325)).all()


def test_points_on_the_diagonal_are_drawn_again(monkeypatch):
    class Stream:
        draws = [
            np.array([[0.5, 0.5], [0.1, 0.2], [0.3, 0.3]]),
            np.array([[0.4, 0.4], [0.6, 0.1]]),
            np.array([[0, 0.9]]),
        ]

        def random(self, shape):
            draw = self.draws.pop(0)
            assert draw.shape == shape
            return draw

    monkeypatch.setattr(points, "data_stream", lambda seed, part: Stream())
    x, t = linear_points(3, 0)
    assert x.tolist() == [[0, 0.9], [0.1, 0.2], [0.6, 0.1]]
    assert t.tolist() == [[0], [0], [1]]


def test_xor_points_are_the_reports():
    x, t = xor_points()
    assert x.shape == (69, 2)
    assert t.shape == (69, 1)
    on_rising, on_falling = x[:, 0] == x[:, 1], np.isclose(x[:, 0] + x[:, 1], 1, rtol=0, atol=1e-15)
    assert np.array_equal(t[:, 0] == 0, on_rising)
    assert (on_rising | on_falling).all()
    assert (on_rising & on_falling).sum() == 1
    assert len(np.unique(x, axis=0)) == 69
    assert np.allclose(x[on_rising, 0], np.arange(35) / 34, rtol=0, atol=1e-15)
    assert np.allclose(x[~on_rising, 0], np.delete(np.arange(35), 17) / 34, rtol=0, atol=1e-15)
    # the report's probabilities alternate: small, large, small, ...
    assert t[:34, 0].tolist() == [0, 1] * 17


def test_the_reports_plateau_is_the_answer_zero_for_every_xor_point():
    _, t = xor_points()
    assert (t**2).sum() == 34.00
    assert round(100 * (1 - np.abs(t).mean()), 2) == 50.72


@pytest.mark.parametrize("n", [1, 2, 71])
def test_new_diagonal_points(n):
    x, t = diagonal_points(n, 3)
    assert x.shape == (n, 2)
    assert t.shape == (n, 1)
    assert np.array_equal(t[:, 0], np.arange(n) % 2)
    rising = t[:, 0] == 0
    assert np.array_equal(x[rising, 0], x[rising, 1])
    assert np.allclose(x[~rising].sum(axis=1), 1, rtol=0, atol=1e-15)
    assert not (x == 0.5).any()
    assert ((x >= 0) & (x <= 1)).all()


def test_new_points_off_the_crossing_are_drawn_again(monkeypatch):
    class Stream:
        draws = [np.array([0.5, 0.25, 0.5]), np.array([0.5, 0.75]), np.array([0.125])]

        def random(self, n):
            return self.draws.pop(0)

    monkeypatch.setattr(points, "data_stream", lambda seed, part: Stream())
    assert diagonal_points(3, 0)[0].tolist() == [[0.125, 0.125], [0.25, 0.75], [0.75, 0.75]]


@pytest.mark.parametrize("generate", [linear_points, diagonal_points])
def test_seed_and_part_decide(generate):
    assert np.array_equal(generate(11, 3, 1)[0], generate(11, 3, 1)[0])
    assert not np.isin(generate(11, 3, 1)[0], generate(11, 3, 2)[0]).any()
    assert not np.isin(generate(11, 3, 1)[0], generate(11, 4, 1)[0]).any()


@pytest.mark.parametrize("generate", [linear_points, diagonal_points])
@pytest.mark.parametrize("n", [0, -3, 2.0, True])
def test_a_wrong_number_of_points_is_a_usage_error(generate, n):
    with pytest.raises(UsageError, match="number of points is .*, expected an integer of at least 1"):
        generate(n, 0)


@pytest.mark.parametrize(("name", "n"), [("linear", 70), ("xor", 69)])
def test_load_points_by_name(name, n):
    data = load_points(name, 2)
    assert data.x.shape == (n, 2)
    assert data.t.shape == (n, 1)
    assert data.x_test.shape == (70, 2)
    assert data.t_test.shape == (70, 1)
    assert data.features == ("x0", "x1")
    assert data.classes == ("0", "1")
    assert data.name == name
    seen = {tuple(point) for point in data.x}
    assert not seen & {tuple(point) for point in data.x_test}
    for t in (data.t, data.t_test):
        assert set(t[:, 0]) == {0.0, 1.0}
    assert np.array_equal(load_points(name, 2).x_test, data.x_test)
    assert not np.array_equal(load_points(name, 3).x_test, data.x_test)


def test_the_training_points_are_those_of_the_generator():
    assert np.array_equal(load_points("linear", 9).x, linear_points(70, 9)[0])


def test_load_points_from_a_file(tmp_path, monkeypatch):
    file = tmp_path / "linear"
    file.write_text("1,2,a\n3,4,b\n5,6,a\n7,8,b\n")
    monkeypatch.chdir(tmp_path)
    assert load_points("./linear", 0).classes == ("a", "b")
    assert load_points(file, 0).name == "linear"
    assert load_points("linear", 0).x.shape == (70, 2)


def test_what_is_neither_a_name_nor_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("xnor", "", "linear "):
        with pytest.raises(UsageError, match=f"data is '{name}', expected one of linear, xor, the path of a CSV file"):
            load_points(name, 0)
    with pytest.raises(InputError, match="no file points.csv, expected linear, xor or the path of a CSV file"):
        load_points("points.csv", 0)
