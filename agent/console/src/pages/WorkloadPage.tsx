import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as format from "../format";
import { health, protocolOf, worse } from "../graph/graph";
import { factsOf, type RouteFacts, type WorkloadFacts } from "../mesh";
import { summarise, type Traffic } from "../metrics/window";
import { securityOf } from "../security";
import { useStore } from "../store";
import { Lock } from "../ui/Lock";
import { Dot, Empty, Fact, Failures, PlaceName, Section, Success } from "../ui/parts";
import { Sparkline } from "../ui/Sparkline";
import { WeightEditor } from "../ui/WeightEditor";

/** One workload: who calls it, whom it calls, how requests to it are routed, and the policies that have a say in it. */
export function WorkloadPage({ namespace, name }: { namespace: string; name: string }) {
  const store = useStore();
  const { seconds } = store.window;
  const id = `${namespace}/${name}`;
  const inbound = store.traffic.filter((row) => row.key.destination.id === id);
  const outbound = store.traffic.filter((row) => row.key.source.id === id);
  useEffect(() => {
    store.open({ namespace, name });
    return () => store.open(null);
  }, [namespace, name]);
  const facts = store.workload && factsOf(store.workload, store.window, namespace, name);
  if (inbound.length + outbound.length === 0 && facts?.pods.length === 0) {
    return (
      <div class="page">
        <Empty title={`There is no workload ${id}`}>It has no pods, and nothing was ever counted of it here.</Empty>
      </div>
    );
  }
  const [taken, sent] = [summarise(inbound, seconds), summarise(outbound, seconds)];
  return (
    <div class="page" data-page={id}>
      <h1>
        <Dot state={worse(health(taken), health(sent))} /> <span class="faint">{namespace}/</span>
        {name}
        {facts && facts.services.length > 0 && (
          <a class="button" href={`#/tap?target=${encodeURIComponent(`service/${facts.services[0]}`)}`}>
            Watch its requests
          </a>
        )}
      </h1>
      <dl class="facts">
        <Fact label="In">
          {format.rate(taken.rate)} <span class="faint">{format.unit(taken)}</span> <Sparkline points={store.history.of(`in ${id}`)} />
        </Fact>
        <Fact label="Success" state={health(taken)}>
          {format.percent(taken.success)}
        </Fact>
        <Fact label="p50">{format.seconds(taken.p50)}</Fact>
        <Fact label="p99">{format.seconds(taken.p99)}</Fact>
        <Fact label="Out">
          {format.rate(sent.rate)} <span class="faint">{format.unit(sent)}</span> <Sparkline points={store.history.of(`out ${id}`)} />
        </Fact>
        <Fact label="Its calls succeed" state={health(sent)}>
          {format.percent(sent.success)}
        </Fact>
      </dl>
      <Section title="Inbound" note={facts && facts.services.length > 0 ? `by Service ${facts.services.join(", ")}` : undefined}>
        <Flows rows={inbound} seconds={seconds} place={(row) => <PlaceName place={row.key.source} />} who="From" none="Nobody calls it" />
      </Section>
      <Section title="Outbound">
        <Flows rows={outbound} seconds={seconds} place={(row) => <PlaceName place={row.key.destination} />} who="To" none="It calls nobody" />
      </Section>
      {facts && (
        <>
          <Section title="Routes" note={facts.routes.length || undefined}>
            {facts.routes.length === 0 ? (
              <p class="faint">None: the endpoints of its Services are balanced.</p>
            ) : (
              <div class="routes">
                {facts.routes.map((route) => (
                  <RouteCard key={`${route.service} ${route.table.port} ${route.table.consumerNamespace} ${route.rule.route} ${route.rule.name}`} route={route} />
                ))}
              </div>
            )}
          </Section>
          <Policies facts={facts} />
          <Pods facts={facts} />
        </>
      )}
    </div>
  );
}

