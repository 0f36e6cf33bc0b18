"""Types of parameters that take one of a fixed list of words, or text of a special meaning."""

from __future__ import annotations

from vqscript.host.handbook.entries import AliasEntry
from vqscript.imaging.units import PER_VOXEL, UNITS
from vqscript.render.palette_names import PALETTES
from vqscript.render.picture_modes import MODES
from vqscript.vq.main_win import OPERATORS, VIEWS


def aliases() -> dict[str, AliasEntry]:
    """Return the aliases by name."""
    per_voxel = ", ".join(unit for unit in UNITS if unit in PER_VOXEL)
    entries = [
        AliasEntry(
            "path",
            "string",
            "A file or folder. What is written lies under the output folder, text is read in the folder of the script "
            "and the current one, images anywhere; --allow-write and --allow-read add folders.",
        ),
        AliasEntry("url", "string", "A repository: a folder, a server's URL, or a name of the configuration."),
        AliasEntry(
            "unit",
            "string",
            f"A unit of voxel values. Those per voxel ({per_voxel}) add up over voxels. Other spellings are read as "
            'well, "SUV" as SUVbw, "Bq/cc" as Bq/mL; "" is a plain number.',
            UNITS,
        ),
        AliasEntry("palette", "string", "A palette of colours, in any case.", PALETTES),
        AliasEntry("picture", "string", "A kind of picture.", tuple(MODES.values())),
        AliasEntry("view", "string", "A view of the main window.", VIEWS),
        AliasEntry("operator", "string", "An operator of the main window, for `setViewMode`.", tuple(OPERATORS)),
    ]
    return {entry.name: entry for entry in entries}
