/** A response other than 200. Express and Fastify both use the `statusCode` of an error. */
export class Refusal extends Error {
  constructor(statusCode, message, options) {
    super(message, options);
    this.statusCode = statusCode;
  }
}
