// Every command, and the program that they make up.
//
// Used by main.cpp and cli/run.cpp. Thread rule: one thread.
#pragma once

namespace larder::cli {

class command_line;

/// The whole program; returns its exit code (see exit_code.hpp).
int run(int argc, char** argv);

// Templates.
void add_get(command_line& to);
void add_put(command_line& to);
void add_delete(command_line& to);
void add_mget(command_line& to);
void add_list(command_line& to);
void add_search(command_line& to);
void add_load(command_line& to);
void add_invalidate(command_line& to);

// A running cluster.
void add_stats(command_line& to);
void add_nodes(command_line& to);
void add_warm(command_line& to);
void add_clear(command_line& to);
void add_top(command_line& to);
void add_explain(command_line& to);
void add_verify(command_line& to);

// Packages.
void add_packages(command_line& to);

// This machine.
void add_node(command_line& to);
void add_migrate(command_line& to);
void add_config(command_line& to);
void add_version(command_line& to);

}  // namespace larder::cli
