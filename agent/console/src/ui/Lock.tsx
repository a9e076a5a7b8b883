import { type Security, securityNames } from "../security";

/** Closed: all of it is TLS. Open: none is, or not all. */
export function LockShape({ security }: { security: readonly Security[] }) {
  const isOpen = security.includes("plaintext");
  return (
    <g class={`lock ${isOpen ? (security.length > 1 ? "poor" : "idle") : "good"}`}>
      <path class="shackle" d={isOpen ? "M2.5 5V3a2 2 0 0 1 3.8-.9" : "M2.5 5V3a2.2 2.2 0 0 1 4.4 0v2"} />
      <rect class="body" x="0.7" y="5" width="8" height="5.6" rx="1.3" />
    </g>
  );
}

export function Lock({ security }: { security: readonly Security[] }) {
  if (security.length === 0) {
    return null;
  }
  const words = security.map((one) => `${securityNames[one].name}: ${securityNames[one].says}`).join("\n");
  return (
    <svg class="lock-sign" width="10" height="12" role="img" aria-label={words}>
      <title>{words}</title>
      <LockShape security={security} />
    </svg>
  );
}
