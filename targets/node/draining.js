/** Aborted at SIGTERM: what has no end of its own (the room, event streams) ends then. */
export const draining = new AbortController();
