import numpy as np
import pytest
from PIL import Image

from vqscript.errors import UsageError
from vqscript.imaging.volume import Volume
from vqscript.render.movie import save_gif, turn
from vqscript.render.scene import ImageLayer, Scene
from vqscript.render.turntable import Turntable


def scene_of(phantom, direction, **options):
    grid = phantom.grid(direction, (2.0, 2.0, 2.0))
    return Scene(grid, [ImageLayer(phantom.volume(grid), "red", (0, 1))], size=(320, 280), **options)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 270])
def test_the_blob_turns_about_the_head_foot_axis(phantom, direction, degrees):
    scene = scene_of(phantom, direction)
    table = Turntable(scene.reference, scene.layers)
    (levels,) = table.projections(degrees)
    assert levels.max() == 255
    rows, columns = np.nonzero(levels > 127)
    edge = table.extent[0] / levels.shape[1]
    across = (columns.mean() + 0.5 - levels.shape[1] / 2) * edge
    up = -(rows.mean() + 0.5 - levels.shape[0] / 2) * edge
    left, back, head = phantom.blob
    angle = np.radians(degrees)
    assert across == pytest.approx(left * np.cos(angle) + back * np.sin(angle), abs=1.5)
    assert up == pytest.approx(head, abs=1.5)


def test_a_single_hot_voxel_of_a_large_image_is_not_lost(phantom):
    grid = phantom.grid(np.eye(3), (0.25, 0.25, 0.25))
    stored = np.zeros(grid.shape, np.int16)
    stored[100, 101, 102] = 1000
    table = Turntable(grid, [ImageLayer(Volume(stored, grid), "hot", (0, 500))])
    assert table.projections(0)[0].max() > 127


def test_frames_from_behind_mirror_those_from_the_front(phantom):
    scene = scene_of(phantom, np.eye(3))
    table = Turntable(scene.reference, scene.layers)
    front, behind = table.projections(40)[0], table.projections(220)[0]
    assert np.abs(front.astype(int) - behind[:, ::-1]).max() <= 32
    assert [picture.size for picture in turn(scene, 4)] == [(320, 280)] * 4


def test_a_gif_has_its_frames_and_repeats(phantom, tmp_path, where):
    path = tmp_path / "turn.gif"
    save_gif(scene_of(phantom, np.eye(3)), path, frames=8)
    with Image.open(path) as film:
        assert film.format == "GIF"
        assert film.n_frames == 8
        assert film.info["loop"] == 0
        found = []
        for number in (0, 2, 4):
            film.seek(number)
            found.append(where(film.convert("RGB"), (255, 0, 0), 220)[0])
    # Patient left is on the right from the front; anterior is on the left from the patient's left.
    middle = (320 - 90) / 2
    assert found[0] > middle + 15
    assert found[1] < middle - 5
    assert found[2] < middle - 15
    assert [entry.name for entry in tmp_path.iterdir()] == ["turn.gif"]


def test_a_film_without_inputs(phantom, tmp_path):
    save_gif(Scene(phantom.grid(np.eye(3)), size=(100, 100)), tmp_path / "empty.gif", frames=3)
    with Image.open(tmp_path / "empty.gif") as film:
        assert film.size == (100, 100)


@pytest.mark.parametrize("frames", [0, 1, 361])
def test_a_number_of_frames_that_cannot_be(phantom, tmp_path, frames):
    with pytest.raises(UsageError, match="frames"):
        save_gif(scene_of(phantom, np.eye(3)), tmp_path / "no.gif", frames=frames)
    assert not list(tmp_path.iterdir())
