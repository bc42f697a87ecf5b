"""What vendors' programs need around them: their configuration, a throw-away CA, and TLS before a hub."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.embedded.keep import choose_port

RULES = """\
groups:
  - name: test
    interval: 1s
    rules:
      - alert: Down
        expr: vector(1) > {threshold}
        labels: {{severity: critical}}
        annotations: {{summary: It is down}}
"""
PROMETHEUS = """\
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /integrations/alertmanager/{integration}
      authorization: {{credentials: {key}}}
      static_configs: [{{targets: ["{hub}"]}}]
    - static_configs: [{{targets: ["{alertmanager}"]}}]
"""
ALERTMANAGER = """\
route: {{receiver: hub, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: hub
    webhook_configs:
      - url: http://{hub}/integrations/alertmanager/{integration}/webhook
        http_config: {{authorization: {{credentials: {key}}}}}
    pagerduty_configs:
      - {{routing_key: {key}, url: "http://{hub}/v2/enqueue"}}
      - {{service_key: {key}, url: "http://{hub}/generic/2010-04-15/create_event.json"}}
    opsgenie_configs:
      - {{api_key: {key}, api_url: "http://{hub}/integrations/opsgenie/{integration}/"}}
"""


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
def https(port: int, certificate: Path) -> Iterator[int]:
    """A port that speaks TLS and leads to `port`, as a proxy before a hub does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, back), copy(there, writer))

    server = loop.run_until_complete(asyncio.start_server(forward, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


@contextmanager
def process(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A vendor's program, whose words are in a file of the folder, gone after the block."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        started = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(10)


@contextmanager
def monitoring(folder: Path, hub: str, integration: str, key: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Prometheus that alerts the hub itself, and by an Alertmanager with all its receivers for the hub."""
    alertmanager, prometheus = (f"127.0.0.1:{choose_port(None)}" for _ in range(2))
    values = {"hub": hub, "integration": integration, "key": key, "alertmanager": alertmanager}
    (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(**values))
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(**values))
    (folder / "rules.yml").write_text(RULES.format(threshold=0))
    with (
        process(
            folder, "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=am",
            f"--web.listen-address={alertmanager}", "--cluster.listen-address=",
        ),
        process(
            folder, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=prom",
            f"--web.listen-address={prometheus}", "--rules.alert.resend-delay=1s",
        ) as running,
    ):  # fmt: skip
        yield running
