/** The longest message of a room, and the longest body of a request. */
export const MESSAGE = 64 * 1024;

/** What may wait for a client that does not read, before it is cut off. */
export const BACKLOG = 1024 * 1024;

/** How long clients have, in milliseconds, to take what is left for them once the server is draining. */
export const GRACE = 2000;
