# shellcheck shell=bash
# Chooses the ports: a default makes way for the next free one, a port that was
# asked for does not. Sourced after messages.sh.

# Ports given to servers that have not opened them yet.
reserved_ports=" "

# Something listens on the port, on loopback or on every address.
port_is_taken() {
  local hex
  [[ $reserved_ports != *" $1 "* ]] || return 0
  hex=$(printf '%04X' "$1")
  # local_address is field 2, the state LISTEN is 0A.
  { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true; } |
    awk -v port=":$hex" '
    $4 == "0A" && substr($2, length($2) - 4) == port &&
      $2 ~ /^(0100007F|0+|0000000000000000FFFF00000100007F):/ { found = 1 }
    END { exit !found }'
}

# `choose_ports NAME OPTION DEFAULT ASKED COUNT`: sets `$chosen_port` to the
# first of COUNT free ports in a row: the asked ones, or from DEFAULT upwards.
choose_ports() {
  local name=$1 option=$2 default=$3 asked=$4 count=$5 port busy taken=
  for ((port = ${asked:-$default}; port + count <= 65536; port++)); do
    busy=$(first_taken "$port" "$count")
    if [[ -z $busy ]]; then
      for ((busy = port; busy < port + count; busy++)); do
        reserved_ports+="$busy "
      done
      chosen_port=$port
      ((port == default)) || [[ -n $asked ]] ||
        say_step ports "$taken is taken; $name: from $port instead"
      return
    fi
    require_free_ports "$option" "$asked" "$count"
    [[ -n $taken ]] || taken=$busy
  done
  fail 78 "no free port for $name from ${asked:-$default} upwards."
}

# `require_free_ports OPTION ASKED COUNT`: what can be said before the long
# steps is said before them.
require_free_ports() {
  [[ -n $2 ]] || return 0
  local busy
  busy=$(first_taken "$2" "$3")
  [[ -z $busy ]] || fail 78 "port $busy ($1) is taken." \
    "Give another, or leave $1 out to take the next free one."
}

first_taken() {
  local port
  for ((port = $1; port < $1 + $2; port++)); do
    if port_is_taken "$port"; then
      printf '%s' "$port"
      return
    fi
  done
}
