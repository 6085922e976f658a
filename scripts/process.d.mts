export function isAlive(pid: number): boolean;

export function identify(pid: number | undefined): { readonly pid: number | undefined; readonly mark: string };
