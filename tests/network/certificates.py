"""Certificates for tests, of an authority of their own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from vqscript.network.tls import Tls

SIGNED = (
    ("server", "IP:127.0.0.1", 2),
    ("client", "DNS:vq.example", 2),
    ("elsewhere", "DNS:elsewhere.example.org", 2),
    ("expired", "IP:127.0.0.1", -1),
)
"""Name, for whom it is, days from now on."""


@dataclass(frozen=True)
class Authority:
    """An authority, and what it has signed."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Make keys for itself, and for what it signs."""
        folder.mkdir()
        made = cls(folder)
        made.openssl("req -x509 -nodes -days 2 -newkey rsa:2048 -keyout ca.key -out ca.pem -subj /CN=authority")
        for name, alternative, days in SIGNED:
            made.openssl(f"req -nodes -newkey rsa:2048 -keyout {name}.key -out {name}.csr -subj /CN={name}")
            (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
            made.openssl(
                f"x509 -req -days {days} -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem "
                f"-extfile {name}.ext"
            )
        return made

    def openssl(self, line: str) -> None:
        """Run the program in the folder."""
        subprocess.run(["openssl", *line.split()], cwd=self.folder, check=True, capture_output=True)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    @property
    def ours(self) -> Tls:
        """What we show and whom we trust."""
        return Tls(ca=self / "ca.pem", certificate=self / "client.pem", key=self / "client.key")
