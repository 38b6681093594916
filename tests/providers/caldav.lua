-- A destination only: nothing is read from it. What it writes is tried against Radicale in the flows.
return function()
  return { reads = {} }
end
