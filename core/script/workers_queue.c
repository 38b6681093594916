/* SPDX-License-Identifier: MIT
 * Packages and the jobs that wait in them: bookkeeping without processes, sockets or libuv. */
#include "script/workers_priv.h"
#include "base/alloc.h"
#include <stdio.h>
#include <string.h>

#define MAX_FILES  16384
#define MAX_SOURCE (64 * 1024)
#define LOAD_MS    500

void sw_jobs_init(struct sw_jobs *q)
{
    *q = (struct sw_jobs){.last = &q->first};
}

void sw_jobs_push(struct sw_jobs *q, struct sw_job *j)
{
    j->next = NULL;
    *q->last = j;
    q->last = &j->next;
    q->n++;
}

void sw_jobs_push_front(struct sw_jobs *q, struct sw_job *j)
{
    j->next = q->first;
    q->first = j;
    if (!j->next) q->last = &j->next;
    q->n++;
}

static struct sw_job *unlink_at(struct sw_jobs *q, struct sw_job **at)
{
    struct sw_job *j = *at;
    if (!j) return NULL;
    *at = j->next;
    if (!j->next) q->last = at;
    q->n--;
    j->next = NULL;
    return j;
}

struct sw_job *sw_jobs_pop(struct sw_jobs *q)
{
    return unlink_at(q, &q->first);
}

struct sw_job *sw_jobs_take(struct sw_jobs *q, uint64_t n)
{
    struct sw_job **at = &q->first;
    while (*at && (*at)->n != n) at = &(*at)->next;
    return unlink_at(q, at);
}

void sw_jobs_clear(struct sw_jobs *q)
{
    struct sw_job *j;
    while ((j = sw_jobs_pop(q))) sw_job_free(j);
}

struct sw_job *sw_job_new(const struct sw_workers_on *on, uint64_t tag, uint32_t cpu_ms)
{
    struct sw_job *j = sw_zalloc(sizeof *j);
    j->on = *on;
    j->tag = tag;
    j->cpu_ms = cpu_ms;
    j->file = -1;
    sw_buf_init(&j->spec, SW_FRAME_MAX - 1024);
    return j;
}

static struct sw_rd copied(uint8_t **to, const void *p, size_t n)
{
    struct sw_rd r = sw_rd_of(*to, n);
    memcpy(*to, p, n);
    *to += n;
    return r;
}

struct sw_job_batch *sw_job_batch_new(const struct sw_workers_on *on, const struct sw_batch_spec *s)
{
    size_t jobs = s->n * sizeof(struct sw_job), items = s->ends[s->n - 1];
    size_t shared = sw_rd_left(&s->head) + sw_rd_left(&s->names);
    struct sw_job_batch *b = sw_alloc(sizeof *b + jobs + shared + items);
    uint8_t *to = (uint8_t *)b->job + jobs;
    b->left = s->n;
    b->head = copied(&to, s->head.p, sw_rd_left(&s->head));
    b->names = copied(&to, s->names.p, sw_rd_left(&s->names));
    for (size_t i = 0; i < s->n; i++) {
        size_t from = i ? s->ends[i - 1] : 0;
        b->job[i] = (struct sw_job){.tag = i, .on = *on, .batch = b, .file = -1,
                                    .cpu_ms = s->cpu_ms ? s->cpu_ms : 200};
        b->job[i].item = copied(&to, s->items + from, s->ends[i] - from);
    }
    return b;
}

struct sw_job *sw_job_load(const struct sw_package *p, int file)
{
    const struct sw_pfile *f = &p->files[file];
    struct sw_job *j = sw_job_new(&f->on, (uint64_t)file, LOAD_MS);
    size_t at = sw_val_open(&j->spec, SW_V_MAP);
    sw_val_key(&j->spec, "op");
    sw_val_text(&j->spec, "load");
    sw_val_key(&j->spec, "script");
    sw_val_text(&j->spec, f->name);
    sw_val_key(&j->spec, "source");
    sw_val_str(&j->spec, f->source, f->bytes);
    sw_val_close(&j->spec, at, 3);
    j->file = file;
    j->generation = p->generation;
    return j;
}

void sw_job_free(struct sw_job *j)
{
    if (!j) return;
    if (j->batch) {
        if (--j->batch->left == 0) sw_free(j->batch);
        return;
    }
    sw_buf_clear(&j->spec);
    sw_free(j);
}

void sw_job_write(const struct sw_job *j, struct sw_buf *b)
{
    struct sw_rd r = sw_rd_of(j->spec.data, j->spec.len);
    struct sw_val v;
    size_t at;
    sw_val_next(&r, &v);
    at = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "n");
    sw_val_int(b, (int64_t)j->n);
    sw_val_key(b, "cpu_ms");
    sw_val_int(b, j->cpu_ms);
    sw_buf_put(b, r.p, sw_rd_left(&r));
    sw_val_close(b, at, v.n + 2);
}

