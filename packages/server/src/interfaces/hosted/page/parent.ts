/** What the page tells the one that shows it in a frame: that it has come to an end, and nothing of the person. */

/** By whom the page may be shown, and about which session it tells. */
export type Embedding = { readonly sessionId: string; readonly origins: readonly string[] };

/** What was given is in, or the session is over. */
export type End = "submitted" | "closed";

let embedding: Embedding | null = null;
const told = new Set<End>();

/** Begins with the session of a link; without an embedding nobody is told anything. */
export function beginIn(given: Embedding | undefined): void {
  embedding = given ?? null;
  told.clear();
}

/** Tells once how it ended. Each origin is named: the browser hands a message to that one alone. */
export function tellParent(state: End): void {
  if (embedding === null || told.has(state)) return;
  told.add(state);
  const { sessionId, origins } = embedding;
  // Not every browser says who shows the page; where it does, nobody else is tried.
  const parent = location.ancestorOrigins?.[0];
  for (const origin of origins) {
    if (parent !== undefined && parent !== origin) continue;
    window.parent.postMessage({ kind: "cardwright.verification", sessionId, state }, origin);
  }
}
