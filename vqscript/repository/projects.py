"""What "project" means on a server: an attribute of its studies, read as the configuration says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vqscript.config import Project
from vqscript.errors import ConfigError, UsageError, did_you_mean
from vqscript.network.orthanc import OrthancPeer, check_label
from vqscript.network.peer import Peer
from vqscript.repository.base import normalise_project

_LONGEST = 256
"""Characters of a value that may name a project: what a server says must not keep a pattern busy."""

LABELS = "Labels"
"""In the place of a DICOM keyword: labels of Orthanc."""


@dataclass(frozen=True)
class ProjectRule:
    """From a value to projects.

    Attributes
    ----------
    attribute : str
        DICOM keyword, or ``"Labels"``.
    pattern : str
        As in the configuration, with ``{project}``.
    """

    attribute: str
    pattern: str
    _pattern: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, project: Project) -> ProjectRule:
        """Return the rule that the configuration says; ConfigError if its attribute is none."""
        from pydicom.datadict import keyword_dict

        if project.attribute != LABELS and project.attribute not in keyword_dict:
            raise ConfigError(
                f'the configuration takes "{project.attribute}" for the project, which is no DICOM keyword',
                hint=did_you_mean(project.attribute, [LABELS, *keyword_dict], limit=0),
            )
        before, _, after = project.pattern.partition("{project}")
        text = f"{_expression(before)}(?P<project>.+?){_expression(after)}"
        return cls(project.attribute, project.pattern, re.compile(text, re.IGNORECASE | re.DOTALL))

    def projects(self, value: str) -> list[str]:
        """Return the paths of the projects that a value names, as ``/oncology/pilot``; several values name several."""
        values = (each.strip() for each in value.split("\\"))
        found = (self._pattern.fullmatch(each) for each in values if len(each) <= _LONGEST)
        paths = (_path(match["project"]) for match in found if match)
        return sorted({path for path in paths if path})

    def label(self, project: str) -> str:
        """Return the label that puts a study into a project; UsageError if none can."""
        label = self.pattern.replace("{project}", project.strip("/"))
        check_label(label)
        return label


def with_labels(peer: Peer) -> OrthancPeer:
    """Return a server as one that has labels.

    Raises
    ------
    ConfigError
        If it has none.
    """
    if not isinstance(peer, OrthancPeer):
        why = f"{peer.name} has no labels: they are Orthanc's, by its REST interface (orthanc+https://...)"
    elif not peer.has_labels():
        why = f"{peer.name} has no labels: it is Orthanc {'.'.join(map(str, peer.version))}, and 1.12 brought them"
    else:
        return peer
    raise ConfigError(
        why, hint='an attribute of its studies can say the project: project = { attribute = "StudyDescription" }'
    )


def _expression(pattern: str) -> str:
    return "".join({"*": ".*?", "?": "."}.get(character, re.escape(character)) for character in pattern)


def _path(text: str) -> str:
    """Return a project's path, "" for a text that can be none: what people wrote into an attribute may be anything."""
    try:
        return normalise_project(text)
    except UsageError:
        return ""
