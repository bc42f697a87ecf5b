/** A page's own EventSource and WebSocket, with the cookie of who signed in here. Run in Chromium by with_chromium.py,
 * which gives `saw` to the page. */

(async ({ path, email, password }) => {
  await fetch("/api/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });

  function see(client, cursor, events) {
    globalThis.saw(JSON.stringify({ client, cursor, ids: events.map((event) => event.id) }));
  }

  let last = "";

  function listen() {
    const query = new URLSearchParams({ client: "EventSource", after: last });
    const source = new EventSource(`${path}/events/stream?${query}`);
    const heard = (id, events) => see("EventSource", last = id, events);
    source.onmessage = ({ data, lastEventId }) => heard(lastEventId, [JSON.parse(data)]);
    for (const name of ["welcome", "mark", "reset", "hidden"]) {
      source.addEventListener(name, ({ lastEventId }) => heard(lastEventId, []));
    }
    // Chromium takes a header that was cut for a whole one; without its Content-Type it gives up
    source.onerror = () => source.readyState === EventSource.CLOSED && setTimeout(listen, 20);
  }

  listen();

  let cursor = "";

  function dial() {
    const query = new URLSearchParams({ client: "WebSocket", after: cursor });
    const socket = new WebSocket(`ws://${location.host}${path}/stream?${query}`, "incidenthub.v1+json");
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.frame === "events" && frame.after !== cursor) {
        socket.close();
        return;
      }
      cursor = frame.cursor ?? frame.from ?? cursor;
      see("WebSocket", cursor, frame.events ?? []);
    };
    socket.onclose = () => setTimeout(dial, 20);
  }

  dial();
});
