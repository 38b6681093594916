#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An oracle for rules: random rules over a random history, and which firings they must give, worked out from the
words of rules/README.md alone. tests/flows/test_firings.lua lets the engine live the same history.
usage: firings.py FIRST-SEED N     one case a line, as JSON: what arrives when, and the firings, live and looked back.

A day of data is the day of its own offset; a day of the person is that of the person's zone. The engine looks when
something arrives, when an absence has lasted long enough and, where a day may have been too little, ten minutes
after midnight; so does this."""
import datetime as dt, json, math, random, sys
from zoneinfo import ZoneInfo

MIN, HOUR, DAY = 60000, 3600000, 86400000
LIVE = 48 * HOUR
METRICS = {  # name: (unit of a day's value, comes seldom, may still grow while the day lasts)
    "resting_heart_rate": ("mean", True, False), "heart_rate": ("mean", False, False), "weight": ("last", True, False),
    "steps": ("sum", False, True), "water": ("sum", True, True), "workout_load": ("sum", True, True),
    "floors": ("sum", False, True),           # here only as totals of whole days
    "sleep_duration": ("sum", True, False)}   # here of sleeps, which are over when they are known
SELDOM_GAP = 14  # days without a value that do not end what lasts, where a metric comes seldom
PLACES = {  # zone: (latitude, longitude, a day near which its clocks change)
    "Europe/Berlin": (52.5, 13.4, "2026-03-29"), "Europe/London": (51.5, -0.1, "2026-10-25"),
    "America/New_York": (40.7, -74.0, "2026-03-08"), "America/Los_Angeles": (34.0, -118.2, "2026-11-01"),
    "Australia/Lord_Howe": (-31.6, 159.1, "2026-10-04"), "Asia/Kolkata": (22.6, 88.4, "2026-05-05"),
    "Pacific/Kiritimati": (1.9, -157.4, "2026-06-01"), "Pacific/Apia": (-13.8, -171.8, "2026-06-01"),
    "Pacific/Pago_Pago": (-14.3, -170.7, "2026-06-01"), "Atlantic/Reykjavik": (64.1, -21.9, "2026-06-20"),
    "Arctic/Longyearbyen": (78.2, 15.6, "2026-10-25"), "Europe/Oslo": (69.6, 18.9, "2026-11-26"),
    "Africa/Cairo": (30.0, 31.2, "2026-04-24"), "America/Santiago": (-33.4, -70.7, "2026-09-06"), "UTC": (0, 0, "2026-02-28")}


def offset_at(zone, ms):
    return int(dt.datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).utcoffset().total_seconds() // 60)


def day_of(ms, offset):
    return (ms + offset * MIN) // DAY


def text_of(day):
    return (dt.date(1970, 1, 1) + dt.timedelta(day)).isoformat()


def number_of(text):
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def instant(zone, day, minute):
    """A wall-clock time: the first of two; one that the clocks skip comes when they have moved on, by the gap."""
    t = dt.datetime(1970, 1, 1) + dt.timedelta(days=day, minutes=minute)
    return int(t.replace(tzinfo=ZoneInfo(zone), fold=0).timestamp()) * 1000


def day_start(zone, day):
    """The first instant whose date is that day; midnight itself may be skipped, or come twice."""
    t = instant(zone, day, 0)
    while day_of(t - MIN, offset_at(zone, t - MIN)) >= day:
        t -= MIN
    while day_of(t, offset_at(zone, t)) < day:
        t += MIN
    return t


# --- what is known ---

class World:
    def __init__(self, case):
        self.zone, self.place, self.goals = case["zone"], case["place"], case["goals"]
        self.samples = {m: {} for m in METRICS}  # start -> (minutes, value, offset)
        self.records, self.totals = {}, {}       # id -> dict; metric -> { day: value }
        self.now = case["start"]
        self.rules, self.fired = {}, {}
        self.calm, self.heard = {}, {}           # debounce: what waits, and the keys that were heard
        self.stopped, self.came = None, []       # since when the engine is off, and the events that wait for it

    def today(self):
        return day_of(self.now, offset_at(self.zone, self.now))

    def end_of(self, day):
        return min(day_start(self.zone, day + 1) - 1, self.now)

    def rows(self, metric):
        days = {}
        for start, (_, value, offset) in sorted(self.samples[metric].items()):
            days.setdefault(day_of(start, offset), []).append((start, value))
        for day, value in self.totals.get(metric, {}).items():
            days.setdefault(day, []).append((0, value))
        for r in self.records.values() if metric == "sleep_duration" else ():
            if r["kind"] == "sleep":
                days.setdefault(r["day"], []).append((r["start"], (r["finish"] - r["start"]) / MIN))
        how, out = METRICS[metric][0], []
        for day, x in sorted(days.items()):
            v = [value for _, value in x]
            value = sum(v) if how == "sum" else sum(v) / len(v) if how == "mean" else v[-1]
            out.append({"day": day, "value": value, "sum": sum(v)})
        return out


def holds(bound, value):
    sign, figure = bound.rstrip("0123456789.-"), float(bound.lstrip("<>="))
    return {">": value > figure, ">=": value >= figure, "<": value < figure, "<=": value <= figure}[sign]


# --- triggers: the firings that the data ask for, each { what, key, from, to: days it stands for; day, at, value } ---

def lasting_days(t):
    return max(1, int(t.get("lasting", "1d")[:-1]))


def episodes(w, t, rows, enter, leave, upward):
    _, seldom, grows = METRICS[t["metric"]]
    out, began, inside, before = [], None, None, None
    for r in rows:
        if before is not None and r["day"] - before > (SELDOM_GAP if seldom else 1):
            began = None
        before = r["day"]
        if inside and leave(r):
            inside = began = None
        elif inside:
            inside["to"] = r["day"]
        elif grows and not upward and r["day"] >= w.today():
            pass  # it may still become enough
        elif not enter(r):
            began = None
        else:
            began = r["day"] if began is None else began
            if r["day"] - began + 1 >= lasting_days(t):
                what = "%s %s since " % (t["kind"], t["metric"])
                inside = {"what": what, "key": what + text_of(began), "from": began, "to": r["day"], "day": r["day"],
                          "value": r["value"]}
                out.append(inside)
    return out


def threshold(w, t):
    leave = (lambda r: holds(t["leave"], r["value"])) if "leave" in t else (lambda r: not holds(t["enter"], r["value"]))
    return episodes(w, t, w.rows(t["metric"]), lambda r: holds(t["enter"], r["value"]), leave, t["enter"][0] == ">")


def usual(rows, day, days, median):
    v = sorted(r["value"] for r in rows if day - days <= r["day"] < day)
    if len(v) < max(3, days // 2):
        return None
    mean = sum(v) / len(v)
    middle = (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2 if median else mean
    return middle, math.sqrt(sum((x - mean) ** 2 for x in v) / (len(v) - 1))


def baseline(w, t):
    rows, up = w.rows(t["metric"]), "above" in t

    def out(r):
        u = usual(rows, r["day"], t["days"], t["middle"] == "median")
        if u is None:
            return False
        far = abs(u[0]) * t["k"] / 100 if t["how"] == "%" else u[1] * t["k"]
        return r["value"] > u[0] + far if up else r["value"] < u[0] - far
    return episodes(w, t, rows, out, lambda r: not out(r), up)


def absent(w, t):
    """From the end of the last value before a silence; a long one is known by its day, a short one by its minute."""
    lasting, out, until = span(t["lasting"]), [], None
    values = {r["day"]: r["value"] for r in w.rows(t["metric"])}
    told = [(start, start + minutes * MIN, day_of(start, offset))
            for start, (minutes, _, offset) in w.samples[t["metric"]].items()]
    told = sorted(told + [(day_start(w.zone, d), day_start(w.zone, d + 1), d) for d in values if not told])
    for (_, finish, day), after in zip(told, [x[0] for x in told[1:]] + [None]):
        until = max(finish, until or finish)
        at = until + lasting
        if at <= w.now and (after is None or at < after):
            since = text_of(day) if lasting >= DAY else stamp(until, "%Y-%m-%dT%H:%M:%S") + "Z"
            out.append({"key": "absent %s since %s" % (t["metric"], since), "day": day, "at": at, "value": values[day]})
    return out


BUCKET = {"day": lambda d: d, "week": lambda d: (d + 3) // 7,
          "month": lambda d: int(text_of(d)[:4]) * 12 + int(text_of(d)[5:7])}


def streak(w, t):
    counted = {}
    if "metric" in t:
        counted = {r["day"]: r["value"] for r in w.rows(t["metric"])}
    else:
        for r in w.records.values():
            if r["kind"] == t["records"] and ("sport" not in t or r["sport"] == t["sport"]):
                counted[r["day"]] = counted.get(r["day"], 0) + 1
    sums, reached = {}, {}
    for day, n in sorted(counted.items()):
        b = BUCKET[t["per"]](day)
        sums[b] = sums.get(b, 0) + n
        if sums[b] >= t["at_least"]:
            reached.setdefault(b, day)
    out = []
    for b in sorted(reached):
        if b - 1 in reached:
            continue
        run = [reached[b]]
        while b + len(run) in reached:
            run.append(reached[b + len(run)])
        for n in t["lengths"]:
            if len(run) >= n:
                what = "streak of %d since " % n
                out.append({"what": what, "key": what + text_of(run[0]), "from": run[0], "to": run[-1],
                            "day": run[n - 1], "value": n})
    return out


def milestone(w, t):
    total, left, out = 0, sorted(t["totals"]), []
    for r in w.rows(t["metric"]):
        total += r["sum"]
        while left and total >= left[0]:
            out.append({"key": "milestone %s %d" % (t["metric"], left[0]), "day": r["day"], "value": left.pop(0)})
    return out


def goal(w, t):
    """A least or a most. What grows misses its least, and keeps below its most, when the day is over."""
    g, grows, out = w.goals[t["metric"]], METRICS[t["metric"]][2], []
    for r in w.rows(t["metric"]):
        over = r["day"] < w.today()
        if g.get("most"):
            met = False if r["value"] > g["target"] and grows else (True if over or not grows else None) \
                if r["value"] <= g["target"] else (False if over else None)
        else:
            met = True if r["value"] >= g["target"] else False if over else None
        if met is not None and met == t.get("reached", True):
            out.append({"key": "goal %s %s" % (t["metric"], text_of(r["day"])), "day": r["day"], "value": r["value"]})
    return out


KINDS = {"threshold": threshold, "baseline": baseline, "absent": absent, "streak": streak, "milestone": milestone,
         "goal": goal}


def asked(w, rule):
    """All that a rule's triggers ask for, in the order of data time; each trigger of sw.any for itself."""
    out, seen = [], {}
    for t in rule["on"]:
        if t["kind"] not in KINDS:
            continue
        name = t["kind"] + ("" if t["kind"] == "streak" else " " + t["metric"])
        seen[name] = seen.get(name, 0) + 1
        for e in KINDS[t["kind"]](w, t):
            e["mark"] = (name, seen[name], e.get("what"))
            e.setdefault("at", w.end_of(e["day"]))
            if seen[name] > 1:
                kind, rest = e["key"].split(" ", 1)
                e["key"] = "%s (%d) %s" % (kind, seen[name], rest)
            out.append(e)
    return sorted(out, key=lambda e: (e["at"], e["key"]))


