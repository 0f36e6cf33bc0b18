import numpy as np
import pytest
from PIL import Image

from vqscript.errors import UsageError, VqError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.render.legend import legend_width
from vqscript.render.palettes import palette
from vqscript.render.picture import draw, save_png
from vqscript.render.picture_modes import MODES, mode_name
from vqscript.render.scene import ImageLayer, Outline, Scene
from vqscript.render.section import CORONAL, SAGITTAL, TRANSVERSE
from vqscript.render.text import font_size

RED = (255, 0, 0)
VIEWS = {"transverse": TRANSVERSE, "coronal": CORONAL, "sagittal": SAGITTAL, "mip": CORONAL}


def plain(reference, layers=(), **options):
    options = {"crosshair": False, "corner_info": False, "size": (420, 360)} | options
    return Scene(reference, layers, **options)


def area(scene):
    """Width in pixels of what is not legend, nor the gap before it."""
    return scene.size[0] - legend_width(scene) - font_size(min(scene.size)) // 2


def expected(phantom, view, scene):
    """Column and row of the blob's centre, from nothing but its world position and the size of the picture."""
    (across, right), (along, down) = view.columns, view.rows
    width, height = phantom.extent[across], phantom.extent[along]
    scale = min(area(scene) / width, scene.size[1] / height)
    column = area(scene) / 2 + right * phantom.blob[across] * scale
    return column, scene.size[1] / 2 + down * phantom.blob[along] * scale, np.pi * (phantom.radius * scale) ** 2


@pytest.mark.parametrize("mode", VIEWS)
def test_the_blob_is_where_it_is_in_the_patient(phantom, direction, where, mode):
    grid = phantom.grid(direction)
    cursor = tuple(int(i) for i in np.rint(grid.to_index(phantom.blob)))
    scene = plain(grid, [ImageLayer(phantom.volume(grid), "red", (0, 1))], cursor=cursor)
    column, row, pixels = where(draw(scene, mode), RED, area(scene))
    right_column, right_row, disc = expected(phantom, VIEWS[mode], scene)
    assert (column, row) == pytest.approx((right_column, right_row), abs=4)
    assert pixels == pytest.approx(disc, rel=0.1)


@pytest.mark.parametrize("mode", VIEWS)
@pytest.mark.parametrize("fineness", [2.0, 0.5], ids=["coarser", "finer"])
def test_a_layer_on_another_grid_lies_on_the_same_place(phantom, direction, where, mode, fineness):
    reference = phantom.grid(np.eye(3), (1.0, 1.0, 1.0))
    other = phantom.volume(phantom.grid(direction, (fineness, fineness, fineness)))
    cursor = tuple(int(i) for i in np.rint(reference.to_index(phantom.blob)))
    scene = plain(reference, [ImageLayer(other, "red", (0, 1))], cursor=cursor)
    column, row, _ = where(draw(scene, mode), RED, area(scene))
    assert (column, row) == pytest.approx(expected(phantom, VIEWS[mode], scene)[:2], abs=6)


@pytest.mark.parametrize("mode", VIEWS)
def test_a_layer_that_lies_askew(phantom, where, mode):
    angle = np.radians(20)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    reference = phantom.grid(np.eye(3))
    cursor = tuple(int(i) for i in np.rint(reference.to_index(phantom.blob)))
    scene = plain(reference, [ImageLayer(phantom.volume(phantom.grid(turned)), "red", (0, 1))], cursor=cursor)
    column, row, _ = where(draw(scene, mode), RED, area(scene))
    assert (column, row) == pytest.approx(expected(phantom, VIEWS[mode], scene)[:2], abs=6)


@pytest.mark.parametrize("mode", VIEWS)
def test_a_sphere_is_round_whatever_the_voxels(phantom, direction, mode):
    grid = phantom.grid(direction, (1.0, 0.5, 0.5))
    cursor = tuple(int(i) for i in np.rint(grid.to_index(phantom.blob)))
    scene = plain(grid, [ImageLayer(phantom.volume(grid), "red", (0, 1))], cursor=cursor)
    pixels = np.asarray(draw(scene, mode))[:, : area(scene)]
    red = (pixels[:, :, 0] > 127) & (pixels[:, :, 1] == 0)
    rows, columns = np.nonzero(red)
    extent = expected(phantom, VIEWS[mode], scene)
    voxel = np.sqrt(extent[2] / np.pi) / phantom.radius  # pixels of 1 mm, the largest voxel
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=voxel + 2)


