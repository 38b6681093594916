/* SPDX-License-Identifier: MIT
 * G4: parse one provider-like response many times, by our tape or by jansson.
 *   bench_json tape|jansson FILE ROUNDS
 * Only parsing (and for jansson freeing, which is half of what a tree costs) is timed; the sums that
 * show both saw the same document are taken afterwards. */
#include "base/alloc.h"
#include "base/jtape.h"
#include "bench.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sums {
    int64_t samples, bpm, activities;
    double seconds;
};

static void with_tape(const char *text, size_t n, int rounds, struct sums *out)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_jtape t;
    double began = bench_cpu();
    uint32_t data, x;
    sw_jtape_init(&t);
    for (int i = 0; i < rounds; i++)
        if (sw_jtape_parse(&t, text, n, &err)) bench_die("tape", &err);
    out->seconds = bench_cpu() - began;
    data = sw_jtape_get(&t, 0, "data");
    out->samples = t.node[data].len;
    out->activities = t.node[sw_jtape_get(&t, 0, "activities")].len;
    x = data + 1;
    for (uint32_t i = 0; i < t.node[data].len; i++, x = t.node[x].next) {
        int64_t bpm = 0;
        sw_jtape_int(&t, sw_jtape_get(&t, x, "bpm"), &bpm);
        out->bpm += bpm;
    }
    sw_jtape_clear(&t);
}

static void with_jansson(const char *text, size_t n, int rounds, struct sums *out)
{
    json_t *root = NULL, *x;
    size_t i;
    double began = bench_cpu();
    for (int k = 0; k < rounds; k++) {
        json_decref(root);
        root = json_loadb(text, n, 0, NULL);
        if (!root) bench_die("jansson", NULL);
    }
    out->seconds = bench_cpu() - began;
    out->samples = (int64_t)json_array_size(json_object_get(root, "data"));
    out->activities = (int64_t)json_array_size(json_object_get(root, "activities"));
    json_array_foreach(json_object_get(root, "data"), i, x) out->bpm += json_integer_value(json_object_get(x, "bpm"));
    json_decref(root);
}

int main(int argc, char **argv)
{
    struct sums s = {0};
    char *text;
    size_t n;
    int rounds;
    if (argc != 4) bench_die("usage: bench_json tape|jansson FILE ROUNDS", NULL);
    rounds = atoi(argv[3]);
    text = bench_read(argv[2], &n);
    if (!strcmp(argv[1], "tape")) with_tape(text, n, rounds, &s);
    else with_jansson(text, n, rounds, &s);
    printf("{\"cpu_s\":%.9f,\"check\":\"%lld %lld %lld\"}\n", s.seconds / rounds, (long long)s.samples, (long long)s.bpm,
           (long long)s.activities);
    sw_free(text);
    return 0;
}
