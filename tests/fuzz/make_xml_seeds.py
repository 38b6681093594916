#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write small seed inputs for the GPX, TCX and Apple Health fuzz targets into corpus/<target>/.

Usage: make_xml_seeds.py [CORPUS]. Everything is made up here; the first byte of a seed is the slice
size the target uses."""
import os
import sys

GPX = b"""<?xml version="1.0"?><!-- c --><gpx version="1.1" creator="Garmin x" xmlns:n="u"><wpt lat="1" lon="2"/>
<rte><name>r</name><rtept lat="1" lon="2"/></rte><trk><name><![CDATA[A & b]]></name><type>run</type><trkseg>
<trkpt lat="1.5" lon="2.25"><ele>10</ele><time>2024-05-01T10:00:09Z</time><extensions><n:T><n:hr>120</n:hr><n:cad>80
</n:cad></n:T><power>200</power></extensions></trkpt><trkpt lat="1.6" lon="2.25"><ele>20</ele>
<time>2024-05-01T10:00:01+01:15</time><speed>3</speed></trkpt></trkseg><trkseg/></trk></gpx>"""
TCX = b"""  <?xml version="1.0"?><TrainingCenterDatabase><Activities><Activity Sport="Running"><Id>2024-05-01T10:00:00Z</Id>
<Lap StartTime="2024-05-01T10:00:00Z"><TotalTimeSeconds>60</TotalTimeSeconds><DistanceMeters>250.5</DistanceMeters>
<Calories>12</Calories><AverageHeartRateBpm><Value>130</Value></AverageHeartRateBpm><Intensity>Active</Intensity><Track>
<Trackpoint><Time>2024-05-01T10:00:05Z</Time><Position><LatitudeDegrees>1</LatitudeDegrees><LongitudeDegrees>2
</LongitudeDegrees></Position><HeartRateBpm><Value>120</Value></HeartRateBpm></Trackpoint><Trackpoint>
<Time>2024-05-01T10:00:01Z</Time><DistanceMeters>7</DistanceMeters><Extensions><a:TPX><a:Watts>9</a:Watts></a:TPX>
</Extensions></Trackpoint></Track></Lap><Creator><Name>Edge</Name><UnitId>7</UnitId></Creator></Activity></Activities>
<Courses><Course/></Courses></TrainingCenterDatabase>"""
WHEN = b'startDate="2024-03-01 07:08:09 +0200" endDate="2024-03-01 07:38:09 +0200"'
APPLE = b"""<?xml version="1.0"?><!DOCTYPE HealthData [ <!-- ] --> <!ELEMENT a (b> ]><HealthData locale="en_US">
<ExportDate value="2024-03-02 00:00:00 +0200"/><Record type="HKQuantityTypeIdentifierStepCount" sourceName="R&#39;s iPhone"
device="&lt;&lt;HKDevice: 0x1&gt;, name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,2&gt;" unit="count"
WHEN value="42"/><Record type="HKCategoryTypeIdentifierSleepAnalysis" sourceName="Watch" WHEN
value="HKCategoryValueSleepAnalysisAsleepCore"><MetadataEntry key="HKTimeZone" value="Europe/Paris"/></Record>
<Correlation type="HKCorrelationTypeIdentifierFood" sourceName="D" WHEN><MetadataEntry key="HKFoodType" value="Oats"/>
<Record type="HKQuantityTypeIdentifierDietaryProtein" sourceName="D" unit="g" WHEN value="1.5"/></Correlation>
<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="30" durationUnit="min" sourceName="Watch" WHEN>
<WorkoutEvent type="HKWorkoutEventTypeLap" date="2024-03-01 07:10:00 +0200" duration="1" durationUnit="min"/>
<WorkoutActivity WHEN/><WorkoutStatistics type="E" sum="5" unit="kcal"/><WorkoutRoute><FileReference path="/r.gpx"/>
</WorkoutRoute></Workout><ActivitySummary dateComponents="2024-03-01" activeEnergyBurned="5"
activeEnergyBurnedUnit="kcal"/></HealthData>""".replace(b"WHEN", WHEN)
OLD = b"""<Record type="HKQuantityTypeIdentifierStepCount" source Name='Old \x0b phone' unit="count"
start Date="20140921070848+0100" endDate="20140921070848+0100" sum="9"/><Record type=x <Record"""


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
    seeds = {"gpx": [GPX, GPX[:400]], "tcx": [TCX, TCX[:500]], "apple": [APPLE, OLD, APPLE[:700]]}
    for name, texts in seeds.items():
        os.makedirs(os.path.join(root, name), exist_ok=True)
        for i, text in enumerate(texts):
            with open(os.path.join(root, name, f"seed{i}.bin"), "wb") as f:
                f.write(bytes([17 + 40 * i]) + text)


if __name__ == "__main__":
    main()
