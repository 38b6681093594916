/* SPDX-License-Identifier: MIT
 * The socket of one worker: what is sent to it and what it says. Everything read is hostile: every
 * field checked, only known runs and open calls accepted, a bounded amount per turn; what no honest
 * worker says ends it. Credit: no more than SW_FRAME_CREDIT bytes are sent ahead of a worker's
 * acknowledgements. Which runs it gets is not decided here (workers_pump.c). */
#include <uv.h>
#include "script/workers_pool.h"
#include "base/log.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CALLS_MAX 1000 /* of one run */

size_t sw_worker_message(struct sw_buf *b, const char *op, size_t *map)
{
    size_t at = sw_frame_begin(b);
    *map = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, op);
    return at;
}

void sw_worker_send_library(struct sw_worker *w)
{
    size_t map, at;
    for (size_t i = 0; i < w->pool->n_lib; i++) {
        at = sw_worker_message(&w->out, "lib", &map);
        sw_val_key(&w->out, "name");
        sw_val_text(&w->out, w->pool->lib[i].name);
        sw_val_key(&w->out, "source");
        sw_val_str(&w->out, w->pool->lib[i].source, w->pool->lib[i].bytes);
        sw_val_close(&w->out, map, 3);
        sw_frame_end(&w->out, at, NULL);
    }
    at = sw_worker_message(&w->out, "init", &map);
    sw_val_close(&w->out, map, 1);
    sw_frame_end(&w->out, at, NULL);
}

static void send_ack(struct sw_worker *w)
{
    size_t map, at = sw_worker_message(&w->out, "ack", &map);
    sw_val_key(&w->out, "bytes");
    sw_val_int(&w->out, (int64_t)w->owed);
    sw_val_close(&w->out, map, 2);
    sw_frame_end(&w->out, at, NULL);
    w->owed = 0;
}

void sw_worker_reply(struct sw_worker *w, struct sw_job *j, bool ok, struct sw_rd value)
{
    size_t map, at = sw_worker_message(&w->out, "reply", &map);
    sw_val_key(&w->out, "call");
    sw_val_int(&w->out, j->their_call);
    sw_val_key(&w->out, "ok");
    sw_val_bool(&w->out, ok);
    sw_val_key(&w->out, "value");
    sw_val_span(&w->out, value);
    sw_val_close(&w->out, map, 4);
    sw_frame_end(&w->out, at, NULL);
    if (!sw_worker_running(w)) sw_worker_progress(w);
    j->call = 0;
    sw_worker_flush(w);
}

void sw_worker_body(struct sw_worker *w, const struct sw_job *j, const char *p, size_t n, size_t whole)
{
    size_t map, at = sw_worker_message(&w->out, "body", &map);
    sw_val_key(&w->out, "call");
    sw_val_int(&w->out, j->their_call);
    sw_val_key(&w->out, "whole");
    sw_val_int(&w->out, (int64_t)whole);
    sw_val_key(&w->out, "data");
    sw_val_str(&w->out, p, n);
    sw_val_close(&w->out, map, 4);
    sw_frame_end(&w->out, at, NULL);
}

void sw_worker_refuse(struct sw_worker *w, struct sw_job *j, const char *text)
{
    struct sw_buf b;
    sw_buf_init(&b, 512);
    sw_val_text(&b, text);
    sw_worker_reply(w, j, false, sw_rd_of(b.data, b.len));
    sw_buf_clear(&b);
}

static void take_result(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_run_result r = {0};
    struct sw_package *p = w->p;
    struct sw_pfile *f;
    struct sw_job *j;
    struct sw_val v;
    struct sw_rd error;
    int64_t n = 0;
    if (!sw_val_get_int(frame, "run", &n) || !(j = sw_jobs_take(&w->flight, (uint64_t)n))) return;
    w->advanced = true;
    p->barren = 0;
    sw_val_get_bool(frame, "ok", &r.ok);
    if (sw_val_get_int(frame, "cpu_us", &r.cpu_us) && (r.cpu_us < 0 || r.cpu_us > INT_MAX))
        r.cpu_us = 0;
    if (!r.ok && (f = sw_package_file(p, j))) f->poisoned = true; /* it would fail again, at the others' cost */
    if (!sw_val_find(frame, "out", &r.out)) r.out = sw_rd_of(NULL, 0);
    if (!r.ok && (!sw_val_find(frame, "error", &r.error) ||
                  (error = r.error, !sw_val_next(&error, &v)) || v.kind != SW_V_MAP)) {
        sw_job_fail(j, p, SW_END_RAN, "the run failed without a reason");
    } else {
        p->known = true;
        p->avg_us = p->avg_us ? (p->avg_us * 7 + r.cpu_us) / 8 : r.cpu_us;
        w->pool->stats.runs++;
        sw_job_give(j, p, &r);
    }
    sw_job_free(j);
}

