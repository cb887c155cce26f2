// Larder in your own process: everything that a program needs to run a node in
// itself and to read from it. Link with the CMake target larder::larder;
// node/example.cpp is a whole program.
//
//   auto settings = config::load({.env = config::process_environment()});
//   auto node = larder::node::start(*settings);
//   auto value = (*node)->get("framework", "phoenix");
//   if (value)
//     use(value.content());
//
// larder::node         a node: start, stop, ready, get   (node/node.hpp)
// larder::local_value  what get gives: a look at the value where it lies; it
//                      cannot dangle (node/local_reader.hpp)
// larder::local_reader the same reads for one thread, a little faster
// larder::config::load settings from file and environment (config/load.hpp)
// larder::start_logging the node's log to stderr; else spdlog's own to stdout
//
// Reads follow the same guarantee as those over NATS. The node answers NATS at
// the same time: a process that embeds one is a node of the cluster.
//
// Thread rule: node::get from any thread.
#pragma once

#include "config/load.hpp"
#include "node/local_reader.hpp"
#include "node/logging.hpp"
#include "node/node.hpp"
#include "storage/error.hpp"
