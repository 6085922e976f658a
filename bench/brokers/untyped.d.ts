// Packages without types of their own.

declare module "aedes-persistence-level" {
  export default function persistence(level: object): object;
}

declare module "aedes-persistence-redis" {
  export default function persistence(connection: { readonly host: string; readonly port: number }): object;
}