# --- planned times ---

def sun_altitude(ms, latitude, longitude):
    """Degrees above the horizon, from the low-precision formulae of the Astronomical Almanac."""
    n = ms / DAY - 10957.5
    g = math.radians(357.528 + 0.9856003 * n)
    ecliptic = math.radians(280.460 + 0.9856474 * n + 1.915 * math.sin(g) + 0.020 * math.sin(2 * g))
    tilt = math.radians(23.439 - 0.0000004 * n)
    right = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    down = math.asin(math.sin(tilt) * math.sin(ecliptic))
    hour = math.radians((18.697374558 + 24.06570982441908 * n) % 24 * 15 + longitude) - right
    here = math.radians(latitude)
    return math.degrees(math.asin(math.sin(here) * math.sin(down) + math.cos(here) * math.cos(down) * math.cos(hour)))


def sun(w, day, side):
    """When the rim touches the horizon on the way up to, or down from, the noon of that day; None where it does not."""
    noon = max(range(instant(w.zone, day, 0), instant(w.zone, day, 0) + DAY, 5 * MIN),
               key=lambda t: sun_altitude(t, *w.place))
    a, b = noon, noon + (-DAY // 2 if side == "sunrise" else DAY // 2)
    if sun_altitude(a, *w.place) < -0.833 or sun_altitude(b, *w.place) > -0.833:
        return None
    while abs(a - b) > 500:
        m = (a + b) // 2
        a, b = (m, b) if sun_altitude(m, *w.place) > -0.833 else (a, m)
    return a


def planned(w, t, first, last):
    """All instants of a scheduled trigger whose days lie between two days, in order."""
    out, zone = set(), t.get("zone", w.zone)
    if t["kind"] == "every":
        a, b = day_start(w.zone, first), day_start(w.zone, last + 1)
        return [x for x in range(a // (t["minutes"] * MIN) * t["minutes"] * MIN, b, t["minutes"] * MIN) if x >= a]
    for day in range(first - 1, last + 2):
        weekday, date = (day + 3) % 7 in t["days"], int(text_of(day)[8:]) in t.get("dates", [])
        if (t["days"] or t.get("dates")) and not weekday and not date:
            continue
        if "side" in t:
            at = sun(w, day, t["side"])
            out |= {(at + t["minutes"] * MIN) // MIN * MIN} if at else set()
        else:
            out |= {instant(zone, day, x) for x in t["times"]}
    return sorted(out)


# --- gates and firing ---

def span(text):
    return int(text.rstrip("hdmin")) * {"h": HOUR, "d": DAY, "n": MIN}[text[-1]]


def period(w, text, at):
    """The instants that count with this one for "3/day": the same local day, week or month, or an hour around it."""
    day = day_of(at, offset_at(w.zone, at))
    if text == "hour":
        return at - HOUR + 1, at + HOUR
    per = BUCKET[text]
    a = b = day
    while per(a - 1) == per(day):
        a -= 1
    while per(b + 1) == per(day):
        b += 1
    return day_start(w.zone, a), day_start(w.zone, b + 1)


def open_for(w, rule, at, recent):
    if "cooldown" in rule and any(abs(at - x) < span(rule["cooldown"]) for x in recent):
        return False
    if "max_per" in rule:
        n, per = rule["max_per"].split("/")
        a, b = period(w, per, at)
        return sum(a <= x < b for x in recent) < int(n)
    return True


def waits(w, rule, at):
    """Until when a message waits: the end of the quiet hours that it falls into."""
    if "quiet_hours" not in rule:
        return None
    a, b = ([int(x[:2]) * 60 + int(x[3:]) for x in rule["quiet_hours"].split("-")])
    offset = offset_at(w.zone, at)
    day, minute = day_of(at, offset), (at // MIN + offset) % 1440
    if a <= b and a <= minute < b or a > b and minute < b:
        return instant(w.zone, day, b)
    return instant(w.zone, day + 1, b) if a > b and minute >= a else None


def wanted(rule, value):
    return "when" not in rule or value is None or holds(rule["when"], value)


def fire(w, rule, e, text):
    mine = w.fired.setdefault(rule["name"], [])
    mine.append(e)
    until = waits(w, rule, e["at"])
    e["line"] = "%s|%s|%s|%s|%s" % (rule["name"], e["key"], stamp(e["at"]), text, until and stamp(until) or "")


def stamp(ms, how="%m-%dT%H:%M:%S"):
    t = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=ms)
    return t.strftime(how) + ("" if ms % 1000 == 0 else ".%03d" % (ms % 1000))


def words(e):
    return "%s %.3f" % (text_of(e["day"]), e["value"])


def told_before(mine, e):
    for f in mine:
        if f["key"] == e["key"]:
            return True
        if e.get("what") and f.get("mark") == e["mark"] and e["from"] <= f["day"] <= e["to"]:
            return True
    return False


def look(w):
    for rule in w.rules.values():
        for e in asked(w, rule):
            mine = w.fired.setdefault(rule["name"], [])
            if e["at"] < w.now - LIVE and not rule.get("backfill") or told_before(mine, e):
                continue
            if "max_age" in rule and w.now - e["at"] > span(rule["max_age"]):
                continue
            if not wanted(rule, e["value"]) or not open_for(w, rule, e["at"], [f["at"] for f in mine]):
                continue
            if "debounce" in rule:
                heard = w.heard.setdefault(rule["name"], [])
                if e["key"] not in heard:  # the newest that is new waits, and nothing that was heard before
                    heard.append(e["key"])
                    if rule["name"] in w.calm and w.calm[rule["name"]][0] <= e["at"]:
                        calmed(w, rule["name"])
                    w.calm[rule["name"]] = (e["at"] + span(rule["debounce"]), e, words(e))
            else:
                fire(w, rule, e, words(e))


def calmed(w, name):
    due, e, text = w.calm.pop(name)
    fire(w, w.rules[name], {**e, "at": due}, text)


def on_event(w, r, live, is_known):
    """A record came, or came again and is not what it was: a filter may fit it now."""
    for rule in w.rules.values():
        for t in rule["on"]:
            mine = w.fired.setdefault(rule["name"], [])
            if t["kind"] != "event" or t["event"] != r["kind"] or "sport" in t and t["sport"] != r.get("sport"):
                continue
            if is_known and "sport" not in t:
                continue
            key = "event " + r["id"]
            if not (live or rule.get("backfill")) or any(f["key"] == key for f in mine):
                continue
            if "max_age" in rule and w.now - r["finish"] > span(rule["max_age"]):
                continue
            if open_for(w, rule, w.now, [f["at"] for f in mine]):
                fire(w, rule, {"key": key, "at": w.now}, r["id"])


def tick(w, rule, t, at):
    """A planned instant has come; while off it is missed by more than a quarter of an hour, or not."""
    mine = w.fired.setdefault(rule["name"], [])
    key = stamp(at)
    if not any(f["key"] == key for f in mine) and open_for(w, rule, at, [f["at"] for f in mine]):
        fire(w, rule, {"key": key, "at": at}, "planned")


# --- a history, lived ---

def due_between(w, a, b):
    """What time alone brings about, a < at <= b: planned instants, looks."""
    out = []
    first, last = day_of(a, offset_at(w.zone, a)) - 1, day_of(b, offset_at(w.zone, b)) + 1
    for rule in w.rules.values():
        for t in rule["on"]:
            if t["kind"] in ("at", "cron", "every"):
                out += [(x, rule["name"], t) for x in planned(w, t, first, last)]
            if t["kind"] == "absent":
                ends = [s + x[0] * MIN for s, x in w.samples[t["metric"]].items()]
                ends = ends or [day_start(w.zone, r["day"] + 1) for r in w.rows(t["metric"])]
                out += [(max(ends) + span(t["lasting"]), "", None)] if ends else []
    if any(t["kind"] == "goal" or t.get("enter", ">")[0] == "<" or "below" in t for x in w.rules.values() for t in x["on"]):
        out += [(day_start(w.zone, d) + 10 * MIN, "", None) for d in range(first, last + 1)]
    out = [x for x in out if a < x[0] <= b]
    return sorted(out, key=lambda x: (x[0], x[1]))


def pass_time(w, until):
    due = due_between(w, w.now, until) if w.stopped is None else []
    while w.stopped is None:
        calm = min(((max(d[0], w.now), name) for name, d in w.calm.items()), default=(until + 1, ""))
        if calm[0] <= until and (not due or calm[0] < due[0][0]):
            w.now = calm[0]
            calmed(w, calm[1])
        elif due:
            w.now, name, t = due.pop(0)
            if name:
                tick(w, w.rules[name], t, w.now)
            else:
                look(w)
        else:
            break
    w.now = until


def arrive(w, op):
    for metric, start, minutes, value, offset in op.get("gone", []):
        w.samples[metric].pop(start, None)
    for metric, start, minutes, value, offset in op.get("samples", []):
        w.samples[metric][start] = (minutes, value, offset)
    for metric, day, value in op.get("totals", []):
        w.totals.setdefault(metric, {})[day] = value
    for r in op.get("records", []):
        w.came.append((r["id"], r["finish"] >= w.now - LIVE, r["id"] in w.records))
        w.records[r["id"]] = r
    for id in op.get("lost", []):
        w.records.pop(id, None)
    w.zone = op.get("zone", w.zone)
    if "rule" in op:
        w.rules[op["rule"]["name"]] = op["rule"]
    if "off" in op:
        w.stopped = w.now
    if "on" in op:
        catch_up(w)
    if w.stopped is None:
        look(w)
        hear(w)


def hear(w):
    for id, live, is_known in w.came:
        if id in w.records:
            on_event(w, w.records[id], live, is_known)
    w.came = []


LATE = 15 * MIN


def catch_up(w):
    """What was planned while the engine was off: of what is late by more than a quarter of an hour nothing, the
    newest or all of it. What was calm meanwhile is told first."""
    off, w.stopped = w.stopped, None
    for name in [name for name, d in w.calm.items() if d[0] <= w.now]:
        calmed(w, name)
    first, last = day_of(off, offset_at(w.zone, off)) - 1, w.today() + 1
    for rule in w.rules.values():
        for t in rule["on"]:
            missed = [x for x in planned(w, t, first, last) if off < x <= w.now] if t["kind"] in ("at", "cron", "every") else []
            how = rule.get("catch_up", "skip")
            if how == "once" and missed and w.now - missed[0] > LATE:
                missed = missed[-1:]
            for x in missed:
                if how != "skip" or w.now - x <= LATE:
                    tick(w, rule, t, x)


def lived(case):
    w = World(case)
    for rule in case["rules"]:
        w.rules[rule["name"]] = rule
    for op in case["ops"]:
        pass_time(w, op["at"])
        arrive(w, op)
    pass_time(w, case["finish"])
    return w, sorted(f["line"] for x in w.fired.values() for f in x)


def looked_back(w, first):
    """`rules backtest` at the end: all as if it had come in when it was over; days fire at their ends."""
    lines = []
    for rule in w.rules.values():
        events = [e for e in asked(w, rule) if first <= day_of(e["at"], offset_at(w.zone, e["at"])) <= w.today()]
        for e in events:
            e["text"] = words(e)
        for t in rule["on"]:
            if t["kind"] == "event":
                events += [{"key": "event " + r["id"], "at": r["finish"], "text": r["id"], "value": None}
                           for r in w.records.values() if r["kind"] == t["event"] and r["day"] >= first
                           and r["day"] <= w.today() and t.get("sport", r.get("sport")) == r.get("sport")]
            elif t["kind"] not in KINDS:
                events += [{"key": stamp(x), "at": x, "text": "planned", "value": None}
                           for x in planned(w, t, first, w.today()) if day_start(w.zone, first) <= x <= w.now]
        w.fired[rule["name"]] = mine = []
        events = sorted((e for e in events if wanted(rule, e["value"])), key=lambda e: (e["at"], e["key"]))
        if "debounce" in rule:
            calm = span(rule["debounce"])
            events = [{**e, "at": e["at"] + calm} for e, after in zip(events, events[1:] + [None])
                      if after is None or after["at"] - e["at"] >= calm]
        for e in events:
            if not any(f["key"] == e["key"] for f in mine) and open_for(w, rule, e["at"], [f["at"] for f in mine]):
                fire(w, rule, e, e["text"])
        lines += [f["line"] for f in mine]
    return sorted(line.rsplit("|", 1)[0] for line in lines)


# --- random rules ---

def bounds(r, metric):
    middle, step = {"floors": (10, 2), "sleep_duration": (360, 20), "resting_heart_rate": (62, 3), "heart_rate": (75, 5), "weight": (80, 1), "steps": (7000, 1500),
                    "water": (1500, 400), "workout_load": (100, 30)}[metric]
    return middle + r.randint(-2, 2) * step, step


def some_lasting(r):
    return {"lasting": "%dd" % r.randint(1, 4)} if r.random() < .6 else {}


def make_threshold(r):
    metric = r.choice(list(METRICS))
    at, step = bounds(r, metric)
    up = r.random() < .6
    t = {"kind": "threshold", "metric": metric, "enter": r.choice([">", ">="] if up else ["<", "<="]) + str(at)}
    if r.random() < .5:
        t["leave"] = r.choice(["<", "<="] if up else [">", ">="]) + str(at + (-step if up else step) * r.randint(0, 2))
    return {**t, **some_lasting(r)}


def make_baseline(r):
    days, how = r.choice([2, 5, 7, 14, 28]), r.choice(["sd", "%"])
    k = r.choice([1, 1.5, 2]) if how == "sd" else r.choice([3, 5, 10, 20])
    return {"kind": "baseline", "metric": r.choice(list(METRICS)), "days": days, "how": how, "k": k,
            "middle": r.choice(["mean", "median"]), r.choice(["above", "below"]): True, **some_lasting(r)}


def make_absent(r):
    return {"kind": "absent", "metric": r.choice(list(METRICS)), "lasting": r.choice(["5h", "14h"] + ["%dd" % d for d in range(1, 9)])}


def make_streak(r):
    t = {"kind": "streak", "per": r.choice(["day", "day", "week", "month"]), "at_least": 1}
    t["lengths"] = sorted(r.sample(range(1, 8 if t["per"] == "day" else 4), r.randint(1, 3)))
    what = r.choice(["workout", "workout", "sleep", "metric"])
    if what == "metric":
        t["metric"] = r.choice(["steps", "water", "workout_load"])
        t["at_least"] = bounds(r, t["metric"])[0] * {"day": 1, "week": 5, "month": 20}[t["per"]]
    else:
        t["records"] = what
        if what == "workout" and r.random() < .5:
            t["sport"] = r.choice(["running", "cycling"])
        if t["per"] != "day":
            t["at_least"] = r.randint(1, 4)
    return t


def make_milestone(r):
    metric = r.choice(["steps", "water", "workout_load"])
    return {"kind": "milestone", "metric": metric,
            "totals": sorted({bounds(r, metric)[0] * r.randint(1, 60) for _ in range(r.randint(1, 8))})}


def make_goal(r):
    return {"kind": "goal", "metric": r.choice(["steps", "weight", "water"]), "reached": r.random() < .5}


def make_event(r):
    t = {"kind": "event", "event": "workout"}
    return {**t, "sport": r.choice(["running", "cycling"])} if r.random() < .5 else t


DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def make_planned(r):
    t = {"kind": r.choice(["at", "at", "cron", "every"]), "days": sorted(r.sample(range(7), 3)) if r.random() < .4 else []}
    names = ",".join(DAYS[d] for d in t["days"])
    if t["kind"] == "every":
        t["minutes"] = r.choice([360, 720, 1440])
        t["spec"] = "%dh" % (t["minutes"] // 60)
    elif t["kind"] == "cron":
        hours = sorted(r.sample([0, 1, 2, 3, 7, 23], r.randint(1, 2)))
        minutes = sorted(r.sample([0, 10, 15, 30, 35, 50], r.randint(1, 3)))
        t["times"] = [h * 60 + m for h in hours for m in minutes]
        t["dates"] = sorted(r.sample(range(1, 32), 6)) if r.random() < .3 else []
        t["spec"] = "%s %s %s * %s" % (",".join(map(str, minutes)), ",".join(map(str, hours)),
                                       ",".join(map(str, t["dates"])) or "*", names or "*")
        t.update({"zone": r.choice(list(PLACES))} if r.random() < .2 else {})
    else:
        x = r.choice([0, 30, 90, 130, 150, 160, 165, 200, 450, 1410])
        t["times"], t["spec"] = [x], "%02d:%02d" % (x // 60, x % 60) + (names and " on " + names)
        if r.random() < .4:
            t["side"], t["minutes"] = r.choice(["sunrise", "sunset"]), r.choice([0, -30, 45, -200])
            t["spec"] = t["side"] + ("%+dmin" % t["minutes"] if t["minutes"] else "") + (names and " on " + names)
    return t


MAKERS = [make_threshold, make_threshold, make_baseline, make_baseline, make_absent, make_streak, make_streak,
          make_milestone, make_goal, make_event, make_planned]


def make_rule(r, name):
    rule = {"name": name, "on": [r.choice(MAKERS)(r)]}
    if r.random() < .25:
        rule["on"] = [r.choice(MAKERS[:-1])(r) for _ in range(r.randint(2, 3))]
    is_planned = rule["on"][0]["kind"] in ("at", "cron", "every")
    if is_planned and r.random() < .6:
        rule["catch_up"] = r.choice(["skip", "once", "each"])
    if "side" in rule["on"][0]:  # to the minute, which a cooldown of whole days would make a matter of seconds
        return {**rule, "source": source_of(rule)}
    if all(t["kind"] in KINDS for t in rule["on"]) and r.random() < .1:
        rule["debounce"] = r.choice(["20min", "3h", "30h"])
        return {**rule, "source": source_of(rule)}
    if r.random() < .25:
        rule["cooldown"] = r.choice(["6h", "1d", "2d", "5d"])
    if r.random() < .2:
        rule["max_per"] = r.choice(["1/day", "2/day", "1/week", "2/week", "2/month", "1/hour"])
    if r.random() < .3:
        rule["quiet_hours"] = r.choice(["22:00-07:00", "00:30-02:30", "13:00-15:00", "02:15-02:45", "23:00-00:00"])
    if r.random() < .2 and not is_planned:
        rule["max_age"] = r.choice(["6h", "12h", "30h"])
    if r.random() < .25 and not is_planned:
        rule["backfill"] = True
    if r.random() < .2 and rule["on"][0]["kind"] in ("threshold", "baseline", "goal") and len(rule["on"]) == 1:
        rule["when"] = r.choice(["<", ">"]) + str(bounds(r, rule["on"][0]["metric"])[0])
    return {**rule, "source": source_of(rule)}


def trigger_text(t):
    def fields(*names):
        return "".join(", %s = %s" % (n, json.dumps(t[n])) for n in names if n in t)
    kind = t["kind"]
    if kind == "event":
        return 'sw.event { "workout.created"%s }' % fields("sport")
    if kind in ("at", "cron", "every"):
        return "sw.%s { %s%s }" % (kind, json.dumps(t["spec"]), fields("zone"))
    if kind == "streak":
        return "sw.streak { per = \"%s\", lengths = { %s }%s }" % (t["per"], ", ".join(map(str, t["lengths"])),
                                                                fields("metric", "records", "sport", "at_least"))
    more = fields("enter", "leave", "lasting", "reached")
    if kind == "milestone":
        more = ", totals = { %s }" % ", ".join(map(str, t["totals"]))
    if kind == "baseline":
        side = "above" if "above" in t else "below"
        more += ', %s = "%s%dd%s%g%s"' % (side, t["middle"], t["days"], "+" if side == "above" else "-", t["k"], t["how"])
    return 'sw.%s { "%s"%s }' % (kind, t["metric"], more)


def source_of(rule):
    on = [trigger_text(t) for t in rule["on"]]
    gates = "".join(' %s = "%s",' % (k, rule[k]) for k in ("cooldown", "max_per", "quiet_hours", "max_age", "debounce", "catch_up")
                    if k in rule)
    gates += " backfill = true," if "backfill" in rule else ""
    gates += " when = function(w) return w.value %s end," % rule["when"] if "when" in rule else ""
    return """local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" },%s
  run = function(w, ctx)
    ctx.notify(w.kind == "series" and ("%%s %%.3f"):format(w.day, w.value) or w.kind == "workout" and w.title or "planned")
  end }
""" % (on[0] if len(on) == 1 else "sw.any { %s }" % ", ".join(on), gates)


# --- a random history ---

class Story:
    def __init__(self, seed):
        self.r = r = random.Random(seed)
        self.seed = seed
        self.zone = r.choice(list(PLACES))
        latitude, longitude, near = PLACES[self.zone]
        self.place, self.lived = (latitude, longitude), r.randint(6, 25)
        self.first = number_of(near) - r.randint(1, self.lived)
        self.past = r.choice([0, 10, 45])
        self.start = day_start(self.zone, self.first) + r.randrange(24) * HOUR
        self.finish = self.start + self.lived * DAY + r.randrange(24) * HOUR
        self.away, self.moves, self.off = None, [], (0, 0)
        if r.random() < .35:
            a = self.start + r.randrange(self.lived * 24) * HOUR
            self.away = (a, a + r.randint(1, 8) * DAY, r.choice(list(PLACES)))
            if r.random() < .5:
                self.moves = [(a + r.randrange(30) * HOUR + 7 * MIN, self.away[2]),
                              (self.away[1] + r.randrange(30) * HOUR + 7 * MIN, self.zone)]
        self.n, self.awake = 0, 0

    def offset(self, ms):
        away = self.away and self.away[0] <= ms < self.away[1]
        return offset_at(self.away[2] if away else self.zone, ms)

    def local(self, day, minute):
        """That time of the clock on the wrist; a little crooked where the clocks change."""
        ms = day * DAY + minute * MIN
        return ms - self.offset(ms - self.offset(ms) * MIN) * MIN

    def samples_of(self, day):
        r, out = self.r, []

        def put(metric, minute, value, minutes=0):
            at = self.local(day, minute)
            out.append([metric, at, minutes, value, self.offset(at)])
        if r.random() < .85:
            put("resting_heart_rate", 360 + r.randrange(60), 62 + r.choice([-1, 0, 0, 1, 1, 2]) * r.randint(0, 9))
        if r.random() < .8:
            for hour in r.sample(range(8, 23), r.randint(1, 3)):
                put("heart_rate", hour * 60 + r.randrange(60), 75 + r.randint(-20, 20))
        if r.random() < .9:
            for hour in r.sample(range(7, 24), r.randint(1, 4)):
                put("steps", hour * 60 + r.randrange(40), r.randint(5, 50) * 100, 10)
        for metric, chance, low, high, minutes in (("weight", .35, 77, 83, 0), ("water", .6, 3, 12, 0), ("workout_load", .5, 3, 17, 0)):
            if r.random() < chance:
                for hour in r.sample(range(6, 23), r.randint(1, 2)):
                    put(metric, hour * 60 + r.randrange(60), r.randint(low, high) * (1 if metric == "weight" else 10 if metric ==
                        "workout_load" else 100), minutes)
        return out

    def totals_of(self, day):
        """A service says it at the end of the day, or the next morning."""
        at = self.local(day, self.r.choice([1380, 1700]))
        return [(["floors", day, self.r.randint(5, 15)], at)] if self.r.random() < .7 else []

    def records_of(self, day):
        r, out = self.r, []
        if r.random() < .6:
            out.append(self.record("workout", self.local(day, r.randrange(0, 1439)), r.randint(20, 90),
                                   r.choice(["running", "cycling"])))
        bed, minutes = self.local(day - 1, 22 * 60 + 30 + r.randrange(180)), r.randint(300, 420)
        if r.random() < .7 and bed >= self.awake:  # flying west over the date line makes nights meet
            self.awake = bed + minutes * MIN
            out.append(self.record("sleep", bed, minutes))
        return out

    def record(self, kind, start, minutes, sport=None):
        self.n += 1
        finish = start + minutes * MIN
        r = {"kind": kind, "id": "%s%d" % (kind[0], self.n), "start": start, "finish": finish,
             "offset_start": self.offset(start), "offset_finish": self.offset(finish)}
        r["day"] = day_of(finish, r["offset_finish"]) if kind == "sleep" else day_of(start, r["offset_start"])
        return {**r, "sport": sport} if sport else r

    def ops(self):
        """What arrives when: most things soon after they were, some late, some in a heap after days without."""
        r, list_of = self.r, []
        silent = [self.start + r.randrange(self.lived * 24) * HOUR for _ in range(r.randint(0, 2))]
        silent = [(a, a + r.randint(20, 120) * HOUR) for a in silent]
        before = {"samples": [], "records": [], "totals": []}
        for day in range(self.first - self.past, self.first + self.lived + 1):
            for what, x, at in [("samples", s, s[1] + s[2] * MIN) for s in self.samples_of(day)] + \
                               [("records", y, y["finish"]) for y in self.records_of(day)] + \
                               [("totals", x, at) for x, at in self.totals_of(day)]:
                at += r.choice([1, 1, 1, 3, 20, 90]) * MIN + r.randrange(50) * 1000
                if r.random() < .08:
                    at += r.randint(1, 100) * HOUR
                for a, b in silent:
                    at = b + 13000 if a <= at < b else at
                if at <= self.start:
                    before[what].append(x)
                elif at < self.finish:
                    list_of.append({"at": at, what: [x]})
        if self.past:
            list_of.append({"at": self.start + 1000 if r.random() < .7 else self.start + r.randint(1, 5) * DAY + 9, **before})
        list_of += self.changes(list_of)
        off = self.start + r.randrange(self.lived * 24) * HOUR + 7
        power = [{"at": off, "off": True}, {"at": off + r.randint(1, 100) * 20 * MIN, "on": True}] if r.random() < .3 else []
        if power and power[1]["at"] < self.finish:
            list_of += power
            self.moves = [m for m in self.moves if not off < m[0] < power[1]["at"]]
            self.off = (off, power[1]["at"])
        list_of += [{"at": at, "zone": zone} for at, zone in self.moves if at < self.finish]
        return together(sorted(list_of, key=lambda op: op["at"]))

    def changes(self, ops):
        """Corrected by another value, or deleted, some time after they came."""
        r, out = self.r, []
        for op in r.sample(ops, min(len(ops), r.randint(0, 12))):
            later = op["at"] + r.randint(1, 70) * HOUR + 11000
            if later >= self.finish:
                continue
            if op.get("samples"):
                m, at, minutes, value, offset = s = r.choice(op["samples"])
                worth = value + r.choice([-1, 1]) * bounds(r, m)[1]
                gone = {"gone": [s]} if r.random() < .4 or worth < 1 or m == "water" else {}
                worth = 0 if gone and m != "water" else worth
                out.append({"at": later, **gone, **({"samples": [[m, at, minutes, worth, offset]]} if worth > 0 else {})})
            elif op.get("records"):
                y = r.choice(op["records"])
                other = {**y, "sport": "running" if y.get("sport") == "cycling" else "cycling"}
                out.append({"at": later, "records": [other]} if y["kind"] == "workout" and r.random() < .5 else
                           {"at": later, "lost": [y["id"]]})
        return out


def together(ops):
    out = []
    for op in ops:
        if out and out[-1]["at"] == op["at"]:
            for k, v in op.items():
                if k != "at":
                    out[-1][k] = out[-1].get(k, []) + v if isinstance(v, list) else v
        else:
            out.append(dict(op))
    return out


def make(seed):
    s = Story(seed)
    rules = [make_rule(s.r, "r%d" % i) for i in range(s.r.randint(4, 9))]
    ops = s.ops()
    late = s.r.choice(rules) if s.r.random() < .5 and len(ops) > 4 else None
    if late:
        at = s.r.choice(ops)["at"] + 500
        ops.append({"at": s.off[1] + 500 if s.off[0] < at < s.off[1] else at, "rule": late})
        ops.sort(key=lambda op: op["at"])
    goals = {"steps": {"target": 8000}, "weight": {"target": 80, "most": True}, "water": {"target": 1500, "most": s.r.random() < .5}}
    return {"seed": seed, "zone": s.zone, "place": s.place, "start": s.start, "finish": s.finish, "goals": goals,
            "rules": [x for x in rules if x is not late], "ops": ops}


def main():
    for seed in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        case = make(seed)
        w, live = lived(case)
        first = day_of(case["start"], offset_at(case["zone"], case["start"])) - 40
        print(json.dumps({**case, "live": live, "first": first, "past": looked_back(w, first)}))


if __name__ == "__main__":
    main()
