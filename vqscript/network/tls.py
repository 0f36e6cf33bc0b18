"""TLS: whom to trust, and what to show others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import ConfigError

if TYPE_CHECKING:
    import ssl

OURS = "certificate and key in vqscript.toml are to be ones that an authority it trusts has signed"
_AUTHORITY = "name the file of the authority that signed it, as a hospital's own: ca = ... in vqscript.toml"
_HOST = "give the host as the certificate names it"
_TIME = "its administrator has to renew it; is the clock of this machine right?"
_DISTRUSTED = {9: _TIME, 10: _TIME, 62: _HOST, 64: _HOST}
"""Ways out by the number that OpenSSL gives a failed verification (X509_V_ERR_...); else it is the authority."""


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

    def failure(self, error: ssl.SSLError) -> tuple[str, str]:
        """Return what kept TLS from beginning, to follow the server's name in a message, and the way out.

        Over TLS 1.3 a server tells only after the handshake, with its first answer, that it refuses our certificate.
        """
        import ssl

        if isinstance(error, ssl.SSLCertVerificationError):
            hint = _DISTRUSTED.get(error.verify_code, _AUTHORITY)
            return f"has a certificate that is not trusted: {error.verify_message}", hint
        reason = error.reason or ""
        if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
            if self.certificate is None:
                return "asks for a certificate of ours", OURS
            said = reason.partition("ALERT_")[2].replace("_", " ").lower()
            hint = "have it renewed" if "expired" in said else OURS
            return f"does not accept our certificate {self.certificate.name}: {said}", hint
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "closed the connection when TLS had hardly begun", f"it may ask for a certificate of ours: {OURS}"
        return f"and this program found no common TLS: {reason or error}", "does it speak TLS on this port?"

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
