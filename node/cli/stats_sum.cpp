#include "node/cli/stats_sum.hpp"

#include "node/cli/output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace larder::cli {

namespace {

using json = nlohmann::ordered_json;

// Ages and positions: those of all nodes say nothing together, the largest
// does.
bool is_level(std::string_view name) {
  return name == "fence_age_ms" || name == "log_lag" || name == "applied"
         || name == "timestamp";
}

void add(json& sum, const json& one);

void add_value(const std::string& name, json& sum, const json& one) {
  if (sum.is_object() && one.is_object()) {
    add(sum, one);
  } else if (is_level(name)) {
    if (sum < one)
      sum = one;
  } else if (sum.is_number_integer() && one.is_number_integer()) {
    sum = sum.get<std::int64_t>() + one.get<std::int64_t>();
  } else if (sum.is_number() && one.is_number()) {
    sum = sum.get<double>() + one.get<double>();
  } else if (sum != one) {
    sum = nullptr;
  }
}

void add(json& sum, const json& one) {
  for (auto& [name, value] : one.items()) {
    auto i = sum.find(name);
    if (i == sum.end())
      sum[name] = value;
    else
      add_value(name, *i, value);
  }
}

json parse(const node_stats& from) {
  auto body = json::parse(from.body, nullptr, false);
  if (!body.is_object())
    return json::object();
  body.erase("node");
  body.erase("ok");
  return body;
}

json sum_json(const std::vector<node_stats>& nodes) {
  json sum = json::object();
  for (auto& one : nodes)
    add(sum, parse(one));
  return sum;
}

std::string shown(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_null())
    return "-";
  return value.dump();
}

using cells = std::vector<std::pair<std::string, std::string>>;

void flatten(const std::string& prefix, const json& from, cells& to) {
  for (auto& [name, value] : from.items()) {
    auto path = prefix.empty() ? name : prefix + "." + name;
    if (value.is_object())
      flatten(path, value, to);
    else
      to.emplace_back(std::move(path), shown(value));
  }
}

}  // namespace

std::string sum_of(const std::vector<node_stats>& nodes) {
  auto sum = sum_json(nodes);
  json each = json::array();
  for (auto& one : nodes) {
    json with_name{{"node", one.node}};
    with_name.update(parse(one));
    each.push_back(std::move(with_name));
  }
  sum["nodes"] = std::move(each);
  return sum.dump();
}

std::string stats_table(const std::vector<node_stats>& nodes) {
  std::vector<std::vector<std::string>> rows{{""}};
  std::vector<cells> columns;
  auto add_column = [&](std::string heading, const json& body) {
    rows.front().push_back(std::move(heading));
    flatten("", body, columns.emplace_back());
  };
  for (auto& one : nodes)
    add_column(one.node, parse(one));
  if (nodes.size() > 1)
    add_column("all", sum_json(nodes));
  if (columns.empty())
    return "";
  // The last column has every name that any other has.
  for (auto& [name, value] : columns.back()) {
    std::vector<std::string> row{name};
    for (auto& column : columns) {
      auto i = std::find_if(column.begin(), column.end(),
                            [&](auto& cell) { return cell.first == name; });
      row.push_back(i == column.end() ? "-" : i->second);
    }
    rows.push_back(std::move(row));
  }
  return table(rows);
}

}  // namespace larder::cli
