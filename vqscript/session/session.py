"""The session: what a script works on, and what Python code can use the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError
from vqscript.session.display import Display
from vqscript.session.inputs import DEFAULT_PALETTES, Input, Inputs
from vqscript.session.interaction import Interaction, Prepared
from vqscript.session.origins import Origin, of_input
from vqscript.session.permissions import Permissions, Unrestricted

if TYPE_CHECKING:
    from vqscript.config import Config
    from vqscript.imaging.volume import Volume
    from vqscript.repository.base import Handle, Repository
    from vqscript.roi.roiset import RoiSet
    from vqscript.session.arithmetics import Arithmetics
    from vqscript.session.cropping import Cropping
    from vqscript.session.filtering import Filtering
    from vqscript.session.quantities import Quantities
    from vqscript.session.reorientation import Reorientation
    from vqscript.session.resampling import Resampling
    from vqscript.session.roi_tool import RoiTool


class Session:
    """Inputs, ROIs, cursor and display, and the operators that change them.

    Parameters
    ----------
    output : Path, optional
        Folder of this run; default ``vq-output`` in the current folder.
    creator : str
        Who makes the data points that are submitted; "" asks configuration and system.
    interaction : Interaction, optional
        What talks to the user; default answers nothing.
    config : Config, optional
    permissions : Permissions, optional
        What is asked before a repository is opened or changed; default allows all.
    view : callable, optional
        Given each repository that is opened, returns what the session works with; default: the repository itself.

    Attributes
    ----------
    origins : list of Origin
        The series and ROI objects that were loaded, in order.
    texts : set of Path
        The text files that were read.
    files : set of Path
        The files and folders that images and ROIs were read from; ROIs of a repository are files of it.

    Examples
    --------
    >>> session = Session()                                    # doctest: +SKIP
    >>> session.open(Path("ct_folder"), 0)                     # doctest: +SKIP
    1
    >>> session.inputs[0].volume.unit                          # doctest: +SKIP
    'HU'
    """

    def __init__(
        self,
        *,
        output: Path | None = None,
        creator: str = "",
        interaction: Interaction | None = None,
        config: Config | None = None,
        permissions: Permissions | None = None,
        view: Callable[[Repository], Repository] | None = None,
    ) -> None:
        self.output = output or Path("vq-output")
        self.interaction: Interaction = interaction or Prepared()
        self.inputs = Inputs()
        self.display = Display()
        self._creator = creator
        self._config = config
        self._rois: RoiSet | None = None
        self._said: set[str] = set()
        self._repositories: dict[str, Repository] = {}
        self.permissions: Permissions = permissions or Unrestricted()
        self.origins: list[Origin] = []
        self.texts: set[Path] = set()
        self.files: set[Path] = set()
        self._view = view

    # Inputs -------------------------------------------------------------------------------

    @property
    def reference(self) -> Input:
        """Input 0, on whose grid cursor and ROIs live."""
        if 0 not in self.inputs:
            raise UsageError("nothing is loaded in input 0, the reference", hint="open an image into input 0 first")
        return self.inputs[0]

    def open(self, what: Path | Iterable[Path] | Handle, i: int = 0, repository: Repository | None = None) -> int:
        """Load a series into input ``i``; separate images of it fill the following inputs.

        Parameters
        ----------
        what : Path, iterable of Path, or Handle
            A folder, files, or a series that a repository fetched.
        i : int
            Number of the input, from 0.
        repository : Repository, optional
            Where a handle came from; gives unit conversion the subject information.

        Returns
        -------
        int
            How many inputs were filled.
        """
        from vqscript.repository.base import Handle
        from vqscript.session.loading import load

        self.inputs.check_room(i)
        if not isinstance(what, Handle | str):  # text is refused below
            what = [what] if isinstance(what, Path) else list(what)
            self.files.update(what)
        loaded = load(what, repository)
        self.inputs.check_room(i, len(loaded))
        for k, item in enumerate(loaded):
            self.place(i + k, item)
        return len(loaded)

    def place(self, i: int, item: Input) -> None:
        """Put an input at a number, replacing what was there."""
        self.inputs.check_room(i)
        if i == 0:
            self._new_reference(item.volume)
        item.palette = DEFAULT_PALETTES[min(i, len(DEFAULT_PALETTES) - 1)]
        self.inputs[i] = item
        self.origins.append(of_input(i, item))
        for warning in item.volume.warnings:
            self.interaction.log(f"input {i} ({item.name}): {warning}", "warning")

    def save(self, i: int, path: Path, form: str = "") -> Path:
        """Save input ``i`` as NIfTI (``.nii``, ``.nii.gz``) or into a new folder as a derived DICOM series."""
        from vqscript.session.saving import save

        return save(self, i, path, form)

    def shown(self, i: int) -> bool:
        """Whether an input is on; inputs above 2 follow input 2."""
        governing = 2 if i > 2 and 2 in self.inputs else i
        return self.inputs[governing].show and (i < 2 or self.display.show_overlay)

    def look_at(self, i: int) -> None:
        """Warn, once, if input ``i`` does not belong with the reference: it may be left over from another study."""
        from vqscript.session.alignment import mismatch

        if 0 not in self.inputs or i == 0:
            return
        problem = mismatch(self.reference, self.inputs[i])
        if problem:
            self.say_once(f"input {i} {problem}", "warning")

    def swap(self, a: int, b: int) -> None:
        """Exchange two inputs."""
        first, second = self.inputs[a], self.inputs[b]
        if 0 in (a, b) and a != b:
            self._new_reference((second if a == 0 else first).volume)
        self.inputs[a], self.inputs[b] = second, first

    def duplicate(self, i: int) -> int:
        """Copy an input behind the last one; returns its number."""
        item = self.inputs[i]
        copied = replace(item, volume=replace(item.volume, stored=item.volume.stored.copy()))
        copied.provenance = list(item.provenance)
        self.inputs[len(self.inputs)] = copied
        return len(self.inputs) - 1

    def replace_volume(self, i: int, volume: Volume, what: str) -> None:
        """Put another volume into input ``i`` and note what was done; ROIs follow the reference to its new grid."""
        item = self.inputs[i]
        if i == 0 and not volume.grid.matches(item.volume.grid):
            rois = self._rois and self._rois.regrid(volume.grid)
            self._forget_places()
            self._rois = rois
        item.volume = volume
        item.changed(what, keeps_scale=True)

    def remove(self, i: int) -> None:
        """Take one input out; the others keep their numbers. The ROIs go with the reference."""
        self.inputs.check(i)
        if i == 0:
            self._drop_rois("the reference image was removed")
        self.inputs.remove(i)

    def clear(self) -> None:
        """Remove all inputs and ROIs."""
        self.inputs.clear()
        self._forget_places()
        self.roi_tool.input = 0

    def _new_reference(self, volume: Volume) -> None:
        from vqscript.session.alignment import same_place

        self.cropping.ranges.clear()
        if 0 not in self.inputs or not same_place(self.reference.volume, volume):
            self._drop_rois("the new reference image lies elsewhere")

    def _drop_rois(self, why: str) -> None:
        if self._rois is not None and len(self._rois):
            self.interaction.log(f"{why}: the {len(self._rois)} ROIs on the old one were removed", "warning")
        self._forget_places()

    def _forget_places(self) -> None:
        """Forget what is said in voxels of the reference: ROIs, cursor, range to crop to."""
        self._rois = None
        self.display.cursor = None
        self.cropping.ranges.clear()

    # ROIs ---------------------------------------------------------------------------------

    @property
    def rois(self) -> RoiSet:
        """The ROIs, on the grid of input 0."""
        if self._rois is None:
            from vqscript.roi.roiset import RoiSet

            self._rois = RoiSet(self.reference.volume.grid)
        return self._rois

    @rois.setter
    def rois(self, rois: RoiSet) -> None:
        if not rois.grid.matches(self.reference.volume.grid):
            raise UsageError("these ROIs do not lie on the grid of input 0")
        self._rois = rois

    # Cursor -------------------------------------------------------------------------------

    @property
    def cursor(self) -> tuple[int, int, int]:
        """Voxel of the reference under the crosshair, x, y, z."""
        return self.display.cursor_in(self.reference.volume.grid.size)

    def set_cursor(self, axis: int, position: float) -> None:
        """Move the cursor along one axis (0, 1, 2 = x, y, z) to a voxel index, rounded half up."""
        self.display.move_cursor(axis, position, self.reference.volume.grid.size)

    # Operators ----------------------------------------------------------------------------

    @cached_property
    def arithmetics(self) -> Arithmetics:
        """Arithmetic on inputs."""
        from vqscript.session.arithmetics import Arithmetics

        return Arithmetics(self)

    @cached_property
    def cropping(self) -> Cropping:
        """Cutting inputs to a range of voxels."""
        from vqscript.session.cropping import Cropping

        return Cropping(self)

    @cached_property
    def resampling(self) -> Resampling:
        """Inputs put onto other grids."""
        from vqscript.session.resampling import Resampling

        return Resampling(self)

    @cached_property
    def filtering(self) -> Filtering:
        """Inputs smoothed and cleaned."""
        from vqscript.session.filtering import Filtering

        return Filtering(self)

    @cached_property
    def reorientation(self) -> Reorientation:
        """Inputs moved, turned, mirrored and aligned."""
        from vqscript.session.reorientation import Reorientation

        return Reorientation(self)

    @cached_property
    def roi_tool(self) -> RoiTool:
        """ROIs: drawn, edited, measured, read and written."""
        from vqscript.session.roi_tool import RoiTool

        return RoiTool(self)

    @cached_property
    def quantities(self) -> Quantities:
        """Units, doses and their conversion."""
        from vqscript.session.quantities import Quantities

        return Quantities(self)

    # Pictures -----------------------------------------------------------------------------

    def save_image(self, path: Path, mode: int | str = 5) -> Path:
        """Save a picture as PNG; returns its path (``.png`` is added where there is no extension).

        Parameters
        ----------
        path : Path
        mode : int or str
            0 "mip", 1 "transverse", 2 "coronal", 3 "sagittal", 4 "montage", 5 "composite".
        """
        from vqscript.session.pictures import save_image

        return save_image(self, path, mode)

    def save_movie(self, path: Path) -> Path:
        """Save the rotating projection as an animated GIF; returns its path."""
        from vqscript.session.pictures import save_movie

        return save_movie(self, path)

    # Repositories, people -----------------------------------------------------------------

    def repository(self, url: str | Path) -> Repository:
        """Return the repository at a URL or path, opened once per session."""
        from vqscript.repository.opening import open_repository

        key = str(url)
        if key not in self._repositories:
            self.permissions.reach(key)
            opened = open_repository(url, self._config)
            self._repositories[key] = self._view(opened) if self._view else opened
            self.permissions.opened(opened)
        return self._repositories[key]

    @property
    def creator(self) -> str:
        """Who makes the data points of this session."""
        from vqscript.config import Config

        return (self._config or Config()).creator(self._creator)

    def close(self) -> None:
        """Close the repositories that were opened."""
        for repository in self._repositories.values():
            repository.close()
        self._repositories.clear()

    def say_once(self, text: str, level: str = "info") -> None:
        """Log a note or warning the first time only."""
        if text not in self._said:
            self._said.add(text)
            self.interaction.log(text, level)
