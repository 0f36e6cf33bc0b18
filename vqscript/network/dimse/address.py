"""Where a DICOM server is, and as whom and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from vqscript.charsets import unknown_term
from vqscript.config_urls import AE_TITLE, because, shown
from vqscript.errors import PeerError, Unreachable, UsageError
from vqscript.network.tls import Tls

OWN_AET = "VQSCRIPT"
STANDARD_PORT, STANDARD_TLS_PORT = 104, 2762


@dataclass(frozen=True)
class Address:
    """A DICOM server, and how to call it.

    Attributes
    ----------
    called : str
        Its AE title.
    host : str
    port : int
    calling : str
        Our AE title.
    tls : Tls, optional
        None for a connection that anyone on the way can read.
    connect_timeout, answer_timeout : float
        Seconds to wait for a connection, and for each next piece of an answer.
    charset : str
        Character set of its texts, whatever it says itself: a defined term such as ``ISO_IR 100``; "" believes it.
    move_port : int
        Our port that the server sends to when it is asked to by C-MOVE; 0 if it knows of none.
    label : str
        How to call it in messages; without one, as ``AET@host:port``.
    """

    called: str
    host: str
    port: int
    calling: str = OWN_AET
    tls: Tls | None = None
    connect_timeout: float = 10.0
    answer_timeout: float = 60.0
    charset: str = ""
    move_port: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        for title in (self.called, self.calling):
            check_title(title)
        if self.charset:
            term = unknown_term(self.charset)
            if term is not None:
                raise UsageError(f'"{term}" is no character set of DICOM', hint="as in ISO_IR 100 or ISO_IR 192")

    @property
    def name(self) -> str:
        """How to call it in messages."""
        return self.label or f"{self.called}@{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """As :func:`parse` reads it."""
        from urllib.parse import quote

        host = f"[{self.host}]" if ":" in self.host else self.host
        title = quote(self.called, safe="")
        return f"{'dicoms' if self.tls else 'dicom'}://{title}@{host}:{self.port}"

    def unreachable(self, what: str, hint: str = "") -> Unreachable:
        """Return the error that it does not answer or went away; ``what`` follows its name in the message."""
        return Unreachable(f"{self.name} {what}", hint=hint, peer=self.name, status="")

    def refused(self, what: str, status: str, hint: str = "") -> PeerError:
        """Return the error that it answered with a refusal."""
        return PeerError(f"{self.name} {what}", hint=hint, peer=self.name, status=status)

    def rejected(self, why: str) -> PeerError:
        """Return the error that it does not want to talk with us."""
        titles = f"we called it {self.called} and ourselves {self.calling}"
        return self.refused(f"rejected the association: {why}", why, f"{titles}; does it know both names?")


def parse(
    url: str,
    *,
    calling: str = OWN_AET,
    tls: Tls | None = None,
    connect_timeout: float = 10.0,
    answer_timeout: float = 60.0,
    charset: str = "",
    move_port: int = 0,
    label: str = "",
) -> Address:
    """Read ``dicom://AET@host:port`` or ``dicoms://AET@host:port`` (over TLS); the other fields of an Address go along.

    The port may be left out: 104, and 2762 over TLS.

    Raises
    ------
    UsageError
        For any other text.
    """
    hint = "as in dicom://PACS@pacs.example.org:104"
    named = shown(url)  # messages end up in logs
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f'"{named}" is no address of a DICOM server{because(error, url)}', hint=hint) from error
    if parts.scheme not in ("dicom", "dicoms") or not parts.hostname:
        raise UsageError(f'"{named}" is no address of a DICOM server', hint=hint)
    if not parts.username or parts.password is not None:
        raise UsageError(
            f'"{named}" does not say the AE title of the server (and nothing else) before the @', hint=hint
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError(f'"{named}" goes on after the port', hint=hint)
    secure = parts.scheme == "dicoms"
    return Address(
        unquote(parts.username),
        parts.hostname,
        port or (STANDARD_TLS_PORT if secure else STANDARD_PORT),
        calling=calling,
        tls=(tls or Tls()) if secure else None,
        connect_timeout=connect_timeout,
        answer_timeout=answer_timeout,
        charset=charset,
        move_port=move_port,
        label=label,
    )


def check_title(title: str) -> None:
    """Raise UsageError for what can be no AE title."""
    if not AE_TITLE.fullmatch(title) or not title.strip():
        raise UsageError(f'"{title}" is no AE title', hint="1 to 16 letters, digits and signs, no backslash")
