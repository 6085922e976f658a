// What several want at once is loaded by one of them; the others wait for it, but not for ever: at the platform a load dies with the
// request that began it.

const waitMsMax = 500;

export class SharedLoad<Value> {
  #loading: Promise<Value> | undefined;

  /** Others that wait for a load which fails, or is too slow, load for themselves. */
  async get(load: () => Promise<Value>): Promise<Value> {
    if (this.#loading !== undefined) {
      const value = await Promise.race([this.#loading.catch(() => undefined), giveUp()]);
      if (value !== undefined) return value;
    }
    const loading = load();
    this.#loading = loading;
    try {
      return await loading;
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
    }
  }
}

function giveUp(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), waitMsMax));
}
