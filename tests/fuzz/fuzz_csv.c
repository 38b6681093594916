/* SPDX-License-Identifier: MIT */
#include "../support/fuzz_decoder.h"

static const char plan[] =
    "{\"zone\":\"Europe/Berlin\",\"delimiter\":\",\",\"skip\":1,\"tables\":[{\"name\":\"a\","
    "\"fields\":[{\"key\":\"t\",\"at\":0},{\"at\":1},{\"key\":\"v\",\"at\":2},{\"at\":3}],\"start\":{\"fields\":[0,1],\"order\":\"dmy\","
    "\"clock\":\"wall\"},\"lasts\":3,\"lasts_factor\":1000,\"values\":[{\"type\":\"a\",\"field\":2,\"skip_zero\":true},"
    "{\"type\":\"b\",\"field\":2,\"part\":2,\"unit_field\":1}],\"arrays\":[{\"type\":\"c\",\"field\":2,\"lasts\":3}],"
    "\"where\":[{\"field\":2,\"is\":\"no\",\"differs\":true}],\"message\":true,\"apart\":true}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_planned(&sw_decoder_csv, plan, data, size);
}
