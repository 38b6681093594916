"""Makes the benchmarks' inputs, seeded: the same arguments give the same bytes.

  make_pages.py pages DIR COUNT ACTIVITIES
                                   pages of a provider-like response: 7,500 samples, one a minute, and
                                   that many activities, two a day
  make_pages.py raw FILE DAYS regular|jittered
                                   heart rate once a minute from 2015-01-01: int64 UTC ms, double
"""
import datetime, json, os, random, struct, sys

START = 1420070400  # 2015-01-01T00:00:00Z
SAMPLES = 7500


def walk(rng):
    """A mean-reverting walk between rest and effort, in whole beats per minute."""
    value, goal = 60.0, 60.0
    while True:
        if rng.random() < 0.01:
            goal = rng.choice((52, 58, 64, 75, 95, 130))
        value += (goal - value) * 0.08 + rng.gauss(0, 1.6)
        yield min(200, max(38, round(value)))


def iso(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def activity(rng, number, t):
    splits = [{"distance": 1000, "elapsed_time": rng.randint(240, 420), "average_heartrate": rng.randint(120, 175),
               "elevation_difference": round(rng.uniform(-30, 30), 1), "split": k} for k in range(1, 9)]
    line = "".join(chr(rng.randint(63, 126)) for _ in range(620)).replace("\\", "a")
    return {"id": 9000000 + number, "name": "Morning \"Run\" \u2013 Z\u00fcrich " + str(number), "sport_type": "Run",
            "start_date": iso(t), "elapsed_time": rng.randint(1500, 4200), "distance": round(rng.uniform(5000, 14000), 1),
            "average_heartrate": rng.randint(120, 170), "total_elevation_gain": rng.randint(0, 300),
            "splits_metric": splits, "map": {"id": "a" + str(number), "summary_polyline": line}}


def pages(folder, count, activities):
    rng = random.Random(1)
    beat, t, number = walk(rng), START, 0
    os.makedirs(folder, exist_ok=True)
    for page in range(count):
        data = []
        for _ in range(SAMPLES):
            data.append({"timestamp": iso(t), "bpm": next(beat), "source": rng.choice(("awake", "rest")),
                         "confidence": round(rng.random(), 2), "id": 7000000 + number})
            t, number = t + 60, number + 1
        acts = [activity(rng, k, START + k * 43200 + 25200) for k in range(page * activities, (page + 1) * activities)]
        with open(os.path.join(folder, f"page{page:03d}.json"), "w", encoding="utf-8") as f:
            json.dump({"data": data, "activities": acts, "next_token": f"p{page + 1}"}, f, separators=(",", ":"), ensure_ascii=False)


def raw(path, days, jittered):
    rng = random.Random(2)
    beat = walk(rng)
    with open(path, "wb") as f:
        for minute in range(days * 1440):
            late = rng.randint(0, 9) if jittered else 0
            f.write(struct.pack("<qd", (START + minute * 60 + late) * 1000, next(beat)))


if __name__ == "__main__":
    if sys.argv[1] == "pages":
        pages(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        raw(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "jittered")
