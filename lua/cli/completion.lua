-- syncwell completion: what a shell needs to complete our command lines.
--   source <(syncwell completion bash)
-- Each script asks `syncwell completion words -- WORD...`, so it fits whatever program is installed.
local completion = require("completion")
local term = require("term")

local scripts = {}

scripts.bash = [=[
# bash completion of syncwell
_syncwell() {
  local line found cur=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  found=$("${COMP_WORDS[0]/#\~/$HOME}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [ "$cur" = "=" ] && cur=
  while IFS= read -r line; do
    case $line in
    :files) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null ;;
    :dirs) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null ;;
    ?*) COMPREPLY+=("$(printf %q "${line%%$'\t'*}")") ;;
    esac
  done <<<"$found"
}
complete -F _syncwell syncwell
]=]

scripts.zsh = [=[
#compdef syncwell
# zsh completion of syncwell
_syncwell() {
  local line
  local -a found
  for line in "${(@f)$(${~words[1]} completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files ;;
      :dirs) _files -/ ;;
      ?*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#found )) && _describe syncwell found
}
if [[ $funcstack[1] == _syncwell ]]; then _syncwell "$@"; else compdef _syncwell syncwell; fi
]=]

scripts.fish = [=[
# fish completion of syncwell
function __syncwell_words
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] completion words -- $words[2..-1] "$current" 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path "$current"
      case :dirs
        __fish_complete_directories "$current"
      case '*'
        echo $line
    end
  end
end
complete -c syncwell -f -a '(__syncwell_words)'
]=]

local command = {
  group = "care", summary = "completion of our command lines in your shell", needs_home = false,
  usage = "bash | zsh | fish | words WORD...",
  example = "source <(syncwell completion bash)\n"
    .. "syncwell completion fish > ~/.config/fish/completions/syncwell.fish",
  doc = "Where SyncWell is installed they are in place. `words` is what the shells ask: what the last\n"
    .. "word may be, a line each.", options = {},
}

local function words(argv)
  local found = completion.candidates(argv)
  if found.files then
    term.line("%s", found.files)
  end
  for _, x in ipairs(found) do
    term.line("%s\t%s", x[1], sw.sys.clean(x[2]))
  end
  return 0
end

function command.run(_, given)
  local what = table.remove(given, 1)
  if what == "words" then
    return words(given)
  elseif not scripts[what] then
    return nil, "which shell? bash, zsh or fish", "usage"
  end
  term.out(scripts[what])
  return 0
end

return command
