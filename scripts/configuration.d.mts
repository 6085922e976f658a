export const configurationPath: string;
export function configurationPage(page: string): string;
