/** What the agent's API at api/ says. */

export interface Session {
  readonly node: string;
  readonly word: string;
  readonly canEdit: boolean;
  readonly needsToken: boolean;
  readonly hasPrometheus: boolean;
  readonly isLoggedIn: boolean;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly enrolled: boolean;
  readonly captured: boolean;
  readonly missing: readonly string[];
  readonly bypassAttempts: number;
  readonly unmeshed: number;
  readonly udpPackets: number;
}

/** Of the node: its pods, and what is wrong. */
export interface NodeState {
  readonly capture: string;
  readonly pods: readonly Pod[];
  /** The workloads of its pods, by namespace/name. */
  readonly owners: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** Empty: the node is ready. */
  readonly notReady: readonly string[];
}

export interface Problem {
  readonly kind: string;
  readonly object: string;
  readonly reason: string;
  readonly message: string;
}

export interface Condition {
  readonly type: string;
  readonly status: boolean;
  readonly isTrouble: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface Rollout {
  readonly namespace: string;
  readonly name: string;
  readonly accepted: Condition;
  readonly route: string | null;
  readonly rule: string | null;
  readonly steps: number;
  readonly weight: number | null;
  readonly status: { readonly phase: string; readonly step: number; readonly weight: number; readonly message: string } | null;
}

export interface PolicyStatus {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly targets: readonly { readonly conditions: readonly Condition[] }[];
}

export interface Workload {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly owner: string;
  readonly ownerKind: string;
  readonly node: string;
  readonly version: string;
}

export interface Backend {
  readonly port: { readonly service: string; readonly port: number } | null;
  readonly weight: number;
}

export interface Rule {
  readonly route: string;
  readonly name: string;
  readonly backends: readonly Backend[];
}

export interface RouteTable {
  readonly port: number;
  readonly consumerNamespace: string;
  readonly kind: string;
  readonly rules: readonly Rule[];
}

export interface ScopedPolicies {
  readonly scope: string;
  readonly [part: string]: unknown;
}

export interface Config {
  readonly version: number;
  readonly services: readonly { readonly id: string; readonly clusterIps: readonly string[]; readonly ports: readonly { readonly port: number; readonly name: string; readonly endpoints: readonly { readonly workload: string; readonly ready: boolean }[] }[] }[];
  readonly routes: readonly { readonly service: string; readonly tables: readonly RouteTable[] }[];
  readonly policies: readonly ScopedPolicies[];
  readonly workloads: readonly Workload[];
}

/** What is configured for one workload. */
export interface WorkloadState {
  readonly config: Config;
  readonly rollouts: readonly Rollout[];
  /** The policies of the mesh that are not in force as written. */
  readonly troubled: readonly PolicyStatus[];
}

/** It did not answer as it should; the message is for who looks at the page. */
export class ApiError extends Error {
  constructor(
    /** Of HTTP; 0: there was no answer at all. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

// Longer than any answer takes: the page must say that nothing comes.
const patience = 10_000;

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`api/${path}`, { credentials: "same-origin", signal: AbortSignal.timeout(patience), ...init });
  } catch (error) {
    throw new ApiError(0, error instanceof DOMException && error.name === "TimeoutError" ? "The agent does not answer in time." : "The agent does not answer: it was stopped, or the way to it is cut.");
  }
  if (!response.ok) {
    const why = (await response.text()).trim();
    throw new ApiError(response.status, why || `The agent answers ${response.status} to ${path}.`);
  }
  return response;
}

export const askJson = async <T>(path: string) => (await (await ask(path)).json()) as T;

/** Shows the token, for the cookie. */
export const logIn = (token: string) => ask("login", { method: "POST", headers: { "nodemesh-console-token": token } });

/** Asks for a change. */
export const change = (path: string, session: Session, body: unknown) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json", "nodemesh-csrf": session.word }, body: JSON.stringify(body) });
