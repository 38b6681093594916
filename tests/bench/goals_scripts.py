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


ALL = {"G2": g2, "G3": g3}
