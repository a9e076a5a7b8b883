import * as format from "../format";
import { useStore } from "../store";
import { Dot, Empty, Fact, Section } from "../ui/parts";
import { workloadPage } from "../router";

/** The node: whether it does what it should, its pods, and what each of them costs. */
export function NodePage() {
  const store = useStore();
  const { latest, seconds } = store.node;
  const one = (name: string, labels: Record<string, string> = {}) => latest?.sum(name, labels) ?? null;
  const lately = (name: string, labels: Record<string, string>) => store.node.rate(name, labels);
  const [version, proxy, age] = [one("nodemesh_config_version"), one("nodemesh_proxy_config_version"), one("nodemesh_config_age_seconds")];
  const captured = store.pods.filter((pod) => pod.captured).length;
  const enrolled = store.pods.filter((pod) => pod.enrolled).length;
  return (
    <div class="page">
      <dl class="facts">
        <Fact label="Node">{store.session?.node ?? ""}</Fact>
        <Fact label="Ready" state={store.notReady.length === 0 ? "good" : "bad"}>
          {store.notReady.length === 0 ? "yes" : "no"}
        </Fact>
        <Fact label="Pods captured" state={captured < enrolled ? "bad" : "good"}>
          {captured} of {enrolled} <span class="faint">by {store.capture}</span>
        </Fact>
        <Fact label="Configuration" state={version === proxy ? undefined : "poor"}>
          {format.count(version)} {version !== proxy && <span class="faint">proxy has {proxy ? format.count(proxy) : "none"}</span>}
        </Fact>
        <Fact label="Configuration age" state={age !== null && age > 300 ? "bad" : undefined}>
          {format.age(age)}
        </Fact>
        <Fact label="Proxy restarts" state={one("nodemesh_proxy_restarts_total") ? "poor" : undefined}>
          {format.count(one("nodemesh_proxy_restarts_total"))}
        </Fact>
        {["agent", "proxy"].map((component) => (
          <Fact key={component} label={`${component[0]!.toUpperCase()}${component.slice(1)}`}>
            {format.bytes(one("nodemesh_process_resident_memory_bytes", { component }))} <span class="faint">{format.cores(lately("nodemesh_process_cpu_seconds_total", { component }))} CPU</span>
          </Fact>
        ))}
      </dl>
      {store.notReady.length > 0 && (
        <Section title="Why it is not ready">
          <ul class="sentences">
            {store.notReady.map((why) => (
              <li key={why}>{why}</li>
            ))}
          </ul>
        </Section>
      )}
      {store.problems.length > 0 && (
        <Section title="Not in force as written" note={store.problems.length}>
          <table class="rows">
            <tbody>
              {store.problems.map((problem) => (
                <tr key={`${problem.kind} ${problem.object} ${problem.message}`}>
                  <td class="name">
                    <span class="faint">{problem.kind}</span> {problem.object}
                  </td>
                  <td>{problem.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
      )}
      <Section title="Pods" note={store.pods.length}>
        {store.pods.length === 0 ? (
          <Empty title="No pod of this node is known">A pod is in the mesh as soon as a label says so: nodemesh.io/mesh: enabled.</Empty>
        ) : (
          <table class="rows">
            <thead>
              <tr>
                <th>Pod</th>
                <th>Capture</th>
                <th class="number" title="CPU of the proxy that the pod causes; m: thousandths of a core">
                  CPU
                </th>
                <th class="number">Bytes/s</th>
                <th class="number">Connections</th>
                <th class="number">Held</th>
                <th class="number" title="SYNs that tried to leave past the mesh; dropped">
                  Past the mesh
                </th>
                <th class="number" title="Connections let through while no proxy was alive">
                  Unmeshed
                </th>
              </tr>
            </thead>
            <tbody>
              {store.pods.map((pod) => {
                const labels = { namespace: pod.namespace, pod: pod.name };
                return (
                  <tr key={`${pod.namespace}/${pod.name}`} data-pod={`${pod.namespace}/${pod.name}`}>
                    <td>
                      <Dot state={pod.captured ? "good" : pod.enrolled ? "bad" : "idle"} />{" "}
                      <a href={workloadPage(pod.namespace, store.owners[`${pod.namespace}/${pod.name}`] ?? pod.name)}>
                        <span class="faint">{pod.namespace}/</span>
                        {pod.name}
                      </a>
                    </td>
                    <td class={pod.enrolled && !pod.captured ? "bad" : ""}>{pod.captured ? "captured" : pod.enrolled ? `not captured: ${pod.missing.join("; ")}` : "not in the mesh"}</td>
                    <td class="number">{format.cores(lately("nodemesh_pod_cpu_seconds_total", labels))}</td>
                    <td class="number">{format.bytes(lately("nodemesh_pod_bytes_total", labels))}</td>
                    <td class="number" data-connections>
                      {format.count(one("nodemesh_pod_connections_open", labels))}
                    </td>
                    <td class="number">{format.bytes(one("nodemesh_pod_buffered_bytes", labels))}</td>
                    <td class={`number ${pod.bypassAttempts > 0 ? "poor" : ""}`}>{format.count(pod.bypassAttempts)}</td>
                    <td class={`number ${pod.unmeshed > 0 ? "poor" : ""}`}>{format.count(pod.unmeshed)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
        {seconds === 0 && <p class="note">Rates come with the next answer.</p>}
      </Section>
    </div>
  );
}
