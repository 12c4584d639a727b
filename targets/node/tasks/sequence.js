/** Returns the number after x. Products stay below 2^53, so doubles hold them exactly. */
export const next = (x) => (x * 48_271) % 2_147_483_647;
