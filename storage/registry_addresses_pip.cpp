// pip's own configuration, as far as it says where the index is: PIP_INDEX_URL,
// then pip.conf named by PIP_CONFIG_FILE, of the virtual environment, the user
// and the machine.
#include "storage/registry_addresses.hpp"

#include <vector>

namespace larder {

namespace {

std::vector<std::string> files(const registry_surroundings& from) {
  std::vector<std::string> result;
  if (auto named = from.variable("PIP_CONFIG_FILE"))
    result.push_back(*named);
  if (auto environment = from.variable("VIRTUAL_ENV"))
    result.push_back(*environment + "/pip.conf");
  auto config = from.variable("XDG_CONFIG_HOME");
  if (config || !from.home.empty())
    result.push_back((config ? *config : from.home + "/.config")
                     + "/pip/pip.conf");
  if (!from.home.empty())
    result.push_back(from.home + "/.pip/pip.conf");
  result.emplace_back("/etc/pip.conf");
  return result;
}

}  // namespace

registry_address pip_address(const registry_surroundings& from) {
  registry_address result;
  result.url = from.variable("PIP_INDEX_URL").value_or("");
  for (auto& path : files(from)) {
    if (!result.url.empty())
      break;
    auto text = from.file(path);
    if (!text)
      continue;
    std::string everywhere, for_download;
    read_ini(*text, [&](auto section, auto key, auto value) {
      if (key != "index-url" && key != "index_url")
        return;
      if (section == "download" || section == "install")
        for_download = value;
      else if (section == "global")
        everywhere = value;
    });
    result.url = for_download.empty() ? everywhere : for_download;
  }
  return result;
}

}  // namespace larder
