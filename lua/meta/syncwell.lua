---@meta syncwell
-- Made by `syncwell types --write` from the shapes that check scripts: not for editing.

---@class sw.Declaration
---@class sw.Trigger
---@class sw.Param
---@class sw.Mapper

---@alias sw.Duration string|number|sw.Quantity
---@alias sw.Instant string|number|sw.Quantity
---@alias sw.Path string|sw.Mapper|function

---@class sw.Quantity
---@operator add(string|sw.Quantity): sw.Quantity
---@operator sub(string|sw.Quantity): sw.Quantity
---@field ms integer? of a time, UTC milliseconds
---@field iso string? of a time
---@field year integer? of a time, as month, day, hour, min, sec and wday (1 is Sunday)
---@field month integer?
---@field day integer?
---@field hour integer?
---@field wday integer?
---@field value number in the base unit: s, m, kcal, g ...
---@field min number? of a duration; of a time its minute
---@field h number? of a duration
---@field d number? of a duration
---@field km number? of a distance

---@class sw.Answer
---@field status integer
---@field headers table<string, string> names in lower case
---@field text string
---@field json any nil when it is none

---@class sw.Window
---@field from integer UTC milliseconds
---@field to integer UTC milliseconds
---@field first_day string
---@field last_day string

---@class sw.Account
---@field request fun(request: table): table
---@field get fun(request: table): any the document, nil where there is none; as post, put, patch and delete
---@field post fun(request: table): table
---@field put fun(request: table): table
---@field patch fun(request: table): table
---@field delete fun(request: table): table
---@field secret fun(name: string): string
---@field settings table<string, string>
---@field id string
---@field now integer

---@class sw.Out
---@field record fun(record: table)
---@field day fun(day: string, metric: string, value: number, unit?: string, origin?: table)
---@field series fun(list: table, spec: sw.PartSeries)
---@field reject fun(reason: string, n?: integer)

---@class sw.Event
---@field ascent_m number?
---@field ascent sw.Quantity? distance
---@field asleep_s number?
---@field asleep sw.Quantity? duration
---@field at sw.Quantity?
---@field attributes table?
---@field awake_s number?
---@field awake sw.Quantity? duration
---@field bed_day string?
---@field cadence_avg_rpm number?
---@field cadence_avg sw.Quantity? cadence
---@field carbs_g number?
---@field carbs sw.Quantity? mass
---@field day string?
---@field deep_s number?
---@field deep sw.Quantity? duration
---@field descent_m number?
---@field descent sw.Quantity? distance
---@field distance_m number?
---@field distance sw.Quantity? distance
---@field efficiency number?
---@field elapsed_s number?
---@field elapsed sw.Quantity? duration
---@field energy_kcal number?
---@field energy sw.Quantity? energy
---@field fat_g number?
---@field fat sw.Quantity? mass
---@field fiber_g number?
---@field fiber sw.Quantity? mass
---@field finish sw.Quantity?
---@field group string?
---@field hr_avg number?
---@field hr_max number?
---@field hr_min number?
---@field id string?
---@field in_bed_s number?
---@field in_bed sw.Quantity? duration
---@field kind string?
---@field lengths number?
---@field light_s number?
---@field light sw.Quantity? duration
---@field live string?
---@field load number?
---@field maker string?
---@field makers table[]?
---@field meal string?
---@field metric string?
---@field name string?
---@field nap boolean?
---@field offset_finish number?
---@field offset_start number?
---@field origin string?
---@field pool_length_m number?
---@field pool_length sw.Quantity? distance
---@field power_avg_w number?
---@field power_avg sw.Quantity? power
---@field protein_g number?
---@field protein sw.Quantity? mass
---@field provider string?
---@field providers table[]?
---@field rem_s number?
---@field rem sw.Quantity? duration
---@field revision number?
---@field sample_count number?
---@field score number?
---@field segments table[]?
---@field sodium_mg number?
---@field sodium sw.Quantity? mass
---@field source_file string?
---@field speed_avg_mps number?
---@field speed_avg sw.Quantity? speed
---@field sport string?
---@field start sw.Quantity?
---@field state string?
---@field steps number?
---@field sub_sport string?
---@field sugar_g number?
---@field sugar sw.Quantity? mass
---@field tags table[]?
---@field text string?
---@field timer_s number?
---@field timer sw.Quantity? duration
---@field title string?
---@field type string?
---@field unit string?
---@field value number?
---@field zone string?

