"""How well ``handgrad predict`` reads photographs: test images of MNIST, photographed by ``tests/photos.py``, against
the same images as they are.

    python benchmarks/predict_photos.py RUN [--images 1000] [--seed 0] [--data-dir DIR]

RUN is a run of a lab with ``--data mnist``. Prints a table: kind of photograph, images, right as they are, right on
photographs, and how many of those that were right are lost.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from handgrad.data.ink import ink
from handgrad.data.mnist import load_mnist
from handgrad.labs.predict import load_reader

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from photos import KINDS, jpeg, photograph  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir")
    given = parser.parse_args()
    reader, dataset = load_reader(given.run), load_mnist(given.data_dir)
    rng = np.random.default_rng(given.seed)
    chosen = rng.choice(len(dataset.x_test), min(given.images, len(dataset.x_test)), replace=False)
    images, classes = dataset.x_test[chosen].reshape(-1, 28, 28), dataset.t_test[chosen]

    def right(shown: list[np.ndarray]) -> np.ndarray:
        x = np.array([reader.form.scale(image) for image in shown])
        return reader.network.predict(x).argmax(axis=1) == classes

    plain = right([reader.form.make(image.astype(np.float64)) for image in images])
    print(f"{'photograph':12}{'images':>8}{'as they are [%]':>18}{'photographs [%]':>18}{'lost':>6}{'blank':>7}")
    for kind in KINDS:
        shown, blank = [], 0
        for image in images:
            with Image.open(io.BytesIO(jpeg(photograph(image, kind, rng)))) as photo:
                written = ink(np.asarray(photo, np.float32) / 255)
            blank += written is None
            shown.append(np.zeros((28, 28), np.float32) if written is None else reader.form.make(written))
        found = right(shown)
        lost = int((plain & ~found).sum())
        print(f"{kind:12}{len(images):8}{100 * plain.mean():18.2f}{100 * found.mean():18.2f}{lost:6}{blank:7}")


if __name__ == "__main__":
    main()