/* The next packed result: a byte, and unless it is 0 a map. false: damaged. */
static bool next_packed(struct sw_rd *r, struct sw_rd *out)
{
    struct sw_val v;
    struct sw_rd head;
    const uint8_t *from;
    uint8_t mark = sw_rd_byte(r);
    *out = sw_rd_of(NULL, 0);
    if (!mark || r->bad) return !r->bad;
    from = r->p;
    head = *r;
    if (!sw_val_next(&head, &v) || v.kind != SW_V_MAP || !sw_val_skip(r)) return false;
    *out = sw_rd_of(from, (size_t)(r->p - from));
    return true;
}

/* Results of runs of a batch with consecutive numbers. false: no honest worker says this. */
static bool take_results(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_package *p = w->p;
    int64_t first, n, cpu_ns = 0;
    const char *s;
    size_t len;
    struct sw_rd packed;
    if (!sw_val_get_int(frame, "run", &first) || !sw_val_get_int(frame, "n", &n) || n <= 0 ||
        !sw_val_get_str(frame, "packed", &s, &len) || (uint64_t)n > len)
        return false;
    if (!sw_val_get_int(frame, "cpu_ns", &cpu_ns) || cpu_ns < 0 || cpu_ns / 1000 > INT_MAX) cpu_ns = 0;
    packed = sw_rd_of(s, len);
    w->advanced = true;
    p->barren = 0;
    p->known = true;
    p->avg_us = p->avg_us ? (p->avg_us * 7 + cpu_ns / 1000) / 8 : cpu_ns / 1000 + 1;
    for (uint64_t i = 0; i < (uint64_t)n && !w->pool->closing; i++) {
        struct sw_run_result r = {.ok = true, .cpu_us = (cpu_ns + 999) / 1000};
        struct sw_job *j = sw_jobs_take(&w->flight, (uint64_t)first + i);
        if (!next_packed(&packed, &r.out) || !j || !j->batch) {
            if (j) sw_jobs_push_front(&w->flight, j);
            return false;
        }
        w->pool->stats.runs++;
        sw_job_give(j, p, &r);
        sw_job_free(j);
    }
    return true;
}

/* false: no honest worker says this */
static bool take_call(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_run_call c = {.user = w->p->user->name, .package = w->p->name};
    struct sw_job *j = w->flight.first;
    int64_t n, theirs;
    const char *name;
    size_t len;
    char text[64];
    if (!sw_val_get_int(frame, "run", &n) || !sw_val_get_int(frame, "call", &theirs) ||
        theirs <= 0 || !sw_val_get_str(frame, "name", &name, &len) || len == 0 ||
        len >= sizeof text || memchr(name, 0, len) || !sw_val_find(frame, "args", &c.args))
        return false;
    while (j && j->n != (uint64_t)n) j = j->next;
    if (!j || j->call || ++j->calls > CALLS_MAX) return false;
    memcpy(text, name, len);
    text[len] = 0;
    j->call = ++w->pool->last_call;
    j->their_call = theirs;
    w->advanced = true;
    c.call = j->call;
    c.tag = j->tag;
    c.name = text;
    if (j->file >= 0 || !j->on.call)
        sw_worker_refuse(w, j, "nothing can be asked of the engine here");
    else j->on.call(j->on.ctx, &c);
    return true;
}

/* Words of a worker that people will read. */
static void keep_words(char *to, size_t cap, const char *s, size_t n)
{
    struct sw_buf b;
    sw_buf_init(&b, 3 * cap + 16);
    sw_text_clean(&b, s, n < cap ? n : cap - 1, 1);
    snprintf(to, cap, "%s", sw_buf_str(&b));
    sw_buf_clear(&b);
}