function Flows({ rows, seconds, place, who, none }: { rows: readonly Traffic[]; seconds: number; place: (row: Traffic) => ComponentChildren; who: string; none: string }) {
  if (rows.length === 0) {
    return <p class="faint">{none}.</p>;
  }
  return (
    <table class="rows">
      <thead>
        <tr>
          <th>{who}</th>
          <th>Service</th>
          <th>Protocol</th>
          <th class="number">Rate</th>
          <th class="number">Success</th>
          <th class="number">p50</th>
          <th class="number">p99</th>
          <th class="number">In all</th>
          <th>Failures</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const summary = summarise([row], seconds);
          return (
            <tr key={row.id} data-flow={row.id}>
              <td>
                <Dot state={health(summary)} /> {place(row)}
              </td>
              <td>{row.key.service || <span class="faint">none</span>}</td>
              <td>
                <Lock security={securityOf([row])} /> {protocolOf(row)}
              </td>
              <td class="number">
                {format.rate(summary.rate)} <span class="faint">{format.unit(summary)}</span>
              </td>
              <td class="number">
                <Success summary={summary} />
              </td>
              <td class="number">{format.seconds(summary.p50)}</td>
              <td class="number">{format.seconds(summary.p99)}</td>
              <td class="number" data-total>
                {format.count(summary.hasRequests ? row.all.requests : row.all.opened)}
              </td>
              <td>
                <Failures failures={summary.failures} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function RouteCard({ route }: { route: RouteFacts }) {
  const store = useStore();
  const [isEdited, edit] = useState(false);
  const { rule, table, backends, rollout } = route;
  const isHeld = rollout !== undefined && rollout.weight !== null;
  return (
    <article class="card" data-route={rule.route} data-rule={rule.name}>
      <h3>
        {rule.route} <span class="faint">rule {rule.name}</span> <span class="tag">{table.kind.replace("_ROUTE", " route")}</span>
        {store.session?.canEdit && table.kind === "HTTP_ROUTE" && backends.length > 1 && (
          <button type="button" class="edit" disabled={isHeld} title={isHeld ? "The Rollout holds these weights" : undefined} onClick={() => edit(true)}>
            Edit weights
          </button>
        )}
      </h3>
      {isEdited && <WeightEditor route={route} close={() => edit(false)} />}
      <p class="faint">
        of Service {route.service}:{table.port}
        {table.consumerNamespace && ` for callers in ${table.consumerNamespace}`}
      </p>
      <ul class="backends">
        {backends.map((backend) => (
          <li key={`${backend.service}:${backend.port}`} data-backend={backend.service}>
            <span class="who">
              {backend.service}:{backend.port}
            </span>
            <span class="bar" role="img" aria-label={`weight ${backend.weight}`}>
              <svg width="100%" height="8" aria-hidden="true">
                <rect class="weight" width={`${backend.share * 100}%`} height="8" rx="4" />
                {backend.measured !== null && <rect class="measured" x={`${backend.measured * 100}%`} width="2" height="8" />}
              </svg>
            </span>
            <span data-weight={backend.weight}>{format.percent(backend.share).replace(".0", "")}</span>
            <span class="faint">{backend.measured === null ? "" : `${format.percent(backend.measured)} measured`}</span>
          </li>
        ))}
      </ul>
      {rollout && (
        <p class={`rollout ${rollout.status?.phase ?? ""}`} data-rollout={rollout.name}>
          <strong>Rollout {rollout.name}</strong>{" "}
          {rollout.status ? (
            <>
              <span class={`tag ${rollout.status.phase === "RolledBack" ? "bad" : ""}`}>{rollout.status.phase}</span> step {Math.min(rollout.status.step + 1, rollout.steps)} of {rollout.steps}: {rollout.status.message.replace(/^step \d+ of \d+[:,]? ?/, "")}
            </>
          ) : rollout.accepted.status ? (
            "begins"
          ) : (
            rollout.accepted.message
          )}
        </p>
      )}
    </article>
  );
}

function Policies({ facts }: { facts: WorkloadFacts }) {
  return (
    <Section title="Policies that apply" note={facts.policies.length || undefined}>
      {facts.policies.length === 0 ? (
        <p class="faint">None.</p>
      ) : (
        <table class="rows">
          <tbody>
            {facts.policies.map((policy) => (
              <tr key={`${policy.kind} ${policy.name} ${policy.scope}`} data-policy={`${policy.kind}/${policy.name}`}>
                <td>
                  <Dot state={policy.trouble ? "poor" : "good"} /> {policy.kind}
                </td>
                <td class="name">{policy.name}</td>
                <td class="faint">{policy.scope}</td>
                <td>{policy.trouble}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Pods({ facts }: { facts: WorkloadFacts }) {
  const store = useStore();
  const here = new Map(store.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  return (
    <Section title="Pods" note={facts.pods.length}>
      <table class="rows">
        <tbody>
          {facts.pods.map((pod) => {
            const local = here.get(pod.id);
            return (
              <tr key={pod.id}>
                <td class="name">
                  <Dot state={local?.captured ? "good" : local?.enrolled ? "bad" : "idle"} /> {pod.name}
                </td>
                <td>{local ? (local.captured ? "captured" : local.enrolled ? `not captured: ${local.missing.join("; ")}` : "not in the mesh") : `on ${pod.node || "another node"}`}</td>
                <td class="faint">{pod.version && `version ${pod.version}`}</td>
                <td class="faint">{pod.ownerKind}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Section>
  );
}
