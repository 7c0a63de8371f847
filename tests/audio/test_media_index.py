"""MPEG-4 files that announce more packets than they can hold are refused before they are opened."""

from __future__ import annotations

import io
import struct

import pytest

from featser.audio.headers.media_index import mpeg4_fault


def box(name: bytes, *contents: bytes, length: int | None = None) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content) if length is None else length, name) + content


def table(name: bytes, *numbers: int, length: int | None = None) -> bytes:
    return box(name, bytes(4), struct.pack(f">{len(numbers)}I", *numbers), length=length)


def movie(*tables: bytes, name: bytes = b"moov", sound: bytes = b"") -> bytes:
    nested = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables))))
    return box(b"ftyp", b"M4A ") + box(name, nested) + box(b"mdat", sound)


def fault_of(data: bytes) -> str:
    return mpeg4_fault(io.BytesIO(data), len(data))


@pytest.mark.parametrize(
    "tables",
    [
        table(b"stsz", 1, 40_000_000),
        table(b"stz2", 4, 40_000_000),
        table(b"trun", 40_000_000),
        table(b"stts", 1, 40_000_000, 1024),
        table(b"ctts", 2, 39_999_999, 1, 1, 1),
        table(b"stsz", 1, 40_000_000, length=0),
        table(b"stsz", 1, 40_000_000, length=0xFFFFFFFF),
        box(b"stsz", struct.pack(">Q", 28), bytes(4), struct.pack(">II", 1, 40_000_000), length=1),
        table(b"stsz", 1, 20_000_000) + table(b"stsz", 1, 20_000_000),
    ],
)
def test_more_packets_than_bytes_are_refused(tables: bytes) -> None:
    reason = fault_of(movie(tables))
    assert reason.startswith("damaged: its header states 40000000 packets, the file has ")


def test_packets_in_a_box_that_should_be_free_are_counted() -> None:
    assert fault_of(movie(table(b"stsz", 1, 40_000_000), name=b"free"))


def test_as_many_packets_as_the_file_can_hold_are_accepted() -> None:
    assert fault_of(movie(table(b"stsz", 0, 900_000), sound=bytes(200_000))) == ""
    assert fault_of(movie(table(b"stsz", 0, 2_000_000), sound=bytes(200_000))) != ""


def test_sound_that_looks_like_a_table_is_no_table() -> None:
    assert fault_of(movie(sound=table(b"stsz", 1, 40_000_000))) == ""


def test_a_picture_in_a_large_header_that_holds_a_name_is_no_table() -> None:
    picture = (
        bytes(70_000) + b"\xff\xff\xff\xffstsz\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    )
    assert fault_of(movie(picture)) == ""


def test_a_compressed_header_is_refused() -> None:
    assert "compressed" in fault_of(movie(box(b"cmov", bytes(20))))


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0moov", b"\0\0\0\x01moov", bytes(40)])
def test_a_header_that_ends_early_is_left_to_the_decoder(data: bytes) -> None:
    assert fault_of(data) == ""
