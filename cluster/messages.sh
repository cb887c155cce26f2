# shellcheck shell=bash
# What the programs in cluster/ and tests/ say: step lines, a progress bar on a
# terminal, errors. Sourced; needs nothing else.

if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
  on_terminal=yes
else
  on_terminal=no
fi
bar_is_drawn=no
steps_said=0
said_why=no

# The program that the user called, for error messages.
program_name=${program_name:-${0##*/}}

# A step that has its result: `say_step nats "127.0.0.1:4222"`.
say_step() {
  erase_bar
  printf '  %-10s %s\n' "$1" "$2"
}

# A step that takes a while begins: shown on a terminal until say_step or the
# next bar overwrites it; elsewhere one line.
begin_step() {
  steps_said=0
  if [[ $on_terminal == yes ]]; then
    erase_bar
    printf '  %-10s %s' "$1" "$2"
    bar_is_drawn=yes
  else
    printf '  %-10s %s\n' "$1" "$2"
  fi
}

# `draw_bar build 42 "57/136"`. Elsewhere than on a terminal: a line every 10 %.
draw_bar() {
  local name=$1 percent=$2 detail=$3 width=30 full
  ((percent > 100)) && percent=100
  if [[ $on_terminal == yes ]]; then
    full=$((percent * width / 100))
    printf '\r\e[K  %-10s [%s%s] %3d %%  %s' "$name" \
      "$(printf '%*s' "$full" '' | tr ' ' '#')" \
      "$(printf '%*s' $((width - full)) '' | tr ' ' '.')" "$percent" "$detail"
    bar_is_drawn=yes
  elif ((percent / 10 > steps_said)); then
    steps_said=$((percent / 10))
    printf '  %-10s %3d %%  %s\n' "$name" "$percent" "$detail"
  fi
}

erase_bar() {
  [[ $bar_is_drawn == yes ]] && printf '\r\e[K'
  bar_is_drawn=no
}

# `fail 78 "sentence" ["more"]`: says it on stderr and leaves.
fail() {
  local code=$1
  shift
  said_why=yes
  erase_bar
  printf '%s: %s\n' "$program_name" "$1" >&2
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit "$code"
}

# For the end of a program: a failure that nobody has explained is one of ours.
explain_failure() {
  [[ $1 == 0 || $1 -gt 128 || $said_why == yes ]] ||
    printf '%s: stopped by an unexpected error (code %d).\n' \
      "$program_name" "$1" >&2
}

# `fail_usage "sentence"`: a wrong call; exit code 2.
fail_usage() {
  fail 2 "$1" "Try: $program_name --help"
}

# Seconds since `$1` (an EPOCHREALTIME), one decimal.
seconds_since() {
  local now=${EPOCHREALTIME/[.,]/} then=${1/[.,]/} tenths
  tenths=$(((now - then) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# The last lines of a log, indented, on stderr.
show_log_end() {
  erase_bar
  printf '  The last lines of %s:\n' "$1" >&2
  tail -n "${2:-15}" -- "$1" 2>/dev/null | sed 's/^/    /' >&2 || true
}
