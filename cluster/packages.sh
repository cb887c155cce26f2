# shellcheck shell=bash
# Which Debian packages Larder needs, and their installation: only what is
# missing, with apt, with sudo when not root. Sourced after messages.sh; needs
# `$source_dir`.

# Debian keeps nats-server where only root looks for programs.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Commands that may come from anywhere, as `command:package`.
build_commands=(g++:g++ cmake:cmake ninja:ninja-build ccache:ccache
  pkg-config:pkg-config)
# Known to dpkg alone; the same names in Debian 12 and 13.
build_libraries=(libcaf-dev libnats-dev libpqxx-dev libyaml-cpp-dev
  libspdlog-dev libcli11-dev nlohmann-json3-dev prometheus-cpp-dev
  libcpp-httplib-dev libssl-dev zlib1g-dev librocksdb-dev libstemmer-dev
  libcurl4-openssl-dev libarchive-dev libmd4c-dev libtomlplusplus-dev)
server_commands=(nats-server:nats-server)
# Tests cut the power of a file system of their own.
test_commands=(mkfs.ext4:e2fsprogs)
test_libraries=(libgtest-dev libgmock-dev libsqlite3-dev)
# What tests/bench measures Larder beside.
bench_commands=(redis-server:redis-server redis-cli:redis-tools go:golang-go)
bench_libraries=(golang-github-nats-io-go-nats-dev)

# The newest PostgreSQL whose initdb is installed; nothing if there is none.
# Debian keeps the server's programs out of PATH.
find_postgres_bin() {
  local initdb
  initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  if [[ ! -x $initdb ]]; then
    initdb=$(command -v initdb) || return 0
    initdb=$(realpath -- "$initdb")
  fi
  printf '%s' "${initdb%/*}"
}

# `list_missing build tests nats servers node bench`: the packages that are not there yet.
list_missing() {
  local part entry
  local -a commands=() libraries=()
  for part in "$@"; do
    case $part in
    build)
      commands+=("${build_commands[@]}")
      libraries+=("${build_libraries[@]}")
      ;;
    nats)
      commands+=("${server_commands[@]}")
      ;;
    servers)
      commands+=("${server_commands[@]}")
      [[ -n $(find_postgres_bin) ]] || echo postgresql
      ;;
    tests)
      commands+=("${test_commands[@]}")
      libraries+=("${test_libraries[@]}")
      ;;
    node)
      list_missing_node
      ;;
    bench)
      commands+=("${bench_commands[@]}")
      libraries+=("${bench_libraries[@]}")
      ;;
    esac
  done
  for entry in "${commands[@]}"; do
    command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
  done
  for entry in "${libraries[@]}"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$entry" 2>/dev/null |
      grep -qx installed || echo "$entry"
  done
}

# A node from elsewhere brings its own npm; Debian's two packages are separate.
list_missing_node() {
  local version
  version=$(node --version 2>/dev/null) || version=v0
  version=${version#v}
  ((${version%%.*} >= 18)) || echo nodejs
  command -v npm >/dev/null || echo npm
}

# `install_packages build servers`: everything that is missing, or a message
# that names it. Progress on a terminal.
install_packages() {
  command -v dpkg-query >/dev/null || fail 69 \
    "this is not a Debian system (there is no dpkg)." \
    "cluster/packages.sh lists what must be installed by hand."
  local -a missing
  mapfile -t missing < <(list_missing "$@")
  if ((${#missing[@]} == 0)); then
    say_step packages "all installed"
    return
  fi
  local -a as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail 69 \
      "packages are missing, and there is no sudo to install them." \
      "As root: apt-get install ${missing[*]}"
    as_root=(sudo)
    # Without a terminal nobody could type a password.
    [[ -t 0 ]] || as_root=(sudo -n)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)

  begin_step packages "installing ${missing[*]}"
  local log=$source_dir/build/packages.log
  mkdir -p -- "$source_dir/build"
  if ! run_apt update >"$log" 2>&1; then
    report_apt_failure "$log" "apt-get update failed."
  fi
  # Never in the background, unlike the other long steps: half-installed
  # packages are worse than a late answer to Ctrl-C.
  if ! run_apt -y --no-install-recommends -o APT::Status-Fd=3 \
    install "${missing[@]}" 2>>"$log" | show_apt_progress; then
    report_apt_failure "$log" "apt-get install failed."
  fi
  say_step packages "installed: ${missing[*]}"
}

# Writes its status lines to stdout and everything else to stderr. The extra
# descriptor is opened behind sudo, which closes those that it is given; apt
# keeps the one for the status from dpkg, so it cannot be stdout itself.
run_apt() {
  "${as_root[@]}" sh -c 'exec apt-get "$@" 3>&1 >&2 </dev/null' apt-get \
    -q -o DPkg::Lock::Timeout=300 "$@"
}

report_apt_failure() {
  show_log_end "$1"
  fail 69 "$2" "By hand, as root: apt-get install ${missing[*]}"
}

# Reads apt's status lines: `dlstatus:…:percent:…`, `pmstatus:…:percent:…`.
show_apt_progress() {
  local kind what percent rest
  while IFS=: read -r kind what percent rest; do
    percent=${percent%%.*}
    [[ $percent =~ ^[0-9]+$ ]] || continue
    # Downloading is the first third of the bar, unpacking the rest.
    case $kind in
    dlstatus) draw_bar packages $((percent / 3)) downloading ;;
    pmstatus) draw_bar packages $((33 + percent * 2 / 3)) "$what" ;;
    esac
  done
  erase_bar
}
