/* SPDX-License-Identifier: MIT
 * A table: unit text, dimension, factor and shift to the base unit of the dimension. mg/dL and
 * mmol/L meet only for glucose, so the substance is part of the dimension. */
#include "model/unit.h"
#include <stddef.h>
#include <string.h>

enum dim {
    COUNT,
    LENGTH,
    MASS,
    TIME,
    ENERGY,
    SPEED,
    RATE,
    TEMP,
    RATIO,
    PRESSURE,
    GLUCOSE,
    VOLUME,
    POWER,
    ANGLE,
    VO2,
    IU
};

/* clang-format off */
static const struct unit {
    const char *name;
    enum dim dim;
    double factor, shift;
} units[] = {
    {"1", COUNT, 1, 0},           {"count", COUNT, 1, 0},       {"{count}", COUNT, 1, 0},
    {"{step}", COUNT, 1, 0},      {"{score}", COUNT, 1, 0},     {"kg/m2", COUNT, 1, 0},
    {"m", LENGTH, 1, 0},          {"km", LENGTH, 1000, 0},      {"cm", LENGTH, 0.01, 0},
    {"mm", LENGTH, 0.001, 0},     {"mi", LENGTH, 1609.344, 0},  {"yd", LENGTH, 0.9144, 0},
    {"ft", LENGTH, 0.3048, 0},    {"in", LENGTH, 0.0254, 0},    {"kg", MASS, 1000, 0},
    {"g", MASS, 1, 0},            {"mg", MASS, 1e-3, 0},        {"ug", MASS, 1e-6, 0},
    {"mcg", MASS, 1e-6, 0},       {"\xc2\xb5g", MASS, 1e-6, 0}, {"\xce\xbcg", MASS, 1e-6, 0},
    {"lb", MASS, 453.59237, 0},   {"oz", MASS, 28.349523125, 0},{"st", MASS, 6350.29318, 0},
    {"s", TIME, 1, 0},            {"sec", TIME, 1, 0},          {"ms", TIME, 1e-3, 0},
    {"min", TIME, 60, 0},         {"h", TIME, 3600, 0},         {"hr", TIME, 3600, 0},
    {"d", TIME, 86400, 0},        {"kcal", ENERGY, 1, 0},       {"Cal", ENERGY, 1, 0},
    {"cal", ENERGY, 1e-3, 0},     {"kJ", ENERGY, 1 / 4.184, 0}, {"J", ENERGY, 1 / 4184.0, 0},
    {"m/s", SPEED, 1, 0},         {"km/h", SPEED, 1 / 3.6, 0},  {"km/hr", SPEED, 1 / 3.6, 0},
    {"mi/hr", SPEED, 0.44704, 0}, {"mph", SPEED, 0.44704, 0},   {"/min", RATE, 1, 0},
    {"count/min", RATE, 1, 0},    {"bpm", RATE, 1, 0},          {"rpm", RATE, 1, 0},
    {"count/s", RATE, 60, 0},     {"Hz", RATE, 60, 0},          {"Cel", TEMP, 1, 0},
    {"degC", TEMP, 1, 0},         {"\xc2\xb0""C", TEMP, 1, 0},  {"degF", TEMP, 5 / 9.0, -160 / 9.0},
    {"\xc2\xb0""F", TEMP, 5 / 9.0, -160 / 9.0},                 {"[degF]", TEMP, 5 / 9.0, -160 / 9.0},
    {"K", TEMP, 1, -273.15},      {"%", RATIO, 1, 0},           {"ratio", RATIO, 100, 0},
    {"mmHg", PRESSURE, 1, 0},     {"mm[Hg]", PRESSURE, 1, 0},   {"kPa", PRESSURE, 7.500615758456564, 0},
    {"cmAq", PRESSURE, 0.735559, 0},{"mg/dL", GLUCOSE, 1, 0},   {"mmol/L", GLUCOSE, 18.0156, 0},
    {"mmol<180.1558800000541>/L", GLUCOSE, 18.01558800000541, 0},
    {"L", VOLUME, 1000, 0},       {"l", VOLUME, 1000, 0},       {"mL", VOLUME, 1, 0},
    {"ml", VOLUME, 1, 0},         {"dL", VOLUME, 100, 0},       {"fl_oz_us", VOLUME, 29.5735295625, 0},
    {"fl_oz_imp", VOLUME, 28.4130625, 0},                       {"cup_us", VOLUME, 236.5882365, 0},
    {"W", POWER, 1, 0},           {"deg", ANGLE, 1, 0},         {"mL/kg/min", VO2, 1, 0},
    {"mL/min\xc2\xb7kg", VO2, 1, 0},{"mL/(kg*min)", VO2, 1, 0}, {"ml/kg/min", VO2, 1, 0},
    {"[iU]", IU, 1, 0},           {"IU", IU, 1, 0},
};
/* clang-format on */

static const struct unit *find(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, name)) return &units[i];
    return NULL;
}

bool sw_unit_known(const char *unit)
{
    return find(unit) != NULL;
}

bool sw_unit_convert(const char *from, const char *to, struct sw_convert *out)
{
    const struct unit *a, *b;
    *out = (struct sw_convert){1, 0};
    if (!*from || !strcmp(from, to)) return true;
    a = find(from);
    b = find(to);
    if (!a || !b || a->dim != b->dim) return false;
    out->factor = a->factor / b->factor;
    out->shift = (a->shift - b->shift) / b->factor;
    return true;
}
