// What a group has to say of messages that it refused, or gave up: to be counted and logged.

export interface GroupReport {
  readonly event: "drop" | "refusal";
  readonly reason: string;
  count: number;
  /** Of the first. */
  readonly detail: string;
}

export class GroupReports {
  #reports: GroupReport[] = [];

  add(event: GroupReport["event"], reason: string, count: number, detail: string): void {
    const same = this.#reports.find((report) => report.event === event && report.reason === reason);
    if (same === undefined) this.#reports.push({ event, reason, count, detail });
    else same.count += count;
  }

  /** What was added since the last time. */
  take(): GroupReport[] {
    return this.#reports.splice(0);
  }
}
