/* Maps and questions that node.bpf.c and pod.bpf.c have in common. pod.bpf.c uses the maps of node.bpf.c. */
#ifndef NODEMESH_CAPTURE_H
#define NODEMESH_CAPTURE_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "nodemesh.h"

/* No libc or vmlinux.h here: these are the kernel's values. */
#define NM_AF_INET	 2
#define NM_SOCK_STREAM	 1
#define NM_IPPROTO_MPTCP 262
#define NM_LO_IFINDEX	 1 /* in every network namespace (LOOPBACK_IFINDEX) */

const volatile struct nm_config nm_config;

/* The enrolled pods by netns cookie. The agent writes; connect hooks, egress guard and sk_lookup read. An
 * entry is what switches capture of a pod on: it is written last and deleted first. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NM_MAX_PODS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct nm_pod);
} pods SEC(".maps");

/* Per pod, by netns cookie. The agent makes the entry and sums over the CPUs; the programs count. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, NM_MAX_PODS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct nm_counters);
} counters SEC(".maps");

/* Dead-man's switch. Agent and proxy write their slot through a shared mapping; the programs read the
 * proxy's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NM_BEATS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} heartbeat SEC(".maps");

/* The probe connections that processes in the machine's own namespace open, as node.bpf.c sees them leave and
 * pod.bpf.c sees them arrive. No address tells them: what is masqueraded or forwarded by the machine has its
 * address too. */
struct nm_flow {
	struct nm_address from, to;
	__u32 from_port, to_port;
};

struct nm_probe_dial {
	__u64 at_ns; /* CLOCK_MONOTONIC */
	__u64 how;   /* NM_PROBE_* */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NM_MAX_PROBE_DIALS);
	__type(key, struct nm_flow);
	__type(value, struct nm_probe_dial);
} probe_dials SEC(".maps");

/* Loads a 32-bit field of a context or bpf_sock at its own constant offset. Plain C would do, but clang
 * merges the loads of two branches into one from a computed address, which the verifier refuses ("dereference
 * of modified ctx ptr"). */
#define NM_LOAD(base, field)                                                                                 \
	({                                                                                                   \
		__u64 loaded_;                                                                               \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                                        \
			     : "=r"(loaded_)                                                                 \
			     : "r"(base), "i"(__builtin_offsetof(typeof(*(base)), field)));                  \
		(__u32) loaded_;                                                                             \
	})

#define NM_LOAD_ADDRESS(base, field)                                                                         \
	((struct nm_address){.word = {NM_LOAD(base, field[0]), NM_LOAD(base, field[1]),                      \
				      NM_LOAD(base, field[2]), NM_LOAD(base, field[3])}})

static __always_inline struct nm_address nm_v4_mapped(__u32 v4)
{
	struct nm_address address = {.word = {0, 0, bpf_htonl(0xffff), v4}};

	return address;
}

static __always_inline bool nm_is_v4_mapped(const struct nm_address *a)
{
	return a->word[0] == 0 && a->word[1] == 0 && a->word[2] == bpf_htonl(0xffff);
}

/* The unspecified address counts as loopback: connect() to it reaches the host itself. */
static __always_inline bool nm_is_loopback(const struct nm_address *a)
{
	if (nm_is_v4_mapped(a))
		return (a->word[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000) || a->word[3] == 0;
	return a->word[0] == 0 && a->word[1] == 0 && a->word[2] == 0 &&
	       (a->word[3] == 0 || a->word[3] == bpf_htonl(1));
}

/* fe80::/10 stays on its link and needs an interface: it cannot be steered, and no address of a pod is taken
 * from it. */
static __always_inline bool nm_is_link_local(const struct nm_address *a)
{
	return (a->word[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline bool nm_is_own(const struct nm_pod *pod, const struct nm_address *a)
{
	for (int i = 0; i < NM_MAX_ADDRESSES; i++) {
		const struct nm_address *own = &pod->addresses[i];

		if (own->word[0] == a->word[0] && own->word[1] == a->word[1] && own->word[2] == a->word[2] &&
		    own->word[3] == a->word[3])
			return true;
	}
	return false;
}

static __always_inline bool nm_in_ports(const __u16 *ports, int length, __u16 port)
{
	for (int i = 0; i < length; i++) {
		if (ports[i] == 0)
			return false;
		if (ports[i] == port)
			return true;
	}
	return false;
}

/* Signed: the proxy may have written its beat after this CPU read the clock. */
static __always_inline bool nm_proxy_is_alive(void)
{
	__u32 slot = NM_BEAT_PROXY;
	const volatile __u64 *beat = bpf_map_lookup_elem(&heartbeat, &slot);

	return beat && (__s64)(bpf_ktime_get_ns() - *beat) < (__s64)nm_config.beat_limit_ns;
}

/* Counts nothing when the agent is just removing the pod. */
#define nm_count(cookie, field)                                                                              \
	do {                                                                                                 \
		struct nm_counters *c_ = bpf_map_lookup_elem(&counters, cookie);                             \
		if (c_)                                                                                      \
			__sync_fetch_and_add(&c_->field, 1);                                                 \
	} while (0)

#endif