---@class sw.CalendarAddArgs
---@field at sw.Instant when
---@field title string one line
---@field alarm? sw.Duration how long before to remind
---@field calendar? string which of your calendars
---@field duration? sw.Duration how long, default 1 h
---@field if_past? "skip"|"now" what to do when that has passed
---@field location? string where
---@field notes? string a longer text
---@field uid? string its own name, to change it later

---@class sw.CalendarRemoveArgs
---@field uid string its own name, to change it later

---@class sw.CalendarUpdateArgs
---@field uid string its own name, to change it later
---@field at? sw.Instant when
---@field duration? sw.Duration how long, default 1 h
---@field location? string where
---@field notes? string a longer text
---@field title? string one line

---@class sw.HttpRequestArgs
---@field url string the address
---@field body? string|number|sw.Quantity what is sent
---@field headers? table names and values
---@field json? any sent as JSON
---@field key? string sent as Idempotency-Key; say one if the host honours it
---@field method? string GET, POST ...
---@field on_unknown? "resend"|"hold" when nobody knows whether it arrived

---@class sw.MqttPublishArgs
---@field topic string MQTT topic
---@field on_unknown? "resend"|"hold" when nobody knows whether it arrived
---@field payload? any text, or a table sent as JSON
---@field qos? 0|1|2 0, 1 or 2
---@field retain? boolean kept by the broker

---@class sw.NotifyArgs
---@field text string|number|sw.Quantity what it says
---@field at? sw.Instant when
---@field buttons? any[] up to three { text, and one of fire, task, tag, snooze, url }
---@field channel? string which way: file, ntfy ...
---@field group? string several of a group go out as one
---@field id? string of which record
---@field if_past? "skip"|"now" what to do when that has passed
---@field on_unknown? "resend"|"hold" when nobody knows whether it arrived
---@field once_per? sw.Duration the same words not again within this span
---@field priority? "low"|"normal"|"high" how loud
---@field title? string one line
---@field values? table what stands for {name} in text and title: { name = w.distance }
---@field within? sw.Duration how long a group gathers, default 10min

---@class sw.RecordAddArgs
---@field start sw.Instant from when
---@field attributes? table fields of the record
---@field finish? sw.Instant until when
---@field kind? string kind of record
---@field metric? string which metric
---@field unit? string its unit
---@field value? number the number

---@class sw.RecordTagArgs
---@field tag string the word
---@field id? string of which record

---@class sw.RuleFireArgs
---@field rule string which rule
---@field event? any what it is shown

---@class sw.SyncStartArgs
---@field connection string which connection

---@class sw.TaskAddArgs
---@field title string one line
---@field due? sw.Instant until when
---@field notes? string a longer text

---@class sw.CtxCalendar
---@field add fun(args: sw.CalendarAddArgs) write a calendar entry
---@field remove fun(args: sw.CalendarRemoveArgs|string) take an entry of yours away
---@field update fun(args: sw.CalendarUpdateArgs) change an entry of yours

---@class sw.CtxHttp
---@field request fun(args: sw.HttpRequestArgs): sw.Answer?, string?, string? ask a declared host; gives its answer, or nil, why and a code

---@class sw.CtxMqtt
---@field publish fun(args: sw.MqttPublishArgs) publish an MQTT message

---@class sw.CtxRecord
---@field add fun(args: sw.RecordAddArgs) add a record or a value
---@field tag fun(args: sw.RecordTagArgs|string) tag a record, by default the one that fired

