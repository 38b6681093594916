-- Small pictures as SVG text, made here: points on two axes with marked heights.
--   svg.scatter { title = "t", x = "mean", y = "error", points = { { 60, 1 } }, lines = { { 1, "bias" } } }
-- It draws what it is given and knows nothing of statistics; colours follow the reader's dark or light mode.
local svg = {}

local WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 110, 40, 50

local marks = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Text of strangers: no markup, no control bytes.
local function escaped(text)
  return (sw.sys.clean(tostring(text)):gsub("[&<>\"']", marks))
end

local STYLE = "svg{background:#fff;color:#222;font:12px sans-serif}.p{fill:#2c6fbb;fill-opacity:.6}"
  .. ".l{stroke:#b5482a;stroke-dasharray:6 4}.g{stroke:currentColor;stroke-opacity:.25}"
  .. "text{fill:currentColor}@media(prefers-color-scheme:dark){svg{background:#181818;color:#ddd}"
  .. ".p{fill:#7db3ec}.l{stroke:#e9967a}}"

local function span(values)
  local low, high = math.huge, -math.huge
  for _, v in ipairs(values) do
    low, high = math.min(low, v), math.max(high, v)
  end
  if low > high then
    low, high = 0, 1
  end
  local room = high > low and (high - low) * 0.08 or math.max(1, math.abs(high) * 0.1)
  return low - room, high + room
end

-- Steps of 1, 2 or 5 times a power of ten, about `n` of them.
local function ticks(low, high, n)
  local raw = (high - low) / n
  local step = 10 ^ math.floor(math.log(raw, 10))
  step = raw / step >= 5 and step * 5 or raw / step >= 2 and step * 2 or step
  local list = {}
  for k = math.ceil(low / step), math.floor(high / step) do
    list[#list + 1] = k * step
  end
  return list
end

local function text(x, y, words, more)
  return ('<text x="%.1f" y="%.1f"%s>%s</text>'):format(x, y, more or "", escaped(words))
end

local function rule(x1, y1, x2, y2, class)
  return ('<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>'):format(class, x1, y1, x2, y2)
end

local function axes(out, place, picture)
  for _, v in ipairs(ticks(place.low_x, place.high_x, 6)) do
    out[#out + 1] = rule(place.x(v), TOP, place.x(v), HEIGHT - BOTTOM, "g")
    out[#out + 1] = text(place.x(v), HEIGHT - BOTTOM + 18, ("%.6g"):format(v), ' text-anchor="middle"')
  end
  for _, v in ipairs(ticks(place.low_y, place.high_y, 6)) do
    out[#out + 1] = rule(LEFT, place.y(v), WIDTH - RIGHT, place.y(v), "g")
    out[#out + 1] = text(LEFT - 8, place.y(v) + 4, ("%.6g"):format(v), ' text-anchor="end"')
  end
  out[#out + 1] = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, picture.x, ' text-anchor="middle"')
  out[#out + 1] = text(16, (TOP + HEIGHT - BOTTOM) / 2, picture.y,
    (' text-anchor="middle" transform="rotate(-90 16 %.1f)"'):format((TOP + HEIGHT - BOTTOM) / 2))
end

local function placing(picture)
  local xs, ys = {}, {}
  for i, p in ipairs(picture.points) do
    xs[i], ys[i] = p[1], p[2]
  end
  for _, l in ipairs(picture.lines) do
    ys[#ys + 1] = l[1]
  end
  local place = {}
  place.low_x, place.high_x = span(xs)
  place.low_y, place.high_y = span(ys)
  function place.x(v)
    return LEFT + (v - place.low_x) / (place.high_x - place.low_x) * (WIDTH - LEFT - RIGHT)
  end
  function place.y(v)
    return HEIGHT - BOTTOM - (v - place.low_y) / (place.high_y - place.low_y) * (HEIGHT - TOP - BOTTOM)
  end
  return place
end

function svg.scatter(picture)
  local place = placing(picture)
  local head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>%s</title>'
  local out = { head:format(WIDTH, HEIGHT, escaped(picture.title)), "<style>" .. STYLE .. "</style>",
    text(LEFT, 22, picture.title, ' font-size="15"') }
  axes(out, place, picture)
  for _, l in ipairs(picture.lines) do
    out[#out + 1] = rule(LEFT, place.y(l[1]), WIDTH - RIGHT, place.y(l[1]), "l")
    out[#out + 1] = text(WIDTH - RIGHT + 6, place.y(l[1]) + 4, l[2])
  end
  for _, p in ipairs(picture.points) do
    out[#out + 1] = ('<circle class="p" cx="%.1f" cy="%.1f" r="3.5">%s</circle>'):format(place.x(p[1]),
      place.y(p[2]), p[3] and "<title>" .. escaped(p[3]) .. "</title>" or "")
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return svg
