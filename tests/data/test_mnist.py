"""MNIST: where it is looked for, what is refused, and the real files where this machine has them."""

import gzip
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from handgrad.data import load_mnist, mnist
from handgrad.errors import InputError

PLAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
N_TRAIN, N_TEST = 11, 7


def real_folder():
    """The folder with the real files, from HANDGRAD_DATA or in shared/data beside the checkout; else None."""
    places = [Path(os.environ.get("HANDGRAD_DATA", "")) / "mnist", Path(__file__).parents[3] / "shared/data/mnist"]
    return next((place for place in places if (place / f"{PLAIN[0]}.gz").is_file()), None)


REAL = real_folder()
needs_real = pytest.mark.skipif(REAL is None, reason="MNIST's files are not on this machine (set HANDGRAD_DATA)")


@pytest.fixture(autouse=True)
def no_data_and_no_network(monkeypatch, tmp_path):
    """An empty cache, no HANDGRAD_DATA, and a network that answers nobody."""
    monkeypatch.delenv("HANDGRAD_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache" / "mnist")

    def refuse(what, folder, mirrors, sha256, advice, announce):
        raise InputError(f"{what} could not be downloaded; {advice}")

    monkeypatch.setattr(mnist, "download", refuse)


def small_files():
    """Content of four small files: 11 and 7 images, whose pixel (0, 0) is the label times 25."""
    contents = {}
    for part, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        images = np.random.default_rng(n).integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n, dtype=np.uint8) * 3 + n) % 10
        images[:, 0, 0] = labels * 25
        contents[f"{part}-images-idx3-ubyte"] = struct.pack(">4I", 2051, n, 28, 28) + images.tobytes()
        contents[f"{part}-labels-idx1-ubyte"] = struct.pack(">2I", 2049, n) + labels.tobytes()
    return contents


def write(folder, contents, suffix="", separator="-"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        packed = gzip.compress(content) if suffix else content
        (folder / (name.replace("-idx", f"{separator}idx") + suffix)).write_bytes(packed)
    return folder


def assert_small(data):
    assert data.x.shape == (N_TRAIN, 784)
    assert data.x_test.shape == (N_TEST, 784)
    assert data.t.shape == (N_TRAIN,)
    assert data.t_test.shape == (N_TEST,)
    assert data.x.dtype == data.x_test.dtype == np.float32
    assert data.t.dtype == data.t_test.dtype == np.int64
    assert np.array_equal(data.t, (np.arange(N_TRAIN) * 3 + N_TRAIN) % 10)
    assert np.array_equal(data.x[:, 0], np.float32(data.t * 25) / np.float32(255))
    assert np.array_equal(data.x_test[:, 0], np.float32(data.t_test * 25) / np.float32(255))
    assert data.image_shape == (28, 28)
    assert len(data.features) == 784
    assert data.classes == tuple("0123456789")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_an_explicit_folder(tmp_path, suffix, separator, inside):
    write(tmp_path / "data" / inside, small_files(), suffix, separator)
    data = load_mnist(tmp_path / "data")
    assert_small(data)
    assert data.source == str(tmp_path / "data" / inside)


def test_the_environment_comes_before_the_cache_and_an_explicit_folder_before_both(tmp_path, monkeypatch):
    folders = [tmp_path / "explicit", tmp_path / "environment" / "mnist", mnist.cache_folder()]
    for folder in folders:
        write(folder, small_files())
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "environment"))
    assert load_mnist(folders[0]).source == str(folders[0])
    assert load_mnist().source == str(folders[1])
    (tmp_path / "tang alone").mkdir()  # a data folder for something else
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "tang alone"))
    assert load_mnist().source == str(folders[2])


def test_an_environment_that_is_a_slip_is_told(tmp_path, monkeypatch):
    write(mnist.cache_folder(), small_files())
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="HANDGRAD_DATA is .*nowhere, which is no folder"):
        load_mnist()
    write(tmp_path / "data" / "mnist", small_files())
    (tmp_path / "data" / "mnist" / PLAIN[2]).unlink()
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "data"))
    with pytest.raises(InputError, match=f"lacks {PLAIN[2]}.gz"):
        load_mnist()


def test_what_is_nowhere_is_downloaded_into_the_cache(monkeypatch):
    asked = []

    def deliver(what, folder, mirrors, sha256, advice, announce):
        asked.append((folder, sorted(sha256), [mirror.split(":")[0] for mirror in mirrors]))
        announce("downloading")
        write(folder, small_files(), ".gz")

    monkeypatch.setattr(mnist, "download", deliver)
    said = []
    assert_small(load_mnist(announce=said.append))
    assert_small(load_mnist(announce=said.append))
    assert asked == [(mnist.cache_folder(), sorted(f"{name}.gz" for name in PLAIN), ["https", "https"])]
    assert said == ["downloading"]


def test_without_a_network_the_four_files_and_their_place_are_named(monkeypatch, tmp_path):
    with pytest.raises(InputError) as caught:
        load_mnist()
    for name in PLAIN:
        assert f"{name}.gz" in str(caught.value)
    assert f"into {mnist.cache_folder()}, or name their folder with --data-dir or HANDGRAD_DATA" in str(caught.value)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "data"))
    with pytest.raises(InputError, match=f"into {tmp_path / 'data' / 'mnist'}, or"):
        load_mnist()


