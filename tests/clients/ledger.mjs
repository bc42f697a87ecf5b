/** What a client of the tests has seen, as JSON lines: its cursor, and the ids of the events up to it. */

export const url = process.env.HUB_STREAMS; // of one organization: …/api/v1/orgs/acme
export const key = process.env.HUB_KEY;

export class Ledger {
  cursor = "";

  constructor(client) {
    this.client = client;
  }

  address(path, query = {}) {
    return `${url}${path}?${new URLSearchParams({ client: this.client, ...query })}`;
  }

  /** Take a frame of the WebSocket; false where it does not follow what is here: then dial again. */
  take(frame) {
    if (frame.frame === "events" && frame.after !== this.cursor) return false;
    this.see(frame.cursor ?? frame.from ?? this.cursor, frame.events ?? []);
    return true;
  }

  see(cursor, events) {
    this.cursor = cursor;
    console.log(JSON.stringify({ client: this.client, cursor, ids: events.map((event) => event.id) }));
  }
}
