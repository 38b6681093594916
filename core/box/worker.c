/* SPDX-License-Identifier: MIT
 * The process around a box: confinement, hello, and the socket. It reads and writes blocking, for
 * there is nothing else to wait for. Credit: at most SW_FRAME_CREDIT bytes are under way without
 * the engine's acknowledgement; while there is none, frames that come in are kept for later. */
#include "box/worker.h"
#include "base/alloc.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, HOLD_BYTES = 32 * 1024, HOLD_NS = 2 * 1000 * 1000 };

struct link {
    int fd;
    struct sw_buf in;       /* read, not yet handled */
    struct sw_buf later;    /* frames set aside while waiting for credit */
    struct sw_buf out;      /* results held until there is nothing to do, or HOLD_BYTES, or HOLD_NS */
    int64_t held_since;     /* monotonic time of the first of them */
    bool asks;              /* a script here asked the engine: what it does outside must be known at once */
    size_t unacked;         /* bytes sent or held */
    size_t owed;            /* bytes handled and not acknowledged to the engine */
};

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return SW_E_IO;
        p += w;
        n -= (size_t)w;
    }
    return SW_OK;
}

/* More bytes into l->in: their number, 0 at the end, negative on an error. */
static ssize_t read_more(struct link *l)
{
    uint8_t *room = sw_buf_room(&l->in, READ_BYTES);
    ssize_t n;
    if (!room) return -1;
    do n = read(l->fd, room, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n > 0) l->in.len += (size_t)n;
    return n;
}

static int flush(struct link *l)
{
    int rc = write_all(l->fd, l->out.data, l->out.len);
    sw_buf_reset(&l->out);
    return rc;
}

static bool take_ack(struct link *l, struct sw_rd frame)
{
    int64_t n;
    if (!sw_val_is(frame, "op", "ack")) return false;
    if (sw_val_get_int(frame, "bytes", &n) && n > 0)
        l->unacked -= (size_t)n < l->unacked ? (size_t)n : l->unacked;
    return true;
}

static int wait_for_credit(struct link *l, size_t bytes)
{
    while (l->unacked + bytes > SW_FRAME_CREDIT) {
        struct sw_rd frame;
        size_t used;
        int rc = sw_frame_next(l->in.data, l->in.len, &used, &frame, NULL);
        if (rc < 0) return rc;
        if (rc == 0) {
            if (flush(l) < 0 || read_more(l) <= 0) return SW_E_IO;
            continue;
        }
        if (take_ack(l, frame)) l->owed += used;
        else sw_buf_put(&l->later, l->in.data, used);
        sw_buf_cut(&l->in, used);
        if (l->later.over) return SW_E_LIMIT;
    }
    return SW_OK;
}

static int64_t mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Runs that ask nothing change nothing outside: their results go together, and the engine repeats
 * those that are lost with the worker. */
static int send_frames(void *ctx, const struct sw_buf *frames)
{
    struct link *l = ctx;
    int rc = wait_for_credit(l, frames->len);
    if (rc < 0) return rc;
    l->unacked += frames->len;
    if (!l->out.len) l->held_since = mono_ns();
    sw_buf_put(&l->out, frames->data, frames->len);
    if (frames->len > 4) l->asks = l->asks || sw_val_is(sw_rd_of(frames->data + 4, frames->len - 4), "op", "call");
    if (!l->asks && l->out.len < HOLD_BYTES && mono_ns() - l->held_since < HOLD_NS) return SW_OK;
    return flush(l);
}

static int send_ack(struct link *l, size_t bytes)
{
    struct sw_buf f;
    size_t at, map;
    int rc;
    sw_buf_init(&f, 256);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "ack");
    sw_val_key(&f, "bytes");
    sw_val_int(&f, (int64_t)bytes);
    sw_val_close(&f, map, 2);
    sw_frame_end(&f, at, NULL);
    rc = write_all(l->fd, f.data, f.len);
    sw_buf_clear(&f);
    return rc;
}

static void flag(struct sw_buf *f, const char *key, bool v)
{
    sw_val_key(f, key);
    sw_val_bool(f, v);
}

