# shellcheck shell=bash
# A private nats-server and a private PostgreSQL in `$run_dir`. Sourced after
# messages.sh, packages.sh and processes.sh.

# -- nats-server ---------------------------------------------------------------

start_nats() {
  local port=$1
  mkdir -p -m 0700 -- "$run_dir/nats"
  write_command nats <<EOS
exec $(printf %q "$(command -v nats-server)") -js -sd $(printf %q "$run_dir/nats") -a 127.0.0.1 -p $port
EOS
  start_server nats nats_is_ready "$port"
  say_step nats "nats://127.0.0.1:$port"
}

# The server greets with an INFO line; one of a stranger without JetStream is
# not ours.
nats_is_ready() {
  local info
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  read -r -t 2 info <&3 || info=
  exec 3>&-
  [[ $info == INFO*'"jetstream":true'* ]]
}

# -- PostgreSQL ----------------------------------------------------------------
# It refuses to run as root, and another user may not be able to reach a run
# directory below, say, /root. So root opens the data directory, gives the
# descriptor to a process of the user `postgres`, and that process knows the
# directory by this descriptor: no directory above it is asked for permission.

start_postgres() {
  local port=$1 data=$run_dir/postgres
  find_postgres_programs
  if [[ ! -e $data/PG_VERSION ]]; then
    init_postgres "$data"
  elif [[ $(<"$data/PG_VERSION") != "$postgres_major" ]]; then
    fail 78 "$data was made by PostgreSQL $(<"$data/PG_VERSION")," \
      "but PostgreSQL $postgres_major is installed." \
      "--fresh starts with an empty database."
  fi
  chown_to_postgres "$data"
  write_command postgres <<EOS
data=$(printf %q "$data")
cd /
$(declare -p as_postgres_user)
if ((\${#as_postgres_user[@]} > 0)); then
  exec 7<"\$data"
  data=/proc/self/fd/7
fi
exec "\${as_postgres_user[@]}" $(printf %q "$postgres_bin/postgres") \\
  -D "\$data" -p $port -c listen_addresses=127.0.0.1 \\
  -c unix_socket_directories= -c max_connections=200
EOS
  start_server postgres postgres_is_ready "$port"
}

postgres_is_ready() {
  "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$1" -d larder -U larder
}

find_postgres_programs() {
  postgres_bin=$(find_postgres_bin)
  [[ -n $postgres_bin ]] || fail 69 "no initdb found: PostgreSQL is missing."
  postgres_major=$("$postgres_bin/postgres" --version)
  postgres_major=${postgres_major#* * }
  postgres_major=${postgres_major%%[!0-9]*}
  as_postgres_user=()
  if ((EUID == 0)); then
    id -u postgres >/dev/null 2>&1 || fail 69 \
      "PostgreSQL refuses to run as root, and there is no user postgres." \
      "Debian's package postgresql-common makes one; or run this as a user."
    as_postgres_user=(setpriv --reuid=postgres --regid=postgres --init-groups --)
  fi
}

chown_to_postgres() {
  if ((EUID == 0)) && [[ $(stat -c %U -- "$1") != postgres ]]; then
    chown -R postgres:postgres -- "$1"
  fi
}

# Makes the data directory, the role and the database `larder`. One rename
# completes it, so that an interrupted start begins again from nothing.
init_postgres() {
  local data=$1 new=$1.new log=$run_dir/logs/initdb.log known password
  begin_step postgres "making a database cluster"
  rm -rf -- "$new"
  mkdir -m 0700 -- "$new"
  chown_to_postgres "$new"
  exec 7<"$new"
  known=$new
  ((EUID != 0)) || known=/proc/self/fd/7
  : >"$log"
  # Nobody can connect before pg_hba.conf is replaced: nothing listens yet.
  if ! run_interruptibly "$log" env --chdir=/ "${as_postgres_user[@]}" \
    "$postgres_bin/initdb" -D "$known" -U larder --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8; then
    show_log_end "$log"
    fail 69 "initdb failed." "The whole log: $log"
  fi
  # Hexadecimal: it needs no escaping, neither in SQL nor in a URL.
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  env --chdir=/ "${as_postgres_user[@]}" "$postgres_bin/postgres" --single \
    -D "$known" postgres >>"$log" 2>&1 <<EOS || fail 69 \
    "PostgreSQL could not make the database." "The whole log: $log"
ALTER ROLE larder PASSWORD '$password'
CREATE DATABASE larder
EOS
  exec 7<&-
  echo 'host all all 127.0.0.1/32 scram-sha-256' >"$new/pg_hba.conf"
  (umask 077 && echo "$password" >"$run_dir/postgres.password")
  mv -- "$new" "$data"
}

postgres_url() {
  printf 'postgresql://larder:%s@127.0.0.1:%d/larder' \
    "$(<"$run_dir/postgres.password")" "$1"
}
