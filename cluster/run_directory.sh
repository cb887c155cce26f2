# shellcheck shell=bash
# The run directory: everything that a cluster keeps, and the words about it.
# Sourced after messages.sh and processes.sh; needs `$run_dir`.
#
#   env             NATS_URL=, DATABASE_URL=, LARDER_HTTP= lines (0600); no
#                   DATABASE_URL with --embedded
#   commands/ pids/ logs/   see processes.sh
#   nats/ postgres/ node-k/ the data

# Nothing but our own files is ever removed from it.
marker=.larder-run-directory

# Makes the directory ours: writable, and of no other running cluster/up. What
# an earlier run left running is stopped.
open_run_directory() {
  local reason
  # The data in it are nobody else's business.
  reason=$(LC_ALL=C mkdir -p -m 0700 -- "$run_dir" 2>&1) ||
    fail 78 "cannot make the run directory: ${reason#mkdir: }." \
      "Give another with --run-dir DIR."
  if [[ ! -e $run_dir/$marker && -n $(ls -A -- "$run_dir") ]]; then
    fail 78 "$run_dir is not empty, and no run directory of cluster/up." \
      "Give another with --run-dir DIR."
  fi
  reason=$(LC_ALL=C touch -- "$run_dir/$marker" 2>&1) ||
    fail 78 "cannot write to the run directory: ${reason#touch: }." \
      "Give another with --run-dir DIR."
  lock_run_directory ||
    fail 78 "another cluster/up is using $run_dir." \
      "Stop it with Ctrl-C there or with cluster/down, or give another --run-dir."
  mkdir -p -- "$run_dir/commands" "$run_dir/pids" "$run_dir/logs"
  if [[ -n $(recorded_servers) ]]; then
    begin_step stop "what an earlier run left running"
    stop_servers
  fi
}

# Held until this program ends. The file says who holds it.
lock_run_directory() {
  exec 9>>"$run_dir/$marker"
  flock -n 9 || return 1
  echo $$ >"$run_dir/$marker"
}

forget_earlier_data() {
  rm -rf -- "$run_dir/nats" "$run_dir/postgres" "$run_dir/postgres.new" \
    "$run_dir/postgres.password" "$run_dir"/samples.loaded* "$run_dir/env" \
    "$run_dir"/node-* "$run_dir"/logs/* "$run_dir"/commands/*
}

write_environment() {
  (
    umask 077
    exec >"$run_dir/env.new"
    printf 'NATS_URL=nats://127.0.0.1:%d\n' "$nats_port"
    [[ $embedded == yes ]] ||
      printf 'DATABASE_URL=%s\n' "$(postgres_url "$postgres_port")"
    printf 'LARDER_HTTP=http://127.0.0.1:%d\n' "$http_port"
  )
  # Whoever reads it meanwhile sees a whole file.
  mv -f -- "$run_dir/env.new" "$run_dir/env"
}

print_what_to_try() {
  local quoted
  printf -v quoted %q "$run_dir/env"
  printf '\n  NATS_URL      nats://127.0.0.1:%d\n' "$nats_port"
  if [[ $embedded == no ]]; then
    printf '  DATABASE_URL  postgresql://larder@127.0.0.1:%d/larder\n' \
      "$postgres_port"
  fi
  printf '  LARDER_HTTP   http://127.0.0.1:%d\n\n' "$http_port"
  if [[ $embedded == no ]]; then
    printf 'With the password, for scripts: %s/env. ' "$run_dir"
  else
    printf 'The truth is in %s/node-1/embedded. ' "$run_dir"
  fi
  cat <<TEXT
To try, in another terminal:

  set -a; . $quoted; set +a
  PATH=$(printf %q "$source_dir/build/release"):\$PATH
  larder get framework phoenix
  larder list framework
  larder search 'write tests'
  nats request template.get.framework.phoenix ""
TEXT
  if [[ $embedded == no ]]; then
    cat <<'TEXT'
  psql "$DATABASE_URL" -c "SELECT artifact_type, artifact_id, version FROM knowledge_artifacts"
TEXT
  fi
  printf '  larder stats\n'
}

# Until a signal comes. A server that ends by itself is reported, not started:
# whoever stopped it may be testing exactly that.
watch_servers() {
  local name
  local -A gone=()
  while :; do
    pause 1
    for name in $(recorded_servers); do
      if pid_of "$name" >/dev/null; then
        [[ -z ${gone[$name]:-} ]] || say_step "$name" "runs again"
        unset "gone[$name]"
      elif [[ -z ${gone[$name]:-} ]]; then
        gone[$name]=yes
        say_step "$name" "has ended; to start it: $run_dir/commands/$name"
      fi
    done
  done
}
