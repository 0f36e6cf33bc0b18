"""What a session asks before it goes beyond itself: repositories, and files that a saved session names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vqscript.repository.base import Repository


class Permissions(Protocol):
    """What may be touched; the host's gate answers for scripts. Each refusal is a PermissionDenied."""

    def image(self, text: str) -> Path:
        """Return the path of an image to read."""

    def reach(self, url: str) -> None:
        """Refuse a repository that may not be opened, before anything is sent to it."""

    def opened(self, repository: Repository) -> None:
        """Take note of a repository that is open now: its files are its own."""

    def store(self, repository: Repository) -> None:
        """Refuse a repository that may be read only."""


class Unrestricted:
    """For Python programs, which may do what their user may."""

    def image(self, text: str) -> Path:
        """Any path."""
        return Path(text)

    def reach(self, url: str) -> None:
        """Any repository."""

    def opened(self, repository: Repository) -> None:
        """Nothing to note."""

    def store(self, repository: Repository) -> None:
        """Any repository."""
