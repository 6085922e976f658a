/** A line that is typed and not shown. The prompt goes to standard error. */
export function askHidden(prompt: string): Promise<string>;
export function withoutLineEnd(input: string): string;
