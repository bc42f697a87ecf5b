"""`httpx-sse` (PyPI): Server-Sent Events, the cursor in Last-Event-ID."""

import time

from httpx import Client, HTTPError
from httpx_sse import connect_sse
from ledger import KEY, Ledger


def follow(client: Client, ledger: Ledger) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Last-Event-ID": ledger.cursor}
    with connect_sse(client, "GET", ledger.address("/events/stream"), headers=headers) as source:
        for record in source.iter_sse():
            ledger.see(record.id or ledger.cursor, [record.json()] if record.event == "message" else [])


def main() -> None:
    ledger = Ledger("httpx-sse")
    with Client(timeout=30) as client:
        while True:
            try:
                follow(client, ledger)
            except HTTPError:
                time.sleep(0.02)


main()
