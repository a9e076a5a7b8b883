/* sk_lookup: which socket a new connection to a pod is given to. One instance per pod, since this program
 * type cannot ask for the netns cookie; it is baked into .rodata. Connections under way are never looked up.
 */
#include "capture.h"

#define NM_PROBE_DIAL_NS 5000000000ull

/* The pod's two listeners. The agent writes; sk_lookup reads. The kernel empties a slot when the last
 * descriptor of its listener is closed. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, NM_LISTENERS);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

static __always_inline int nm_assign(struct bpf_sk_lookup *ctx, __u32 slot)
{
	struct bpf_sock *listener = bpf_map_lookup_elem(&listeners, &slot);
	long refused;

	if (!listener)
		return SK_DROP;
	refused = bpf_sk_assign(ctx, listener, 0);
	bpf_sk_release(listener);
	return refused ? SK_DROP : SK_PASS;
}

static __always_inline bool nm_has_listener(__u32 slot)
{
	struct bpf_sock *listener = bpf_map_lookup_elem(&listeners, &slot);

	if (!listener)
		return false;
	bpf_sk_release(listener);
	return true;
}

/* Only packets with the loop mark arrive on lo with a foreign destination. */
static __always_inline int nm_outbound(struct bpf_sk_lookup *ctx)
{
	return nm_proxy_is_alive() ? nm_assign(ctx, NM_LISTENER_OUTBOUND) : SK_DROP;
}

/* How a connection from the machine itself asks whether the app is well; 0: it does not. The answer to a SYN
 * follows within the limit, also by way of a SYN cookie. */
static __always_inline __u64 nm_probes(const struct bpf_sk_lookup *ctx, const struct nm_address *from,
				       const struct nm_address *to)
{
	struct nm_flow flow = {.from = *from, .to = *to};
	const struct nm_probe_dial *dial;

	flow.from_port = bpf_ntohs(ctx->remote_port);
	flow.to_port = ctx->local_port;
	dial = bpf_map_lookup_elem(&probe_dials, &flow);
	return dial && bpf_ktime_get_ns() - dial->at_ns < NM_PROBE_DIAL_NS ? dial->how : 0;
}

static __always_inline int nm_inbound(struct bpf_sk_lookup *ctx, const struct nm_pod *pod, bool is_probe)
{
	__u64 cookie = nm_config.netns;

	if (nm_proxy_is_alive() && nm_has_listener(NM_LISTENER_INBOUND))
		return nm_assign(ctx, NM_LISTENER_INBOUND);
	if (is_probe)
		return SK_PASS;
	if (pod->on_failure == NM_FAIL_CLOSED)
		return SK_DROP;
	nm_count(&cookie, unmeshed);
	return SK_PASS;
}

static __always_inline int nm_lookup_in(struct bpf_sk_lookup *ctx, const struct nm_address *from,
					const struct nm_address *to)
{
	__u64 cookie = nm_config.netns;
	const struct nm_pod *pod = bpf_map_lookup_elem(&pods, &cookie);
	__u64 probes;
	bool to_own;

	if (!pod)
		return SK_PASS;
	to_own = nm_is_own(pod, to);
	if (ctx->ingress_ifindex == NM_LO_IFINDEX && !to_own && !nm_is_loopback(to))
		return nm_outbound(ctx);
	/* Nobody may dial the mesh's listeners by their ports. */
	if (nm_in_ports(pod->listener_ports, NM_MAX_LISTENER_PORTS, ctx->local_port))
		return SK_DROP;
	if (ctx->ingress_ifindex == NM_LO_IFINDEX || !to_own || nm_is_own(pod, from))
		return SK_PASS;
	if (nm_in_ports(pod->excluded_inbound, NM_MAX_EXCLUDED_PORTS, ctx->local_port))
		return SK_PASS;
	probes = nm_probes(ctx, from, to);
	return probes == NM_PROBE_DIRECT ? SK_PASS : nm_inbound(ctx, pod, probes == NM_PROBE_BY_MESH);
}

SEC("sk_lookup")
int nm_lookup(struct bpf_sk_lookup *ctx)
{
	struct nm_address from, to;

	if (ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	if (ctx->family == NM_AF_INET) {
		from = nm_v4_mapped(NM_LOAD(ctx, remote_ip4));
		to = nm_v4_mapped(NM_LOAD(ctx, local_ip4));
	} else {
		from = NM_LOAD_ADDRESS(ctx, remote_ip6);
		to = NM_LOAD_ADDRESS(ctx, local_ip6);
	}
	return nm_lookup_in(ctx, &from, &to);
}

char _license[] SEC("license") = "GPL";
