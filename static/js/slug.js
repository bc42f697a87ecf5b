/**
 * The short name that addresses have.
 * @module
 */

/** A short name out of a name: small letters, digits, single hyphens between; empty where nothing fits.
 * @param {string} name */
export function slugOf(name) {
  return name.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 39).replaceAll(/^-|-$/g, "");
}
