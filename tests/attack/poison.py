"""Poison: values and bodies that break careless readers, as the bytes of JSON and of what is none."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import Any, Final

import msgspec
from msgspec import inspect

MOMENTS: Final = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999-14:00",
    "0000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-11-01T01:30:00 America/New_York",
    "2026-W01-1",
    "1e10",
]
TEXTS: Final = [
    "", " ", "\u200b", "\u202eevil\u202c", "\ufeffx", "\u2028", "\U0001f469\u200d\U0001f469\u200d" * 40,
    "e" + "\u0301" * 500, "\U0010ffff", "\uffff", "x" * 60_000, "../../etc/passwd", "'; DROP TABLE x;--",
    "<script>alert(1)</script>", "=cmd|'/C calc'!A0", "%s%n{0}{{7*7}}${7*7}", "a\r\nX-Injected: 1",
    "\x1b[2J", "\x7f", "svc_" + "0" * 26, "svc_" + "v" * 26, "tem_" + "\u0661" * 26, "SEV1", "owner",
]  # fmt: skip
VALUES: Final[list[bytes]] = [
    *(msgspec.json.encode(text) for text in [*MOMENTS, *TEXTS]),
    b"null", b"true", b"0", b"-1", b"1.5", b"-0.0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"-Infinity",
    b"9" * 25, b"-" + b"9" * 25, b"9" * 5_000, b"1" + b"0" * 400 + b".5", b"18446744073709551615",
    b"9223372036854775808", b"2147483648", b"[]", b"{}", b"[[]]", b"[null]", b'["x","x"]', b'{"a":{}}',
    b"[" * 40 + b"]" * 40, b'{"a":' * 40 + b"1" + b"}" * 40,
    b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00\\ud800"', b'["\\ud800"]', b'{"\\u0000":1}',
    b'{"\\ud800":1}', b'{"a":1,"a":2}', b"[" + b'"x",' * 9_000 + b'"x"]',
    b'[{"title":"x","url":"JavaScript:alert(1)"}]', b'[{"title":"\\u202ex","url":"//evil.example"}]',
]  # fmt: skip


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(10_000_000))
    return packed.getvalue()


BOMB: Final = gzip.compress(bytes(30_000_000))
PACKED: Final = {  # Content-Encoding: the bytes
    "gzip": BOMB,
    "x-gzip": BOMB,
    "deflate": zlib.compress(bytes(30_000_000)),
    "gzip, gzip": gzip.compress(BOMB),
    "br": b"\x5b\xff\xff\x07",
    "zstd": b"\x28\xb5\x2f\xfd",
    "identity, gzip": BOMB,
}
BODIES: Final[dict[str, bytes]] = {  # none of them is an object that anybody could mean
    "a number": b"1",
    "null": b"null",
    "a text": b'"x"',
    "a list": b"[]",
    "a list of objects": b"[{}]",
    "half an object": b"{",
    "the other half": b"}",
    "a comma too many": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "a comment": b"{/* */}",
    "two objects": b"{}{}",
    "something behind it": b"{} x",
    "a NUL behind it": b"{}\0",
    "nothing but NULs": bytes(1_000),
    "a BOM alone": b"\xef\xbb\xbf",
    "two BOMs": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-16 without a BOM": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": "{}".encode("utf-32"),
    "UTF-7": b"+AHs-+AH0-",
    "Latin-1": b'{"a":"caf\xe9"}',
    "UTF-8 that is too long": b'{"a":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "UTF-8 past Unicode": b'{"a":"\xf5\x80\x80\x80"}',
    "half a character": b'{"a":"\xe2\x82',
    "a raw control character": b'{"a":"\x01"}',
    "a raw line feed in a text": b'{"a":"\n"}',
    "an escape that is none": b'{"a":"\\x41"}',
    "half an escape": b'{"a":"\\u12"}',
    "lists in lists": b"[" * 60_000,
    "objects in objects": b'{"a":' * 12_000,
    "closed lists in lists": b"[" * 30_000 + b"]" * 30_000,
    "more values than we count": b'{"a":[' + b"1," * 30_000 + b"1]}",
    "100,000 keys": b"{" + b",".join(b'"%d":1' % number for number in range(100_000)) + b"}",
    "4,000 unknown keys": b"{" + b",".join(b'"k%d":1' % number for number in range(4_000)) + b"}",
    "a key twice": b'{"a":1,"a":1}',
    "a key twice, written otherwise": b'{"a":1,"\\u0061":1}',
    "an empty key": b'{"":1}',
    "__proto__": b'{"__proto__":{"admin":true}}',
    "a form": b"title=x&service=y",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "YAML": b"!!python/object/apply:os.system ['true']",
    "a pickle": b"cposix\nsystem\n(S'true'\ntR.",
    "a zip file": _zip(),
    "a gzip file": gzip.compress(b"{}"),
}
# For paths, queries and headers.
WORDS: Final = [
    "-1", "1e5", "9" * 1_200, "null", "a" * 3_000, "..", "%s%n", "' OR 1=1--", "*", "\u0661",
    "\U0001f469\u200d", "\uffff", "inc_" + "0" * 26, "svc_" + "v" * 26, "a,b,c",
]  # fmt: skip
ESCAPES: Final = [
    "%00",
    "a%00b",
    "%FF",
    "%C0%AF",
    "%ED%A0%80",
    "%0d%0aX-Injected:%201",
    "%2e%2e%2f",
    "%2F",
    "%25",
]


def good(kind: inspect.Type) -> Any:
    """A value that a type takes, so that one field of a body can be poisoned at a time."""
    match kind:
        case inspect.StrType():
            return "x" * max(kind.min_length or 1, 1)
        case inspect.IntType():
            return kind.ge or 1
        case inspect.BoolType():
            return True
        case inspect.DateTimeType():
            return "2030-01-01T00:00:00Z"
        case inspect.EnumType():
            return next(iter(kind.cls)).value
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.ListType() | inspect.VarTupleType():
            return [good(kind.item_type)]
        case inspect.DictType():
            return {}
        case inspect.StructType():
            return {field.encode_name: good(field.type) for field in kind.fields if field.required}
        case inspect.UnionType():
            return good(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
        case inspect.Metadata():
            return good(kind.type)
    raise AssertionError(f"a body has a field of a type that this corpus does not know: {kind}")
