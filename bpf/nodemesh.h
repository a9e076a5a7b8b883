/* What the BPF programs and the agent share. The C# twins are in agent/NodeMesh.Agent/Capture/Ebpf/Layout; a
 * unit test compares the two. Maps of an older agent are adopted when their sizes are equal: if the meaning
 * of a field changes but its size does not, rename the map. */
#ifndef NODEMESH_H
#define NODEMESH_H

#include <linux/types.h>

#define NM_LOOP_MARK 0x53a /* routed to lo inside the pod: DESIGN 3.1 */

#define NM_MAX_ADDRESSES      8
#define NM_MAX_EXCLUDED_PORTS 16
#define NM_MAX_LISTENER_PORTS 4
#define NM_MAX_PODS	      4096
#define NM_MAX_CIDRS	      16384
#define NM_MAX_PROBES	      16384
#define NM_MAX_PROBE_DIALS    4096

/* Slots of the map heartbeat: 64-bit CLOCK_MONOTONIC nanoseconds. */
#define NM_BEAT_AGENT 0
#define NM_BEAT_PROXY 1
#define NM_BEATS      2

/* Slots of the map listeners. */
#define NM_LISTENER_OUTBOUND 0
#define NM_LISTENER_INBOUND  1
#define NM_LISTENERS	     2

/* nm_pod.on_failure: what new connections meet while no proxy is alive. */
#define NM_FAIL_CLOSED 0
#define NM_FAIL_OPEN   1

/* IPv6, or IPv4 as ::ffff:a.b.c.d; network byte order. */
struct nm_address {
	__u32 word[4];
};

/* One enrolled pod. Lists end at their first zero. Replaced as a whole, so that a program never sees half of
 * one. */
struct nm_pod {
	struct nm_address addresses[NM_MAX_ADDRESSES];
	__u16 excluded_outbound[NM_MAX_EXCLUDED_PORTS]; /* host byte order, as all ports here */
	__u16 excluded_inbound[NM_MAX_EXCLUDED_PORTS];
	__u16 listener_ports[NM_MAX_LISTENER_PORTS]; /* also those of listeners just replaced */
	__u8 on_failure;
	__u8 has_excluded_cidrs;
	__u8 reserved[6];
};
_Static_assert(sizeof(struct nm_pod) == 208, "shared with C#: Layout/PodEntry.cs");

/* Key of excluded_cidrs. prefix_length counts the 64 bits of the cookie, too. */
struct nm_cidr_key {
	__u32 prefix_length;
	__u32
	    netns[2]; /* the cookie in host byte order; two words, since the trie's data begins at offset 4 */
	struct nm_address address;
};
_Static_assert(sizeof(struct nm_cidr_key) == 28, "shared with C#: Layout/CidrKey.cs");

/* Key of probes: where the kubelet asks a pod of this node whether it is well. */
struct nm_probe_key {
	struct nm_address address;
	__u32 port;
};
_Static_assert(sizeof(struct nm_probe_key) == 20, "shared with C#: Layout/ProbeKey.cs");

/* nm_probe.how */
#define NM_PROBE_BY_MESH 1 /* of HTTP: by the proxy, or directly while it is dead, lest all pods be restarted */
#define NM_PROBE_DIRECT	 2 /* asks whether the app accepts a connection: the mesh always would */

struct nm_probe {
	__u64 netns; /* cookie of the pod's namespace: a successor may have its address */
	__u64 how;
};
_Static_assert(sizeof(struct nm_probe) == 16, "shared with C#: Layout/ProbeEntry.cs");

struct nm_counters {
	__u64 bypass_attempts;
	__u64 unmeshed;
	__u64 udp_packets;
};
_Static_assert(sizeof(struct nm_counters) == 24, "shared with C#: Layout/CounterEntry.cs");

/* The only variable in .rodata, set before load. */
struct nm_config {
	__u64 beat_limit_ns; /* a heartbeat older than this is a dead proxy */
	__u64 netns;	     /* cookie: pod.bpf.c: of the namespace it is for; node.bpf.c: of the machine's own */
	__u8 count_udp;	    /* node.bpf.c: bpf_get_netns_cookie() works in cgroup_skb programs (Linux 6.15) */
	__u8 can_set_error; /* node.bpf.c: bpf_set_retval() works in connect hooks (Linux 6.1) */
	__u8 reserved[6];
};
_Static_assert(sizeof(struct nm_config) == 24, "shared with C#: Layout/Config.cs");

#endif
