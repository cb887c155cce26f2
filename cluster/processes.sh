# shellcheck shell=bash
# Starts, watches and stops processes, so that a signal to the program that
# sources this never leaves one behind. Sourced after messages.sh.
#
# Servers are recorded in `$run_dir`:
#   commands/NAME   starts NAME in the foreground; anybody may use it
#   pids/NAME       its process id, written by commands/NAME itself, so that a
#                   server started again by hand is stopped like the others
#   logs/NAME.log   what it wrote
#
# Descriptor 9 is the lock of the run directory (run_directory.sh): no child
# may keep it.

# -- long steps ----------------------------------------------------------------
# bash runs a trap only when the command in the foreground has ended. So what
# takes long runs in the background, in a session of its own, and we wait.

interruptible=

# `start_interruptibly LOG COMMAND…`: its output is appended to LOG.
start_interruptibly() {
  local log=$1
  shift
  setsid env --default-signal=INT,QUIT "$@" >>"$log" 2>&1 </dev/null 9>&- &
  interruptible=$!
}

# The same, writing where we write: for a command that is the point of it all.
run_interruptibly_here() {
  setsid env --default-signal=INT,QUIT "$@" </dev/null 9>&- &
  interruptible=$!
  finish_interruptibly
}

finish_interruptibly() {
  local code=0
  wait "$interruptible" || code=$?
  interruptible=
  return "$code"
}

run_interruptibly() {
  start_interruptibly "$@"
  finish_interruptibly
}

# Ends the step that is running, with all its children.
stop_interruptible() {
  [[ -z $pausing ]] || kill "$pausing" 2>/dev/null || true
  [[ -n $interruptible ]] || return 0
  kill -TERM -- "-$interruptible" 2>/dev/null || true
  wait "$interruptible" 2>/dev/null || true
  interruptible=
}

# Sleeps, but a signal is handled at once.
pausing=
pause() {
  sleep "$1" 9>&- &
  pausing=$!
  wait "$pausing" || true
  pausing=
}

# -- servers -------------------------------------------------------------------

# A process id alone may have passed to a stranger; with the time at which the
# process began (clock ticks since boot) it is one process for ever.
process_start() {
  local line
  local -a fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name in parentheses may hold spaces; field 22 is the 20th behind it.
  read -ra fields <<<"${line##*) }"
  # A zombie has ended.
  [[ ${fields[0]} != Z ]] || return 1
  printf '%s' "${fields[19]}"
}

process_lives() {
  [[ -n $1 ]] && process_start "$1" >/dev/null
}

# The process id of a server if it lives.
pid_of() {
  local pid start
  { pid=$(<"$run_dir/pids/$1"); } 2>/dev/null || return 1
  { start=$(<"$run_dir/pids/.$1.start"); } 2>/dev/null || return 1
  [[ -n $pid && -n $start ]] || return 1
  [[ $(process_start "$pid") == "$start" ]] || return 1
  printf '%s' "$pid"
}

# Names of all recorded servers, nodes first: they still need the others while
# they drain.
recorded_servers() {
  local path
  for path in "$run_dir"/pids/node-* "$run_dir"/pids/postgres \
    "$run_dir"/pids/nats; do
    [[ ! -e $path ]] || printf '%s\n' "${path##*/}"
  done
}

# `write_command NAME <<script`: makes commands/NAME of the lines on stdin,
# which end in an `exec`. The file is for its owner only.
write_command() {
  local name=$1 path=$run_dir/commands/$1
  {
    printf '#!/bin/bash\n# Starts %s in the foreground, ' "$name"
    printf 'the way cluster/up started it.\nset -eu\n'
    printf 'pids=%q name=%q\n' "$run_dir/pids" "$name"
    cat <<'SCRIPT'
start_of() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  [[ ${fields[0]} != Z ]] && printf '%s' "${fields[19]}"
}
if [[ -e $pids/$name && -e $pids/.$name.start ]] &&
  pid=$(<"$pids/$name") && [[ $(start_of "$pid") == "$(<"$pids/.$name.start")" ]]
then
  echo "$name is already running, as process $pid." >&2
  exit 1
fi
start_of $$ >"$pids/.$name.start"
echo $$ >"$pids/$name"
SCRIPT
    cat
  } >"$path"
  chmod 0700 -- "$path"
}

# The server that is being started and may not have recorded itself yet.
starting=

# `start_server NAME WAIT…`: runs commands/NAME apart from this terminal and
# waits until `WAIT…` succeeds. Leaves with 69 if the server ends before that or
# is not ready in 30 s.
start_server() {
  local name=$1 log=$run_dir/logs/$1.log deadline
  shift
  [[ ! -e $log ]] || mv -f -- "$log" "$log.1"
  rm -f -- "$run_dir/pids/$name" "$run_dir/pids/.$name.start"
  # In a session of its own it does not hear Ctrl-C: we stop it, in order.
  # The lock is this program's, not the server's.
  setsid env --default-signal=INT,QUIT "$run_dir/commands/$name" \
    >"$log" 2>&1 </dev/null 9>&- &
  starting=$!
  # bash must not report how it ends.
  disown "$starting"
  deadline=$((SECONDS + 30))
  until "$@"; do
    if ! process_lives "$starting"; then
      show_log_end "$log"
      fail 69 "$name ended while it was starting." "The whole log: $log"
    fi
    if ((SECONDS >= deadline)); then
      show_log_end "$log"
      fail 69 "$name is not ready after 30 s." "The whole log: $log"
    fi
    pause 0.05
  done
  starting=
}

# Stops every recorded server: asks, waits, and kills what has not gone in time.
# Says nothing when nothing runs.
stop_servers() {
  local name
  local -a nodes=() others=()
  if [[ -n $starting ]]; then
    kill -TERM -- "-$starting" 2>/dev/null || true
    starting=
  fi
  for name in $(recorded_servers); do
    case $name in
    node-*) nodes+=("$name") ;;
    *) others+=("$name") ;;
    esac
  done
  ((${#nodes[@]} == 0)) || stop_together "${nodes[@]}"
  for name in "${others[@]}"; do
    stop_together "$name"
  done
}

stop_together() {
  local name pid deadline=$((SECONDS + 15))
  local -A waiting=()
  for name in "$@"; do
    if pid=$(pid_of "$name"); then
      waiting[$name]=$pid
      # PostgreSQL's fast shutdown is SIGINT; SIGTERM waits for its clients.
      case $name in
      postgres) kill -INT "$pid" 2>/dev/null || true ;;
      *) kill -TERM "$pid" 2>/dev/null || true ;;
      esac
    else
      forget_server "$name"
    fi
  done
  while ((${#waiting[@]} > 0)); do
    for name in "${!waiting[@]}"; do
      if ! pid_of "$name" >/dev/null; then
        say_step "$name" stopped
      elif ((SECONDS >= deadline)); then
        kill -KILL "${waiting[$name]}" 2>/dev/null || true
        say_step "$name" "killed: it had not stopped in 15 s"
      else
        continue
      fi
      forget_server "$name"
      unset "waiting[$name]"
    done
    sleep 0.05
  done
}

forget_server() {
  rm -f -- "$run_dir/pids/$1" "$run_dir/pids/.$1.start"
}
