/** Aborts at SIGTERM. The room and event streams close then, because they would never finish by themselves. */
export const draining = new AbortController();