def test_an_explicit_folder_without_the_files_is_not_replaced_by_another(tmp_path):
    write(mnist.cache_folder(), small_files())
    with pytest.raises(InputError, match="data folder .*absent does not exist, expected a folder with the four files"):
        load_mnist(tmp_path / "absent")
    folder = write(tmp_path / "some" / "mnist", small_files())
    (folder / PLAIN[1]).unlink()
    (folder / PLAIN[3]).unlink()
    (folder / PLAIN[3]).mkdir()
    with pytest.raises(InputError, match=f"some lacks {PLAIN[1]}.gz, {PLAIN[3]}.gz: put there"):
        load_mnist(tmp_path / "some")
    with pytest.raises(InputError, match="is not a folder, expected a folder with"):
        load_mnist(folder / PLAIN[0])


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (PLAIN[0], lambda b: b[:-100], "in record 10: its header promises 11 x 28 x 28 entries, 8640 bytes in all"),
        (PLAIN[2], lambda b: b[:4] + struct.pack(">I", 8) + b[8:], "ends at byte 5504, in record 7"),
        (PLAIN[2], lambda b: b[:4] + struct.pack(">I", 6) + b[8:], "goes on at byte 4720"),
        (PLAIN[0], lambda b: b"\0\0\x08\x01" + b[4:], "magic number 2049 .* at byte 0, expected 2051"),
        (PLAIN[1], lambda b: b"\0\0\x08\x03" + b[4:], "magic number 2051 .* at byte 0, expected 2049"),
        (PLAIN[1], lambda b: b[:4] + struct.pack(">I", 10) + b[8:-1], "11 images and .* 10 labels .bytes 4 to 7."),
        (PLAIN[3], lambda b: b[:13] + b"\x0a" + b[14:], "holds the label 10 at byte 13 .label 5., expected 0 to 9"),
        (
            PLAIN[0],
            lambda b: b[:8] + struct.pack(">2I", 14, 56) + b[16:],
            "14 x 56 pixels .bytes 8 to 15., expected 28 x 28",
        ),
        (PLAIN[0], lambda b: gzip.compress(b)[:500], "gzip data of .* ends early, at byte 500"),
        (PLAIN[3], lambda b: b"", "is empty"),
    ],
)
def test_a_damaged_file_is_named_with_byte_and_reason(tmp_path, name, change, message):
    contents = small_files()
    contents[name] = change(contents[name])
    write(tmp_path, contents)
    with pytest.raises(InputError, match=message) as caught:
        load_mnist(tmp_path)
    assert name in str(caught.value)
    assert "delete it" not in str(caught.value)


def test_no_images_at_all(tmp_path):
    contents = small_files()
    contents[PLAIN[2]], contents[PLAIN[3]] = struct.pack(">4I", 2051, 0, 28, 28), struct.pack(">2I", 2049, 0)
    with pytest.raises(InputError, match=f"{PLAIN[2]} holds 0 images"):
        load_mnist(write(tmp_path, contents))


def test_a_damaged_file_in_the_cache_can_be_deleted():
    contents = small_files()
    contents[PLAIN[0]] = contents[PLAIN[0]][:-1]
    write(mnist.cache_folder(), contents)
    with pytest.raises(InputError, match=r"in record 10.*\(delete it, and the next run downloads it anew\)"):
        load_mnist()


def test_the_cache_is_the_users(monkeypatch):
    monkeypatch.undo()
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: os.path.join("home", "cache", name))
    assert mnist.cache_folder() == Path("home", "cache", "handgrad", "mnist")


@needs_real
def test_real_mnist():
    data = load_mnist(REAL)
    assert data.x.shape == (60_000, 784)
    assert data.x_test.shape == (10_000, 784)
    assert np.bincount(data.t).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.t_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.t[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # the mean and standard deviation that everybody normalizes MNIST by
    assert data.x.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert np.sqrt(np.square(data.x).mean(dtype=np.float64) - 0.1306604762738429**2) == pytest.approx(0.3081, abs=5e-5)
    assert data.x.max() == 1
    upright = data.x[0].reshape(data.image_shape)
    assert upright[5, 12:18].max() > 0
    assert upright[:5].max() == 0


@needs_real
def test_real_mnist_truncated(tmp_path):
    for name in PLAIN:
        shutil.copyfile(REAL / f"{name}.gz", tmp_path / f"{name}.gz")
    with open(tmp_path / f"{PLAIN[2]}.gz", "r+b") as file:
        file.truncate(1_000_003)
    (tmp_path / f"{PLAIN[0]}.gz").write_bytes(gzip.compress(small_files()[PLAIN[0]]))
    (tmp_path / f"{PLAIN[1]}.gz").write_bytes(gzip.compress(small_files()[PLAIN[1]]))
    with pytest.raises(InputError, match=rf"{PLAIN[2]}\.gz ends early, at byte 1000003"):
        load_mnist(tmp_path)
