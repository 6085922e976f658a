// What a look at a deployment finds, before anybody says whether it is good: cli/deployment/gather.ts collects it, and
// cli/deployment/findings.ts judges it.

export interface Facts {
  /** Of wrangler.toml; empty for its top level. */
  readonly environment: string;
  readonly configuration: Configuration | Unreadable;
  /** Files that hold secrets and that git tracks. */
  readonly trackedSecretFiles: readonly string[];
  /** Undefined if it was not asked. */
  readonly account: Account | Unreachable | undefined;
  readonly live: Live | Unreachable | undefined;
}

export interface Unreadable {
  readonly type: "unreadable";
  readonly problem: string;
}

export interface Unreachable {
  readonly type: "unreachable";
  readonly problem: string;
}

export interface Configuration {
  readonly type: "configuration";
  readonly name: string;
  readonly compatibilityDate: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What worker/config.ts says about them. */
  readonly variableProblem: string | undefined;
  /** Bindings of object classes and of databases. */
  readonly objects: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<string, string>>;
  /** Classes that a migration has made. */
  readonly madeClasses: readonly string[];
  readonly cpuMs: number | undefined;
  readonly subrequests: number | undefined;
  readonly logsAreKept: boolean;
  /** Of the lines that the platform adds for each event; 0 if it adds none. */
  readonly invocationLogRate: number;
  readonly updateMode: string | undefined;
  readonly updateDelaySeconds: number;
  readonly requiredSecrets: readonly string[];
  readonly customDomains: readonly string[];
  readonly answersOnWorkersDev: boolean;
}

export interface Account {
  readonly type: "account";
  readonly isDeployed: boolean;
  readonly secrets: readonly string[];
  /** By binding, the names of migrations to come; undefined if there is no such database yet. */
  readonly pendingMigrations: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface Live {
  readonly type: "live";
  readonly url: string;
  readonly isLoopback: boolean;
  /** What /healthz answers. */
  readonly status: number;
  readonly body: string;
  readonly letsAnybodyIn: boolean;
}
