/* SPDX-License-Identifier: MIT
 * Drives a fuzz target without a fuzzing engine: replays a folder of seeds, then runs seeded
 * mutations of them, the same on every machine. usage: fuzz_X SEEDS RUNS [SEED] */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 18, SEEDS = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seed {
    uint8_t *data;
    size_t n;
};

static uint64_t next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static size_t load(const char *dir, struct seed *seed)
{
    struct dirent **e;
    int n = scandir(dir, &e, NULL, alphasort);
    size_t k = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        FILE *f;
        snprintf(path, sizeof path, "%s/%s", dir, e[i]->d_name);
        if (e[i]->d_name[0] != '.' && k < SEEDS && (f = fopen(path, "rb"))) {
            seed[k].data = malloc(MOST);
            seed[k].n = fread(seed[k].data, 1, MOST, f);
            fclose(f);
            k++;
        }
        free(e[i]);
    }
    if (n >= 0) free(e);
    return k;
}

/* A few random edits: flipped bits, set bytes, cut ends, repeated runs, a piece of another seed. */
static size_t mutate(uint8_t *p, size_t n, const struct seed *other, uint64_t *s)
{
    for (int edits = 1 + (int)(next(s) % 6); edits; edits--) {
        size_t at = n ? next(s) % n : 0, len = 1 + next(s) % 32;
        static const uint8_t edge[] = {0, 1, 0x7f, 0x80, 0xff, '<', '>', '"', '{', '\n'};
        switch (next(s) % 6) {
        case 0: if (n) p[at] ^= (uint8_t)(1u << next(s) % 8); break;
        case 1: if (n) p[at] = edge[next(s) % sizeof edge]; break;
        case 2: if (n) p[at] = (uint8_t)next(s); break;
        case 3: if (n > 1) n = 1 + next(s) % n; break;
        case 4:
            if (at + len <= n && n + len < MOST) {
                memmove(p + at + len, p + at, n - at);
                n += len;
            }
            break;
        default:
            if (other->n && n + len < MOST) {
                size_t from = next(s) % other->n;
                if (len > other->n - from) len = other->n - from;
                if (at + len > n) n = at + len;
                memcpy(p + at, other->data + from, len);
            }
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct seed seed[SEEDS];
    size_t n = argc > 1 ? load(argv[1], seed) : 0;
    long runs = argc > 2 ? atol(argv[2]) : 10000;
    uint64_t s = argc > 3 ? strtoull(argv[3], NULL, 10) : 0x5eed5eed5eedu;
    uint8_t *work = malloc(MOST);
    if (!n) {
        fprintf(stderr, "no seeds in %s\n", argc > 1 ? argv[1] : "(no folder)");
        return 1;
    }
    for (size_t i = 0; i < n; i++) LLVMFuzzerTestOneInput(seed[i].data, seed[i].n);
    for (long r = 0; r < runs; r++) {
        const struct seed *from = &seed[next(&s) % n];
        size_t len;
        uint8_t *exact;
        memcpy(work, from->data, from->n);
        len = mutate(work, from->n, &seed[next(&s) % n], &s);
        exact = malloc(len ? len : 1); /* its own block, so that reading past the end is seen */
        memcpy(exact, work, len);
        LLVMFuzzerTestOneInput(exact, len);
        free(exact);
    }
    for (size_t i = 0; i < n; i++) free(seed[i].data);
    free(work);
    printf("%zu seeds, %ld mutations, no finding\n", n, runs);
    return 0;
}
