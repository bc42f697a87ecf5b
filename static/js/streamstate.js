/**
 * What the stream's connection does next: a pure step from (state, input) to (state, effects); no socket, no clock.
 * @module
 */

/** @typedef {import("./wire.js").Frame} Frame */
/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {import("./wire.js").Present} Present */
/** @typedef {"connecting" | "catching_up" | "live" | "retrying" | "stale" | "ended"} Phase */

/**
 * Times are milliseconds of the caller's clock. `cursor` is the last one seen, `heard` when the last frame came,
 * `lost` since when there is no connection, `due` when to dial next (null while a dial is under way), `missed` the events caught up so far,
 * `told` whether the page has said that it is not live, and did not take it back yet.
 * @typedef {object} State
 * @property {Phase} phase
 * @property {string | null} cursor
 * @property {string | null} head
 * @property {number} heartbeat
 * @property {{min: number, max: number}} retry
 * @property {number} attempt
 * @property {number} heard
 * @property {number} dialled
 * @property {number | null} lost
 * @property {number | null} due
 * @property {number | null} leave
 * @property {number} missed
 * @property {boolean} told
 * @property {string} why
 */

/** @typedef {{kind: "dial"} | {kind: "tick"} | {kind: "frame", frame: Frame}
 *   | {kind: "closed", code: number} | {kind: "refused", why: string}} Input */
/** @typedef {{do: "dial", after: string | null} | {do: "hang_up"} | {do: "apply", events: Envelope[]}
 *   | {do: "reread", reason: string} | {do: "caught_up", count: number} | {do: "probe"}
 *   | {do: "present", incident: string, members: Present[]}} Effect */
/** @typedef {[State, Effect[]]} Step */

export const GRACE = 5_000;
const WELCOME_WITHIN = 15_000;
const WAIT_MOST = 60_000;

/** What a close code asks for: stop, new credentials (which may be here already: a session that is renewed takes
 * the place of the one whose streams it ends), at once, back off, drop the cursor; others: resume.
 * @type {Record<number, {then: "stop" | "ask" | "anew" | "wait" | "forget", why: string}>} */
export const CLOSES = {
  1001: { then: "wait", why: "The server is restarting." },
  1002: { then: "wait", why: "What this page sent arrived garbled." },
  1007: { then: "wait", why: "What this page sent arrived garbled." },
  1009: { then: "stop", why: "The server did not understand this page. Reload it." },
  1012: { then: "wait", why: "The server is restarting." },
  4000: { then: "stop", why: "The server did not understand this page. Reload it." },
  4001: { then: "ask", why: "You are signed out." },
  4003: { then: "stop", why: "You may not follow this organization." },
  4004: { then: "stop", why: "This organization does not exist, or you are no longer a member." },
  4100: { then: "wait", why: "The server asks for fewer connections." },
  4101: { then: "wait", why: "Too many pages follow this organization." },
  4102: { then: "wait", why: "The server has a problem." },
  4208: { then: "anew", why: "This page fell behind." },
  4300: { then: "ask", why: "Your session expired." },
  4301: { then: "ask", why: "Your session was ended." },
  4400: { then: "forget", why: "The server no longer knows this page's place." },
  4500: { then: "stop", why: "A newer connection has taken over." },
  4501: { then: "stop", why: "What this page followed for was deleted." },
};

/** @param {number} now @returns {State} */
export function start(now) {
  return {
    phase: "connecting",
    cursor: null,
    head: null,
    heartbeat: 15_000,
    retry: { min: 250, max: 2_000 },
    attempt: 0,
    heard: now,
    dialled: now,
    lost: now,
    due: now,
    leave: null,
    missed: 0,
    told: false,
    why: "",
  };
}

/** @param {State} state @param {Input} input @param {number} now @param {number} random in [0, 1) @returns {Step} */
export function step(state, input, now, random) {
  if (state.phase === "ended") return [state, []];
  if (input.kind === "frame") return heard({ ...state, heard: now }, input.frame, now, random);
  if (input.kind === "dial") return dial(state, now);
  if (input.kind === "refused") return [{ ...state, phase: "ended", why: input.why, due: null }, []];
  if (input.kind === "closed") return closed(state, input.code, now, random);
  return tick(state, now, random);
}

/** @param {State} state @param {number} now @returns {Step} */
function dial(state, now) {
  if (state.lost === null) return [state, []]; // it is connected
  return [{ ...state, due: null, dialled: now }, [{ do: "dial", after: state.cursor }]];
}

/** @param {State} state @param {number} now @param {number} random @returns {Step} */
function tick(state, now, random) {
  if (state.lost !== null) {
    if (state.due !== null && state.due <= now) return dial(grown(state, now), now);
    if (state.due === null && now - state.dialled > WELCOME_WITHIN) {
      return retry(state, "The server does not answer.", now, random, [{ do: "hang_up" }]);
    }
    return [grown(state, now), []];
  }
  if (state.leave !== null && state.leave <= now) {
    // the new connection is dialled with our cursor before the old one is closed
    return [{ ...state, leave: null, lost: now, due: null, dialled: now }, [{
      do: "dial",
      after: state.cursor,
    }]];
  }
  if (now - state.heard > 2 * state.heartbeat + GRACE) {
    return retry(state, "The server has gone silent.", now, random, [{ do: "hang_up" }]);
  }
  if (state.phase === "catching_up" && now - state.heard > 1_000) return arrived(state, []);
  return [state, []];
}

