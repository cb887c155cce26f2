#include "node/cli/commands.hpp"

int main(int argc, char** argv) {
  return larder::cli::run(argc, argv);
}
