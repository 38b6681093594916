"""Goals of the box beside the rate of rules: many rules, and what limits cost."""
import os, statistics

from goals_live import fresh, lua
from measure import bound, pairs, run, slower

RULE = '''local sw = require "syncwell"
return sw.rule {{ title = "Rule {n}", on = sw.event "{event}", uses = {{ "notify" }},
  when = function(w) return w.elapsed_s > 36000 end,
  run = function(w, ctx) ctx.notify {{ text = "long " .. w.sport, title = "Rule {n}" }} end }}
'''
OTHERS = ("sleep.created", "meal.created", "mindful.updated", "note.created", "sync.failed")


# --- G2 ---

def crowd(ctx, n):
    """A home with n rules, ten of which listen to workouts."""
    home = fresh(ctx, "many")
    folder = os.path.join(home, "rules", "automations")
    os.makedirs(folder)
    for i in range(n):
        every = i % (n // 10) == 0
        with open(os.path.join(folder, f"rule{i}.lua"), "w") as f:
            f.write(RULE.format(n=i, event="workout.created" if every else OTHERS[i % len(OTHERS)]))
    return home


def g2(ctx):
    jobs, most = (4, 1000) if ctx.quick else (60, 10000)
    what = f"{jobs} dispatches of 500 events to 10 rules"
    few, many = crowd(ctx, 10), crowd(ctx, most)
    small = ctx.path("small.lua")
    with open(small, "w") as f:
        f.write(RULE.format(n=1, event="workout.created"))

    def dispatch(home):
        return run(lua(ctx, "lua_many.lua", home, jobs))
    p = pairs(lambda: dispatch(many), lambda: dispatch(few), ctx.pairs)
    heap = run([ctx.tool("bench_heap"), os.path.join(ctx.build, "share"), small, "1000"])
    return [slower("G2", f"{what}, {most} rules loaded", "the same with 10 loaded", p, 1.2, f"{p['ours'] / jobs / 5000 * 1e6:.1f} us an event and rule"),
            bound("G2", "Lua heap of a rule of five lines", heap["bytes"] / 1024, "KiB", "", 1.5)]


# --- G3 ---

def g3(ctx):
    rows = []
    for name in ("arithmetic", "rules", "tables"):
        script = ctx.script(f"limit_{name}.lua")
        p = pairs(lambda s=script: run(lua(ctx, "lua_limits.lua", "cost", s)),
                  lambda s=script: run([ctx.tool("bench_rules"), "plain", s]), ctx.pairs)
        rows.append(slower("G3", f"{name}, inside all limits", "plain Lua", p, 1.05))
    for budget in (50, 200):
        loops = [run(lua(ctx, "lua_limits.lua", "loop", budget)) for _ in range(ctx.pairs)]
        used = statistics.median(r["used_ms"] for r in loops)
        late = sum(r["late"] for r in loops) / sum(r["n"] for r in loops)
        rows.append(bound("G3", f"an endless loop with {budget} ms of CPU, until it was stopped", used, "ms", f"budget {budget} ms", budget * 2))
        rows.append(bound("G3", "meanwhile a script of another package, due every 20 ms: later than 20 ms", late * 100, "%", "", 1,
                          f"worst {max(r['worst_ms'] for r in loops):.0f} ms of wall time in {sum(r['n'] for r in loops)} runs"))
    return rows


# --- G16 ---

TRIGGERS = (
    'sw.threshold { "heart_rate", enter = ">82", leave = "<80" }', 'sw.threshold { "steps", enter = "<9000" }',
    'sw.threshold { "resting_heart_rate", enter = ">60", lasting = "2d" }', 'sw.threshold { "weight", enter = "<78" }',
    'sw.baseline { "resting_heart_rate", above = "mean28d+2sd" }', 'sw.baseline { "heart_rate", above = "median14d+5%" }',
    'sw.baseline { "steps", below = "mean28d-1sd" }', 'sw.absent { "weight", lasting = "8d" }', 'sw.absent { "heart_rate", lasting = "2d" }',
    'sw.streak { records = "workout", per = "day", lengths = { 2, 7 } }', 'sw.milestone { "steps", totals = { 1e6, 2e6 } }',
    'sw.goal { "steps" }', 'sw.event { "workout.created", sport = "running" }', 'sw.event "workout.created"', 'sw.event "sleep.created"',
    'sw.any { sw.event "sleep.created", sw.at "12:00 on mon" }', 'sw.at "18:30"', 'sw.cron "0 21 * * *"', 'sw.cron "0 19 * * sun"',
    'sw.at "08:00 on weekdays"')
READS = {'sw.at "18:30"': ("steps", "1d"), 'sw.cron "0 21 * * *"': ("heart_rate", "15d"), 'sw.cron "0 19 * * sun"': ("steps", "35d"),
         'sw.at "08:00 on weekdays"': ("sleep_duration", "7d")}


def year(ctx):
    """A home with 20 rules and a year of one-a-minute data."""
    home = fresh(ctx, "year")
    folder = os.path.join(home, "rules", "automations")
    os.makedirs(folder)
    for i, on in enumerate(TRIGGERS):
        metric, last = READS.get(on, (None, None))
        body = f'local s = ctx.series("{metric}", {{ last = "{last}" }}) ctx.notify("mean " .. tostring(s.mean()))' if metric else 'ctx.notify(tostring(w.day))'
        more = 'when = function(w) return w.kind == "schedule" or w.elapsed == nil or w.elapsed > "70min" end,' if "event" in on else ""
        with open(os.path.join(folder, f"rule{i:02}.lua"), "w") as f:
            f.write(f'local sw = require "syncwell"\nreturn sw.rule {{ title = "Rule {i}", on = {on}, uses = {{ "notify" }}, {more}\n'
                    f'  run = function(w, ctx) {body} end }}\n')
    run(lua(ctx, "lua_backtest.lua", home, "make"))
    return home


def g16(ctx):
    home = year(ctx)
    runs = [run(lua(ctx, "lua_backtest.lua", home, "run")) for _ in range(ctx.pairs)]
    r = sorted(runs, key=lambda r: r["cpu_s"])[len(runs) // 2]
    return [bound("G16", f"backtest of {r['rules']} rules over a year of one-a-minute data, CPU of engine and workers", r["cpu_s"], "s", "", 2,
                  f"{r['events']} events, {r['fired']} firings; workers {r['inside_s']:.2f} s")]


ALL = {"G2": g2, "G3": g3, "G16": g16}
