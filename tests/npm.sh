# shellcheck shell=bash
# Installs what tests/e2e needs from npm. Sourced after messages.sh and
# processes.sh; needs `$source_dir`.

# The clients from npm: exactly what package-lock.json says.
install_npm_packages() {
  local dir=$source_dir/tests/e2e log=$source_dir/build/npm.log
  [[ -e $dir/package-lock.json ]] || return 0
  # npm writes this file last.
  if [[ $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]]; then
    say_step npm "tests/e2e is up to date"
    return
  fi
  begin_step npm "installing tests/e2e"
  : >"$log"
  run_interruptibly "$log" env npm_config_cache="$source_dir/build/npm" \
    npm --prefix "$dir" ci --no-audit --no-fund || {
    show_log_end "$log"
    fail 69 "npm could not install tests/e2e." "The whole log: $log"
  }
  say_step npm "tests/e2e installed"
}
