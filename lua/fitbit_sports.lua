-- What Fitbit calls an exercise, in its old lists and in Google Health's tables -> the kind of sport.
--   local sport = require("fitbit_sports")["Outdoor Run"] --> "running"
return { Run = "running", Treadmill = "running", ["Outdoor Run"] = "running", ["Treadmill Run"] = "running",
  Walk = "walking", ["Outdoor Walk"] = "walking", ["Treadmill Walk"] = "walking", Hike = "hiking",
  Bike = "cycling", ["Outdoor Bike"] = "cycling", ["Mountain Bike"] = "cycling", Spinning = "cycling",
  Swim = "swimming", Yoga = "yoga", Weights = "training", ["Weight Machines"] = "training",
  Workout = "training", Elliptical = "elliptical", Tennis = "tennis", Golf = "golf", HIIT = "hiit",
  Rowing = "rowing", Pilates = "pilates" }