---@class sw.CtxRule
---@field fire fun(args: sw.RuleFireArgs|string) fire another rule

---@class sw.CtxSync
---@field start fun(args: sw.SyncStartArgs|string) sync a connection now

---@class sw.CtxTask
---@field add fun(args: sw.TaskAddArgs|string) write a task

---@class sw.SeriesOptions
---@field cursor? string of raw samples: `cursor` of the page before
---@field every? "day"|"hour"|"week"|"month"|"raw" the grain; weeks begin on Monday, raw is every origin's samples as they came
---@field from? sw.Instant the first instant
---@field last? sw.Duration the last span; "1d" is today, "2d" yesterday and today
---@field limit? integer the newest so many; of raw samples a page
---@field maker? string of raw samples: only what this maker measured
---@field to? sw.Instant the last instant

---@class sw.RecordsOptions
---@field from? sw.Instant the first instant
---@field last? sw.Duration the last span, such as "30d"
---@field limit? integer the newest so many; of raw samples a page
---@field maker? string only what this maker measured
---@field sport? string only this sport
---@field to? sw.Instant the last instant
---@field where? table attributes that must match, such as { sub_sport = "trail" }

---@class sw.CountOptions
---@field from? sw.Instant the first instant
---@field last? sw.Duration the last span, such as "30d"
---@field maker? string only what this maker measured
---@field sport? string only this sport
---@field to? sw.Instant the last instant
---@field where? table attributes that must match, such as { sub_sport = "trail" }

---@class sw.Series
---@field n integer
---@field [integer] number
---@field delta fun(p?: number): number? last less first
---@field first fun(p?: number): number? the first value
---@field last fun(p?: number): number? the last value
---@field max fun(p?: number): number? the most
---@field mean fun(p?: number): number? the mean, nil without values
---@field median fun(p?: number): number? the middle one
---@field min fun(p?: number): number? the least
---@field percentile fun(p?: number): number? percentile(90): so many per cent are below
---@field sd fun(p?: number): number? standard deviation: how far they lie from the mean, nil for less than two
---@field sum fun(p?: number): number? the sum

---@class sw.Pure
---@field log fun(...: any) a line for `rules trace`
---@field now sw.Quantity the firing's instant; after a wait, when it ended
---@field params table<string, any> what the user set; durations compare with texts
---@field state table kept from run to run of this rule
---@field user string whose data it is

---@class sw.Ctx: sw.Pure
---@field series fun(metric: string, options?: sw.SeriesOptions): sw.Series values of a metric, a day each; missing days are absent
---@field records fun(kind: string, options?: sw.RecordsOptions): sw.Event[] records of a kind, as events
---@field count fun(kind: string, options?: sw.CountOptions): integer how many records of a kind there are, of all time where no span is given
---@field goal fun(metric: string): number? the user's goal for a day in the metric's unit, nil without one
---@field sleep fun(span: sw.Duration) wait; the rest goes on afterwards, also after a restart (in run)
---@field wait_for fun(trigger: sw.Trigger|string, options: { timeout: sw.Duration }): sw.Event? wait for an event or data; nil when the time is over (in run)
---@field notify fun(args: sw.NotifyArgs|string) send the user a message
---@field calendar sw.CtxCalendar
---@field http sw.CtxHttp
---@field mqtt sw.CtxMqtt
---@field record sw.CtxRecord
---@field rule sw.CtxRule
---@field sync sw.CtxSync
---@field task sw.CtxTask

---@class sw.AbsentSpec
---@field [1] string which metric
---@field lasting sw.Duration for so long

---@class sw.AtSpec
---@field [1] string "18:30", "sunset-30min on sat,sun", "08:00 on weekdays"

---@class sw.BaselineSpec
---@field [1] string which metric
---@field above? string such as "mean28d+2sd", "median30d+5" (in its unit), "mean14d+10%"
---@field below? string such as "mean28d-2sd"
---@field lasting? sw.Duration for so many days

---@class sw.BasicSpec
---@field password string name of the secret that holds it
---@field user string itself, or sw.secret "user"

