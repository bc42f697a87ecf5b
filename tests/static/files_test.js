/** The files as they are sent: nothing inline, nothing foreign, nothing that a strict policy would stop. */

import assert from "node:assert/strict";

const ROOT = new URL("../../static/", import.meta.url);

/** @param {string} path */
const read = (path) => Deno.readTextFile(new URL(path, ROOT));

/** @param {string} folder */
const names = (folder) => [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name);

const PAGES = names(".").filter((name) => name.endsWith(".html")).map((name) =>
  name.slice(0, -".html".length)
);

/** Modules that a module imports, itself first. @param {string} name @param {Set<string>} [found] */
async function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const text = (await read(`js/${name}`)).replaceAll(/\/\*\*.*?\*\//gs, "");
  for (const [, next = ""] of text.matchAll(/from "\.\/([\w.]+)"/g)) await closure(next, found);
  return found;
}

for (const page of PAGES) {
  Deno.test(`the ${page} page loads its modules at once, and only what exists`, async () => {
    const text = await read(`${page}.html`);
    const [entry = ""] = [...text.matchAll(/<script type="module" src="\/static\/BUILD\/js\/([\w.]+)"/g)].map(
      (found) => found[1],
    );
    const preloaded = [...text.matchAll(/modulepreload" href="\/static\/BUILD\/js\/([\w.]+)"/g)].map((
      found,
    ) => found[1]);
    assert.deepEqual([...await closure(entry)].sort(), [entry, ...preloaded].sort());
    for (const [, path = ""] of text.matchAll(/(?:href|src)="\/static\/BUILD\/([^"]+)"/g)) {
      await Deno.stat(new URL(path, ROOT));
    }
  });

  Deno.test(`the ${page} page has nothing inline and nothing from elsewhere`, async () => {
    const text = await read(`${page}.html`);
    assert.doesNotMatch(text, /\sstyle=|\son\w+=|<style|<script(?![^>]*src=)|https?:/);
  });
}

Deno.test("no module makes markup or code out of strings", async () => {
  for (const name of names("js")) {
    const text = await read(`js/${name}`);
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|\.cssText|srcdoc/,
      name,
    );
  }
});

Deno.test("every module is used by a page, and style sheets too", async () => {
  const used = new Set();
  let text = await read("../hub/handlers/reference.py"); // which makes pages, too
  for (const page of PAGES) {
    const html = await read(`${page}.html`);
    text += html;
    const entry = /js\/([\w.]+)"><\/script>/.exec(html)?.[1] ?? "";
    for (const name of await closure(entry)) used.add(name);
  }
  assert.deepEqual([...used].sort(), names("js").sort());
  for (const name of names("css")) assert.ok(text.includes(`css/${name}`), name);
});

/** @param {string} text */
async function zipped(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

Deno.test("the modules of a page are below 60 KB, and the core below 2 KB, gzipped", async () => {
  for (const page of PAGES) {
    const [, entry = ""] = /js\/([\w.]+)"><\/script>/.exec(await read(`${page}.html`)) ?? [];
    let total = 0;
    for (const name of await closure(entry)) total += await zipped(await read(`js/${name}`));
    assert.ok(1024 < total && total < 60 * 1024, `${page}: ${total} bytes`);
  }
  const core = await zipped(await read("js/core.js"));
  assert.ok(core < 2 * 1024, `${core} bytes`);
});

Deno.test("no file is longer than 300 lines", async () => {
  for (const name of [...names("js").map((one) => `js/${one}`), ...names("css").map((one) => `css/${one}`)]) {
    assert.ok((await read(name)).split("\n").length <= 301, name);
  }
});
