-- What the expectation of a wellness FIT file says (days, nights, scales), compared with what is stored.
local x = require("expectation")

local check, close = x.check, x.close
local wellness = {}

wellness.reasons = {
  values = "how the sample was made", written_by = "how the sample was made",
  ["monitoring.note"] = "words for people", ["hrv.note"] = "words for people",
    ["sleep.note"] = "words for people",
  ["stress.note"] = "words for people",
  ["monitoring.final_walking_cycles"] = "half of the steps", ["stress.values"] = "compared as valid",
  ["respiration.values"] = "compared as valid",
  ["hrv.last_night_average"] = "a maker's own summary; the values of the night are stored themselves",
  ["hrv.weekly_average"] = "a mean over days follows from the days",
  ["hrv.status"] = "a maker's own word", ["weight[].muscleMass"] = "muscle is not lean mass: no metric",
  ["weight[].metabolicAge"] = "a maker's own figure", ["weight[].visceralFatRating"] = "a maker's own figure",
}

local function same_mean(got, metric, n, mean, file)
  local s = got.samples[metric]
  check(s.n == n and (mean == nil or close(s.mean, mean, 0.01)), "%s: %d of %s, mean %s; not %d of %s", file,
    s.n,
    metric, tostring(s.mean), n, tostring(mean))
end

local function compare_sleep(e, got, file)
  local nights, levels = got.records.sleep, e.sleep.levels
  if not check(#nights == 1, "%s: %d nights", file, #nights) then
    return
  end
  local night = nights[1]
  check(#night.segments == #levels, "%s: %d levels, not %d", file, #night.segments, #levels)
  for i, level in ipairs(levels) do
    local s = night.segments[i] or {}
    check(s.start == x.ms(level[1]) and s.finish == x.ms(level[2]) and s.stage == level[3], "%s: level %d",
      file, i)
  end
  for stage, minutes in pairs(e.sleep.minutes) do
    check(close(night.attributes[stage .. "_s"], minutes * 60, 0.5), "%s: %s", file, stage)
  end
  check(night.attributes.score == e.sleep.overall_score, "%s: score %s", file,
    tostring(night.attributes.score))
end

wellness.rejected = { ["blood_pressure.fit"] = 1 } -- a reading that the cuff itself calls wrong

local SCALE = { weight = "weight", percentFat = "body_fat", percentHydration = "body_water",
  boneMass = "bone_mass", bmi = "bmi" }

-- Each figure of each weighing at its time, and none where the scale gave none.
local function compare_scale(e, got, file)
  for field, metric in pairs(SCALE) do
    local n = 0
    for _, w in ipairs(e.weight) do
      local want = w[field]
      if want then
        n = n + 1
        local s = got.samples[metric][n] or {}
        check(s.ms == x.ms(w.timestamp) and close(s.value, want, 0.005), "%s: %s is %s, not %s", file, metric,
          tostring(s.value), want)
      end
    end
    check(got.samples[metric].n == n, "%s: %d of %s, not %d", file, got.samples[metric].n, metric, n)
  end
end

local function compare_pressure(e, got, file, ctx)
  for i, b in ipairs(e.blood_pressure) do
    for metric, want in pairs { blood_pressure_systolic = b.systolic, blood_pressure_diastolic = b.diastolic,
      heart_rate = b.pulse } do
      local s = got.samples[metric][i] or {}
      check(s.ms == x.ms(b.timestamp) and s.value == want, "%s: %s %s", file, metric, tostring(s.value))
    end
  end
  check(got.samples.blood_pressure_systolic.n == #e.blood_pressure, "%s: readings", file)
  check(ctx.first.rejected == e.rejected, "%s: %d rejected, not %d", file, ctx.first.rejected, e.rejected)
end

function wellness.compare(e, got, file, ctx)
  if e.monitoring then
    local m = e.monitoring
    same_mean(got, "heart_rate", m.heart_rate_samples_valid, m.heart_rate_mean, file)
    check(got.samples.steps.sum == m.final_walking_steps, "%s: %s steps", file, got.samples.steps.sum)
  end
  if e.sleep then
    compare_sleep(e, got, file)
  end
  if e.weight then
    compare_scale(e, got, file)
  end
  if e.blood_pressure then
    compare_pressure(e, got, file, ctx)
  end
  if e.spo2 then
    same_mean(got, "spo2", e.spo2.values, e.spo2.mean, file)
    same_mean(got, "stress", e.stress.valid, e.stress.mean, file)
    same_mean(got, "respiratory_rate", e.respiration.valid, nil, file)
  end
  if e.hrv then
    same_mean(got, "hrv_rmssd", e.hrv.values, e.hrv.value_mean, file)
  end
end

return wellness
