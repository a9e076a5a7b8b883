/* Node-wide programs, on the root cgroup: every connect() and every packet of the machine comes through here,
 * so what concerns no enrolled pod leaves at once. */
#include "capture.h"

#define NM_PAGE_SIZE	    4096 /* the least of any architecture */
#define NM_ECONNREFUSED	    111
#define NM_SOL_SOCKET	    1
#define NM_SO_BINDTODEVICE  25
#define NM_SO_BINDTOIFINDEX 62
#define NM_SO_MARK	    36
#define NM_VERDICT_REFUSE   0 /* connect hooks: EPERM; egress: the packet is dropped */
#define NM_VERDICT_PASS	    1

/* The few fields of kernel structs that are needed, relocated at load (CO-RE). */
struct net {
	__u64 net_cookie;
} __attribute__((preserve_access_index));
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	possible_net_t skc_net;
} __attribute__((preserve_access_index));
struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));
struct inet_sock {
	struct sock sk;
} __attribute__((preserve_access_index));
struct request_sock;
struct inet_connection_sock {
	struct inet_sock icsk_inet;
} __attribute__((preserve_access_index));
struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct request_sock *fastopen_rsk;
} __attribute__((preserve_access_index));

/* Destinations that leave unmeshed, by pod. The agent writes; connect hooks and egress guard read. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, NM_MAX_CIDRS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct nm_cidr_key);
	__type(value, __u8);
} excluded_cidrs SEC(".maps");

/* The mesh's own dial sockets. The agent adds them by descriptor; connect hooks and egress guard let them
 * pass. A mark would not do: a container with CAP_NET_RAW sets any mark it likes. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u8);
} mesh_sockets SEC(".maps");

/* The outbound listener of each pod, by namespace cookie. The agent writes. The kernel takes an entry out when the
 * last process that holds the socket is gone: then nobody would answer, and the connect hooks know at once. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, NM_MAX_PODS);
	__type(key, __u64);
	__type(value, __u64);
} outbound_listeners SEC(".maps");

/* The declared probes of this node's pods. The agent writes; the egress guard reads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NM_MAX_PROBES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct nm_probe_key);
	__type(value, struct nm_probe);
} probes SEC(".maps");

static __always_inline bool nm_can_serve(__u64 *cookie)
{
	struct bpf_sock *listener;

	if (!nm_proxy_is_alive())
		return false;
	listener = bpf_map_lookup_elem(&outbound_listeners, cookie);
	if (!listener)
		return false;
	bpf_sk_release(listener);
	return true;
}

static __always_inline bool nm_is_excluded(const struct nm_pod *pod, __u64 cookie,
					   const struct nm_address *to, __u16 port)
{
	struct nm_cidr_key key;

	if (nm_in_ports(pod->excluded_outbound, NM_MAX_EXCLUDED_PORTS, port))
		return true;
	if (!pod->has_excluded_cidrs)
		return false;

	key.prefix_length = 64 + 128;
	key.netns[0] = ((__u32 *)&cookie)[0];
	key.netns[1] = ((__u32 *)&cookie)[1];
	key.address = *to;
	return bpf_map_lookup_elem(&excluded_cidrs, &key);
}

static __always_inline bool nm_is_tcp(__u32 type, __u32 protocol)
{
	return type == NM_SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == NM_IPPROTO_MPTCP);
}

/* Refuses right here: no RST would answer the SYN on lo, since the kernel sends none from a foreign IPv4
 * address unless a transparent listener was found. */
static __always_inline int nm_without_proxy(const struct nm_pod *pod, __u64 cookie)
{
	if (pod->on_failure == NM_FAIL_OPEN) {
		nm_count(&cookie, unmeshed);
		return NM_VERDICT_PASS;
	}
	if (nm_config.can_set_error)
		bpf_set_retval(-NM_ECONNREFUSED); /* else it is EPERM */
	return NM_VERDICT_REFUSE;
}

