// Stands for the package `worker-timers`: it starts a worker from a script made on the spot, which the page's policy forbids.

export const setInterval = globalThis.setInterval.bind(globalThis);
export const clearInterval = globalThis.clearInterval.bind(globalThis);
