/* Latencies in nanoseconds, log-linear: 128 buckets for each power of two, so a value is off by less than 0.8 %. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define SUB_BUCKETS 128
#define BUCKETS (SUB_BUCKETS * 36)

struct histogram {
	uint64_t counts[BUCKETS];
	uint64_t total;
	uint64_t max;
};

static inline void histogram_add(struct histogram *h, uint64_t value)
{
	uint32_t shift = value < SUB_BUCKETS ? 0 : 63 - __builtin_clzll(value) - 7;
	uint64_t bucket = value < SUB_BUCKETS ? value : (shift + 1) * SUB_BUCKETS + (value >> shift) - SUB_BUCKETS;

	h->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	h->total++;
	if (value > h->max)
		h->max = value;
}

/* The upper bound of the bucket that holds the given part (0..1) of all values. */
static inline uint64_t histogram_at(const struct histogram *h, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)h->total), seen = 0;

	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
		seen += h->counts[bucket];
		if (seen <= wanted)
			continue;
		if (bucket < SUB_BUCKETS)
			return bucket;
		uint32_t shift = bucket / SUB_BUCKETS - 1;
		uint64_t bound = ((uint64_t)(bucket % SUB_BUCKETS + SUB_BUCKETS + 1) << shift) - 1;
		return bound < h->max ? bound : h->max;
	}
	return h->max;
}

#endif
