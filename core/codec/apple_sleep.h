/* SPDX-License-Identifier: MIT
 * Nights out of Apple's single sleep samples: collected over the whole export, because
 * Health groups records by type and source and not by time, and given out as messages at
 * its end. */
#ifndef SW_CODEC_APPLE_SLEEP_H
#define SW_CODEC_APPLE_SLEEP_H
#include "codec/batch.h"
#include <stdint.h>

enum sw_apple_stage {
    SW_IN_BED,
    SW_ASLEEP,
    SW_CORE,
    SW_DEEP,
    SW_REM,
    SW_AWAKE,
    SW_N_STAGES
};

struct sw_apple_segment {
    int64_t start_ms, finish_ms;
    int32_t origin;
    int16_t offset_start, offset_finish;
    int16_t stage;
};

struct sw_apple_sleep {
    struct sw_apple_segment *seg;
    size_t n, cap, dropped;
};

/* The stage a HKCategoryValueSleepAnalysis value means, -1 if unknown. n: its length. */
int sw_apple_stage_of(const char *value, size_t n);

/* Collect one sample; beyond two million they are dropped and counted. */
void sw_apple_sleep_add(struct sw_apple_sleep *s, const struct sw_apple_segment *seg);

/* Write a "sleep" message per origin and night into out: repeats removed, in order of time,
 * a new night where more than 60 minutes are empty. The samples are gone afterwards. */
void sw_apple_sleep_emit(struct sw_apple_sleep *s, struct sw_batch *out);
void sw_apple_sleep_clear(struct sw_apple_sleep *s);
#endif
