"""Metalink documents, read back by an XML parser of somebody else; aria2 downloads by them in tests/journeys."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from headwaters.core.shelf.metalink import Edition, LinkedFile, links, metalink, under

NAMESPACE = {"m": "urn:ietf:params:xml:ns:metalink"}
EDITION = Edition("Rain & <River>", 2, datetime(2026, 11, 22, 10, 30, 15, 999, tzinfo=UTC))
FILE = LinkedFile('Disc 1/01 "Rain" & 雨.flac', 7, "ab" * 32, ["https://a.example/x?y&z", "https://b.example/"])


def read(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False))


def test_it_says_of_each_file_what_a_program_needs() -> None:
    root = read(metalink(EDITION, [FILE, LinkedFile("b.txt", 0, "cd" * 32, ["https://a.example/b"])]))
    assert root.tag == "{urn:ietf:params:xml:ns:metalink}metalink"
    assert root.xpath("string(m:published)", namespaces=NAMESPACE) == "2026-11-22T10:30:15Z"
    first, second = root.xpath("m:file", namespaces=NAMESPACE)
    assert [first.get("name"), second.get("name")] == [FILE.name, "b.txt"]
    assert first.xpath("string(m:identity)", namespaces=NAMESPACE) == "Rain & <River>"
    assert first.xpath("string(m:version)", namespaces=NAMESPACE) == "2"
    assert first.xpath("string(m:size)", namespaces=NAMESPACE) == "7"
    assert first.xpath("string(m:hash[@type='sha-256'])", namespaces=NAMESPACE) == "ab" * 32
    found = [(url.get("priority"), url.text) for url in first.xpath("m:url", namespaces=NAMESPACE)]
    assert found == [("1", "https://a.example/x?y&z"), ("2", "https://b.example/")]


def test_the_order_of_elements_is_that_of_rfc_5854s_schema() -> None:
    """It may be any (its schema interleaves); older readers want it as the RFC's examples have it."""
    (file,) = read(metalink(EDITION, [FILE])).xpath("m:file", namespaces=NAMESPACE)
    assert [etree.QName(part).localname for part in file] == ["identity", "version", "size", "hash", "url", "url"]


def test_a_title_that_no_xml_may_hold_breaks_nothing() -> None:
    odd = Edition("a\x00b\x1b\ud800c", 1, EDITION.published)
    assert read(metalink(odd, [FILE])).xpath("string(//m:identity)", namespaces=NAMESPACE) == "a b  c"


def test_what_is_said_beside_a_download() -> None:
    said = list(links("/d/k/r.meta4", "/d/k/all.torrent", ["https://m.example/a", "https://n.example/a"]))
    assert said == [
        ("Link", '</d/k/r.meta4>; rel=describedby; type="application/metalink4+xml"'),
        ("Link", '</d/k/all.torrent>; rel=describedby; type="application/x-bittorrent"'),
        ("Link", "<https://m.example/a>; rel=duplicate; pri=1"),
        ("Link", "<https://n.example/a>; rel=duplicate; pri=2"),
    ]
    assert [value for _, value in links("/m", "", [])] == ['</m>; rel=describedby; type="application/metalink4+xml"']


def test_a_file_under_a_mirrors_address() -> None:
    assert (
        under("https://m.example/x/", "Disc 1/a b+ü?#.flac") == "https://m.example/x/Disc%201/a%20b%2B%C3%BC%3F%23.flac"
    )
