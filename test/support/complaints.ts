// What a broker prints that no client may bring about: exceptions, and steps that could not be carried out.

/** Events of the log that say what a client did, or that the other end of a socket has gone. */
const ordinary = new Set(["drop", "refusal", "not-sent"]);
const trouble = /uncaught|unhandled|exception|\berror\b|\babort|\bfatal\b|stack trace/i;

export class Complaints {
  readonly lines: string[] = [];
  #rest = "";

  /** A piece of what is printed, wherever it was cut. */
  readonly take = (text: string): void => {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.lines.push(...lines.filter(isComplaint));
  };
}

function isComplaint(line: string): boolean {
  const event = eventOf(line);
  return event === undefined ? trouble.test(line) : !ordinary.has(event);
}

/** Whatever a client sent stands quoted in the log's lines, so words in them say nothing. */
function eventOf(line: string): string | undefined {
  const start = line.indexOf('{"event":');
  if (start < 0) return undefined;
  try {
    return (JSON.parse(line.slice(start)) as { event: string }).event;
  } catch {
    return undefined;
  }
}