/* Marks the socket, so that its packets route to lo, where sk_lookup gives them to the pod's outbound
 * listener. Refuses what it cannot steer: better no connection than one past the mesh. */
static __always_inline int nm_steer(struct bpf_sock_addr *ctx, const struct nm_address *to)
{
	struct bpf_sock *sk = ctx->sk;
	__u32 mark = NM_LOOP_MARK;
	char no_device[4] = "";
	struct nm_pod *pod;
	__u64 cookie;

	if (ctx->type != NM_SOCK_STREAM ||
	    (ctx->protocol != IPPROTO_TCP && ctx->protocol != NM_IPPROTO_MPTCP))
		return NM_VERDICT_PASS;
	cookie = bpf_get_netns_cookie(ctx);
	pod = bpf_map_lookup_elem(&pods, &cookie);
	if (!pod || !sk)
		return NM_VERDICT_PASS;
	if (nm_is_loopback(to) || nm_is_link_local(to) || nm_is_own(pod, to))
		return NM_VERDICT_PASS;
	if (bpf_sk_storage_get(&mesh_sockets, sk, 0, 0))
		return NM_VERDICT_PASS;
	if (nm_is_excluded(pod, cookie, to, bpf_ntohs(ctx->user_port)))
		return NM_VERDICT_PASS;
	if (!nm_can_serve(&cookie))
		return nm_without_proxy(pod, cookie);

	/* Bound before the pod was enrolled: it would ignore the route to lo. The kernel lets only a
	 * privileged app be unbound. */
	if (sk->bound_dev_if &&
	    bpf_setsockopt(ctx, NM_SOL_SOCKET, NM_SO_BINDTODEVICE, no_device, sizeof(no_device)))
		return NM_VERDICT_REFUSE;
	if (bpf_setsockopt(ctx, NM_SOL_SOCKET, NM_SO_MARK, &mark, sizeof(mark)))
		return NM_VERDICT_REFUSE;
	return NM_VERDICT_PASS;
}

SEC("cgroup/connect4")
int nm_connect4(struct bpf_sock_addr *ctx)
{
	struct nm_address to = nm_v4_mapped(ctx->user_ip4);

	return nm_steer(ctx, &to);
}

/* Also IPv4: Java and others dial ::ffff:a.b.c.d, which connect4 never sees. */
SEC("cgroup/connect6")
int nm_connect6(struct bpf_sock_addr *ctx)
{
	struct nm_address to = {
	    .word = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]}};

	return nm_steer(ctx, &to);
}

/* Binding a TCP socket of an enrolled pod to a device does nothing and succeeds. Bound to eth0, which takes
 * no privilege, it would walk past lo and the mesh when it connects; and when it listens, the mesh could not
 * reach it over lo. */
SEC("cgroup/setsockopt")
int nm_setsockopt(struct bpf_sockopt *ctx)
{
	__u64 cookie;

	/* Means "as the app gave it"; before Linux 6.4 the kernel refuses values that are longer than what
	 * programs see. */
	if (ctx->optlen > NM_PAGE_SIZE)
		ctx->optlen = 0;
	if (ctx->level != NM_SOL_SOCKET ||
	    (ctx->optname != NM_SO_BINDTODEVICE && ctx->optname != NM_SO_BINDTOIFINDEX))
		return NM_VERDICT_PASS;
	if (!ctx->sk || !nm_is_tcp(ctx->sk->type, ctx->sk->protocol))
		return NM_VERDICT_PASS;
	cookie = bpf_get_netns_cookie(ctx);
	if (bpf_map_lookup_elem(&pods, &cookie))
		ctx->optlen = -1; /* the kernel's own setsockopt is skipped */
	return NM_VERDICT_PASS;
}

