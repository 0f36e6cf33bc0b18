"""VQ's files: text and folders."""

from __future__ import annotations

from pathlib import Path

from vqscript import names
from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import ReadPath, WriteFolder, WritePath


class RootFiles(HostObject):
    """What a script reads and writes beside images."""

    @script(example='if VQ.fileExists("doses.csv") then print(VQ.readFile("doses.csv")) end')
    def fileExists(self, path: ReadPath) -> bool:
        """Say whether there is a file.

        Returns
        -------
        bool
            false for a folder, too.

        Raises
        ------
        PermissionDenied
            Scripts may not look there.
        """
        return Path(path).is_file()

    @script(example='print(VQ.folderExists("pictures"))')
    def folderExists(self, path: ReadPath) -> bool:
        """Say whether there is a folder.

        Returns
        -------
        bool
            false for a file, too.

        Raises
        ------
        PermissionDenied
            Scripts may not look there.
        """
        return Path(path).is_dir()

    @script(example='local text = VQ.readFile("doses.csv")')
    def readFile(self, path: ReadPath) -> str:
        """Return the text of a file (UTF-8).

        Returns
        -------
        str
            All of it.

        Raises
        ------
        PermissionDenied
            Scripts may not read there.
        UsageError
            There is no such file, or it is no UTF-8 text.
        """
        from vqscript.session.files import read_text

        self._session.texts.add(path)
        return read_text(path)

    @script(example='VQ.writeFile("notes.txt", "done\\n")')
    def writeFile(self, p: WritePath, text: str) -> None:
        """Write a text file (UTF-8), whole or not at all.

        Parameters
        ----------
        text : str
            All of the file; one of that name is replaced.

        Raises
        ------
        PermissionDenied
            Scripts may not write there.
        """
        from vqscript.session.files import write_text

        write_text(p, text)

    @script(example='local folder = VQ.mkdir("pictures", "day 1")')
    def mkdir(self, parent: WriteFolder, name: str) -> str:
        """Make a folder, if it is not there.

        Parameters
        ----------
        parent : str
            Folder to make it in; a relative one lies under the output folder.
        name : str
            One name, without slashes.

        Returns
        -------
        str
            The path of the folder.

        Raises
        ------
        UsageError
            The name is no name of a folder.
        PermissionDenied
            Scripts may not write there.
        """
        fault = "it is empty" if not name.strip() else names.fault(name)
        if fault:
            raise UsageError(
                f'"{name}" is no folder name: {fault}', hint='one name, without slashes; require "names" has safe(text)'
            )
        folder = Path(parent) / name
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)
