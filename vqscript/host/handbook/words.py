"""Types of parameters that take one of a fixed list of words, or text of a special meaning."""

from __future__ import annotations

from vqscript.host.handbook.entries import AliasEntry


def aliases() -> dict[str, AliasEntry]:
    """Return the aliases by name."""
    entries = [
        AliasEntry("path", "string", "A file or folder; relative ones that are written lie under the output folder."),
        AliasEntry("url", "string", "A repository: a folder, or a name of the configuration."),
    ]
    return {entry.name: entry for entry in entries}
