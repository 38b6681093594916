-- Sample answers of a Nightscout site, made up. sgv is mg/dL always; below 13 it is an error code.
return function(d)
  local ms = function(h, m) return d.ms + (h * 60 + m) * 60000 end
  local entries = ([[
[{"_id": "a1", "type": "sgv", "sgv": 112, "date": %d, "dateString": "x", "utcOffset": 60, "device": "share2", "direction": "Flat"},
 {"_id": "a2", "type": "sgv", "sgv": 118, "date": %d.25, "utcOffset": 60, "direction": "NOT COMPUTABLE"},
 {"_id": "a3", "type": "sgv", "sgv": 9, "date": %d, "utcOffset": 60},
 {"_id": "a4", "type": "mbg", "mbg": 121, "date": %d, "utcOffset": 60, "device": "meter"},
 {"_id": "a5", "type": "cal", "slope": 895.8, "intercept": 34281, "scale": 1, "date": %d}]
]]):format(ms(7, 0), ms(7, 5), ms(7, 10), ms(7, 12), ms(7, 15))
  local treatments = ([[
[{"_id": "5f01", "eventType": "Meal Bolus", "created_at": "DATET11:30:00Z", "carbs": 45, "insulin": 4.5, "enteredBy": "x", "utcOffset": 60},
 {"_id": "5f02", "eventType": "Correction Bolus", "created_at": "DATET14:00:00.000Z", "insulin": 1.2, "carbs": null},
 {"_id": "5f03", "eventType": "Carb Correction", "created_at": "DATET16:00:00+01:00", "carbs": 12.5},
 {"_id": "5f04", "eventType": "Exercise", "created_at": "DATET17:00:00Z", "duration": 30}]
]]):gsub("DATE", d.date)
  return {
    account = { body = '{"status":"ok","name":"nightscout","version":"15.0.2","settings":{"units":"mmol"}}', id = "nightscout",
      name = "nightscout" },
    reads = {
      entries = { answers = { entries }, samples = { blood_glucose = { { ms(7, 0), 112 }, { ms(7, 5), 118 }, { ms(7, 12), 121 } } },
        rejected = "with a value that is a code of the service=1" },
      treatments = { answers = { treatments }, records = {
          { id = "5f01", kind = "meal", start = d.date .. "T11:30:00Z", finish = d.date .. "T11:30:00Z",
            attributes = { carbs_g = 45, meal = "Meal Bolus" } },
          { id = "5f03", kind = "meal", start = d.date .. "T15:00:00Z", finish = d.date .. "T15:00:00Z", offset = 60,
            attributes = { carbs_g = 12.5, meal = "Carb Correction" } },
        }, samples = { insulin = { { d.date .. "T11:30:00Z", 4.5 }, { d.date .. "T14:00:00Z", 1.2 } } } },
    },
  }
end
