"""Servers that speak DIMSE, the protocol of DICOM itself: PACS, scanners, workstations."""

from vqscript.network.dimse.address import Address
from vqscript.network.dimse.peer import DimsePeer
from vqscript.network.tls import Tls

__all__ = ["Address", "DimsePeer", "Tls"]
