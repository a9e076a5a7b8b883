import type { Traffic } from "./metrics/window";

/** What protects traffic on its way, as the proxy measured it. */
export type Security = "plaintext" | "app_tls" | "mesh_tls";

export const securityNames: Record<Security, { name: string; says: string }> = {
  plaintext: { name: "Plaintext", says: "Whoever is on the way can read it" },
  app_tls: { name: "TLS of the app", says: "The two ends speak TLS, which the mesh passes through" },
  mesh_tls: { name: "TLS by the mesh", says: "The mesh speaks TLS to the destination, as a BackendTLSPolicy wants it" },
};

/** Of late; where nothing was of late, of all that was counted. */
export function securityOf(traffic: readonly Traffic[]): Security[] {
  const lately = traffic.flatMap((row) => [...row.recent.secured.keys()]);
  const seen = new Set(lately.length > 0 ? lately : traffic.flatMap((row) => [...row.all.secured.keys()]));
  return (Object.keys(securityNames) as Security[]).filter((one) => seen.has(one));
}
