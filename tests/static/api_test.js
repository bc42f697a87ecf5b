import { call, Problem, settled, useToken } from "../../static/js/api.js";

/** @param {unknown} found @param {unknown} wanted */
function same(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

/** A server that takes one token; what it was asked is in the list.
 * @param {string} token @param {string} told what GET /api/v1/me says it is @param {() => Promise<void>} test
 * @returns {Promise<string[]>} */
async function served(token, told, test) {
  /** @type {string[]} */
  const asked = [];
  const own = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers), path = String(input);
    asked.push(`${init?.method} ${path} ${headers.get("x-csrf-token") ?? "-"} ${init?.body ?? ""}`.trim());
    if (path === "/api/v1/me") return Promise.resolve(Response.json({ csrf: told }));
    const isRight = init?.method === "GET" || headers.get("x-csrf-token") === token;
    const problem = { code: path === "/forbidden" ? "forbidden" : "csrf", detail: "No." };
    return Promise.resolve(
      isRight && path !== "/forbidden"
        ? Response.json({ ok: true })
        : Response.json(problem, { status: 403 }),
    );
  };
  try {
    await test();
  } finally {
    globalThis.fetch = own;
  }
  return asked;
}

/** @param {string} path @returns {Promise<string>} the code of the problem */
async function refused(path) {
  try {
    await call("POST", path, {});
  } catch (fault) {
    if (fault instanceof Problem) return fault.code;
  }
  throw new Error("it was not refused");
}

Deno.test("a token that another tab made stale is asked for again, once, and the request repeated", async () => {
  useToken("old");
  const asked = await served("new", "new", async () => {
    same(await call("POST", "/thing", { a: 1 }), { ok: true });
    same(await call("DELETE", "/thing"), { ok: true }); // the new one is kept
  });
  same(asked, [
    'POST /thing old {"a":1}',
    "GET /api/v1/me -",
    'POST /thing new {"a":1}',
    "DELETE /thing new",
  ]);
});

Deno.test("a token that is refused although it is the present one is a problem, and no loop", async () => {
  useToken("old");
  const asked = await served("other", "old", async () => same(await refused("/thing"), "csrf"));
  same(asked, ["POST /thing old {}", "GET /api/v1/me -"]);
  const again = await served("other", "newer", async () => same(await refused("/thing"), "csrf"));
  same(again, ["POST /thing old {}", "GET /api/v1/me -", "POST /thing newer {}"]);
});

Deno.test("any other refusal is told at once", async () => {
  useToken("right");
  const asked = await served("right", "right", async () => same(await refused("/forbidden"), "forbidden"));
  same(asked, ["POST /forbidden right {}"]);
});

Deno.test("it has settled once every change has its answer, or none can come", async () => {
  const own = globalThis.fetch;
  /** @type {PromiseWithResolvers<Response>[]} */
  const waiting = [];
  globalThis.fetch = () => {
    const answer = /** @type {PromiseWithResolvers<Response>} */ (Promise.withResolvers());
    waiting.push(answer);
    return answer.promise;
  };
  try {
    const one = call("POST", "/thing", {}), other = refused("/thing");
    let isSettled = false;
    const end = settled().then(() => isSettled = true);
    waiting[0]?.resolve(Response.json({ ok: true }));
    same(await one, { ok: true });
    same(isSettled, false);
    waiting[1]?.reject(new TypeError("the network is away"));
    same([await end, await other], [true, "unreachable"]);
    await settled(); // nothing is left behind
  } finally {
    globalThis.fetch = own;
  }
});