void sw_job_give(const struct sw_job *j, struct sw_package *p, struct sw_run_result *r)
{
    struct sw_workers_on on = j->on;
    char name[64]; /* the callback may load other files, which frees the file's own */
    r->tag = j->tag;
    if (j->file >= 0) {
        struct sw_pfile *f = sw_package_file(p, j);
        if (!f || f->reported) return; /* loaded again in a new worker: the caller knows */
        f->reported = true;
        snprintf(name, sizeof name, "%s", f->name);
        r->name = name;
    }
    if (on.result) on.result(on.ctx, r);
}

void sw_job_fail(const struct sw_job *j, const struct sw_package *p, enum sw_job_end end, const char *text)
{
    struct sw_run_result r = {.killed = end == SW_END_KILLED, .unserved = end == SW_END_UNSERVED};
    struct sw_buf b;
    size_t at;
    sw_buf_init(&b, 4096);
    at = sw_val_open(&b, SW_V_MAP);
    sw_val_key(&b, "message");
    sw_val_text(&b, text);
    sw_val_key(&b, "text");
    sw_val_text(&b, text);
    sw_val_close(&b, at, 2);
    r.error = sw_rd_of(b.data, b.len);
    sw_job_give(j, (struct sw_package *)p, &r);
    sw_buf_clear(&b);
}

struct sw_package *sw_package_new(const char *name, struct sw_user *user)
{
    struct sw_package *p = sw_zalloc(sizeof *p);
    p->name = sw_strdup(name);
    p->user = user;
    sw_jobs_init(&p->queue);
    return p;
}

static void clear_files(struct sw_package *p)
{
    for (size_t i = 0; i < p->n_files; i++) {
        sw_free(p->files[i].name);
        sw_free(p->files[i].source);
    }
    sw_free(p->files);
    p->files = NULL;
    p->n_files = 0;
}

void sw_package_free(struct sw_package *p)
{
    sw_jobs_clear(&p->queue);
    clear_files(p);
    sw_free(p->name);
    sw_free(p);
}

struct sw_pfile *sw_package_file(struct sw_package *p, const struct sw_job *j)
{
    if (j->file < 0 || j->generation != p->generation) return NULL;
    return &p->files[j->file];
}

static void drop_queued_loads(struct sw_package *p)
{
    struct sw_jobs keep;
    struct sw_job *j;
    sw_jobs_init(&keep);
    while ((j = sw_jobs_pop(&p->queue))) {
        if (j->file >= 0) sw_job_free(j);
        else sw_jobs_push(&keep, j);
    }
    while ((j = sw_jobs_pop(&keep))) sw_jobs_push(&p->queue, j);
}

/* Names become chunk names and parts of messages: a relative path of harmless characters. */
static int is_name(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n == 0 || n > 55 || *s == '/' || strstr(s, ".."))
        return 0;                                  /* Lua cuts longer chunk names */
    if (strncmp(s, "syncwell/", 9) == 0) return 0; /* the library's own */
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == n;
}

static int check_file(const struct sw_workers_file *f, struct sw_err *err)
{
    if (!is_name(f->name))
        return sw_fail(err, SW_E_BAD,
                       "'%.60s' is no name for a script: a relative path of at most 55 "
                       "letters, digits and _ . / - is",
                       f->name ? f->name : "");
    if (f->bytes > MAX_SOURCE)
        return sw_fail(err, SW_E_LIMIT, "%s: the source is over %d KB", f->name, MAX_SOURCE / 1024);
    return SW_OK;
}

int sw_package_set_files(struct sw_package *p, const struct sw_workers_file *files, size_t n,
                         const struct sw_workers_on *on, struct sw_err *err)
{
    if (n > MAX_FILES)
        return sw_fail(err, SW_E_LIMIT, "more than %d scripts in a package", MAX_FILES);
    for (size_t i = 0; i < n; i++) {
        int rc = check_file(&files[i], err);
        if (rc < 0) return rc;
    }
    drop_queued_loads(p);
    clear_files(p);
    p->generation++;
    p->files = sw_zalloc((n + 1) * sizeof *p->files);
    p->n_files = n;
    for (size_t i = 0; i < n; i++) {
        p->files[i].name = sw_strdup(files[i].name);
        p->files[i].source = sw_strndup(files[i].source, files[i].bytes);
        p->files[i].bytes = files[i].bytes;
        p->files[i].on = *on;
    }
    return SW_OK;
}

void sw_package_queue_loads(struct sw_package *p)
{
    drop_queued_loads(p);
    for (size_t i = p->n_files; i-- > 0;)
        if (!p->files[i].poisoned) sw_jobs_push_front(&p->queue, sw_job_load(p, (int)i));
}

/* What is to be loaded into a worker that is there stays: it would live on without its scripts. */
void sw_package_fail_queue(struct sw_package *p, const char *text)
{
    struct sw_jobs q;
    struct sw_job *j;
    size_t n = p->queue.n;
    sw_jobs_init(&q);
    while (n-- && (j = sw_jobs_pop(&p->queue))) sw_jobs_push(j->file >= 0 && p->worker ? &p->queue : &q, j);
    while ((j = sw_jobs_pop(&q))) {
        sw_job_fail(j, p, SW_END_UNSERVED, text);
        sw_job_free(j);
    }
}
