"""The peers: what they are started with, and the folder that holds them, apart from the hub's own venv."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.drain import Drain
from bench.peer import Peer

HERE = Path(__file__).resolve().parent
WS = "ws@8.18.3"
OPEN = "/socket.io/?EIO=4&transport=websocket"
JOIN = b"\x81\x82\0\0\0\0" + b"40"  # Socket.IO's CONNECT in a masked message


@dataclass(frozen=True)
class Rival:
    """One of them. `most` bounds its connections: what is slow is measured with fewer."""

    figure: str
    program: str
    most: int = 1000
    path: str = "/"
    hello: bytes = b""
    marks: int = -1

    async def start(self, folder: Path, count: int) -> Peer:
        """Start it with so many connections."""
        home = prepared()
        if self.program.endswith(".mjs"):
            command: list[str | Path] = ["node", HERE / "peers" / self.program]
        else:
            command = [home / "venv" / "bin" / "python", HERE / "peers" / self.program]
        os.environ.pop("PYTHONPATH", None)
        peer = await Peer.start(self.figure, command, await Drain.start(folder), home)
        await peer.fill(min(count, self.most), self.path, self.hello, self.marks)
        return peer


RIVALS = (
    Rival("tornado_naive_over_hub", "tornado_naive.py"),
    Rival("websockets_over_hub", "websockets_broadcast.py"),
    Rival("node_ws_over_hub", "ws_prebuilt.mjs"),
    Rival("socketio_over_hub", "socketio_emit.py", 500, OPEN, JOIN, 0),
    Rival("channels_over_hub", "channels_group.py", 100),
)


def prepared() -> Path:
    """The cache folder with a venv of bench/requirements.txt and Node's ws; made where it is not there."""
    wanted = (HERE / "requirements.txt").read_bytes() + WS.encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "incidenthub-bench"
    home = cache / hashlib.sha256(wanted).hexdigest()[:12]
    if (home / "ready").exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    pip = home / "venv" / "bin" / "pip"
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    subprocess.run([pip, "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", home, WS], check=True, cwd=home)
    (home / "ready").touch()
    return home
