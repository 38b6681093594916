/* SPDX-License-Identifier: MIT */
#include "../support/fuzz_decoder.h"

static const char plan[] =
    "{\"zone\":\"America/New_York\",\"tables\":[{\"name\":\"a\",\"list\":\"[]\","
    "\"fields\":[{\"key\":\"t\",\"path\":\"t\"},{\"key\":\"v\",\"path\":\"v.n\"},{\"path\":\"l.items\"},{\"path\":\"l.0\"}],"
    "\"start\":{\"fields\":[0],\"clock\":\"utc\"},\"lasts_day\":true,\"values\":[{\"type\":\"a\",\"field\":1}],"
    "\"arrays\":[{\"type\":\"b\",\"field\":2,\"lasts\":3}],\"message\":true,\"data\":true},"
    "{\"name\":\"b\",\"list\":\".sleep[]\",\"fields\":[{\"key\":\"t\",\"path\":\"t\"}],\"start\":{\"fields\":[0],\"order\":\"ns\"},"
    "\"message\":true}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_planned(&sw_decoder_json, plan, data, size);
}
