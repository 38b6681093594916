/* SPDX-License-Identifier: MIT
 * The vault: texts sealed with a key that lies beside the database, not in it. The key is a systemd
 * credential ($CREDENTIALS_DIRECTORY/syncwell.key) where there is one, else HOME/syncwell.key (0600),
 * made on first use. A sealed text opens only for the purpose it was sealed for. What is opened is
 * remembered as a secret of this process (base/secrets.h). Thread: the loop's. */
#ifndef SW_ENGINE_VAULT_H
#define SW_ENGINE_VAULT_H
#include "base/crypto.h"
#include "base/err.h"
#include "base/secrets.h"

struct sw_vault {
    uint8_t key[SW_KEY_BYTES];
    bool open;
    struct sw_secrets known;
};
/* Read or make the key. SW_E_IO, or SW_E_DENIED when others may read the file. */
int sw_vault_open(struct sw_vault *v, const char *home, struct sw_err *err);
void sw_vault_close(struct sw_vault *v); /* wipes */
/* Appends hex to out. */
void sw_vault_seal(struct sw_vault *v, const char *purpose, const char *text, size_t n,
                   struct sw_buf *out);
int sw_vault_unseal(struct sw_vault *v, const char *purpose, const char *hex, size_t n,
                    struct sw_buf *out, struct sw_err *err);
#endif
