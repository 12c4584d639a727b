/** The longest message of a room and the longest body of a request, in bytes. */
export const MESSAGE = 64 * 1024;

/** How many bytes may wait for a client that does not read, before the server disconnects it. */
export const BACKLOG = 1024 * 1024;

/** How many milliseconds clients have to read their remaining data once the server is draining. */
export const GRACE = 2000;
