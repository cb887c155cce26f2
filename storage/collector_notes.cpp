#include "storage/collector_notes.hpp"

#include "storage/registry_json.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace larder {

namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::size_t most = 8;

std::int64_t seconds_of(system_clock::time_point t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch())
      .count();
}

system_clock::time_point time_in(const json& value) {
  return system_clock::time_point{std::chrono::seconds{
      value.is_number_integer() ? value.get<std::int64_t>() : 0}};
}

}  // namespace

collector_notes collector_notes::parse(std::string_view state,
                                       std::string_view address) {
  collector_notes notes;
  notes.address = address;
  if (state.empty())
    return notes;
  auto parsed = parse_document(state, "the collector's state");
  if (!parsed || text_of(*parsed, "address") != address)
    return notes;
  for (auto& [version, item] : object_of(*parsed, "versions").items())
    if (item.is_object())
      notes.versions[version] = {
          {text_of(item, "etag"), text_of(item, "last_modified")},
          time_in(item.value("checked", json{})),
          item.value("newest", json{}) == json(true)};
  for (auto& [version, until] : object_of(*parsed, "missing").items())
    notes.missing[version] = time_in(until);
  return notes;
}

std::string collector_notes::print() const {
  json result{{"address", address}};
  for (auto& [version, n] : versions)
    result["versions"][version] = {{"etag", n.known.etag},
                                   {"last_modified", n.known.last_modified},
                                   {"checked", seconds_of(n.checked)},
                                   {"newest", n.newest}};
  for (auto& [version, until] : missing)
    result["missing"][version] = seconds_of(until);
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

void collector_notes::keep(const std::string& version, note n) {
  if (n.newest)
    for (auto& [other, known] : versions)
      known.newest = false;
  versions[version] = std::move(n);
  missing.erase(version);
  missing.erase("");
  while (versions.size() > most)
    versions.erase(std::min_element(
        versions.begin(), versions.end(),
        [](auto& a, auto& b) { return a.second.checked < b.second.checked; }));
}

void collector_notes::keep_missing(const std::string& version, time_point until,
                                   time_point now) {
  missing[version] = until;
  for (auto i = missing.begin(); i != missing.end();)
    i = i->second <= now ? missing.erase(i) : std::next(i);
  while (missing.size() > most)
    missing.erase(
        std::min_element(missing.begin(), missing.end(),
                         [](auto& a, auto& b) { return a.second < b.second; }));
}

std::string rfc3339(system_clock::time_point t) {
  auto seconds = system_clock::to_time_t(t);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

system_clock::time_point parse_rfc3339(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr)
    return {};
  return system_clock::from_time_t(timegm(&parts));
}

}  // namespace larder