static __always_inline void nm_count_udp(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u8 *protocol = data + (skb->protocol == bpf_htons(0x0800) ? 9 : 6);
	__u64 cookie;

	if ((void *)(protocol + 1) > end || *protocol != IPPROTO_UDP)
		return;
	cookie = bpf_get_netns_cookie(skb);
	nm_count(&cookie, udp_packets);
}

/* True for a socket that is opening a connection: SYN_SENT sends SYNs and nothing else; SYN_RECV on a full
 * socket that is no passive Fast Open is the answer of a simultaneous open. Told from the socket, not from
 * the packet, so that neither IP options nor extension headers can hide a SYN. */
static __always_inline bool nm_is_opening(struct bpf_sock *sk, struct tcp_sock *tcp)
{
	return sk->state == BPF_TCP_SYN_SENT || (sk->state == BPF_TCP_SYN_RECV && !tcp->fastopen_rsk);
}

static __always_inline struct nm_address nm_destination(struct bpf_sock *sk)
{
	return sk->family == NM_AF_INET ? nm_v4_mapped(NM_LOAD(sk, dst_ip4)) : NM_LOAD_ADDRESS(sk, dst_ip6);
}

static __always_inline struct nm_address nm_source(struct bpf_sock *sk)
{
	return sk->family == NM_AF_INET ? nm_v4_mapped(NM_LOAD(sk, src_ip4)) : NM_LOAD_ADDRESS(sk, src_ip6);
}

/* A process of the machine itself, which the kubelet is, opens a connection. */
static __always_inline void nm_note_probe(struct bpf_sock *sk)
{
	struct nm_probe_key key = {.address = nm_destination(sk), .port = bpf_ntohs(sk->dst_port)};
	const struct nm_probe *probe = bpf_map_lookup_elem(&probes, &key);
	struct nm_flow flow = {.to = key.address, .to_port = key.port};
	struct nm_probe_dial dial;

	if (!probe)
		return;
	flow.from = nm_source(sk);
	flow.from_port = NM_LOAD(sk, src_port);
	dial.at_ns = bpf_ktime_get_ns();
	dial.how = probe->how;
	bpf_map_update_elem(&probe_dials, &flow, &dial, BPF_ANY);
}

/* The second line behind the connect hooks: when a SYN was lost on lo (full accept queue), the app may set
 * another mark or device before the retransmit, which would then leave by eth0. */
static __always_inline int nm_guard(struct bpf_sock *sk)
{
	struct nm_address to;
	struct tcp_sock *tcp;
	struct nm_pod *pod;
	__u64 cookie;

	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || !nm_is_opening(sk, tcp))
		return NM_VERDICT_PASS;
	cookie = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net->net_cookie;
	if (cookie == nm_config.netns) {
		nm_note_probe(sk);
		return NM_VERDICT_PASS;
	}
	pod = bpf_map_lookup_elem(&pods, &cookie);
	if (!pod)
		return NM_VERDICT_PASS;
	if (bpf_sk_storage_get(&mesh_sockets, tcp, 0, 0))
		return NM_VERDICT_PASS;
	to = nm_destination(sk);
	if (nm_is_link_local(&to) || nm_is_excluded(pod, cookie, &to, bpf_ntohs(sk->dst_port)))
		return NM_VERDICT_PASS;
	if (pod->on_failure == NM_FAIL_OPEN && !nm_can_serve(&cookie))
		return NM_VERDICT_PASS;
	nm_count(&cookie, bypass_attempts);
	return NM_VERDICT_REFUSE;
}

SEC("cgroup_skb/egress")
int nm_egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (skb->ifindex == NM_LO_IFINDEX || !sk)
		return NM_VERDICT_PASS;
	if (sk->state == BPF_TCP_SYN_SENT || sk->state == BPF_TCP_SYN_RECV)
		return nm_guard(sk);
	if (nm_config.count_udp)
		nm_count_udp(skb);
	return NM_VERDICT_PASS;
}

char _license[] SEC("license") = "GPL";
