// A program with a Larder node in itself.
#include "node/larder.hpp"

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3)
    return std::cerr << "usage: larder_example TYPE ID\n", 2;
  auto settings =
      larder::config::load({.env = larder::config::process_environment()});
  if (!settings)
    return std::cerr << settings.error().message << '\n', 78;
  static_cast<void>(larder::start_logging(settings->log));  // to stderr
  auto node = larder::node::start(*settings);
  if (!node)
    return std::cerr << larder::message_of(node.error()) << '\n', 69;
  for (int i = 0; i < 2; ++i) {  // a miss, then a hit
    auto value = (*node)->get(argv[1], argv[2]);
    if (!value)
      return std::cerr << larder::message_of(value.error()) << '\n', 1;
    std::cout << value.tier() << ": " << value.content() << '\n';
  }
}
