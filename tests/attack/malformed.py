"""Malformed requests, by what is wrong with them; HOST, KEY, SERVICE, LENGTH and SIZE are filled in.

What they are made of is a request that would open an incident if it were read as it stands.
"""

from __future__ import annotations

BODY = b'{"title":"opened","service":"SERVICE"}'
HEAD = (
    b"POST /api/v1/orgs/acme/incidents HTTP/1.1\r\n"
    b"Host: HOST\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\n"
)
END = b"\r\n"
TO = b"Host: HOST\r\n\r\n"
GET = b"GET /livez HTTP/1.1\r\n"
LENGTH = b"Content-Length: LENGTH\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"SIZE\r\n" + BODY + b"\r\n0\r\n\r\n"
WHOLE = HEAD + LENGTH + END + BODY


def framed(framing: bytes, body: bytes = BODY) -> bytes:
    """The request with other fields for its size."""
    return HEAD + framing + END + body


def chunks(old: bytes, new: bytes) -> bytes:
    """The request in chunks, with something replaced in them."""
    assert old in CHUNKS
    return framed(CHUNKED, CHUNKS.replace(old, new))


def plus(field: bytes) -> bytes:
    """The request with one more field, good in everything else."""
    return HEAD + LENGTH + field + END + BODY


FRAMING = {  # two readers of these could see two different bodies
    "both sizes": framed(LENGTH + CHUNKED, CHUNKS),
    "both sizes, the other first": framed(CHUNKED + LENGTH, CHUNKS),
    "chunked twice": framed(CHUNKED * 2, CHUNKS),
    "chunked, chunked": framed(b"Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
    "identity": framed(b"Transfer-Encoding: identity\r\n"),
    "identity with a length": framed(LENGTH + b"Transfer-Encoding: identity\r\n"),
    "xchunked": framed(b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "gzip, chunked": framed(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    "chunked, identity": framed(b"Transfer-Encoding: chunked, identity\r\n", CHUNKS),
    "chunked in quotes": framed(b'Transfer-Encoding: "chunked"\r\n', CHUNKS),
    "chunked behind a vertical tab": framed(b"Transfer-Encoding: \x0bchunked\r\n", CHUNKS),
    "chunked with a parameter": framed(b"Transfer-Encoding: chunked;q=1\r\n", CHUNKS),
    "an empty transfer encoding": framed(b"Transfer-Encoding:\r\n", CHUNKS),
    "a space before the colon of the encoding": framed(b"Transfer-Encoding : chunked\r\n", CHUNKS),
    "an encoding on a folded line": framed(b"Transfer-Encoding:\r\n chunked\r\n", CHUNKS),
    "two lengths": framed(LENGTH + b"Content-Length: 0\r\n"),
    "two lengths, the wrong one first": framed(b"Content-Length: 0\r\n" + LENGTH),
    "the same length twice": framed(LENGTH * 2),
    "the same length twice in one field": framed(b"Content-Length: LENGTH, LENGTH\r\n"),
    "two lengths in one field": framed(b"Content-Length: LENGTH, 0\r\n"),
    "a length in other letters too": framed(LENGTH + b"content-length: LENGTH\r\n"),
    "a length with a plus": framed(b"Content-Length: +LENGTH\r\n"),
    "a negative length": framed(b"Content-Length: -1\r\n"),
    "a length with a space in it": framed(b"Content-Length: 3 9\r\n"),
    "a length with an underline": framed(b"Content-Length: 3_9\r\n"),
    "a length in hexadecimal": framed(b"Content-Length: 0x27\r\n"),
    "a length with a fraction": framed(b"Content-Length: 39.0\r\n"),
    "a length in foreign digits": framed("Content-Length: \u0663\u0669\r\n".encode()),
    "an empty length": framed(b"Content-Length:\r\n"),
    "a length past every limit": framed(b"Content-Length: 9223372036854775808\r\n"),
    "a length of 5,000 digits": framed(b"Content-Length: " + b"9" * 5_000 + END),
    "a space before the colon of the length": framed(b"Content-Length : LENGTH\r\n"),
    "a length behind a bare CR": framed(b"X-Field: a\rContent-Length: LENGTH\r\n"),
    "a length behind a bare LF": framed(b"X-Field: a\nContent-Length: LENGTH\r\n"),
}
PIECES = {
    "a chunk extension": chunks(b"SIZE", b"SIZE;a=b"),
    "a chunk extension without a name": chunks(b"SIZE", b"SIZE;"),
    "a chunk of a negative size": chunks(b"SIZE", b"-1"),
    "a chunk size with a plus": chunks(b"SIZE", b"+SIZE"),
    "a chunk size with 0x": chunks(b"SIZE", b"0xSIZE"),
    "a chunk size behind a space": chunks(b"SIZE", b" SIZE"),
    "a chunk size before a space": chunks(b"SIZE", b"SIZE "),
    "a chunk size with an underline": chunks(b"SIZE", b"2_7"),
    "a chunk size that is no number": chunks(b"SIZE", b"many"),
    "an empty chunk size": chunks(b"SIZE", b""),
    "a chunk size past every limit": chunks(b"SIZE", b"f" * 16),
    "a chunk size of 60 digits": chunks(b"SIZE", b"f" * 60),
    "a chunk size that does not end": chunks(b"SIZE", b"0" * 100),
    "a chunk that is longer than its size": chunks(b"SIZE", b"5"),
    "a chunk that ends with LF": chunks(b"}\r\n", b"}\n\n"),
    "a chunk size that ends with LF": chunks(b"SIZE\r\n", b"SIZE\n"),
    "a trailer": chunks(b"0\r\n\r\n", b"0\r\nX-Field: a\r\n\r\n"),
    "a length in a trailer": chunks(b"0\r\n\r\n", b"0\r\n" + LENGTH + END),
}
LINES = {
    "lines that end with LF": WHOLE.replace(b"\r\n", b"\n"),
    "lines that end with CR": (HEAD + LENGTH).replace(b"\r\n", b"\r") + b"\r\n\r\n" + BODY,
    "one line that ends with LF": plus(b"X-Field: a\nX-Other: b\r\n"),
    "a request line that ends with LF": WHOLE.replace(b"\r\n", b"\n", 1),
    "a request line that ends with CR CR LF": WHOLE.replace(b"\r\n", b"\r\r\n", 1),
    "an empty line that ends with LF": HEAD + LENGTH + b"\n" + BODY,
    "a first line that is a bare LF": b"\n" + WHOLE,
    "a bare CR in a value": plus(b"X-Field: a\rb\r\n"),
    "a NUL in a value": plus(b"X-Field: a\0b\r\n"),
    "a NUL in a name": plus(b"X-\0Field: a\r\n"),
    "a bell in a value": plus(b"X-Field: a\x07b\r\n"),
    "a DEL in a value": plus(b"X-Field: a\x7fb\r\n"),
    "an escape sequence in a value": plus(b"X-Field: \x1b[2J\r\n"),
    "a field that goes on in the next line": plus(b"X-Field: a\r\n b\r\n"),
    "a field that goes on behind a tab": plus(b"X-Field: a\r\n\tb\r\n"),
    "a first field behind a space": WHOLE.replace(b"\r\nHost", b"\r\n Host", 1),
    "a space before a colon": plus(b"X-Field : a\r\n"),
    "a tab before a colon": plus(b"X-Field\t: a\r\n"),
    "a field without a name": plus(b": a\r\n"),
    "a field without a colon": plus(b"X-Field\r\n"),
    "a name with a bracket": plus(b"X(Field): a\r\n"),
    "a name that is not ASCII": plus("X-F\u00efeld: a\r\n".encode()),
    "more fields than anybody sends": plus(b"".join(b"X-%d: a\r\n" % index for index in range(200))),
}
ADDRESSES = {
    "no host": GET + END,
    "two hosts": GET + b"Host: HOST\r\nHost: evil.example\r\n\r\n",
    "the same host twice": GET + b"Host: HOST\r\nHost: HOST\r\n\r\n",
    "two hosts in one field": GET + b"Host: HOST, evil.example\r\n\r\n",
    "a host with a user": GET + b"Host: user@HOST\r\n\r\n",
    "a host with a path": GET + b"Host: HOST/path\r\n\r\n",
    "a host with a space": GET + b"Host: HOST evil.example\r\n\r\n",
    "a host with a backslash": GET + b"Host: HOST\\evil.example\r\n\r\n",
    "a host with a port that is none": GET + b"Host: 127.0.0.1:port\r\n\r\n",
    "a host that is not ASCII": GET + "Host: h\u00f6st.example\r\n\r\n".encode(),
    "a URL of another host": b"GET http://evil.example/livez HTTP/1.1\r\n" + TO,
    "a URL of this host": b"GET http://HOST/livez HTTP/1.1\r\n" + TO,
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n" + TO,
    "a target without a slash": b"GET livez HTTP/1.1\r\n" + TO,
    "a star": b"GET * HTTP/1.1\r\n" + TO,
}
FIRST_LINES = {
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/0.9 in name": b"GET /livez HTTP/0.9\r\n" + TO,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0": b"GET /livez HTTP/2.0\r\n" + TO,
    "HTTP/3.0": b"GET /livez HTTP/3.0\r\n" + TO,
    "HTTP/1.10": b"GET /livez HTTP/1.10\r\n" + TO,
    "a version in small letters": b"GET /livez http/1.1\r\n" + TO,
    "a version that is none": b"GET /livez HTTP/a.b\r\n" + TO,
    "no version but a space": b"GET /livez \r\n" + TO,
    "two spaces": b"GET  /livez HTTP/1.1\r\n" + TO,
    "tabs for spaces": b"GET\t/livez\tHTTP/1.1\r\n" + TO,
    "a space behind the version": b"GET /livez HTTP/1.1 \r\n" + TO,
    "a space in front": b" GET /livez HTTP/1.1\r\n" + TO,
    "a space in the target": b"GET /livez /x HTTP/1.1\r\n" + TO,
    "a NUL in the target": b"GET /livez\0 HTTP/1.1\r\n" + TO,
    "a control character in the target": b"GET /liv\x01ez HTTP/1.1\r\n" + TO,
    "a method with a bracket": b"G(ET /livez HTTP/1.1\r\n" + TO,
    "a method with a NUL": b"GET\0 /livez HTTP/1.1\r\n" + TO,
    "the hello of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n",
    "nothing but empty lines": b"\r\n\r\n",
}
BAD = FRAMING | PIECES | LINES | ADDRESSES | FIRST_LINES
LARGE = {
    "a head of 17 KiB": plus(b"X-Field: " + b"a" * 17 * 1024 + END),
    "a head of 200 KiB": plus(b"X-Field: " + b"a" * 200 * 1024 + END),
    "a head that does not end": HEAD + b"X-Field: " + b"a" * 40_000,
    "a target of 20 KiB": b"GET /" + b"a" * 20_480 + b" HTTP/1.1\r\n" + TO,
    "a cookie of 20 KiB": plus(b"Cookie: a=" + b"b" * 20_480 + END),
}
GOOD = {  # the other side of the corpus: it is not refused because everything is
    "a request": WHOLE,
    "chunks": framed(CHUNKED, CHUNKS),
    "chunked in capitals": framed(b"Transfer-Encoding: CHUNKED\r\n", CHUNKS),
    "a chunk size with zeros in front": chunks(b"SIZE", b"0000SIZE"),
    "an empty line in front": END + WHOLE,
    "names in small letters": WHOLE.replace(b"Authorization", b"authorization"),
    "no space behind a colon": framed(b"Content-Length:LENGTH\r\n"),
    "tabs around a value": framed(b"Content-Length:\t LENGTH\t\r\n"),
    "a length with zeros in front": framed(b"Content-Length: 000LENGTH\r\n"),
    "a value in Latin-1": plus(b"X-Field: caf\xe9\r\n"),
    "an empty value": plus(b"X-Field:\r\n"),
    "a hundred fields": plus(b"".join(b"X-%d: a\r\n" % index for index in range(95))),
    "a head of 15 KiB": plus(b"X-Field: " + b"a" * 15 * 1024 + END),
    "one who asks whether to go on": plus(b"Expect: 100-continue\r\n"),
}
ODD = {  # well formed, and nobody sends it; with the statuses that are right
    "a method in small letters": (b"get /livez HTTP/1.1\r\n", {405}),
    "a method that nobody knows": (b"BREW /livez HTTP/1.1\r\n", {405}),
    "TRACE": (b"TRACE /livez HTTP/1.1\r\n", {405}),
    "a NUL in escapes": (b"GET /api/v1/orgs/ac%00me/incidents HTTP/1.1\r\n", {404}),
    "a NUL in a file's name": (b"GET /static/x/%00.js HTTP/1.1\r\n", {404}),
    "UTF-8 that is too long": (b"GET /api/v1/orgs/%C0%AF/incidents HTTP/1.1\r\n", {400}),
    "UTF-8 of a surrogate": (b"GET /api/v1/orgs/%ED%A0%80/incidents HTTP/1.1\r\n", {400}),
    "bytes that are no UTF-8": (b"GET /api/v1/orgs/\xff\xfe/incidents HTTP/1.1\r\n", {401}),
    "dots": (b"GET /static/x/../../../etc/passwd HTTP/1.1\r\n", {404}),
    "dots in escapes": (b"GET /static/x/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\n", {404}),
    "dots in escapes of escapes": (b"GET /static/x/%252e%252e%252fetc HTTP/1.1\r\n", {404}),
    "half an escape": (b"GET /api/v1/orgs/%/incidents HTTP/1.1\r\n", {401}),
    "two slashes": (b"GET //livez HTTP/1.1\r\n", {404}),
    "another host behind two slashes": (b"GET //evil.example/livez HTTP/1.1\r\n", {404}),
    "a target of 15 KiB": (b"GET /" + b"a" * 15_000 + b" HTTP/1.1\r\n", {404}),
    "a query of 15 KiB": (b"GET /livez?" + b"a" * 15_000 + b" HTTP/1.1\r\n", {200}),
    "a query of 900 fields": (b"GET /livez?" + b"a=b&" * 900 + b" HTTP/1.1\r\n", {200}),
    "a query of 3,000 fields": (b"GET /livez?" + b"a=b&" * 3_000 + b" HTTP/1.1\r\n", {400}),
    "a query of escapes": (b"GET /livez?" + b"%00" * 4_000 + b" HTTP/1.1\r\n", {200}),
}
