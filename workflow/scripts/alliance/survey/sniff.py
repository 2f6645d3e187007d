"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

WORKBOOK = "an Excel workbook or another zip archive"
SIGNATURES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", WORKBOOK),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old or protected Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"PAR1", "a Parquet file"),
    (b"<stata_dta>", "a Stata file"),
    (b"SQLite format 3", "a database file"),
    (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS file"),
    (b"HEADER RECORD*******LIB", "a SAS file"),  # transport files, versions 5 and 8
)
TEXT = "text"
BINARY = "a binary file"
EMPTY = "empty"

#: format of the config -> what such a file is
EXPECTED = {
    "csv": TEXT,
    "qualtrics": TEXT,
    "spss": "an SPSS file",
    "redcap": TEXT,
    "limesurvey": TEXT,
    "surveymonkey": TEXT,
    "excel": WORKBOOK,
    "sas": "a SAS file",
    "stata": "a Stata file",
    "parquet": "a Parquet file",
}
NAMES = {
    "csv": "CSV text",
    "qualtrics": "a Qualtrics CSV",
    "spss": "an SPSS .sav file",
    "redcap": "a REDCap CSV",
    "limesurvey": "a LimeSurvey CSV",
    "surveymonkey": "a SurveyMonkey CSV",
    "excel": "an Excel .xlsx workbook",
    "sas": "a SAS .sas7bdat or .xpt file",
    "stata": "a Stata .dta file",
    "parquet": "a Parquet file",
}


def kind_of(head: bytes) -> str:
    """Name of the kind of file that begins with these bytes: one of the kinds above."""
    if not head:
        return EMPTY
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            return name
    if len(head) > 2 and 104 <= head[0] <= 119 and head[1] in (1, 2) and head[2] == 1:
        return "a Stata file"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TEXT  # UTF-16 with its byte order mark
    if b"\0" in head:
        return BINARY
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:100].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    return TEXT
