"""TLS: whom to trust, and what to show others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import ConfigError

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Tls:
    """How to call a server over TLS.

    Attributes
    ----------
    ca : Path, optional
        Certificates of the authorities that are trusted, PEM; without it, those of the system.
    certificate, key : Path, optional
        Our own certificate with its chain, and its private key, PEM; servers of hospitals ask for one. The key may
        stand in the certificate's file.
    check_host : bool
        Whether the server's certificate has to be one for its host name. Off, it only has to be signed by ``ca``.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    check_host: bool = True

    def client(self) -> ssl.SSLContext:
        """Return what a connection to a server is made with; ConfigError for a file that is none of these."""
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = self.check_host
        self._load(context)
        if self.ca is None:
            context.load_default_certs()
        return context

    def server(self) -> ssl.SSLContext:
        """Return what connections to us are accepted with: only from those whose certificate ``ca`` has signed."""
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        if self.ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        path = self.ca or self.certificate
        try:
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            if self.certificate is not None:
                path = self.certificate
                # A key behind a password cannot be asked about here; without the function OpenSSL would ask itself.
                context.load_cert_chain(self.certificate, self.key, password=lambda: "")
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(
                f"{path}: cannot be used for TLS ({error.strerror or error})",
                hint="ca, certificate and key are PEM files; the key without a password, and that of the certificate",
                path=path,
            ) from error
