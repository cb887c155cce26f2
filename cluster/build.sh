# shellcheck shell=bash
# Configures and builds a preset of CMakePresets.json with progress. Sourced
# after messages.sh and processes.sh; needs `$source_dir`.

# Compiling one of our larger files takes about a gigabyte.
default_jobs() {
  local cores kib
  cores=$(nproc)
  kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  local fitting=$((kib / 1048576))
  ((fitting >= 1)) || fitting=1
  echo $((cores < fitting ? cores : fitting))
}

# `build_preset release [TARGET…]`: build/release holds the result, or the
# compiler's message is shown and the program leaves with 1.
build_preset() {
  local preset=$1 started=$EPOCHREALTIME
  shift
  local dir=$source_dir/build/$preset
  local log=$source_dir/build/$preset.log
  if ! mkdir -p -- "$dir" 2>/dev/null || ! true 2>/dev/null >"$log"; then
    fail 78 "cannot write to the build directory $dir."
  fi
  # Only the run directory and the build directory are written to.
  export CCACHE_DIR=${CCACHE_DIR:-$source_dir/build/ccache}
  # An empty cache costs nothing: what is compiled isn't preprocessed for it too.
  export CCACHE_DEPEND=${CCACHE_DEPEND:-1}

  # Two builds in one directory would break each other.
  local lock
  exec {lock}>"$dir.lock"
  flock -n "$lock" || {
    begin_step build "waiting for another build in build/$preset"
    run_interruptibly /dev/null flock "$lock"
  }
  begin_step build "configuring build/$preset"
  local -a from_scratch=()
  # A checkout that was moved or copied takes its old paths with it.
  if [[ -e $dir/CMakeCache.txt ]] && ! grep -qxF -e \
    "CMAKE_HOME_DIRECTORY:INTERNAL=$source_dir" "$dir/CMakeCache.txt"; then
    from_scratch=(--fresh)
  fi
  run_interruptibly "$log" cmake -S "$source_dir" --preset "$preset" \
    "${from_scratch[@]}" ||
    report_build_failure "$log" "cmake could not configure build/$preset."
  local -a targets=()
  (($# == 0)) || targets=(--target "$@")
  begin_step build "compiling"
  start_interruptibly "$log" env NINJA_STATUS='[%f/%t] ' cmake --build "$dir" \
    --parallel "${JOBS:-$(default_jobs)}" "${targets[@]}"
  while process_lives "$interruptible"; do
    show_ninja_progress "$log"
    pause 0.2
  done
  finish_interruptibly ||
    report_build_failure "$log" "the build of build/$preset failed."
  exec {lock}>&-
  say_step build "build/$preset is up to date ($(seconds_since "$started"))"
}

report_build_failure() {
  show_log_end "$1" 40
  fail 1 "$2" "The whole output: $1"
}

# The newest of ninja's lines: `[12/136] Building CXX object …`.
show_ninja_progress() {
  local line
  line=$(tail -n 1 -- "$1")
  if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
    draw_bar build $((BASH_REMATCH[1] * 100 / BASH_REMATCH[2])) \
      "${BASH_REMATCH[1]}/${BASH_REMATCH[2]}"
  fi
}
