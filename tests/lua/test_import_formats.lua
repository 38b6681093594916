-- What the tables and hooks of lua/import make of a decoder's messages.
local apple = require("import.apple")
local fit = require("import.fit")

local DAY_MS = 86400000
local START = 1523380521000 -- 2018-04-10

-- Everything a format's hooks hand out for some messages.
local function hand_over(format, messages)
  local got = { records = {}, totals = {}, rejects = {}, notes = {} }
  local function into(list)
    return function(x)
      list[#list + 1] = x
    end
  end
  local out = { record = into(got.records), day_total = into(got.totals), reject = into(got.rejects),
    note = into(got.notes) }
  local state = format.start()
  for _, m in ipairs(messages) do
    format.message(state, m, out)
  end
  format.finish(state, out)
  return got
end

-- One session, the span of its records, and the end of the file.
local function one_session(session, last_ms, dated)
  session.message = "session"
  return hand_over(fit, { session,
    { message = "record_summary", session = 0, n = 2, first_ms = session.start_time_ms, last_ms = last_ms },
    { message = "file_end", type = "activity", maker = "garmin", model = "1", ident = "1", device = "", records = 2,
      dated = dated ~= false } })
end

describe("sessions of FIT files", function()
  it("that go on a month later last as long as stated, when records are there to the end", function()
    local got = one_session({ start_time_ms = START, total_elapsed_time = 2656055.111, total_timer_time = 1477.123 },
      START + 30 * DAY_MS)
    local w = got.records[1]
    expect(w.attributes.elapsed_s).equals(2656055.111)
    expect(w.finish - w.start).equals(2656055111)
    expect(#got.notes).equals(0)
  end)

  it("whose clock jumped away from their records last as long as their timer", function()
    local got = one_session({ start_time_ms = START, total_elapsed_time = 2656055, total_timer_time = 1477 },
      START + 1477000)
    local w = got.records[1]
    expect(w.attributes.elapsed_s).equals(1477)
    expect(w.attributes.elapsed_stated_s).equals(2656055)
    expect(w.finish - w.start).equals(1477000)
    expect(got.notes[1]:find("clock jumped", 1, true) ~= nil).equals(true)
  end)

  it("with more timer than elapsed time keep both, end with the longer, and say so", function()
    local got = one_session({ start_time_ms = START, total_elapsed_time = 2839.6, total_timer_time = 21680 },
      START + 21670000)
    local w = got.records[1]
    expect(w.attributes.elapsed_s).equals(2839.6)
    expect(w.attributes.timer_s).equals(21680)
    expect(w.finish - w.start).equals(21680000)
    expect(#got.notes).equals(1)
  end)

  it("counted from power-on are kept in a file without any date, rejected in one with", function()
    local unset = { start_time_ms = 648283464000, total_elapsed_time = 60, total_timer_time = 60 }
    local kept = one_session(unset, nil, false)
    expect(kept.records[1].start).equals(648283464000)
    expect(#kept.rejects).equals(0)
    local beside_a_date = hand_over(fit, { unset, { message = "file_end", type = "activity", maker = "garmin",
      model = "1", ident = "1", device = "", dated = true } })
    expect(#beside_a_date.records).equals(0)
    expect(#beside_a_date.rejects).equals(1)
  end)
end)

describe("Apple Health", function()
  it("states totals of energy, exercise and stand hours for a day, and none for a day of 0", function()
    local function day(exercise, hours)
      return { message = "activity_summary", attributes = { dateComponents = "2016-11-15", activeEnergyBurned = "418.4",
        activeEnergyBurnedUnit = "kJ", appleExerciseTime = exercise, appleStandHours = hours } }
    end
    local total = {}
    for _, t in ipairs(hand_over(apple, { day("68", "13") }).totals) do
      total[t.metric] = ("%g %s"):format(t.value, t.unit)
    end
    expect(total.exercise_time).equals("68 min")
    expect(total.stand_hours).equals("13 1")
    expect(total.active_energy).equals("100 kcal")
    expect(#hand_over(apple, { day("0", "0") }).totals).equals(1)
  end)
end)
