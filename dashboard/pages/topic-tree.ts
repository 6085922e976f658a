// Topics as a tree of their levels.

export interface Branch<Value> {
  readonly level: string;
  /** The whole topic down to here. */
  readonly path: string;
  readonly branches: readonly Branch<Value>[];
  /** Topics with a value below, this one not counted. */
  readonly count: number;
  readonly value: Value | undefined;
}

interface Growing<Value> {
  readonly level: string;
  readonly path: string;
  readonly branches: Map<string, Growing<Value>>;
  value: Value | undefined;
}

export function treeOf<Value extends { readonly topic: string }>(values: readonly Value[]): readonly Branch<Value>[] {
  const root: Growing<Value> = { level: "", path: "", branches: new Map(), value: undefined };
  for (const value of values) {
    let branch = root;
    for (const [depth, level] of value.topic.split("/").entries()) {
      let next = branch.branches.get(level);
      if (next === undefined) {
        next = { level, path: depth === 0 ? level : `${branch.path}/${level}`, branches: new Map(), value: undefined };
        branch.branches.set(level, next);
      }
      branch = next;
    }
    branch.value = value;
  }
  return settled(root).branches;
}

function settled<Value>({ branches: growing, ...rest }: Growing<Value>): Branch<Value> {
  const branches = [...growing.values()].map(settled).sort((a, b) => (a.level < b.level ? -1 : 1));
  const count = branches.reduce((sum, branch) => sum + branch.count + (branch.value === undefined ? 0 : 1), 0);
  return { ...rest, branches, count };
}
