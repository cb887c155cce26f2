#include "node/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

namespace larder {

namespace {

prometheus::ClientMetric::Histogram to_histogram(const sample& from) {
  prometheus::ClientMetric::Histogram to;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= from.bounds.size(); ++i) {
    total += i < from.counts.size() ? from.counts[i] : 0;
    auto bound = i < from.bounds.size()
                     ? from.bounds[i]
                     : std::numeric_limits<double>::infinity();
    to.bucket.push_back({total, bound});
  }
  to.sample_count = total;
  to.sample_sum = from.sum;
  return to;
}

prometheus::ClientMetric to_metric(const sample& from, sample_type type) {
  prometheus::ClientMetric to;
  for (auto& [name, value] : from.labels)
    to.label.push_back({name, value});
  switch (type) {
  case sample_type::counter:
    to.counter.value = from.value;
    break;
  case sample_type::gauge:
    to.gauge.value = from.value;
    break;
  case sample_type::histogram:
    to.histogram = to_histogram(from);
    break;
  }
  return to;
}

prometheus::MetricType to_type(sample_type type) {
  switch (type) {
  case sample_type::counter:
    return prometheus::MetricType::Counter;
  case sample_type::gauge:
    return prometheus::MetricType::Gauge;
  case sample_type::histogram:
    return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// The library's own check of label names changed its signature in 1.1.
bool is_name(const std::string& text) {
  auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text.front())
         && std::all_of(text.begin(), text.end(), [&](char c) {
              return letter(c) || (c >= '0' && c <= '9');
            });
}

bool well_formed(const sample_family& family) {
  auto labels_ok = [](const sample& s) {
    return std::all_of(s.labels.begin(), s.labels.end(),
                       [](auto& label) { return is_name(label.first); });
  };
  return !family.samples.empty() && is_name(family.name)
         && std::all_of(family.samples.begin(), family.samples.end(),
                        labels_ok);
}

}  // namespace

std::string exposition(const std::vector<sample_family>& families) {
  std::vector<prometheus::MetricFamily> all;
  for (auto& family : families) {
    if (!well_formed(family))
      continue;
    prometheus::MetricFamily to;
    to.name = family.name;
    to.help = family.help;
    to.type = to_type(family.type);
    for (auto& s : family.samples)
      to.metric.push_back(to_metric(s, family.type));
    all.push_back(std::move(to));
  }
  return prometheus::TextSerializer{}.Serialize(all);
}

}  // namespace larder