static int say_hello(struct link *l, const struct sw_confinement *got, const struct sw_err *refused)
{
    struct sw_buf f;
    size_t at, map;
    int rc;
    sw_buf_init(&f, 4096);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "hello");
    sw_val_key(&f, "uid");
    sw_val_int(&f, got->uid);
    flag(&f, "seccomp", got->seccomp);
    flag(&f, "unprivileged", got->unprivileged);
    flag(&f, "limits", got->limits);
    sw_val_key(&f, "refused");
    if (refused->code) sw_val_text(&f, refused->text);
    else sw_val_nil(&f);
    sw_val_close(&f, map, 6);
    sw_frame_end(&f, at, NULL);
    rc = write_all(l->fd, f.data, f.len);
    sw_buf_clear(&f);
    return rc;
}

/* Tell the engine why this box ends; it starts another, or words it for a person. */
static void say_bye(struct link *l, const struct sw_err *err)
{
    struct sw_buf f;
    size_t at, map;
    sw_buf_init(&f, 4096);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "bye");
    sw_val_key(&f, "text");
    sw_val_text(&f, err->text);
    sw_val_close(&f, map, 2);
    sw_frame_end(&f, at, NULL);
    write_all(l->fd, f.data, f.len);
    sw_buf_clear(&f);
}

/* The buffers move while the box waits for credit, so it reads a copy; but a piece of a document is only
 * put behind those before it. */
static int feed(struct sw_buf *b, size_t used, struct sw_rd frame, struct sw_box *box, struct sw_err *err)
{
    uint8_t *copy = NULL;
    int rc;
    if (!sw_val_is(frame, "op", "body")) {
        copy = sw_alloc(used);
        memcpy(copy, b->data, used);
        sw_buf_cut(b, used);
        frame = sw_rd_of(copy + 4, used - 4);
    }
    rc = sw_box_feed(box, frame, err);
    if (!copy) sw_buf_cut(b, used);
    sw_free(copy);
    return rc;
}

/* The first frame of b goes to the box. 1: one was handled, 0: none is complete, negative: the end. */
static int handle_one(struct link *l, struct sw_buf *b, struct sw_box *box)
{
    struct sw_rd frame;
    size_t used;
    struct sw_err err = SW_ERR_INIT;
    int rc = sw_frame_next(b->data, b->len, &used, &frame, NULL);
    if (rc <= 0) return rc;
    if (take_ack(l, frame)) {
        l->owed += used;
        sw_buf_cut(b, used);
        return 1;
    }
    rc = feed(b, used, frame, box, &err);
    if (rc < 0 && flush(l) == SW_OK) say_bye(l, &err);
    l->owed += used;
    if (rc == SW_OK && l->owed >= SW_FRAME_CREDIT / 8) {
        rc = send_ack(l, l->owed);
        l->owed = 0;
    }
    return rc < 0 ? rc : 1;
}

static int serve(struct link *l, struct sw_box *box)
{
    for (;;) {
        int rc = l->later.len ? handle_one(l, &l->later, box) : handle_one(l, &l->in, box);
        if (rc < 0) return 0; /* the engine sees the end of file and starts another */
        if (rc == 0 && (flush(l) < 0 || read_more(l) <= 0)) return 0;
    }
}

int sw_worker_run(const struct sw_confine *c, int sock, struct sw_shared_page *page, pid_t parent)
{
    struct link l = {.fd = SW_CONFINE_FD};
    struct sw_confinement got = {0};
    struct sw_err err = SW_ERR_INIT;
    struct sw_box *box = NULL;
    int rc = sw_confine_process(c, sock, parent, &got, &err);
    sw_buf_init(&l.in, 2 * SW_FRAME_MAX + READ_BYTES);
    sw_buf_init(&l.later, 2 * SW_FRAME_CREDIT);
    sw_buf_init(&l.out, HOLD_BYTES + SW_FRAME_MAX + 4);
    if (rc == SW_OK) {
        box = sw_box_new(c->memory_bytes, page, send_frames, &l);
        if (!box) rc = sw_fail(&err, SW_E_LIMIT, "no memory for a worker");
    }
    if (rc == SW_OK) rc = sw_confine_seal(c, &got, &err);
    if (say_hello(&l, &got, &err) < 0 || rc < 0) return 1;
    return serve(&l, box);
}
