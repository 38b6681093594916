"""Makes a folder of activity files out of a few real ones: copies shifted in time, so that each is a
file and a workout of its own.

  make_folder.py fit|tcx|gpx SAMPLES_DIR OUT_DIR COPIES

The chosen samples are those which a compact reader and the importer understand alike."""
import os, re, sys
from datetime import date, timedelta

import fit_reader

CHOSEN = {
    "fit": ("2067489619.fit", "Move_2020_01_15_19_27_16_Running.fit", "apple_watch.fit", "developer-types-sample.fit", "hrv-activity.fit",
            "sample-activity-indoor-trainer.fit", "snorkeling-unknown-sport.fit", "suunto-weight.fit", "user_metrics.fit"),
    "tcx": ("GarminHRMswim.tcx", "activity_790564009.tcx", "sup_activity_1.tcx", "test.tcx",
            "training-sessions-1912463368.garmin-activity.tcx", "training-sessions-1942173160.all-extensions.tcx"),
    "gpx": ("2067489619.gpx", "garmin.gpx", "korita-zbevnica.gpx", "training-sessions-1.garmin-trackpoint.gpx"),
}
STEP_DAYS = 11


def shift_text(data, days):
    def later(m):
        return (date.fromisoformat(m[1].decode()) + timedelta(days)).isoformat().encode() + b"T"
    return re.sub(rb"(\d{4}-\d\d-\d\d)T", later, data)


def main(kind, source, out, copies):
    os.makedirs(out)
    for name in CHOSEN[kind]:
        with open(os.path.join(source, kind, name), "rb") as f:
            data = f.read()
        for k in range(copies):
            moved = fit_reader.shifted(data, k * STEP_DAYS * 86400) if kind == "fit" else shift_text(data, k * STEP_DAYS)
            with open(os.path.join(out, f"{k:03d}-{name}"), "wb") as f:
                f.write(moved)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
