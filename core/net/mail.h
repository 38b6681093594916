/* SPDX-License-Identifier: MIT
 * One message handed to a mail server by SMTP. Whatever happens ends in exactly one call of done, from
 * the loop. libcurl 7.88 waits in place for the answer to the end of a message, so each mail has a thread
 * of its own for as long as it takes; everything in this header is called on the loop's. */
#ifndef SW_NET_MAIL_H
#define SW_NET_MAIL_H
#include "net/http_client.h"

enum sw_mail_code {
    SW_MAIL_SENT,        /* the server has taken it for all receivers */
    SW_MAIL_REJECTED,    /* refused for good (5xx): sender, receiver, password, content */
    SW_MAIL_LATER,       /* refused for now (4xx) */
    SW_MAIL_NETWORK,     /* not connected, or broken off before the end: it was not taken */
    SW_MAIL_UNKNOWN,     /* broken off after the end had gone out: nobody knows */
    SW_MAIL_TLS,         /* no trusted encryption with this server, where it is required */
    SW_MAIL_REFUSED,     /* the guard: place not listed, address not public */
    SW_MAIL_BAD_URL,
    SW_MAIL_BAD_REQUEST  /* an address or a message that cannot be sent */
};
const char *sw_mail_code_name(enum sw_mail_code code); /* "sent", "rejected" ...; static text */

enum sw_mail_tls { SW_MAIL_TLS_REQUIRE, SW_MAIL_TLS_TRY, SW_MAIL_TLS_NEVER };

#define SW_MAIL_MAX_BYTES (16u << 20)
#define SW_MAIL_MAX_TO 100

struct sw_mail_request {
    const char *url;            /* "smtp://host:587", or "smtps://host:465": TLS from the first byte on */
    enum sw_mail_tls starttls;  /* for smtp */
    const char *user, *password;    /* NULL: none; never tried without encryption unless TLS_NEVER */
    const char *from;           /* bare addresses, "a@b.example" */
    const char *const *to;
    size_t n_to;
    const void *message;        /* RFC 5322: headers, blank line, text; every line ends with CR LF */
    size_t message_bytes;
    long timeout_ms;            /* total; 0: 60000 */
    const char *ca_file;        /* PEM of trusted authorities; NULL: the system's */
    const struct sw_origin *allowed; /* where it may go; none: only to `local` */
    size_t n_allowed;
    const struct sw_origin *local;   /* an administrator's: may go there though the address is local */
    size_t n_local;
};

struct sw_mail_on {
    void (*done)(void *ctx, enum sw_mail_code code, const char *error); /* "" when sent */
    void *ctx;
};

/* Origin of a mail server's URL; SW_E_BAD with a sentence. */
int sw_mail_origin(const char *url, struct sw_origin *out, struct sw_err *err);
/* Hand it over. The request is copied. */
void sw_mail_send(struct uv_loop_s *loop, const struct sw_mail_request *q, const struct sw_mail_on *on);
#endif
