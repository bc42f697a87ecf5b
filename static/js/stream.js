/**
 * The stream: one WebSocket that follows the organization and comes back by itself.
 * @module
 */

import { hear } from "./clock.js";
import { derive, signal } from "./core.js";
import { start, step } from "./streamstate.js";

/** @typedef {import("./streamstate.js").Effect} Effect */
/** @typedef {import("./streamstate.js").Input} Input */
/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {import("./wire.js").Present} Present */

/**
 * @typedef {object} Listener
 * @property {(events: Envelope[]) => void} apply they follow what came before, without a hole
 * @property {(reason: string) => void} reread drop the state and read the lists again
 * @property {(count: number) => void} caughtUp so many events were missed and are here now
 * @property {() => void} probe ask over HTTP why there is no stream
 * @property {(incident: string, members: Present[]) => void} present who is at an incident now
 */

/** Follow `path` (of this origin) until the page is left. @param {string} path @param {Listener} listener */
export function follow(path, listener) {
  const state = signal(start(Date.now()));
  /** @type {WebSocket | null} */
  let socket = null;

  /** @param {Input} input */
  function take(input) {
    const [next, effects] = step(state.peek(), input, Date.now(), Math.random());
    state.value = next;
    for (const effect of effects) perform(effect);
  }

  /** @param {Effect} effect */
  function perform(effect) {
    switch (effect.do) {
      case "dial":
        return dial(effect.after);
      case "hang_up":
        return hangUp();
      case "apply":
        return listener.apply(effect.events);
      case "reread":
        return listener.reread(effect.reason);
      case "caught_up":
        return listener.caughtUp(effect.count);
      case "probe":
        return listener.probe();
      case "present":
        return listener.present(effect.incident, effect.members);
    }
  }

  function hangUp() {
    const old = socket;
    socket = null; // what it still says is not listened to
    old?.close();
  }

  /** @param {string | null} after */
  function dial(after) {
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (after) url.searchParams.set("after", after);
    const old = socket;
    const made = new WebSocket(url, ["incidenthub.v1+json"]);
    socket = made;
    made.onmessage = ({ data }) => {
      if (made !== socket) return;
      const frame = JSON.parse(data);
      if (frame.frame === "mark") hear(frame.at);
      take({ kind: "frame", frame });
    };
    made.onclose = ({ code }) => {
      if (made !== socket) return;
      socket = null;
      take({ kind: "closed", code });
    };
    old?.close();
  }

  /** It was asked over HTTP: there will be no stream. @param {string} why */
  const refuse = (why) => take({ kind: "refused", why });
  /** Send a frame; without a connection it is lost. @param {Record<string, unknown>} frame */
  const say = (frame) => {
    if (state.peek().lost === null && socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify(frame));
    }
  };
  const tryNow = () => take({ kind: "dial" });
  setInterval(() => take({ kind: "tick" }), 250);
  addEventListener("online", tryNow);
  // timers of hidden tabs are slowed down: what is due is done when somebody looks
  document.addEventListener("visibilitychange", () => take({ kind: "tick" }));
  // a page that comes back from the browser's cache has no socket any more
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", ({ persisted }) => persisted && take({ kind: "closed", code: 1001 }));
  take({ kind: "dial" });
  return {
    state,
    stale: derive(() => ["stale", "ended"].includes(state.value.phase)),
    connected: derive(() => state.value.lost === null),
    say,
    tryNow,
    refuse,
  };
}
