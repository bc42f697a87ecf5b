/**
 * Where this page is: the organization and the incident in its address, and the addresses of the others.
 * @module
 */

/** The pages outside an organization that a sign-in may lead back to. */
const OTHERS = ["/docs", "/account"];

/** @param {string} pathname @returns {{slug: string, number: string}} */
export function read(pathname) {
  const [, orgs, slug = "", incidents, number = ""] = pathname.split("/");
  if (orgs !== "orgs") return { slug: "", number: "" };
  return {
    slug: decodeURIComponent(slug),
    number: incidents === "incidents" ? decodeURIComponent(number) : "",
  };
}

/** @param {string} slug @param {number | string} [number] */
export function page(slug, number) {
  const board = `/orgs/${encodeURIComponent(slug)}`;
  return number === undefined ? board : `${board}/incidents/${encodeURIComponent(number)}`;
}

/** The id that an address ends with. @param {string} pathname */
export function last(pathname) {
  return decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1));
}

/** @param {string} slug @param {string} [rest] begins with a slash */
export function api(slug, rest = "") {
  return `/api/v1/orgs/${encodeURIComponent(slug)}${rest}`;
}

/** The sign-in page that comes back here. @param {Location | URL} from */
export function signIn(from) {
  return `/sign-in?next=${encodeURIComponent(from.pathname + from.search + from.hash)}`;
}

/** Where to go after the sign-in: a page of this hub, or null; `next` comes from an address that anyone can write.
 * @param {string | null} next @param {string} origin */
export function after(next, origin) {
  if (!["/orgs/", ...OTHERS].some((start) => next?.startsWith(start))) return null;
  const url = new URL(String(next), origin);
  return url.origin === origin && (url.pathname.startsWith("/orgs/") || OTHERS.includes(url.pathname))
    ? url.pathname + url.search + url.hash
    : null;
}
