/** `ws` (npm): a key in the Authorization header, the cursor in the query; offers compression, as it does by default. */

import WebSocket from "ws";
import { key, Ledger } from "./ledger.mjs";

const ledger = new Ledger("ws");

function dial() {
  const address = ledger.address("/stream", { after: ledger.cursor }).replace("http", "ws");
  const socket = new WebSocket(address, ["incidenthub.v1+json"], {
    headers: { Authorization: `Bearer ${key}` },
  });
  socket.on("message", (message) => ledger.take(JSON.parse(message)) || socket.terminate());
  socket.on("error", () => {}); // a close follows
  socket.on("close", () => setTimeout(dial, 20));
}

dial();
