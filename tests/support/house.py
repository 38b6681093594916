#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house in figures: a mirror for reviews, never a gate.

usage: house.py ROOT [--json]

Reads the tree as it stands (C through universal-ctags, Lua through a small token counter) and
prints what a reviewer would count by hand: lengths, headers, arrows between folders, comments,
duplicated runs, commit subjects. It judges nothing and always ends with 0; the test of the include
table is tests/lua/test_includes.lua."""
import json
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ALLOWED = {
    "base": {"base"}, "model": {"model", "base"}, "codec": {"codec", "base"}, "stats": {"stats", "base"},
    "net": {"net", "base"}, "store": {"store", "base", "model", "codec"},
    "engine": {"engine", "base", "model", "codec", "store", "net"}, "box": {"box", "base", "model"},
    "script": {"script", "base", "model", "codec", "stats", "net", "store", "engine", "box"},
    "app": {"app", "script", "engine", "net", "base"},
}
RUN = 6  # equal lines in a row that count as duplicated


def files(root, folder, *ends):
    return sorted(p for p in (root / folder).rglob("*") if p.suffix in ends and p.is_file())


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def spread(values):
    if not values:
        return {"n": 0, "median": 0, "p75": 0, "p90": 0, "max": 0}
    v = sorted(values)
    at = lambda share: v[min(len(v) - 1, int(share * len(v)))]
    return {"n": len(v), "median": int(statistics.median(v)), "p75": at(0.75), "p90": at(0.9), "max": v[-1]}


def ctags(paths, kinds):
    """Tags of the files with line, end and scope; empty where universal-ctags is absent."""
    command = ["ctags", "--output-format=json", "--fields=+neSK", f"--kinds-C={kinds}", "--languages=C",
               "--langmap=C:.c.h", "-f", "-", "-L", "-"]
    try:
        out = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True)
    except OSError:
        return []
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


# --- C ---

def c_functions(root, sources):
    out = []
    for tag in ctags(sources, "f"):
        if tag.get("kind") == "function" and "end" in tag:
            text = lines_of(Path(tag["path"]))
            head = " ".join(text[max(0, tag["line"] - 2):tag["line"]])
            out.append({"name": tag["name"], "file": str(Path(tag["path"]).relative_to(root)), "line": tag["line"],
                        "length": tag["end"] - tag["line"] + 1,
                        "static": bool(tag.get("file")) or "static " in text[tag["line"] - 1] or "static " in head.split("}")[-1]})
    return out


def blank_comments(text):
    """The text with comments and literals blanked, and how many lines held comment, how many code."""
    def hide(m):
        return re.sub(r"[^\n]", " ", m.group(0))
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", hide, text, flags=re.S)
    code = sum(1 for line in bare.splitlines() if line.strip())
    comment = sum(1 for a, b in zip(text.splitlines(), bare.splitlines()) if a.strip() != b.strip())
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', bare), comment, code


def mutable_statics(path, bare):
    out, depth = [], 0
    for number, line in enumerate(bare.splitlines(), 1):
        inside = depth
        depth += line.count("{") - line.count("}")
        text = line.strip()
        if not text.startswith("static ") or re.search(r"\bconst\b|\binline\b|_Thread_local const", text):
            continue
        name = re.match(r"static\s+[\w\s\*]*?\*?\s*(\w+)\s*(\[[^\]]*\])*\s*(=|;|,)", text)
        if name and "(" not in text.split("=")[0]:
            out.append(f"{path}:{number} {name.group(1)}{' (in a function)' if inside else ''}")
    return out


def include_graph(root, sources):
    wrong, counts, widest = [], [], defaultdict(set)
    for path in sources:
        layer = path.relative_to(root / "core").parts[0]
        project = re.findall(r'^\s*#\s*include\s+"([^"]+)"', "\n".join(lines_of(path)), re.M)
        if path.suffix == ".c":
            counts.append(len(project))
        for name in project:
            widest[name].add(path)
            to = name.split("/")[0]
            if "/" not in name or to not in ALLOWED.get(layer, set()):
                wrong.append(f"{path.relative_to(root)} -> {name}")
    return wrong, counts, widest


PROTOTYPE = re.compile(r"^(?!static|typedef|#|struct\s+\w+\s*\{|enum|\})[\w][\w\s\*]*?\b(\w+)\([^;{]*\)[^;{]*;", re.M | re.S)


def header_docs(path):
    """Extern functions of a header and those with no comment above them or beside them. One comment
    above several prototypes that follow each other speaks for all of them."""
    text = "\n".join(lines_of(path))
    bare = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", "\x01", m.group(0)), text, flags=re.S)
    bare = re.sub(r"\{[^{}]*\}", lambda m: re.sub(r"[^\n]", " ", m.group(0)), bare)
    found, naked, covered_to = [], [], -1
    rows = bare.split("\n")
    offset = 0
    for m in PROTOTYPE.finditer(bare):
        first = bare.count("\n", 0, m.start()) + (1 if bare[m.start()] == "\n" else 0)
        last = bare.count("\n", 0, m.end())
        above = first - 1
        documented = "\x01" in "".join(rows[first:last + 1])
        documented = documented or (above >= 0 and (("\x01" in rows[above]) or (above == covered_to)))
        covered_to = last if documented else covered_to
        found.append(m.group(1))
        if not documented:
            naked.append(m.group(1))
        offset = m.end()
    return found, naked


def opaque_share(headers):
    """Structs a header names in its prototypes without showing their insides."""
    shown, named = set(), set()
    for path in headers:
        text, _, _ = blank_comments(path.read_text())
        shown |= set(re.findall(r"^struct\s+(\w+)\s*\{", text, re.M))
        named |= set(re.findall(r"\bstruct\s+(sw_\w+)", text))
    return len(named - shown), len(named)


# --- Lua ---

LUA_TOKEN = re.compile(r"--\[(=*)\[.*?\]\1\]|--[^\n]*|\[(=*)\[.*?\]\2\]|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\n", re.S)


def lua_functions(text):
    """(line, length, name) of each function, nested ones counted too."""
    stack, out, line, waits_do = [], [], 1, 0
    for m in LUA_TOKEN.finditer(text):
        word = m.group(0)
        if word in ("function", "if", "do", "repeat", "while", "for"):
            if word in ("while", "for"):
                waits_do += 1
                stack.append((word, line, ""))
            elif word == "do" and waits_do:
                waits_do -= 1
            else:
                name = re.match(r"\s*([\w.:]*)", text[m.end():]).group(1) if word == "function" else ""
                stack.append((word, line, name))
        elif word in ("end", "until") and stack:
            kind, first, name = stack.pop()
            if kind == "function":
                out.append((first, line - first + 1, name or "(nameless)"))
        line += word.count("\n")
    return out


def lua_comments(text):
    bare = re.sub(r"--\[(=*)\[.*?\]\1\]|--[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    code = sum(1 for line in bare.splitlines() if line.strip())
    comment = sum(1 for a, b in zip(text.splitlines(), bare.splitlines()) if a.strip() != b.strip())
    return comment, code


# --- both ---

def duplicates(root, paths):
    """Runs of RUN or more equal lines, blanks and spacing aside, in two places. Longest first."""
    places = defaultdict(list)
    rows = {}
    for path in paths:
        kept = []
        for number, line in enumerate(lines_of(path), 1):
            text = re.sub(r"\s+", " ", line.strip())
            if len(text) > 3 and not text.startswith(("#include", "/*", "*", "--")):
                kept.append((number, text))
        rows[path] = kept
        for i in range(len(kept) - RUN + 1):
            places[tuple(t for _, t in kept[i:i + RUN])].append((path, i))
    out, seen = [], set()
    for where in (w for w in places.values() if len(w) > 1):
        (a, i), (b, j) = where[0], where[1]
        if (a, b, i - j) in seen and (a, i - 1, b, j - 1) in seen:
            seen.add((a, i, b, j))
            continue
        n = 0
        while i + n < len(rows[a]) and j + n < len(rows[b]) and rows[a][i + n][1] == rows[b][j + n][1] and (a != b or i + n < j):
            seen.add((a, i + n, b, j + n))
            n += 1
        seen.add((a, b, i - j))
        if n >= RUN:
            name = lambda p, k: f"{p.relative_to(root)}:{rows[p][k][0]}"
            out.append((n, name(a, i), name(b, j)))
    return sorted(out, reverse=True)


def commit_subjects(root):
    out = subprocess.run(["git", "-C", str(root), "log", "--no-merges", "--format=%h %s"], capture_output=True, text=True).stdout
    rows = [line.split(" ", 1) for line in out.splitlines() if " " in line]
    bare = [f"{h} {s}" for h, s in rows if not re.match(r"^[a-z][\w./+-]*(, [\w./+-]+)*: ", s)]
    long = [f"{h} {s}" for h, s in rows if len(s) > 72]
    return {"n": len(rows), "without_prefix": bare, "long": long, "mean_length": round(statistics.mean([len(s) for _, s in rows] or [0]))}


def measure(root):
    c, h = files(root, "core", ".c"), files(root, "core", ".h")
    lua = files(root, "lua", ".lua") + files(root, "rules", ".lua") + files(root, "providers", ".lua")
    functions = c_functions(root, c)
    comment = code = 0
    statics, labels, heads = [], [], []
    for path in c:
        text = path.read_text()
        bare, more_comment, more_code = blank_comments(text)
        comment, code = comment + more_comment, code + more_code
        short = str(path.relative_to(root))
        statics += mutable_statics(short, bare)
        labels += [f"{short} {name}" for name in set(re.findall(r"\bgoto\s+(\w+)", bare)) if name != "out"]
        if not text.startswith("/* SPDX-License-Identifier: MIT\n *") and not re.match(r"/\* SPDX-License-Identifier: MIT \*/\s*\n/\*", text):
            heads.append(short)
    wrong, include_counts, widest = include_graph(root, c + h)
    documented = [header_docs(p) for p in h]
    externs = sum(len(f) for f, _ in documented)
    naked = [f"{p.relative_to(root)} {n}" for p, (_, names) in zip(h, documented) for n in names]
    opaque, named = opaque_share(h)
    lua_lengths = [(length, f"{p.relative_to(root)}:{line} {name}") for p in lua for line, length, name in lua_functions(p.read_text())]
    lua_comment = [lua_comments(p.read_text()) for p in lua]
    size = lambda paths: sorted(((len(lines_of(p)), str(p.relative_to(root))) for p in paths), reverse=True)
    wide = max(((len(v), k) for k, v in widest.items()), default=(0, ""))
    tests = files(root, "tests", ".c", ".h", ".lua", ".py", ".sh")
    return {
        "c_functions": spread([f["length"] for f in functions]),
        "c_longest": [f"{f['length']} {f['name']} {f['file']}:{f['line']}" for f in sorted(functions, key=lambda f: -f["length"])[:8]],
        "c_over_60": sum(f["length"] > 60 for f in functions),
        "c_static_share": round(100 * sum(f["static"] for f in functions) / max(1, len(functions))),
        "c_files": spread([n for n, _ in size(c)]), "c_largest": size(c)[:4], "c_lines": sum(n for n, _ in size(c)),
        "headers": spread([n for n, _ in size(h)]), "headers_largest": size(h)[:3],
        "structs_opaque": [opaque, named], "widest_header": [wide[1], wide[0], len(c) + len(h)],
        "externs": externs, "undocumented": naked,
        "includes_per_c": spread(include_counts), "wrong_arrows": wrong,
        "c_comment_per_code": round(100 * comment / max(1, code)), "c_without_head": heads,
        "mutable_statics": statics, "goto_labels": labels,
        "lua_functions": spread([n for n, _ in lua_lengths]), "lua_longest": [f"{n} {w}" for n, w in sorted(lua_lengths, reverse=True)[:6]],
        "lua_files": spread([n for n, _ in size(lua)]), "lua_largest": size(lua)[:4], "lua_lines": sum(n for n, _ in size(lua)),
        "lua_comment_per_code": round(100 * sum(a for a, _ in lua_comment) / max(1, sum(b for _, b in lua_comment))),
        "rules": size(files(root, "rules", ".lua")), "commands": size(files(root, "lua/cli", ".lua")),
        "importers": size(files(root, "lua/import", ".lua")), "jobs": size(files(root, "lua/jobs", ".lua")),
        "channels": size(files(root, "lua/notify", ".lua")),
        "build_lines": len(lines_of(root / "CMakeLists.txt")), "test_lines": sum(n for n, _ in size(tests)),
        "duplicates": duplicates(root, c + h + lua), "commits": commit_subjects(root),
    }


def show(m):
    def dist(d):
        return f"median {d['median']}, p75 {d['p75']}, p90 {d['p90']}, longest {d['max']} (of {d['n']})"

    def some(name, items, most=6):
        print(f"{name:<22}{len(items)}" + (": " + "; ".join(map(str, items[:most])) if items else "") + (" ..." if len(items) > most else ""))

    def listed(name, rows):
        print(f"{name:<22}" + ", ".join(f"{Path(f).stem} {n}" for n, f in rows))

    print(f"{'C functions':<22}{dist(m['c_functions'])}; over 60 lines: {m['c_over_60']}; static {m['c_static_share']} %")
    for line in m["c_longest"]:
        print(" " * 24 + line)
    print(f"{'C files':<22}{dist(m['c_files'])}; {m['c_lines']} lines; largest " + ", ".join(f"{f} {n}" for n, f in m["c_largest"]))
    print(f"{'headers':<22}{dist(m['headers'])}; largest " + ", ".join(f"{f} {n}" for n, f in m["headers_largest"]))
    opaque, named = m["structs_opaque"]
    print(f"{'structs opaque':<22}{opaque} of {named}; widest header {m['widest_header'][0]} in {m['widest_header'][1]} of {m['widest_header'][2]} files")
    print(f"{'externs documented':<22}{m['externs'] - len(m['undocumented'])} of {m['externs']}")
    some("  undocumented", m["undocumented"], 8)
    print(f"{'includes per .c':<22}{dist(m['includes_per_c'])}")
    some("arrows not allowed", m["wrong_arrows"])
    print(f"{'comment per code, C':<22}{m['c_comment_per_code']} %")
    some("C files, no head", m["c_without_head"])
    some("mutable statics", m["mutable_statics"])
    some("labels but out", m["goto_labels"])
    print(f"{'Lua functions':<22}{dist(m['lua_functions'])}")
    for line in m["lua_longest"]:
        print(" " * 24 + line)
    print(f"{'Lua files':<22}{dist(m['lua_files'])}; {m['lua_lines']} lines; largest " + ", ".join(f"{f} {n}" for n, f in m["lua_largest"]))
    print(f"{'comment per code, Lua':<22}{m['lua_comment_per_code']} %")
    for name in ("rules", "commands", "importers", "jobs", "channels"):
        listed(name + ", lines", m[name])
    some(f"runs of {RUN}+ lines twice", [f"{n} lines {a} = {b}" for n, a, b in m["duplicates"]], 5)
    print(f"{'build file':<22}{m['build_lines']} lines; tests {m['test_lines']} lines beside {m['c_lines'] + m['lua_lines']} of C and Lua")
    c = m["commits"]
    print(f"{'commits':<22}{c['n']}, subject {c['mean_length']} characters on average")
    some("  without prefix", c["without_prefix"])
    some("  over 72 columns", c["long"])


def main(words):
    roots = [w for w in words if not w.startswith("--")]
    m = measure(Path(roots[0] if roots else ".").resolve())
    if "--json" in words:
        print(json.dumps(m, indent=1))
    else:
        show(m)


if __name__ == "__main__":
    main(sys.argv[1:])
