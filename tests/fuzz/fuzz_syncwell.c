/* SPDX-License-Identifier: MIT */
#include "../support/fuzz_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decoder(&sw_decoder_syncwell, data, size);
}
