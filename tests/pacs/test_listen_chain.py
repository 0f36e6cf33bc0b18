"""find | move --to us | status, where a listener of ours is what the PACS sends to."""

from __future__ import annotations

import json

from ..network.conftest import free_port
from .conftest import Made, Pacs, sent
from .listening import listen

__all__ = ["listen"]  # fixture


def test_status_knows_what_a_listener_has_received(pacs: Pacs, orthanc, listen, series: Made, tmp_path):
    sent(orthanc.url, series)
    running = listen()
    ours = {"AET": "OURS", "Host": "127.0.0.1", "Port": running.port}
    orthanc.rest("/modalities/listener", json.dumps(ours).encode(), "PUT")
    place = ("--pacs", orthanc.url, "--repo", running.root)
    found = pacs("find", "--pacs", orthanc.url, "--StudyInstanceUID", series.study_uid, "--json").out

    def now(code: int) -> list[int]:
        (one,) = pacs("status", *place, "--json", "-", text=found, code=code).json["results"]
        return [one[key] for key in ("listed", "requested", "received", "filed")] + [len(one["missing"])]

    assert now(1) == [4, 0, 0, 0, 4]
    moved = pacs("move", "--pacs", orthanc.url, "--to", "OURS", "--json", "-", text=found).out
    assert running.told("ended")[0].startswith("ORTHANC@127.0.0.1: 4 received")
    assert now(0) == [4, 4, 4, 4, 0]
    pacs("status", *place, "-", text=moved)


def test_status_of_what_a_listener_was_promised_and_did_not_get(pacs: Pacs, orthanc, listen, series: Made):
    """The PACS knows a listener that is not there: it was asked, and nothing came."""
    sent(orthanc.url, series)
    running = listen()
    gone = {"AET": "OURS", "Host": "127.0.0.1", "Port": free_port()}
    orthanc.rest("/modalities/listener", json.dumps(gone).encode(), "PUT")
    words = ("--pacs", orthanc.url, "--study", series.study_uid)
    pacs("move", *words, "--to", "OURS", code=1)
    (one,) = pacs("status", *words, "--repo", running.root, "--json", code=1).json["results"]
    assert (one["requested"], one["received"], one["filed"], len(one["missing"])) == (4, 0, 0, 4)