---@class sw.BoolSpec
---@field default? boolean when nothing is set
---@field doc? string what it is for

---@class sw.ChoiceSpec
---@field [1]? string[] the words
---@field default? string when nothing is set
---@field doc? string what it is for
---@field of? string[] the words

---@class sw.CronSpec
---@field [1] string "30 7 * * mon-fri"
---@field zone? string another time zone

---@class sw.DurationSpec
---@field default? sw.Duration when nothing is set
---@field doc? string what it is for
---@field max? sw.Duration at most
---@field min? sw.Duration at least

---@class sw.EventSpec
---@field [1] string what it is shown
---@field maker? string only measured by this maker
---@field metric? string which metric
---@field origin? string live or backfill, or only of this device or app
---@field provider? string only from this service
---@field sport? string only this sport
---@field type? string only of this type

---@class sw.EverySpec
---@field [1] sw.Duration "30min"

---@class sw.GoalSpec
---@field [1] string which metric
---@field reached? boolean true: reached, false: missed

---@class sw.HmacSpec
---@field header string the header with the proof
---@field encoding? "hex"|"base64" how it is written, default hex
---@field optional? boolean a request without it is taken too
---@field over? "body"|"timestamp+body"|"timestamp.body" what it is made of, default body
---@field prefix? string stands before it, such as "sha256="
---@field secret? string name of the secret it is made with
---@field timestamp? string its header; 't,v1' when both stand in one

---@class sw.KeySpec
---@field secret string name of the secret that holds it
---@field header? string the header that carries it
---@field prefix? string stands before it: "Bearer "
---@field query? string the parameter that carries it, instead of a header

---@class sw.MilestoneSpec
---@field [1] string which metric
---@field totals any[] which totals fire

---@class sw.NumberSpec
---@field default? number when nothing is set
---@field doc? string what it is for
---@field max? number at most
---@field min? number at least
---@field unit? string its unit

---@class sw.Oauth2Spec
---@field authorize string the page on which people agree
---@field token string where tokens are asked for
---@field account? string path of the account's id in the token's answer
---@field answer? string path of the tokens in the answer
---@field client? "body"|"basic" where our id and secret stand in requests for tokens
---@field extra? table more parameters of the page
---@field pkce? boolean a proof with each sign-in
---@field redirect? string the address people come back to, where it is fixed
---@field refresh? "rotating"|"stable"|"none" whether each renewal brings a new refresh token
---@field refused? table fields of an answer 200 that is a refusal: { status = { 503 } }
---@field revoke? string where a permission is given back
---@field scope_on_refresh? boolean scopes are sent with each renewal
---@field scopes? string[] what is asked for
---@field separator? string between scopes, default a blank
---@field token_form? table sent with each request for a token

---@class sw.OffsetSpec
---@field size integer items a page
---@field param? string default "offset"
---@field size_param? string default "limit"

---@class sw.PackageSpec
---@field id string its name: letters, digits, _ and -
---@field title string one line, shown when it is installed
---@field doc? string what it is for
---@field version? string such as "1.2"

---@class sw.PagesSpec
---@field first? integer default 1
---@field param? string default "page"
---@field size? integer items a page
---@field size_param? string default "per_page"
---@field stop? "empty"|"short" at a page without items, or at one that is not full

