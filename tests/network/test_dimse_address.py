"""URLs of DICOM servers."""

from __future__ import annotations

import pytest

from vqscript.errors import UsageError
from vqscript.network.dimse import Address, DimsePeer, Tls
from vqscript.network.dimse.address import parse


def test_a_url_says_title_host_and_port():
    address = parse("dicom://MAIN_PACS@pacs.example.org:11112", calling="ME", move_port=4000)
    assert (address.called, address.host, address.port) == ("MAIN_PACS", "pacs.example.org", 11112)
    assert (address.calling, address.move_port, address.tls) == ("ME", 4000, None)
    assert address.name == "MAIN_PACS@pacs.example.org:11112"


@pytest.mark.parametrize(
    "url",
    [
        "dicom://PACS@host:104",
        "dicoms://PACS@host:2762",
        "dicom://MY%20PACS@10.0.0.1:11112",
        "dicom://A%2FB@[2001:db8::1]:104",
    ],
)
def test_a_url_comes_back_as_it_was(url):
    assert parse(url).url == url
    assert parse(parse(url).url) == parse(url)


def test_ports_have_defaults_and_tls_its_own():
    assert parse("dicom://PACS@host").port == 104
    assert parse("dicoms://PACS@host").port == 2762
    assert parse("dicoms://PACS@host").tls == Tls()
    assert parse("dicom://PACS@host", tls=Tls()).tls is None


def test_a_label_is_how_it_is_called():
    peer = DimsePeer("dicom://PACS@host:104", label="the archive")
    assert (peer.name, peer.url, peer.kind) == ("the archive", "dicom://PACS@host:104", "dimse")


@pytest.mark.parametrize(
    "url",
    [
        "http://PACS@host:104",
        "dicom://host:104",
        "dicom://PACS:secret@host:104",
        "dicom://PACS:secret@host:port",
        "http://PACS:secret@host:104",
        "dicom://PACS@",
        "dicom://PACS@host:port",
        "dicom://PACS@host:99999",
        "dicom://PACS@host:104/path",
        "dicom://PACS@host:104?x=1",
        "dicom://A_TITLE_OF_MORE_THAN_16@host:104",
        "dicom://BACK%5CSLASH@host:104",
        "dicom://%20@host:104",
        "dicom://[::1",
        "",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError) as raised:
        parse(url)
    assert raised.value.hint
    assert "secret" not in str(raised.value)


def test_a_character_set_has_to_be_one():
    assert parse("dicom://PACS@host", charset="ISO_IR 100").charset == "ISO_IR 100"
    assert parse("dicom://PACS@host", charset="\\ISO 2022 IR 87").charset
    with pytest.raises(UsageError, match="latin1"):
        parse("dicom://PACS@host", charset="latin1")


def test_titles_of_ours_are_checked_too():
    with pytest.raises(UsageError, match="is no AE title"):
        Address("PACS", "host", 104, calling="much too long a title")
    with pytest.raises(UsageError, match="is no AE title"):
        DimsePeer("dicom://PACS@host").move("1.2", "", [], "much too long a title")