/** Say so once the connection is away for longer than the grace. @param {State} state @param {number} now @returns {State} */
function grown(state, now) {
  return state.lost !== null && now - state.lost > GRACE ? { ...state, phase: "stale", told: true } : state;
}

/** @param {State} state @param {Frame} frame @param {number} now @param {number} random @returns {Step} */
function heard(state, frame, now, random) {
  switch (frame.frame) {
    case "welcome":
      return welcomed(state, frame);
    case "events": {
      if (frame.after !== state.cursor) {
        return retry({ ...state, attempt: 0 }, "A frame did not follow the last one.", now, random, [
          { do: "hang_up" },
        ]);
      }
      const missed = state.phase === "catching_up" ? state.missed + frame.events.length : 0;
      /** @type {Effect[]} */
      const effects = [{ do: "apply", events: frame.events }];
      const next = { ...state, cursor: frame.cursor, missed };
      return state.phase === "catching_up" && frame.cursor === state.head
        ? arrived(next, effects)
        : [next, effects];
    }
    case "mark":
      if (state.phase === "catching_up") return arrived({ ...state, cursor: frame.cursor }, []);
      return [{ ...state, cursor: frame.cursor }, []];
    case "reset":
      return arrived({ ...state, cursor: frame.cursor, missed: 0 }, [{ do: "reread", reason: frame.reason }]);
    case "hidden": // what is gone from sight is gone from the lists
      return [state, [{ do: "reread", reason: "hidden" }]];
    case "goaway":
      return [{ ...state, leave: now + random * frame.after_ms }, []];
    case "error":
      return [{ ...state, why: frame.message, due: frame.retry_ms ? now + frame.retry_ms : state.due }, []];
    case "presence":
      return [state, [{ do: "present", incident: frame.incident, members: frame.members }]];
    default:
      return [state, []]; // a frame of a later version
  }
}

/** @param {State} state @param {import("./wire.js").Welcome} frame @returns {Step} */
function welcomed(state, frame) {
  /** @type {State} */
  const next = {
    ...state,
    phase: "catching_up",
    cursor: frame.from,
    head: frame.head,
    heartbeat: frame.heartbeat_ms,
    retry: frame.retry,
    attempt: 0,
    lost: null,
    due: null,
    leave: null,
    missed: 0,
    why: "",
  };
  // the lists are read once the stream is open, so nothing falls between; and again where it did not go on
  // from this page's own cursor
  /** @type {Effect[]} */
  const effects = state.cursor === frame.from ? [] : [{ do: "reread", reason: "start" }];
  return frame.from === frame.head || frame.mode !== "replay" ? arrived(next, effects) : [next, effects];
}

/** @param {State} state @param {Effect[]} effects @returns {Step} */
function arrived(state, effects) {
  const count = state.missed;
  return [
    { ...state, phase: "live", missed: 0, told: false },
    count ? [...effects, { do: "caught_up", count }] : effects,
  ];
}

/** @param {State} state @param {number} code @param {number} now @param {number} random @returns {Step} */
function closed(state, code, now, random) {
  const rule = CLOSES[code] ?? { then: "wait", why: "The connection was lost." };
  const why = state.why || rule.why;
  if (rule.then === "stop") return [{ ...state, phase: "ended", why, due: null }, []];
  if (rule.then === "ask") return retry(state, why, now, random, [{ do: "probe" }]);
  // the lists are read again sooner than all that was not read in time
  if (rule.then === "anew") return retry({ ...state, cursor: null }, why, now, 0, []);
  if (rule.then === "forget") return retry({ ...state, cursor: null }, why, now, random, []);
  // a browser does not tell why an upgrade was refused: a dial that was never welcomed asks over HTTP
  return retry(state, why, now, random, state.lost === null ? [] : [{ do: "probe" }]);
}

/** Wait with full jitter: anywhere in the server's window, which doubles with every failure.
 * @param {State} state @param {string} why @param {number} now @param {number} random @param {Effect[]} effects
 * @returns {Step} */
function retry(state, why, now, random, effects) {
  const { min, max } = state.retry;
  const most = Math.max(min, Math.min(WAIT_MOST, max * 2 ** Math.min(state.attempt, 10)));
  const due = state.due ?? now + Math.round(min + random * (most - min));
  const next = { ...state, attempt: state.attempt + 1, due, why, leave: null, lost: state.lost ?? now };
  // what was said is not taken back before the page is live
  if (state.phase === "connecting" || state.lost === null) next.phase = state.told ? "stale" : "retrying";
  return [grown(next, now), effects];
}
