"""Text and values that have broken parsers and displays before."""

from __future__ import annotations

HOSTILE = (
    "", " ", "nan", "NA", "NULL", "None", "#N/A", "inf", "-inf", "1e999", "-1", "0", "1.5", "1,5",
    "9" * 400, "0x10", "True", "2024-01-01", "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "[/]v",
    "[bold]x[/bold]", "[link=file:///etc/passwd]x", "\x1b[2J\x1b]0;title\x07", "\x00", "\x00a",
    "\ud7ff\uffff", "\u202eabc", "\u200b", "a\u0301", "\xe1", "ANGRY ", "angry", "A" * 20_000,
    "a\nb", "a\r\nb", '"', "'", "\\", ";", ",", "\t", "|", "<script>alert(1)</script>", "&amp;",
    "{{7*7}}", "${HOME}", "%s%n", "../../etc/passwd", "/etc/passwd", "/dev/zero", "/dev/stdin",
    "/proc/self/mem", ".", "..", "/", "a/" * 3000, "x" * 300, "http://127.0.0.1:9/a.wav",
    "ftp://127.0.0.1:9/a.wav", "zip://a::b", "reference://a", "file:///dev/zero", "s3://a/b",
    "memory://a", "://", "http://[", "http://user:secret@127.0.0.1:9/a.wav", "C:\\a.wav", "~/a.wav",
)  # fmt: skip
"""Cells, file names, labels."""