---@class sw.ProviderSpec
---@field id string its name, that of the file
---@field title string as people know it
---@field account? table { path, id, name }: asked once after sign-in
---@field after_connect? fun(acct: sw.Account): table function(acct): runs once, gives what is kept of the account
---@field auth? table sw.oauth2, sw.basic, sw.key or sw.sealed
---@field base? string where its paths begin
---@field classify? fun(res: table): string what an answer means, where the status does not say it
---@field doc? string how one gets access, in a sentence or two
---@field headers? table sent with each request
---@field hosts? string[] the only hosts it may talk to
---@field limits? any { { 200, per = "15min" }, headers = "retry-after" }
---@field login? fun(acct: sw.Account, last: table): table function(acct, last): the request that brings a session
---@field metrics? string[] all it brings: metrics and kinds of records; what maps say comes by itself
---@field policy? table what its terms allow: share, aggregate, llm
---@field poll? sw.Duration how often to ask, default 15min
---@field posts? fun(doc: table, out: sw.Out) a posted document to records: function(doc, out)
---@field reads? table resources
---@field secrets? table what a user is asked for: name = "where it is found"
---@field self_hosted? boolean the address is given at connect, by --base-url
---@field session? table { token = "path" }: what a login brings, each request carries
---@field webhook? table { verify = sw.hmac {...}, parse = function(req) ... end }
---@field writes? table present if it can be a destination: what = function(entry, acct), answer and id

---@class sw.RuleSpec
---@field on sw.Trigger|string the trigger
---@field run fun(w: sw.Event, ctx: sw.Ctx) what happens, through ctx
---@field backfill? boolean historical data fires too
---@field catch_up? "skip"|"once"|"each" planned instants missed while off
---@field cooldown? sw.Duration at least this long between firings
---@field debounce? sw.Duration wait until this long nothing new came
---@field doc? string what the rule is for
---@field enabled? boolean default true
---@field key? fun(w: sw.Event, ctx: sw.Pure): string identity of a firing, default: the event's group
---@field max_age? sw.Duration older data fires nothing
---@field max_per? string at most so many firings per period
---@field mode? "parallel"|"single"|"restart"|"queued" while a firing of it waits: begin beside it, not at all, in its place, after it
---@field on_retract? fun(w: sw.Event, ctx: sw.Ctx) when the data that fired it is taken back
---@field params? table what a user may set: name = sw.duration { default = ... }
---@field quiet_hours? string messages wait until these local hours are over
---@field reads? string[] metrics and kinds of records it reads; without it, everything
---@field title? string one line, shown in lists
---@field uses? string[] grants: calendar:write, notify ...
---@field when? fun(w: sw.Event, ctx: sw.Pure): any pure: true lets the rule fire

---@class sw.SealedSpec
---@field header string the header that carries it
---@field value string sw.sha1(sw.secret "x")

---@class sw.StreakSpec
---@field lengths any[] which lengths fire: { 7, 30 }
---@field at_least? number so many of them
---@field metric? string which metric
---@field per? "day"|"week"|"month" day, week or month
---@field records? string kind of record that counts
---@field sport? string only this sport

---@class sw.TextSpec
---@field default? string when nothing is set
---@field doc? string what it is for

---@class sw.ThresholdSpec
---@field [1] string which metric
---@field enter string fires when it is passed
---@field lasting? sw.Duration for so long: by days' values; less than a day by samples, "0min": one of them is enough
---@field leave? string and again only after this was passed

---@class sw.TokenSpec
---@field field string path of the token in the answer
---@field param string the parameter that carries it

---@class sw.WebhookSpec
---@field [1] string its name: `syncwell rules webhook NAME` shows the address
---@field signed? boolean default true

---@class sw.PartDetail
---@field path string {id} is the record's own
---@field streams table time = seconds from the start, metric = values: paths
---@field by? string the answer is a list: the field that names a stream
---@field data? string and the field that holds it
---@field pairs? table metric = { path, element }: of values that are lists
---@field query? table

