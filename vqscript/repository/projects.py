"""What "project" means on a server: an attribute of its studies, read as the configuration says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vqscript.config import Project
from vqscript.errors import UsageError
from vqscript.repository.base import normalise_project

LABELS = "Labels"
"""In the place of a DICOM keyword: labels of Orthanc."""


@dataclass(frozen=True)
class ProjectRule:
    """From a value to projects.

    Attributes
    ----------
    attribute : str
        DICOM keyword, or ``"Labels"``.
    """

    attribute: str
    _pattern: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, project: Project) -> ProjectRule:
        """Return the rule that the configuration says."""
        before, _, after = project.pattern.partition("{project}")
        text = f"{_expression(before)}(?P<project>.+?){_expression(after)}"
        return cls(project.attribute, re.compile(text, re.IGNORECASE | re.DOTALL))

    def projects(self, value: str) -> list[str]:
        """Return the paths of the projects that a value names, as ``/oncology/pilot``; several values name several."""
        found = (self._pattern.fullmatch(each.strip()) for each in value.split("\\"))
        paths = (_path(match["project"]) for match in found if match)
        return sorted({path for path in paths if path})


def _expression(pattern: str) -> str:
    return "".join({"*": ".*?", "?": "."}.get(character, re.escape(character)) for character in pattern)


def _path(text: str) -> str:
    """Return a project's path, "" for a text that can be none: what people wrote into an attribute may be anything."""
    try:
        return normalise_project(text)
    except UsageError:
        return ""
