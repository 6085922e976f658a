// Stands for the platform's module `cloudflare:workers`.

export class DurableObject<Environment = unknown> {
  readonly ctx: DurableObjectState;
  readonly env: Environment;

  constructor(ctx: DurableObjectState, env: Environment) {
    this.ctx = ctx;
    this.env = env;
  }
}