def test_proportions_are_exact():
    grid = Grid((40, 20, 10), (1.0, 2.0, 8.0))
    volume = Volume(np.ones(grid.shape, np.float32), grid)
    for mode, ratio in (("transverse", 1.0), ("coronal", 0.5), ("sagittal", 0.5)):
        scene = plain(grid, [ImageLayer(volume, "red", (0, 1))])
        rows, columns = np.nonzero((np.asarray(draw(scene, mode))[:, : area(scene)] == RED).all(axis=2))
        assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(ratio, abs=0.01), mode


def centre_colour(scene, mode="transverse"):
    return draw(scene, mode).getpixel((area(scene) // 2, scene.size[1] // 2))


@pytest.fixture
def flat():
    grid = Grid((20, 20, 20))

    def make(value, **options):
        return Volume(np.full(grid.shape, value, np.float32), grid, **options)

    return make


def test_the_middle_of_the_window_is_the_middle_of_the_palette(flat):
    scene = plain(flat(30).grid, [ImageLayer(flat(30), "nih_fire2", (10, 50))])
    assert centre_colour(scene) in [tuple(palette("nih_fire2")[level].tolist()) for level in (127, 128)]


@pytest.mark.parametrize(("value", "level"), [(-5, 0), (10, 0), (50, 255), (99, 255), (np.nan, 0), (np.inf, 255)])
def test_beyond_the_window_and_nan(flat, value, level):
    scene = plain(flat(value).grid, [ImageLayer(flat(value), "viridis", (10, 50))])
    assert centre_colour(scene) == tuple(palette("viridis")[level].tolist())
    assert centre_colour(scene, "mip") == tuple(palette("viridis")[level].tolist())


def test_a_window_without_width_is_a_step(flat):
    for value, level in ((10, 0), (10.5, 255)):
        scene = plain(flat(value).grid, [ImageLayer(flat(value), "gray", (10, 10))])
        assert centre_colour(scene) == (level,) * 3


def test_opacity_blends(flat):
    base = ImageLayer(flat(100), "gray", (0, 255))
    over = ImageLayer(flat(1), "red", (0, 1), opacity=0.4, below_transparent=True)
    assert centre_colour(plain(base.volume.grid, [base, over])) == (round(0.6 * 100 + 0.4 * 255), 60, 60)


def test_nothing_of_a_transparent_layer_shows_at_its_lower_end(flat):
    base = ImageLayer(flat(100), "gray", (0, 255))
    scene = plain(base.volume.grid, [base, ImageLayer(flat(0), "hot", (0, 1), below_transparent=True)])
    assert centre_colour(scene) == (100, 100, 100)
    opaque = plain(base.volume.grid, [base, ImageLayer(flat(0), "hot", (0, 1))])
    assert centre_colour(opaque) == (0, 0, 0)


def test_a_layer_without_opacity_leaves_no_trace(flat):
    base, hidden = ImageLayer(flat(100), "gray", (0, 255)), ImageLayer(flat(1), "red", (0, 1), opacity=0.0)
    with_hidden, without = plain(base.volume.grid, [base, hidden]), plain(base.volume.grid, [base])
    for mode in MODES.values():
        assert draw(with_hidden, mode).tobytes() == draw(without, mode).tobytes()


def test_outside_a_small_layer_the_one_below_shows(flat):
    base = ImageLayer(flat(100), "gray", (0, 255))
    small = Volume(np.zeros((4, 4, 4), np.float32), Grid((4, 4, 4), origin=(0, 0, 8)))
    for mode in ("transverse", "mip"):
        scene = plain(base.volume.grid, [base, ImageLayer(small, "pet", (0, 1))], cursor=(0, 0, 10))
        assert centre_colour(scene, mode) == (100, 100, 100)
    away = Volume(np.zeros((4, 4, 4), np.float32), Grid((4, 4, 4), origin=(500, 0, 0)))
    assert centre_colour(plain(base.volume.grid, [base, ImageLayer(away, "pet", (0, 1))])) == (100, 100, 100)


def test_the_mip_is_the_maximum_of_values_even_with_a_negative_slope():
    grid = Grid((9, 9, 9))
    stored = np.zeros(grid.shape, np.int16)
    stored[:, 2, :] = -60  # value 60; one row further 20 would be the maximum of what is stored
    stored[:, 5, :] = -20
    scene = plain(grid, [ImageLayer(Volume(stored, grid, slope=-1.0), "gray", (0, 255))])
    assert centre_colour(scene, "mip") == (60, 60, 60)


def test_the_frame_that_is_asked_for():
    grid = Grid((9, 9, 9))
    stored = np.stack([np.full(grid.shape, 10), np.full(grid.shape, 200)]).astype(np.int16)
    layer = ImageLayer(Volume(stored, grid), "gray", (0, 255), frame=1)
    assert centre_colour(plain(grid, [layer])) == (200, 200, 200)
    with pytest.raises(UsageError, match="frame 2"):
        ImageLayer(Volume(stored, grid), "gray", (0, 255), frame=2)


@pytest.mark.parametrize("mode", VIEWS)
def test_an_outline_runs_around_its_mask(phantom, direction, mode):
    grid = phantom.grid(direction)
    inside = phantom.volume(grid).stored > 0
    region = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(inside))
    cursor = tuple(int(i) for i in np.rint(grid.to_index(phantom.blob)))
    outline = Outline(inside[region], region, "#00ff00", "blob")
    volume = phantom.volume(grid)
    base = plain(grid, [ImageLayer(volume, "red", (0, 1))], cursor=cursor)
    with_line = plain(grid, base.layers, outlines=[outline], cursor=cursor)
    pixels = np.asarray(draw(with_line, mode))[:, : area(base)].astype(int)
    green = (pixels[:, :, 1] > 200) & (pixels[:, :, 0] < 60)
    column, row, disc = expected(phantom, VIEWS[mode], base)
    rows, columns = np.nonzero(green)
    radius = np.sqrt(disc / np.pi)
    distance = np.hypot(rows - row, columns - column)
    voxel = radius / phantom.radius
    assert np.abs(distance - radius).max() <= 1.2 * voxel + 2
    # All around: every direction from the centre meets the line.
    assert len(np.unique((np.degrees(np.arctan2(rows - row, columns - column)) // 10).astype(int) % 36)) == 36
    # A line, not an area: one to three pixels for each of its length.
    assert 0.6 * 2 * np.pi * radius < rows.size < 4 * 2 * np.pi * radius
    # And nothing else has changed.
    changed = (np.asarray(draw(base, mode))[:, : area(base)].astype(int) != pixels).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert np.abs(np.hypot(rows - row, columns - column) - radius).max() <= 1.2 * voxel + 4


def test_an_outline_is_not_drawn_off_its_planes(flat):
    grid = flat(0).grid
    mask = np.ones((2, 5, 5), bool)
    outline = Outline(mask, (slice(3, 5), slice(5, 10), slice(5, 10)), "#00ff00", "a")
    for z, there in ((2, False), (3, True), (4, True), (5, False)):
        scene = Scene(grid, [], [outline], (0, 0, z), crosshair=False, corner_info=False, size=(300, 300))
        pixels = np.asarray(draw(scene, "transverse"))
        assert ((pixels == (0, 255, 0)).all(axis=2)).any() == there


def test_a_single_voxel_in_a_shrunken_picture_is_not_lost():
    grid = Grid((600, 600, 3))
    outline = Outline(np.ones((1, 1, 1), bool), (slice(1, 2), slice(300, 301), slice(300, 301)), "#00ff00", "a")
    scene = Scene(grid, [], [outline], (0, 0, 1), crosshair=False, corner_info=False, size=(100, 100))
    assert np.asarray(draw(scene, "transverse"))[:, :, 1].max() > 150


def test_the_crosshair_meets_the_cursor_and_leaves_it_free(flat):
    grid = Grid((10, 10, 10))
    scene = Scene(grid, [], cursor=(2, 7, 5), corner_info=False, size=(400, 400))
    without = Scene(grid, [], cursor=(2, 7, 5), crosshair=False, corner_info=False, size=(400, 400))
    lines = (np.asarray(draw(scene, "transverse")) != np.asarray(draw(without, "transverse"))).any(axis=2)
    rows, columns = np.nonzero(lines)
    assert np.bincount(columns).argmax() == pytest.approx(2.5 * 40, abs=1)
    assert np.bincount(rows).argmax() == pytest.approx(7.5 * 40, abs=1)
    assert not lines[295:305, 95:105].any()


def test_the_montage_runs_from_head_to_foot(direction, phantom):
    grid = phantom.grid(direction, (4.0, 4.0, 4.0))
    z, y, x = np.indices(grid.shape)
    height = grid.to_world(np.stack([x, y, z], axis=-1))[..., 2]
    scene = plain(grid, [ImageLayer(Volume(height.astype(np.float32), grid), "gray", (-60, 60))])
    pixels = np.asarray(draw(scene, "montage"))[:, : area(scene), 0]
    assert pixels[20:60, 30:70].mean() > 225
    assert pixels[-60:-20, -70:-30].mean() < 30


@pytest.mark.parametrize("layout", ["slice", "1x4"])
def test_the_composite_holds_three_planes_and_the_mip(phantom, where, layout):
    grid = phantom.grid(np.eye(3))
    cursor = tuple(int(i) for i in np.rint(grid.to_index(phantom.blob)))
    layer = ImageLayer(phantom.volume(grid), "red", (0, 1))
    scene = plain(grid, [layer], cursor=cursor, layout=layout, size=(1024, 895))
    pixels = np.asarray(draw(scene, "composite"))
    width = area(scene)
    parts = (
        [pixels[:, i * width // 4 : (i + 1) * width // 4] for i in range(4)]
        if layout == "1x4"
        else [half[:, i * width // 2 : (i + 1) * width // 2] for half in (pixels[:447], pixels[448:]) for i in (0, 1)]
    )
    for part, view in zip(parts, (TRANSVERSE, CORONAL, SAGITTAL, CORONAL), strict=True):
        column, row, _ = where(part, RED)
        assert np.sign(column - part.shape[1] / 2) == np.sign(phantom.blob[view.columns[0]]) * view.columns[1]
        assert np.sign(row - part.shape[0] / 2) == np.sign(phantom.blob[view.rows[0]]) * view.rows[1]


@pytest.mark.parametrize("mode", MODES.values())
@pytest.mark.parametrize("size", [(64, 64), (300, 200), (1024, 895)])
def test_every_picture_has_the_size_asked_for(flat, mode, size):
    mask = np.ones((2, 2, 2), bool)
    outlines = [Outline(mask, (slice(3, 5),) * 3, "#00ff00", f"a rather long name {n}") for n in range(40)]
    layers = [
        ImageLayer(flat(1, unit="Bq/mL"), "hot", (-1e-7, 3e9), label="Überlanger Name der Reihe 日本") for _ in range(3)
    ]
    assert draw(Scene(flat(1).grid, layers, outlines, size=size), mode).size == size


@pytest.mark.parametrize("mode", MODES.values())
def test_without_inputs_the_picture_is_black_with_a_note(mode):
    image = np.asarray(draw(plain(Grid((10, 10, 10)), size=(400, 300)), mode))
    assert (image == 0).all(axis=2).mean() > 0.9
    assert image[135:165, 130:270].max() > 100


def test_modes_by_number_and_name():
    assert [mode_name(number) for number in range(6)] == list(MODES.values())
    assert mode_name("MIP") == "mip"
    with pytest.raises(UsageError, match="no picture mode 6") as caught:
        mode_name(6)
    assert "5 composite" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        mode_name("transvers")
    assert '"transverse"' in caught.value.hint
    with pytest.raises(UsageError):
        mode_name(True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cursor": (0, 0, 10)}, "outside the image"),
        ({"size": (100000, 100000)}, "cannot be made"),
        ({"layout": "2x2"}, "no layout"),
    ],
)
def test_a_scene_that_cannot_be(options, words):
    with pytest.raises(UsageError, match=words):
        Scene(Grid((10, 10, 10)), **options)


def test_a_png_appears_whole_or_not_at_all(tmp_path, flat):
    image = draw(plain(flat(1).grid, [ImageLayer(flat(1), "hot", (0, 1))]), "composite")
    path = tmp_path / "picture.png"
    save_png(image, path)
    with Image.open(path) as read:
        assert read.format == "PNG"
        assert np.array_equal(np.asarray(read), np.asarray(image))
    with pytest.raises(VqError, match="cannot write") as caught:
        save_png(image, path / "picture.png")  # a file is no folder
    assert caught.value.path == path / "picture.png"
    save_png(image, tmp_path / "new" / "picture.png")
    assert (tmp_path / "new" / "picture.png").is_file()
    before = path.read_bytes()

    class Failing(Image.Image):
        def save(self, file, *_args, **_options):
            file.write(b"half of it")
            raise OSError(28, "No space left on device")

    with pytest.raises(VqError, match="No space left"):
        save_png(Failing(), path)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["new", "picture.png"]


def test_only_the_planes_that_are_shown_are_read(monkeypatch):
    ct, pet = Grid((64, 64, 80), (2.0, 2.0, 3.0)), Grid((16, 16, 60), (8.0, 8.0, 4.0))
    layers = [
        ImageLayer(Volume(np.zeros(ct.shape, np.int16), ct), "gray", (-160, 240)),
        ImageLayer(Volume(np.ones(pet.shape, np.float32), pet), "hot", (0, 2), 0.6, below_transparent=True),
    ]
    read = []
    scaled = Volume.scaled

    def counted(volume, stored):
        read.append(stored.shape)
        return scaled(volume, stored)

    monkeypatch.setattr(Volume, "scaled", counted)
    draw(Scene(ct, layers, cursor=(32, 32, 40)), "transverse")
    assert read[0] == (1, 64, 64)
    assert read[1][0] <= 7
    read.clear()
    draw(Scene(ct, layers, cursor=(32, 32, 40)), "mip")
    assert read == [(80, 1, 64), (60, 1, 16)]
