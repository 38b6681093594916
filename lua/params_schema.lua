-- The parameters of a rule as JSON Schema (2020-12), for forms and editors.
--   params_schema.of(declaration) --> { ["$schema"], type = "object", properties = { min = { ... } } }
local json = sw.json
local params_schema = {}

local makers = {}

function makers.duration(p)
  return { type = "string", pattern = "^([0-9]+(\\.[0-9]+)?\\s*[A-Za-z]+\\s*)+$",
    examples = json.list { p.default or "60min" } }
end

function makers.number(p)
  return { type = "number", minimum = p.min, maximum = p.max }
end

function makers.text()
  return { type = "string", maxLength = 4096 }
end

function makers.choice(p)
  return { type = "string", enum = json.list(p.of or {}) }
end

function makers.bool()
  return { type = "boolean" }
end

function params_schema.of(d)
  local properties = {}
  for name, p in pairs(d.params or {}) do
    local made = makers[p.kind](p)
    made.default, made.description = p.default, p.doc
    made["x-unit"] = p.unit
    properties[name] = made
  end
  return { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", title = d.title, type = "object",
    additionalProperties = false, properties = properties }
end

return params_schema
