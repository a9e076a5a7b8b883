import type { Backend, Config, PolicyStatus, Rollout, RouteTable, Rule, ScopedPolicies, Workload, WorkloadState } from "./api";
import type { Window } from "./metrics/window";

/** What the configuration says of one workload. */
export interface WorkloadFacts {
  readonly pods: readonly Workload[];
  /** namespace/name of the Services it is behind. */
  readonly services: readonly string[];
  /** The routes of these Services. */
  readonly routes: readonly RouteFacts[];
  readonly policies: readonly PolicyFacts[];
}

export interface RouteFacts {
  readonly service: string;
  readonly table: RouteTable;
  readonly rule: Rule;
  readonly backends: readonly BackendFacts[];
  readonly rollout: Rollout | undefined;
}

export interface BackendFacts {
  readonly service: string;
  readonly port: number;
  readonly weight: number;
  /** Of all weights; 0 to 1. */
  readonly share: number;
  /** Of the route's requests of late, by where they went; null: none, or it can't be told from another backend. */
  readonly measured: number | null;
}

export interface PolicyFacts {
  readonly kind: string;
  /** namespace/name */
  readonly name: string;
  /** In words: what it is attached to. */
  readonly scope: string;
  /** Why it is not in force as written; empty: it is. */
  readonly trouble: string;
}

export function factsOf({ config, rollouts, troubled }: WorkloadState, window: Window, namespace: string, name: string): WorkloadFacts {
  const pods = config.workloads.filter((workload) => workload.namespace === namespace && workload.owner === name);
  const ids = new Set(pods.map((pod) => pod.id));
  const services = config.services.filter((service) => service.ports.some((port) => port.endpoints.some((endpoint) => ids.has(endpoint.workload)))).map((service) => service.id);
  const reached = reachedBy(config, new Set(services));
  const routes = config.routes
    .filter((one) => reached.has(one.service))
    .flatMap(({ service, tables }) => tables.flatMap((table) => table.rules.map((rule) => routeFacts(config, rollouts, window, service, table, rule))));
  return { pods, services: services.sort(), routes, policies: policiesOf(config, troubled, namespace, services, routes) };
}

/** Services, and those whose routes lead to them. */
function reachedBy(config: Config, services: ReadonlySet<string>): Set<string> {
  const leads = (rule: Rule) => rule.backends.some((backend) => backend.port && services.has(backend.port.service));
  return new Set([...services, ...config.routes.filter((one) => one.tables.some((table) => table.rules.some(leads))).map((one) => one.service)]);
}

function routeFacts(config: Config, rollouts: readonly Rollout[], window: Window, service: string, table: RouteTable, rule: Rule): RouteFacts {
  const all = rule.backends.reduce((sum, backend) => sum + backend.weight, 0);
  const measured = measure(config, window, rule);
  return {
    service, table, rule,
    backends: rule.backends.map((backend, index) => ({
      service: backend.port?.service ?? "none",
      port: backend.port?.port ?? 0,
      weight: backend.weight,
      share: all > 0 ? backend.weight / all : 0,
      measured: measured?.[index] ?? null,
    })),
    rollout: rollouts.find((one) => one.route === rule.route && one.rule === rule.name),
  };
}

// The metrics know the route and the workload, not the rule and the backend: it can be told as long as each workload is behind one backend alone.
function measure(config: Config, window: Window, rule: Rule): number[] | null {
  if (rule.backends.length < 2) {
    return null;
  }
  const behind = rule.backends.map((backend) => ownersBehind(config, backend));
  const all = behind.flatMap((owners) => [...owners]);
  if (new Set(all).size < all.length) {
    return null;
  }
  const shares = window.shares(rule.route);
  return shares.some((share) => share.requests > 0)
    ? behind.map((owners) => shares.filter((share) => owners.has(`${share.namespace}/${share.workload}`)).reduce((sum, share) => sum + share.share, 0))
    : null;
}

function ownersBehind(config: Config, backend: Backend): Set<string> {
  const endpoints = config.services.find((service) => service.id === backend.port?.service)?.ports.find((port) => port.port === backend.port?.port)?.endpoints ?? [];
  const ids = new Set(endpoints.map((endpoint) => endpoint.workload));
  return new Set(config.workloads.filter((workload) => ids.has(workload.id)).map((workload) => `${workload.namespace}/${workload.owner}`));
}

const kinds: Record<string, string> = {
  rateLimit: "RateLimitPolicy", fault: "FaultPolicy", traffic: "TrafficPolicy", egress: "EgressPolicy", backendTls: "BackendTLSPolicy",
  backend: "XBackendTrafficPolicy", accessLog: "TelemetryPolicy", tracing: "TelemetryPolicy",
};

function policiesOf(config: Config, statuses: readonly PolicyStatus[], namespace: string, services: readonly string[], routes: readonly RouteFacts[]): PolicyFacts[] {
  const found = new Map<string, PolicyFacts>();
  const add = (kind: string, policy: string, scope: string) => {
    found.set(`${kind} ${policy} ${scope}`, { kind, name: policy, scope: inWords(scope), trouble: troubleOf(statuses, kind, policy) });
  };
  for (const scoped of config.policies.filter((one) => applies(one.scope, namespace, services, routes))) {
    for (const authorization of (scoped.authorizations as { policy: string }[] | undefined) ?? []) {
      add("AuthorizationPolicy", authorization.policy, scoped.scope);
    }
    for (const [part, kind] of Object.entries(kinds)) {
      const rules = scoped[part as keyof ScopedPolicies] as { policy?: string } | null | undefined;
      if (rules?.policy) {
        add(kind, rules.policy, scoped.scope);
      }
    }
  }
  return [...found.values()].sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));
}

// The scopes, as nodemesh.proto has them.
function applies(scope: string, namespace: string, services: readonly string[], routes: readonly RouteFacts[]): boolean {
  return (
    scope === "" || scope === namespace
    || services.some((service) => scope === service || scope.startsWith(`${service}:`))
    || routes.some(({ rule }) => ["HTTPRoute", "GRPCRoute"].some((kind) => scope === `${kind}/${rule.route}` || scope === `${kind}/${rule.route}#${rule.name}`))
  );
}

function inWords(scope: string): string {
  if (scope === "") {
    return "the mesh";
  }
  const slashes = scope.split("/").length - 1;
  return slashes === 0 ? `Namespace ${scope}` : slashes === 1 ? `Service ${scope}` : scope.replace("/", " ");
}

function troubleOf(statuses: readonly PolicyStatus[], kind: string, name: string): string {
  const status = statuses.find((one) => one.kind === kind && `${one.namespace}/${one.name}` === name);
  return status?.targets.flatMap((target) => target.conditions).find((condition) => condition.isTrouble)?.message ?? "";
}
