/** `reconnecting-websocket` (npm): dials again by itself, each time with a new ticket, as a page of another origin would. */

import ReconnectingWebSocket from "reconnecting-websocket";
import WebSocket from "ws";
import { key, Ledger, url } from "./ledger.mjs";

const ledger = new Ledger("reconnecting-websocket");

async function address() {
  const headers = { Authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/stream-tickets`, { method: "POST", headers });
  const { ticket } = await answer.json();
  return ledger.address("/stream", { after: ledger.cursor, ticket }).replace("http", "ws");
}

const options = { WebSocket, minReconnectionDelay: 20, maxReconnectionDelay: 100 };
const socket = new ReconnectingWebSocket(address, ["incidenthub.v1+json"], options);
socket.onmessage = ({ data }) => ledger.take(JSON.parse(data)) || socket.reconnect();
