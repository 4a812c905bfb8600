"""Pictures from files: whatever they are, a picture or one clear sentence."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from handgrad.data.pictures import MOST_PIXELS, read_picture
from handgrad.errors import InputError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (23, 31), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_picture(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm", "webp", "gif", "jpg"])
def test_formats(suffix):
    smooth = np.linspace(0, 250, 23 * 31).reshape(23, 31).astype(np.uint8)
    Image.fromarray(smooth).convert("RGB").save(f"x.{suffix}")
    picture = read_picture(f"x.{suffix}")
    assert picture.size == (31, 23)
    np.testing.assert_allclose(picture.rgb, np.repeat(smooth[..., None] / 255, 3, axis=2), atol=0.03)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F", "YCbCr"])
def test_modes(mode):
    image = Image.fromarray(np.where(np.indices((23, 31))[1] < 11, 0, 255).astype(np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    else:
        image = image.convert("RGB").convert(mode) if mode in ("P", "RGBA", "CMYK", "YCbCr") else image.convert(mode)
    suffix = "jpg" if mode == "YCbCr" else "tiff"
    image.save(f"x.{suffix}")
    rgb = read_picture(f"x.{suffix}").rgb
    assert rgb.shape == (23, 31, 3)
    assert rgb[:, :8].max() < 0.1
    assert rgb[:, 16:].min() > 0.9


def test_paper_is_put_behind_what_is_transparent():
    rgba = np.zeros((5, 7, 4), np.uint8)
    rgba[2, 3] = (10, 20, 30, 255)
    Image.fromarray(rgba).save("dark.png")
    dark = read_picture("dark.png").rgb
    np.testing.assert_allclose(dark[2, 3], np.array([10, 20, 30]) / 255, rtol=1e-6)
    assert (dark[0] == 1).all()
    rgba[2, 3, :3] = 240
    Image.fromarray(rgba).save("light.png")
    light = read_picture("light.png").rgb
    assert light[2, 3].min() > 0.9
    assert (light[0] == 0).all()
    rgba[..., 3] = 255  # opaque: what is there counts
    Image.fromarray(rgba).save("opaque.png")
    assert read_picture("opaque.png").rgb[0].max() == 0


def test_a_photograph_is_turned_as_the_camera_says():
    image = Image.fromarray(GREY)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    image.save("x.png", exif=exif)
    rgb = read_picture("x.png").rgb
    np.testing.assert_allclose(rgb[..., 0], np.rot90(GREY, -1) / 255, atol=1e-6)


def test_large_pictures_are_averaged():
    Image.fromarray(np.kron(GREY, np.ones((100, 100), np.uint8))).save("x.png")
    picture = read_picture("x.png")
    assert picture.size == (3100, 2300)
    assert max(picture.rgb.shape) <= 768
    assert picture.rgb[..., 0].mean() == pytest.approx(GREY.mean() / 255, abs=0.003)


def test_what_is_no_picture_is_told_in_a_sentence():
    with open("empty.png", "wb"):
        pass
    with open("text.png", "w") as file:
        file.write("not a picture")
    os.mkdir("folder.png")
    assert refusal("none.png") == (
        "there is no file none.png, expected a picture (PNG, JPEG, WEBP, GIF, BMP, TIFF, PPM)"
    )
    assert refusal("empty.png").startswith("empty.png is empty, expected a picture")
    assert refusal("text.png").startswith("text.png is no picture that can be read, expected a picture")
    assert refusal("folder.png").startswith("folder.png is a folder, expected a picture")
    assert "cannot be the name of a file" in refusal("x\0.png")


def test_what_would_start_a_program_is_not_opened():
    Image.fromarray(GREY).save("x.eps")
    assert "no picture that can be read" in refusal("x.eps")


def test_a_pipe_is_not_waited_for():
    os.mkfifo("pipe.png")
    assert refusal("pipe.png").startswith("pipe.png is no ordinary file")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tiff", "bmp", "ppm"])
def test_a_damaged_picture_is_told_in_a_sentence(suffix, share):
    noise = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(f"x.{suffix}")
    with open(f"x.{suffix}", "rb") as file:
        data = file.read()
    with open(f"x.{suffix}", "wb") as file:
        file.write(data[: int(share * len(data))])
    sentence = refusal(f"x.{suffix}")
    assert "is a damaged picture (" in sentence or "is no picture that can be read" in sentence


def test_several_frames_are_refused():
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY), Image.fromarray(GREY // 2)]
    for suffix in ("gif", "tiff", "png", "webp"):
        frames[0].save(f"x.{suffix}", save_all=True, append_images=frames[1:])
        assert refusal(f"x.{suffix}").startswith(f"x.{suffix} has 3 frames or pages, expected a single picture")


def png(width, height, data):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 100_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side):
    assert side**2 > MOST_PIXELS
    with open("bomb.png", "wb") as file:
        file.write(png(side, side, b""))
    assert refusal("bomb.png").startswith("bomb.png has more than 89,478,485 pixels; make it smaller")
