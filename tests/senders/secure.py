"""TLS before a hub, under a throw-away CA, for vendors' programs that speak nothing else."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Secure(NamedTuple):
    """Where TLS is spoken, and the CA to trust there."""

    port: int
    proxy: int  # of an HTTP proxy, which leads every CONNECT to `port`, whatever host it names
    ca: Path


def name(common: str) -> x509.Name:
    """A certificate's subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certify(folder: Path) -> tuple[Path, Path]:
    """(the CA's certificate, a server's certificate and key for 127.0.0.1 that it signed), for an hour."""
    now = datetime.now(UTC)
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def built(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("throw-away CA"))
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return made.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))

    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    issuer = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
    ca = built("throw-away CA", root).add_extension(x509.BasicConstraints(True, None), critical=True)
    ca = ca.add_extension(usage, critical=True).add_extension(issuer, critical=False)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
    known = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
    server = built("hub", leaf).add_extension(here, critical=False).add_extension(known, critical=False)
    pem = serialization.Encoding.PEM
    trusted, own = folder / "ca.pem", folder / "server.pem"
    trusted.write_bytes(ca.sign(root, hashes.SHA256()).public_bytes(pem))
    secret = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    own.write_bytes(server.sign(root, hashes.SHA256()).public_bytes(pem) + secret)
    return trusted, own


@contextmanager
def https(port: int, folder: Path) -> Iterator[Secure]:
    """TLS that leads to `port`, as a proxy before a hub speaks it; whoever is connected is cut at the end."""
    ca, own = certify(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    listening: Future[tuple[Secure, Callable[[], object]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_listen(port, context, ca, listening)), daemon=True)
    thread.start()
    secure, stop = listening.result(10)
    try:
        yield secure
    finally:
        stop()
        thread.join(10)
        assert not thread.is_alive()


async def _listen(
    port: int, context: ssl.SSLContext, ca: Path, listening: Future[tuple[Secure, Callable[[], object]]]
) -> None:
    """Until the second of what it told is called; `asyncio.run` then cancels what is connected."""
    end, loop = asyncio.Event(), asyncio.get_running_loop()
    tls = await asyncio.start_server(partial(_join, port), "127.0.0.1", 0, ssl=context)
    at = tls.sockets[0].getsockname()[1]
    proxy = await asyncio.start_server(partial(_tunnel, at), "127.0.0.1", 0)
    secure = Secure(at, proxy.sockets[0].getsockname()[1], ca)
    listening.set_result((secure, partial(loop.call_soon_threadsafe, end.set)))
    await end.wait()
    tls.close()
    proxy.close()


async def _tunnel(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a CONNECT (RFC 9110, section 9.3.6), then forward."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await _join(port, reader, writer)


async def _join(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry a connection both ways, to its end or ours."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
    except asyncio.CancelledError:
        for each in (back, writer):
            each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
