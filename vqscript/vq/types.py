"""Types of script-visible parameters; the host's converters know each of them.

The text below a type documents every parameter that has it, unless the method says more.

Text that names a file never reaches the code below as text: it becomes a ``Path`` in the host's
gate, which resolves links and checks permission, and mypy finds a parameter that forgot to say so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NewType

Input = NewType("Input", int)
"""Number of an input, from 0; input 0 is the reference."""

REFERENCE = Input(0)

ToolInput = NewType("ToolInput", int)
"""Number of an input; nil for the one that `setInputROI` chose."""

RoiNumber = NewType("RoiNumber", int)
"""Number of an ROI, from 1."""

Frame = NewType("Frame", int)
"""Frame of the input, from 1."""

FIRST = Frame(1)

VoxelIndex = NewType("VoxelIndex", float)
"""Voxel index of the reference, from 0; fractions are allowed."""

Axis = NewType("Axis", int)
"""Axis of the reference: 0, 1 and 2 are x, y and z."""

Unit = NewType("Unit", str)
"""Unit of the values, as in ``help "units"``."""

NewUnit = NewType("NewUnit", str)
"""Unit of the result; left out, it is unknown from then on, and a line of the log says so."""

Palette = NewType("Palette", str)
"""Name of a palette, as in ``help "palettes"``."""

PictureName = NewType("PictureName", str)
"""Name of a kind of picture: "mip", "composite" ..., as in ``help "modes"``."""

View = NewType("View", str)
"""View of the main window: "Slice View", "VTK View" or "MIP View"."""

OperatorName = NewType("OperatorName", str)
"""Name of an operator, as in ``help "operators"``."""

ImagePath = NewType("ImagePath", Path)
"""Image file or folder to read; images are read anywhere."""

ReadPath = NewType("ReadPath", Path)
"""File or folder to read: in the script's folder, the current folder, the output, or where ``--allow-read`` says."""

WritePath = NewType("WritePath", Path)
"""File or folder to write; a relative path lies under the output folder, others need ``--allow-write``."""

WriteFolder = NewType("WriteFolder", Path)
"""As :data:`WritePath`, and the output folder itself too."""

RepoUrl = NewType("RepoUrl", str)
"""Where a repository is: a folder, a server's URL, or a name of the configuration."""

Switch = NewType("Switch", bool)
"""On or off, written true/false or, as VivoScript does, 1/0."""

StudyRef = NewType("StudyRef", str)
"""A study: a record that a query returned, or its StudyInstanceUID."""

SeriesRef = NewType("SeriesRef", str)
"""A series: a record that a query returned, or its SeriesInstanceUID."""

Record = dict[str, Any]
"""A plain table for scripts: names to text, numbers, lists or further records."""