static void take_hello(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_workers *pool = w->pool;
    bool seccomp = false, limits = false, user = false;
    int64_t uid = -1;
    const char *why;
    size_t n;
    if (sw_val_get_str(frame, "refused", &why, &n)) {
        keep_words(pool->refused, sizeof pool->refused, why, n);
        return;
    }
    sw_val_get_bool(frame, "seccomp", &seccomp);
    sw_val_get_bool(frame, "limits", &limits);
    sw_val_get_bool(frame, "unprivileged", &user);
    sw_val_get_int(frame, "uid", &uid);
    snprintf(pool->confinement, sizeof pool->confinement, "%s, uid %lld%s, %s",
             seccomp ? "seccomp" : "NO seccomp (allowed by the administrator)", (long long)uid,
             user ? "" : " (root)", limits ? "resource limits" : "no resource limits");
    w->state = SW_WORKER_READY;
    pool->spawner_failures = 0;
}

static bool take_frame(struct sw_worker *w, struct sw_rd frame)
{
    int64_t n;
    const char *s;
    size_t len;
    if (sw_val_is(frame, "op", "ack")) {
        if (!sw_val_get_int(frame, "bytes", &n) || n <= 0 || (uint64_t)n > w->unacked) return false;
        w->unacked -= (size_t)n;
        return true;
    }
    if (sw_val_is(frame, "op", "bye")) {
        if (sw_val_get_str(frame, "text", &s, &len))
            keep_words(w->bye, sizeof w->bye, s, len);
        return false;
    }
    if (w->state == SW_WORKER_STARTING) {
        if (!sw_val_is(frame, "op", "hello")) return false;
        take_hello(w, frame);
        return w->state == SW_WORKER_READY;
    }
    if (sw_val_is(frame, "op", "result")) {
        take_result(w, frame);
        return true;
    }
    if (sw_val_is(frame, "op", "results")) return take_results(w, frame);
    return sw_val_is(frame, "op", "call") && take_call(w, frame);
}

/* All complete frames in w->in. false: the worker broke the protocol. */
static bool take_frames(struct sw_worker *w)
{
    size_t at = 0, used;
    bool good = true;
    while (good && !w->pool->closing) {
        struct sw_rd frame;
        int rc = sw_frame_next(w->in.data + at, w->in.len - at, &used, &frame, NULL);
        if (rc == 0) break;
        good = rc > 0 && take_frame(w, frame);
        if (good) at += used;
    }
    if (w->pool->closing) return true;
    if (w->advanced) sw_worker_progress(w); /* once for all of them: it asks the kernel */
    w->advanced = false;
    sw_buf_cut(&w->in, at);
    w->owed += at;
    if (good && w->owed >= SW_FRAME_CREDIT / 8) send_ack(w);
    return good;
}

/* Read what is there, a bounded amount. false: the end, or an error. */
static bool read_some(struct sw_worker *w)
{
    for (int i = 0; i < 8; i++) {
        uint8_t *room = sw_buf_room(&w->in, 65536);
        ssize_t n = room ? recv(w->fd, room, 65536, MSG_DONTWAIT) : -1;
        if (n < 0 && room && errno == EINTR) continue;
        if (n < 0 && room && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n <= 0) return false;
        w->in.len += (size_t)n;
        if (!take_frames(w)) return false;
        if (w->pool->closing) return true;
        if (n < 65536) return true;
    }
    return true;
}

static void on_socket(uv_poll_t *h, int status, int events)
{
    struct sw_worker *w = h->data;
    struct sw_workers *pool = w->pool;
    bool alive = true;
    pool->inside++;
    /* What it said before an error is read first: one that refuses says why and ends, and the library
     * that it never read makes its end an error. */
    if (status < 0 || (events & UV_READABLE)) alive = read_some(w) && status == 0;
    if (!pool->closing) {
        if (alive) sw_worker_flush(w);
        else sw_worker_gone(w);
    }
    sw_workers_leave(pool);
}

void sw_worker_flush(struct sw_worker *w)
{
    while (w->out_at < w->out.len && w->unacked < SW_FRAME_CREDIT) {
        size_t n = w->out.len - w->out_at, credit = SW_FRAME_CREDIT - w->unacked;
        ssize_t sent = send(w->fd, w->out.data + w->out_at, n < credit ? n : credit,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break; /* full: on_socket goes on; broken: reading will tell */
        w->out_at += (size_t)sent;
        w->unacked += (size_t)sent;
    }
    if (w->out_at == w->out.len) {
        sw_buf_reset(&w->out);
        w->out_at = 0;
    } else if (w->out_at > (1u << 20)) {
        sw_buf_cut(&w->out, w->out_at);
        w->out_at = 0;
    }
    if (w->polling)
        uv_poll_start(&w->poll,
                      UV_READABLE | (w->out.len && w->unacked < SW_FRAME_CREDIT ? UV_WRITABLE : 0),
                      on_socket);
}
