# What an installed SyncWell has beside its program: unit, manual page, shell completion.
# Runs at `cmake --install`, with PROGRAM (the built syncwell), SOURCE and WORK set; the prefix is known only
# now, and the texts are made by the program itself, so a broken Lua file never breaks a build.
set(SYNCWELL "${CMAKE_INSTALL_PREFIX}/bin/syncwell")

function(say to)
  execute_process(COMMAND "${PROGRAM}" ${ARGN} OUTPUT_FILE "${WORK}/${to}" RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "syncwell ${ARGN} ended with ${code}")
  endif()
endfunction()

function(put folder)
  file(INSTALL DESTINATION "${CMAKE_INSTALL_PREFIX}/${folder}" TYPE FILE FILES ${ARGN})
endfunction()

# The installed Lua compiled ahead (core/script/compiled.h), by the times of the installed files.
function(compile_lua)
  set(share "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/syncwell")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env "SYNCWELL_SHARE=${share}" "${PROGRAM}" --lua-compile "${share}/lua.compiled"
    RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "syncwell --lua-compile ended with ${code}")
  endif()
endfunction()

compile_lua()
file(MAKE_DIRECTORY "${WORK}")
configure_file("${SOURCE}/packaging/syncwell.service.in" "${WORK}/syncwell.service" @ONLY)
say(syncwell.1 man)
say(syncwell completion bash)
say(_syncwell completion zsh)
say(syncwell.fish completion fish)
put(lib/systemd/system "${WORK}/syncwell.service")
put(share/man/man1 "${WORK}/syncwell.1")
put(share/bash-completion/completions "${WORK}/syncwell")
put(share/zsh/site-functions "${WORK}/_syncwell")
put(share/fish/vendor_completions.d "${WORK}/syncwell.fish")