---@class sw.PartRead
---@field bounds? "inclusive day"|"exclusive day"|"instant" how the end of a span is meant
---@field complete? boolean the listing is whole: what is missing from it twice was deleted
---@field days? table { day = "date", values = { metric = mapper } }: one item a local day
---@field detail? table { path, query, streams }: asked for each record that is new or changed
---@field fetch? fun(acct: sw.Account, window: sw.Window, out: sw.Out) function(acct, window, out): everything by hand
---@field items? string path of the list in the answer; absent: the answer is the list
---@field kind? "workout"|"sleep"|"meal"|"mindful"|"measurement"|"note" kind of record
---@field lookback? sw.Duration the span asked for again each time, default 3d
---@field map? table fields of a record; derived_from says what it was made from: "strava:42"
---@field origin? any who measured: { name, maker, model, kind } of paths or texts
---@field page? table sw.pages, sw.token or sw.offset
---@field parse? fun(doc: table, out: sw.Out) function(doc, out): what no map can say; instead of map, series, days
---@field path? string below base; {from_day}, {to_day} and the like are filled in
---@field query? table parameters, with the same words in braces
---@field request? fun(window: sw.Window, page: any, acct: table): table function(window, page, acct): { path, query, headers, method, json }
---@field series? any one metric, or a list of them, from a list of samples
---@field skip? fun(item: table): boolean function(item): true leaves it out
---@field window? sw.Duration the longest span of one request, default 30d

---@class sw.PartSeries
---@field time any
---@field value any a path; or function(item): a number, or nil for none
---@field finish? any until when
---@field is? string
---@field items? string
---@field length? number
---@field max? number at most
---@field metric? string default: the name of the read
---@field min? number at least
---@field offset? string
---@field origin? any who measured
---@field seconds? string
---@field unit? string its unit
---@field where? any

---@class sw.PartSession
---@field token string path of the session in the login's answer; "" is all of it
---@field age? sw.Duration it is renewed when it is this old, whatever the answer says
---@field expires? string path of the instant at which it ends
---@field header? string which header carries it; default Authorization, as Bearer
---@field keep? table more of the answer, for sw.secret: { user_id = "data.user.id" }
---@field lasts? string path of the seconds that it lives
---@field none? string a token that means: no session
---@field prefix? string stands before it in the header
---@field query? string the parameter that carries it, instead of a header

---@class sw.PartWebhook
---@field challenge? table { param, answer, token }: a GET that is echoed
---@field parse? function function(req): { account, id, from = ms, revoked }; a hint, never data
---@field verify? table sw.hmac { header, over = "body" }

