# shellcheck shell=bash
# The nodes, the sample templates and the main job. Sourced after messages.sh
# and processes.sh; needs `$larder`, `$run_dir` and `$source_dir`.

# `start_nodes COUNT FIRST_PORT`: node-1 … node-COUNT, ready to serve.
start_nodes() {
  local k port
  for ((k = 1; k <= $1; k++)); do
    port=$(($2 + k - 1))
    mkdir -p -m 0700 -- "$run_dir/node-$k"
    {
      printf 'set -a\n. %q\nset +a\n' "$run_dir/env"
      printf 'unset %s\n' "$(strangers)"
      print_own_settings
      printf 'export LARDER_NODE__ID=node-%d LARDER_HTTP__PORT=%d\n' "$k" "$port"
      printf 'export LARDER_NODE__DATA_DIR=%q\n' "$run_dir/node-$k"
      printf 'cd %q\nexec %q node\n' "$run_dir/node-$k" "$larder"
    } | write_command "node-$k"
    start_server "node-$k" node_is_ready "$port"
    say_step "node-$k" "http://127.0.0.1:$port"
  done
}

# Variables of our caller's that would lead a program of ours elsewhere.
strangers() {
  printf 'LARDER_HTTP NATS_CREDS NATS_CONTEXT'
  [[ $embedded == no ]] ||
    printf ' DATABASE_URL LARDER_POSTGRES__URL LARDER_POSTGRES__URL_FILE'
}

# Settings in our caller's environment are meant for the nodes; commands/node-k
# must start the same node without that environment.
print_own_settings() {
  local name
  for name in $(compgen -e); do
    [[ " $(strangers) " != *" $name "* ]] || continue
    case $name in
    LARDER_*__* | ENABLE_CACHING | CACHE_TTL_SHORT | CACHE_TTL_MEDIUM | \
      CACHE_TTL_LONG) printf 'export %s=%q\n' "$name" "${!name}" ;;
    esac
  done
}

# /readyz answers 200.
node_is_ready() {
  local status
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
  read -r -t 2 _ status _ <&3 || status=
  exec 3>&-
  [[ $status == 200 ]]
}

# Runs larder as a client of this cluster; the secrets are in the environment,
# where a process list does not show them.
run_larder() {
  (
    set -a
    # shellcheck source=/dev/null
    . "$run_dir/env"
    set +a
    # shellcheck disable=SC2046
    unset $(strangers)
    exec "$larder" "$@"
  )
}

migrate_database() {
  local log=$run_dir/logs/migrate.log
  begin_step migrate "bringing the schema up to date"
  run_larder migrate >"$log" 2>&1 || {
    show_log_end "$log"
    fail 69 "the database could not be migrated." "The whole log: $log"
  }
  say_step migrate "$(tail -n 1 -- "$log")"
}

# Loads cluster/samples into a database that has not seen them as they are now.
# Loading them at each start would only make new versions of the same content.
load_samples() {
  local dir=$source_dir/cluster/samples seen=$run_dir/samples.loaded sum
  local log=$run_dir/logs/load.log count
  [[ $embedded == no ]] || seen+=.embedded
  count=$(find "$dir" -name '*.json' | wc -l)
  sum=$(cd "$dir" && find . -name '*.json' -print0 | sort -z |
    xargs -0 sha256sum | sha256sum)
  if [[ -e $seen && $(<"$seen") == "$sum" ]]; then
    say_step samples "$count templates, loaded by an earlier run"
    return
  fi
  begin_step samples "loading cluster/samples"
  run_larder load "$dir" >"$log" 2>&1 || {
    show_log_end "$log"
    fail 69 "the samples could not be loaded." "The whole log: $log"
  }
  printf '%s\n' "$sum" >"$seen"
  say_step samples "$count templates loaded from cluster/samples"
}

# One template, three times: from the source of truth through one node, from
# JetStream through another, from that node's memory. `$1`: number of nodes.
show_main_job() {
  local second=node-2
  (($1 > 1)) || second=node-1
  clear_caches
  if ! run_larder get framework phoenix --node node-1 >/dev/null 2>&1; then
    printf '\nThere is no template framework/phoenix to show (--no-samples).\n'
    return
  fi
  # That read was only a question; begin with empty caches again.
  clear_caches
  printf '\nOne template, framework/phoenix, fetched three times:\n\n'
  fetch_and_show 1 node-1
  (($1 > 1)) || clear_caches --tiers memory
  fetch_and_show 2 "$second"
  fetch_and_show 3 "$second"
}

clear_caches() {
  local log=$run_dir/logs/clear.log
  run_larder clear "$@" >"$log" 2>&1 || {
    show_log_end "$log"
    fail 69 "the caches could not be cleared for the demonstration."
  }
}

fetch_and_show() {
  local reply tier revision time
  reply=$(run_larder get framework phoenix --node "$2" --json) ||
    fail 69 "framework/phoenix could not be fetched through $2."
  tier=$(json_field tier "$reply")
  revision=$(json_field revision "$reply")
  time=$(json_field elapsed_us "$reply")
  printf '  %d  %-7s answered from %-10s %s revision %s\n' "$1" "$2" "$tier" \
    "$([[ -z $time ]] || printf '%5d µs ' "$time")" "$revision"
}

# The first field of this name in one of larder's own replies, whose fields
# come before the content; nothing if there is none.
json_field() {
  local pattern="\"$1\" *: *\"?([^\",}]*)"
  [[ ! $2 =~ $pattern ]] || printf '%s' "${BASH_REMATCH[1]}"
}
