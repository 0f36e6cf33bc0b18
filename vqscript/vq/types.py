"""Types of script-visible parameters; the host's converters know each of them.

Text that names a file never reaches the code below as text: it becomes a ``Path`` in the host's
gate, which resolves links and checks permission, and mypy finds a parameter that forgot to say so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NewType

ImagePath = NewType("ImagePath", Path)
"""An image file or folder to read; images are read anywhere."""

ReadPath = NewType("ReadPath", Path)
"""A text file or folder to read: the script's folder, the current folder, the output."""

WritePath = NewType("WritePath", Path)
"""A file to write; relative paths lie under the output folder."""

RepoUrl = NewType("RepoUrl", str)
"""Where a repository is, in any spelling of the configuration or a path."""

Switch = NewType("Switch", bool)
"""On or off, written true/false or, as VivoScript does, 1/0."""

StudyRef = NewType("StudyRef", str)
"""A study: a record that a query returned, or its StudyInstanceUID."""

SeriesRef = NewType("SeriesRef", str)
"""A series: a record that a query returned, or its SeriesInstanceUID."""

Record = dict[str, Any]
"""A plain table for scripts: names to text, numbers, lists or further records."""
