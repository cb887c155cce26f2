#include "storage/nats_request.hpp"

#include <cstring>

namespace larder::nats {

std::optional<std::string_view> request::header(std::string_view name) const {
  // "NATS/1.0\r\n", a line "Name: value\r\n" for each, "\r\n".
  auto rest = header_;
  while (!rest.empty()) {
    auto end = rest.find("\r\n");
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    if (line.size() <= name.size() || !line.starts_with(name)
        || line[name.size()] != ':')
      continue;
    auto value = line.substr(name.size() + 1);
    auto from = value.find_first_not_of(" \t");
    if (from == std::string_view::npos)
      return std::string_view{};
    return value.substr(from, value.find_last_not_of(" \t") - from + 1);
  }
  return std::nullopt;
}

request request::kept() const {
  request copy;
  copy.own_.reset(new char[subject_.size() + reply_.size() + header_.size()
                           + data_.size() + 1]);
  auto* at = copy.own_.get();
  auto keep = [&at](std::string_view text) {
    if (!text.empty())
      std::memcpy(at, text.data(), text.size());
    std::string_view kept{at, text.size()};
    at += text.size();
    return kept;
  };
  copy.subject_ = keep(subject_);
  copy.reply_ = keep(reply_);
  copy.header_ = keep(header_);
  copy.data_ = keep(data_);
  return copy;
}

}  // namespace larder::nats
