/** An answer other than 200. Express and Fastify both know `statusCode` on an error. */
export class Refusal extends Error {
  constructor(statusCode, message, options) {
    super(message, options);
    this.statusCode = statusCode;
  }
}