---@class sw.Library
---@field absent fun(spec: sw.AbsentSpec|string): sw.Trigger trigger: a metric has not come for a while
---@field any fun(list: sw.Trigger[]): sw.Trigger trigger: any of these
---@field at fun(spec: sw.AtSpec|string): sw.Trigger trigger: a time of day, on some days
---@field base64 fun(text: string): string Base64, worked out by the engine; takes secrets
---@field baseline fun(spec: sw.BaselineSpec|string): sw.Trigger trigger: a metric leaves its usual range
---@field basic fun(spec: sw.BasicSpec): table sign-in: user and password
---@field bool fun(spec?: sw.BoolSpec): sw.Param parameter: true or false
---@field both_legs fun(path: string): sw.Mapper steps of one leg to steps
---@field calories fun(path: string): sw.Mapper small calories to kilocalories
---@field choice fun(spec?: sw.ChoiceSpec|string): sw.Param parameter: one of some words
---@field const fun(value: any): sw.Mapper always this
---@field cron fun(spec: sw.CronSpec|string): sw.Trigger trigger: minute hour day month weekday, in the user's zone
---@field duration fun(spec?: sw.DurationSpec): sw.Param parameter: a span of time
---@field event fun(spec: sw.EventSpec|string): sw.Trigger trigger: something was stored, or happened to a connection
---@field every fun(spec: sw.EverySpec|string): sw.Trigger trigger: again and again
---@field feet fun(path: string): sw.Mapper feet to metres
---@field figure fun(v: any): number? a number, nil for what is none
---@field first fun(list: sw.Path[]): sw.Mapper the first of these that is there
---@field fraction fun(path: string): sw.Mapper 0 to 1 to per cent
---@field goal fun(spec: sw.GoalSpec|string): sw.Trigger trigger: a goal of the user is reached
---@field grams fun(path: string): sw.Mapper grams
---@field hmac fun(spec: sw.HmacSpec): table proof of a webhook
---@field hours fun(path: string): sw.Mapper hours to seconds
---@field iso fun(path: string): sw.Mapper an ISO 8601 time
---@field joules fun(path: string): sw.Mapper joules to kilocalories
---@field kcal fun(path: string): sw.Mapper kilocalories
---@field key fun(spec: sw.KeySpec): table sign-in: a key in a header or parameter
---@field kj fun(path: string): sw.Mapper kilojoules to kilocalories
---@field km fun(path: string): sw.Mapper kilometres to metres
---@field kmh fun(path: string): sw.Mapper km/h to m/s
---@field lookup fun(spec: table): sw.Mapper a word for a word
---@field metres fun(path: string): sw.Mapper metres
---@field miles fun(path: string): sw.Mapper miles to metres
---@field milestone fun(spec: sw.MilestoneSpec|string): sw.Trigger trigger: a total is reached
---@field milliseconds fun(path: string): sw.Mapper milliseconds to seconds
---@field minutes fun(path: string): sw.Mapper minutes to seconds
---@field moment fun(text: string): integer?, integer? milliseconds and minutes east of a text; without a zone by the user's clock
---@field now fun(): sw.Quantity the firing's instant
---@field number fun(spec?: sw.NumberSpec): sw.Param parameter: a number
---@field oauth2 fun(spec: sw.Oauth2Spec): table sign-in: OAuth 2
---@field objects fun(list: any): table[] the objects among a list of a document; what is no list has none
---@field offset fun(spec: sw.OffsetSpec): table paging: by offset
---@field offset_between fun(shown: string, utc: string): sw.Mapper minutes east, from two texts of one instant
---@field package fun(spec: sw.PackageSpec): sw.Declaration names a folder of scripts
---@field pages fun(spec: sw.PagesSpec): table paging: by page number
---@field per_min fun(path: string): sw.Mapper a rate a minute
---@field percent fun(path: string): sw.Mapper per cent
---@field provider fun(spec: sw.ProviderSpec): sw.Declaration a service: where it is, what it brings, how that reads
---@field quantity fun(text: string): sw.Quantity a number and its unit
---@field rule fun(spec: sw.RuleSpec): sw.Declaration a rule: what it waits for, what it decides, what it does
---@field sealed fun(spec: sw.SealedSpec): table sign-in: a header made of secrets
---@field seconds fun(path: string): sw.Mapper seconds
---@field seconds_east fun(path: string): sw.Mapper seconds east of UTC to minutes
---@field secret fun(name: string): string a secret of the connection, filled in by the engine
---@field sha1 fun(text: string): string SHA-1 in hex, worked out by the engine; takes secrets
---@field sha256 fun(text: string): string SHA-256 in hex, worked out by the engine; takes secrets
---@field sport fun(path: string): sw.Mapper our word for a sport
---@field sport_name fun(word: string): string?, string? our sport and sub-sport for a service's word
---@field streak fun(spec: sw.StreakSpec): sw.Trigger trigger: so many days in a row
---@field sub_sport fun(path: string): sw.Mapper our word for a kind of the sport
---@field text fun(spec?: sw.TextSpec): sw.Param parameter: a text
---@field threshold fun(spec: sw.ThresholdSpec|string): sw.Trigger trigger: a metric passes a bound
---@field time fun(value: string|number): sw.Quantity a time of ISO 8601 text or milliseconds
---@field token fun(spec: sw.TokenSpec): table paging: by a token
---@field unix fun(path: string): sw.Mapper seconds since 1970
---@field unix_ms fun(path: string): sw.Mapper milliseconds since 1970
---@field value fun(spec: string|table): sw.Mapper a number in a unit; the engine converts
---@field wall fun(path: string): sw.Mapper a wall-clock time of the user's zone
---@field watts fun(path: string): sw.Mapper watts
---@field webhook fun(spec: sw.WebhookSpec|string): sw.Trigger trigger: a signed message to an address of ours
---@field word fun(v: any): string a text of at most 200 bytes; "" for what is none

---@type sw.Library
local library
return library
